// Mustache templates of messages (doc/adr/0018). Values are escaped for the medium before they come
// here, so {{x}} and {{{x}}} are the same and no template can undo it. Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace culprit {

// What a template is filled from. A value that is not there, or empty, is false for {{#name}}.
struct TemplateData {
  std::vector<std::pair<std::string, std::string>> values;
  std::vector<std::pair<std::string, std::vector<TemplateData>>> lists;

  void Set(std::string_view name, std::string value) {
    values.emplace_back(std::string(name), std::move(value));
  }
  void SetIf(std::string_view name, bool value) { Set(name, value ? "true" : ""); }
};

// InvalidArgument: "line 3: what is wrong"; also a name that `known` does not have, as the data of
// SampleNotification() does; {{=delimiters=}} and {{>partials}} are refused.
absl::Status CheckTemplate(const std::string& text, const TemplateData& known);

// `text` filled in; empty if it has errors, which CheckTemplate() tells.
std::string FillTemplate(const std::string& text, const TemplateData& data);

}  // namespace culprit
