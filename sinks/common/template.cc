#include "sinks/common/template.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <kainjow/mustache.hpp>
#include <set>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

namespace mustache = kainjow::mustache;

mustache::data Convert(const TemplateData& data) {
  mustache::data out;
  for (const auto& [name, value] : data.values)
    out.set(name, value.empty() ? mustache::data(false) : mustache::data(value));
  for (const auto& [name, items] : data.lists) {
    mustache::list list;
    for (const TemplateData& item : items) list.push_back(Convert(item));
    out.set(name, list);
  }
  return out;
}

void Names(const TemplateData& data, std::set<std::string, std::less<>>* out) {
  for (const auto& [name, value] : data.values) out->insert(name);
  for (const auto& [name, items] : data.lists) {
    out->insert(name);
    for (const TemplateData& item : items) Names(item, out);
  }
}

absl::Status At(const std::string& text, size_t position, const std::string& what) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
  return absl::InvalidArgumentError(
      absl::StrCat("line ", 1 + std::count(text.begin(), end, '\n'), ": ", what));
}

// kainjow says "Unclosed tag at 12".
absl::Status ParseError(const std::string& text, const std::string& message) {
  const size_t at = message.rfind(" at ");
  size_t position = 0;
  if (at == std::string::npos) return At(text, 0, message);
  std::from_chars(message.data() + at + 4, message.data() + message.size(), position);
  return At(text, position, message.substr(0, at));
}

std::string Known(const std::set<std::string, std::less<>>& names) {
  std::string out;
  for (const std::string& name : names) absl::StrAppend(&out, out.empty() ? "" : ", ", name);
  return out;
}

}  // namespace

absl::Status CheckTemplate(const std::string& text, const TemplateData& known) {
  try {
    mustache::mustache parsed(text);
    if (!parsed.is_valid()) return ParseError(text, parsed.error_message());
  } catch (const std::exception&) {
    return At(text, text.size(), "a tag is not closed");
  }
  std::set<std::string, std::less<>> names;
  Names(known, &names);
  for (size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    const size_t start = text.find_first_not_of("{#^/& \t\n", at);
    const size_t end = std::min(text.find("}}", at), text.size());
    if (start == std::string::npos || start >= end) return At(text, at, "a tag without a name");
    if (text[start] == '!') continue;
    if (text[start] == '=' || text[start] == '>')
      return At(text, at, "delimiters and partials are not supported");
    std::string name = text.substr(start, end - start);
    name.erase(name.find_last_not_of(" \t\n") + 1);
    if (name != "." && names.find(name) == names.end())
      return At(text, at, absl::StrCat("'", name, "' is not known; known are ", Known(names)));
  }
  return absl::OkStatus();
}

std::string FillTemplate(const std::string& text, const TemplateData& data) {
  try {
    mustache::mustache parsed(text);
    if (!parsed.is_valid()) return "";
    parsed.set_custom_escape([](const std::string& value) { return value; });
    return parsed.render(Convert(data));
  } catch (const std::exception&) {
    return "";
  }
}

}  // namespace culprit
