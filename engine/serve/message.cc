#include "engine/serve/message.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "engine/base/views.h"

namespace culprit {
namespace {

bool Decode(std::string_view text, bool plus_is_space, std::string* out) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int lower = std::tolower(static_cast<unsigned char>(c));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out->push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out->push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out->push_back(text[i]);
    }
  }
  return true;
}

}  // namespace

std::string ServeRequest::Query(const std::string& name) const {
  const auto it = query.find(name);
  return it == query.end() ? "" : it->second;
}

bool ParseTarget(std::string_view target, ServeRequest* request) {
  if (target.empty() || target.front() != '/') return false;
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  if (!Decode(target.substr(0, mark), false, &request->path)) return false;
  return ParseForm(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1),
                   &request->query);
}

bool ParseForm(std::string_view text, std::map<std::string, std::string>* form) {
  form->clear();
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    std::string name;
    std::string value;
    if (!Decode(pair.substr(0, equals), true, &name)) return false;
    if (equals != std::string_view::npos && !Decode(pair.substr(equals + 1), true, &value))
      return false;
    if (!name.empty()) (*form)[name] = value;
  }
  return true;
}

ServeResponse ErrorResponse(int status, std::string_view code, std::string_view message) {
  ServeResponse out;
  out.status = status;
  const nlohmann::ordered_json body = {{"error", {{"code", code}, {"message", message}}}};
  out.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return out;
}

ServeResponse ErrorOf(const absl::Status& status) {
  const std::string_view message = FromAbsl(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ErrorResponse(400, "bad_request", message);
    case absl::StatusCode::kNotFound:
      return ErrorResponse(404, "not_found", message);
    case absl::StatusCode::kFailedPrecondition:
      return ErrorResponse(409, "conflict", message);
    case absl::StatusCode::kDeadlineExceeded:
      return ErrorResponse(504, "not_done_yet", message);
    default:
      return ErrorResponse(503, "state_unavailable", message);
  }
}

}  // namespace culprit
