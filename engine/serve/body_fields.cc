#include "engine/serve/body_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "engine/base/views.h"
#include "engine/core/duration.h"

namespace culprit {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownBytes = 60;  // of what was found

bool IsProse(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
  });
}

}  // namespace

BodyFields::BodyFields(const ServeRequest& request)
    : body_(std::make_unique<Json>(Json::object())) {
  const std::string type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(
      ToAbsl(std::string_view(request.content_type).substr(0, request.content_type.find(';')))));
  if (type != "application/json" && !(type.empty() && request.body.empty())) {
    mistake_ = ErrorResponse(415, "unsupported_media_type",
                             "expected a body of JSON: Content-Type: application/json");
    return;
  }
  if (absl::StripAsciiWhitespace(request.body).empty()) return;
  Json read = Json::parse(request.body, nullptr, false);
  if (read.is_object())
    *body_ = std::move(read);
  else
    mistake_ = ErrorResponse(400, "bad_request", "the body is no JSON object; expected {...}");
}

BodyFields::~BodyFields() = default;

bool BodyFields::Has(std::string_view name) const { return body_->contains(name); }

void BodyFields::Refuse(std::string_view name, std::string_view found, std::string_view expected) {
  if (mistake_.has_value()) return;
  mistake_ = ErrorResponse(
      400, "bad_field",
      absl::StrCat("'", ToAbsl(name), "' is ", ToAbsl(found), "; expected ", ToAbsl(expected)));
  Json body = Json::parse(mistake_->body);
  body["error"]["field"] = name;
  body["error"]["expected"] = expected;
  mistake_->body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

const Json* BodyFields::Find(std::string_view name) {
  known_.emplace_back(name);
  const auto it = body_->find(name);
  return it == body_->end() || it->is_null() ? nullptr : &*it;
}

std::string BodyFields::Text(std::string_view name, size_t max_bytes) {
  const Json* value = Find(name);
  if (value == nullptr) return "";
  const std::string expected = absl::StrCat("a text of 1 to ", max_bytes, " bytes");
  if (!value->is_string()) {
    Refuse(name, value->type_name(), expected);
    return "";
  }
  const auto& text = value->get_ref<const std::string&>();
  if (absl::StripAsciiWhitespace(text).empty())
    Refuse(name, "empty", expected);
  else if (text.size() > max_bytes)
    Refuse(name, absl::StrCat(text.size(), " bytes long"), expected);
  else if (!IsProse(text))
    Refuse(name, "a text with control characters", expected);
  else
    return text;
  return "";
}

std::string BodyFields::RequiredText(std::string_view name, size_t max_bytes) {
  std::string out = Text(name, max_bytes);
  if (out.empty()) Refuse(name, "missing", absl::StrCat("a text of 1 to ", max_bytes, " bytes"));
  return out;
}

std::vector<std::string> BodyFields::Texts(std::string_view name, size_t max_bytes) {
  const Json* value = Find(name);
  if (value == nullptr) return {};
  const std::string expected =
      absl::StrCat("a list of 1 to ", kMostTexts, " texts of up to ", max_bytes, " bytes");
  std::vector<std::string> out;
  if (value->is_string()) {
    out.push_back(value->get<std::string>());
  } else if (value->is_array() && !value->empty() && value->size() <= kMostTexts) {
    for (const Json& one : *value)
      if (one.is_string()) out.push_back(one.get<std::string>());
    if (out.size() < value->size()) Refuse(name, "a list of other things", expected);
  } else {
    Refuse(name, value->is_array() ? "empty or too long" : value->type_name(), expected);
  }
  for (const std::string& text : out)
    if (text.empty() || text.size() > max_bytes || !IsProse(text))
      Refuse(name, "a list with an empty, long or unreadable text", expected);
  return out;
}

DurationUs BodyFields::Duration(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr) return 0;
  const auto duration =
      value->is_string() ? ParseDuration(value->get_ref<const std::string&>()) : std::nullopt;
  if (duration.has_value() && *duration > 0 && *duration <= 366 * kDayUs) return *duration;
  Refuse(name, value->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, kShownBytes),
         "a duration with a unit, up to 366d: 30m, 2h, 7d");
  return 0;
}

TimeUs BodyFields::Time(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr) return kNoTime;
  absl::Time time;
  std::string error;
  if (value->is_string() &&
      absl::ParseTime(absl::RFC3339_full, value->get_ref<const std::string&>(), &time, &error) &&
      time > absl::UnixEpoch() && time < absl::FromUnixSeconds(int64_t{1} << 33))
    return absl::ToUnixMicros(time);
  Refuse(name, value->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, kShownBytes),
         "a moment like 2026-11-21T06:51:05Z");
  return kNoTime;
}

std::optional<ServeResponse> BodyFields::Finish() {
  for (const auto& [name, value] : body_->items())
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      Refuse(std::string_view(name).substr(0, kShownBytes), "not known",
             absl::StrJoin(known_, ", "));
  return std::move(mistake_);
}

}  // namespace culprit
