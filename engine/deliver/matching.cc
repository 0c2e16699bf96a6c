#include "engine/deliver/matching.h"

#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr std::string_view kOperators[] = {"=", "!=", "=~", "!~"};

bool IsRegex(LabelMatcher::Op op) {
  return op == LabelMatcher::Op::kMatches || op == LabelMatcher::Op::kMatchesNot;
}

bool IsNegative(LabelMatcher::Op op) {
  return op == LabelMatcher::Op::kNotEqual || op == LabelMatcher::Op::kMatchesNot;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view PackOf(std::string_view failure_mode) {
  return failure_mode.substr(0, failure_mode.find('/'));
}

Labels LabelsOf(const Incident& incident, std::string_view team, const Labels& configured) {
  Labels out = {{"incident", incident.id},
                {"severity", std::string(SeverityName(incident.severity))},
                {"component", incident.root.component},
                {"mode", incident.root.failure_mode},
                {"pack", std::string(PackOf(incident.root.failure_mode))},
                {"kind", std::string(ModeKindName(incident.root.kind))},
                {"confidence", std::string(ConfidenceName(incident.confidence))}};
  if (!team.empty()) out.emplace_back("team", std::string(team));
  for (const std::string& component : incident.affected) out.emplace_back("affected", component);
  out.insert(out.end(), configured.begin(), configured.end());
  return out;
}

absl::StatusOr<LabelMatcher> ParseMatcher(std::string_view text) {
  const size_t at = text.find_first_of("=!");
  const auto error = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(text),
                     "' is no matcher; expected label=value, label!=value, label=~regex or "
                     "label!~regex"));
  };
  if (at == std::string_view::npos) return error();
  LabelMatcher out;
  out.label = std::string(Trimmed(text.substr(0, at)));
  std::string_view rest = text.substr(at);
  if (rest.substr(0, 2) == "=~") {
    out.op = LabelMatcher::Op::kMatches;
  } else if (rest.substr(0, 2) == "!~") {
    out.op = LabelMatcher::Op::kMatchesNot;
  } else if (rest.substr(0, 2) == "!=") {
    out.op = LabelMatcher::Op::kNotEqual;
  } else if (rest.front() != '=') {
    return error();
  }
  rest.remove_prefix(kOperators[static_cast<size_t>(out.op)].size());
  rest = Trimmed(rest);
  if (rest.size() >= 2 && rest.front() == '"' && rest.back() == '"')
    rest = rest.substr(1, rest.size() - 2);
  out.value = std::string(rest);
  if (out.label.empty() || out.label.find_first_of(" \t\"") != std::string::npos) return error();
  if (IsRegex(out.op)) {
    const re2::RE2 expression(out.value, re2::RE2::Quiet);
    if (!expression.ok())
      return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(text), "': ", expression.error()));
  }
  return out;
}

std::string MatcherText(const LabelMatcher& matcher) {
  return absl::StrCat(matcher.label, ToAbsl(kOperators[static_cast<size_t>(matcher.op)]), "\"",
                      matcher.value, "\"");
}

absl::StatusOr<CompiledMatchers> CompiledMatchers::Make(std::vector<LabelMatcher> matchers) {
  CompiledMatchers out;
  for (const LabelMatcher& m : matchers) {
    std::shared_ptr<const re2::RE2> expression;
    if (IsRegex(m.op)) {
      expression = std::make_shared<const re2::RE2>(m.value, re2::RE2::Quiet);
      if (!expression->ok())
        return absl::InvalidArgumentError(
            absl::StrCat("'", m.value, "' is no regular expression: ", expression->error()));
    }
    out.expressions_.push_back(std::move(expression));
  }
  out.matchers_ = std::move(matchers);
  return out;
}

bool CompiledMatchers::Match(const Labels& labels) const {
  for (size_t i = 0; i < matchers_.size(); ++i) {
    const LabelMatcher& m = matchers_[i];
    bool any = false;
    bool named = false;
    const auto fits = [&](const std::string& value) {
      return expressions_[i] == nullptr ? value == m.value
                                        : re2::RE2::FullMatch(value, *expressions_[i]);
    };
    for (const auto& [label, value] : labels) {
      if (label != m.label) continue;
      named = true;
      any = any || fits(value);
    }
    // As in Alertmanager a label that is not there is an empty one.
    if (!named) any = fits("");
    if (any == IsNegative(m.op)) return false;
  }
  return true;
}

const Team* OwnerOf(const Incident& incident, const DeliverConfig& config) {
  for (const Team& team : config.teams)
    for (const std::string& component : team.components)
      if (component == "*" || component == incident.root.component) return &team;
  return nullptr;
}

}  // namespace culprit
