#include "engine/config/interpolate.h"

#include <cctype>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

bool IsName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  for (char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  return true;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): never changed
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

bool Interpolate(const std::string& text, const Environment& environment, std::string* out,
                 std::string* error) {
  out->clear();
  const std::string_view view = text;
  size_t at = 0;
  while (at < view.size()) {
    const size_t dollar = view.find('$', at);
    out->append(view.substr(at, dollar - at));
    if (dollar == std::string_view::npos) break;
    at = dollar + 1;
    if (view.substr(at).starts_with("$")) {
      out->push_back('$');
      ++at;
      continue;
    }
    if (!view.substr(at).starts_with("{")) {  // "$1", "$(...)": not ours
      out->push_back('$');
      continue;
    }
    const size_t close = view.find('}', at);
    if (close == std::string_view::npos) {
      *error = "'${' without '}'; write $$ for a dollar sign";
      return false;
    }
    const std::string_view inside = view.substr(at + 1, close - at - 1);
    at = close + 1;
    const size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    const std::string_view rest =
        colon == std::string_view::npos ? std::string_view() : inside.substr(colon + 1);
    if (!IsName(name) ||
        (colon != std::string_view::npos && !rest.starts_with("-") && !rest.starts_with("?"))) {
      *error = absl::StrCat("'${", ToAbsl(inside),
                            "}': expected ${VAR}, ${VAR:-default} or ${VAR:?message}");
      return false;
    }
    const std::optional<std::string> value = environment(name);
    if (value.has_value() && !(rest.size() > 0 && value->empty())) {
      out->append(*value);
    } else if (rest.starts_with("-")) {
      out->append(rest.substr(1));
    } else if (rest.size() > 1) {
      *error = absl::StrCat("variable ", name, ": ", ToAbsl(rest.substr(1)));
      return false;
    } else {
      *error =
          absl::StrCat("variable ", name, " is not set; set it, or write ${", name, ":-default}");
      return false;
    }
  }
  return true;
}

void InterpolateAll(const YAML::Node& node, const std::string& file, const Environment& environment,
                    ConfigErrors* errors) {
  if (!node.IsDefined()) return;
  if (node.IsScalar()) {
    if (node.Scalar().find('$') == std::string::npos) return;
    std::string value;
    std::string error;
    if (!Interpolate(node.Scalar(), environment, &value, &error)) {
      errors->Add({file, node.Mark().line + 1}, error);
      return;
    }
    YAML::Node writable(node);  // a handle to the same node
    writable = value;
    return;
  }
  if (node.IsSequence())
    for (const YAML::Node& item : node) InterpolateAll(item, file, environment, errors);
  if (node.IsMap())
    for (const auto& entry : node) InterpolateAll(entry.second, file, environment, errors);
}

}  // namespace culprit
