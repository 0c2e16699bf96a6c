#include "engine/redact/redactor.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/redact/secret_rules.h"

namespace culprit {
namespace {

constexpr int64_t kSetMemory = 64 << 20;

class RuleRedactor : public Redactor {
 public:
  RuleRedactor() : set_(SetOptions(), RE2::UNANCHORED) {}

  absl::Status Add(const std::string& name, const std::string& regex,
                   bool (*accept)(std::string_view)) {
    auto rule = std::make_unique<Rule>(name, regex, accept);
    std::string error;
    if (!rule->regex.ok() || set_.Add(regex, &error) < 0)
      return absl::InvalidArgumentError(absl::StrCat(
          "redaction rule '", name, "': ", rule->regex.ok() ? error : rule->regex.error()));
    rules_.push_back(std::move(rule));
    return absl::OkStatus();
  }

  absl::Status Compile() {
    if (!rules_.empty() && !set_.Compile())
      return absl::InvalidArgumentError("the redaction rules together are too large");
    return absl::OkStatus();
  }

  void Find(std::string_view text, std::vector<Span>* spans) const override {
    spans->clear();
    if (rules_.empty()) return;
    std::vector<int> hits;
    RE2::Set::ErrorInfo error;
    if (!set_.Match(text, &hits, &error)) {
      if (error.kind == RE2::Set::kNoError) return;
      // The automaton ran out of memory: every rule looks for itself.
      hits.resize(rules_.size());
      for (size_t i = 0; i < hits.size(); ++i) hits[i] = static_cast<int>(i);
    }
    std::sort(hits.begin(), hits.end());
    for (int hit : hits) FindOne(*rules_[static_cast<size_t>(hit)], text, spans);
    if (spans->size() < 2) return;
    std::stable_sort(spans->begin(), spans->end(),
                     [](const Span& a, const Span& b) { return a.begin < b.begin; });
    // Overlapping ones become one.
    size_t last = 0;
    for (size_t i = 1; i < spans->size(); ++i) {
      const Span span = (*spans)[i];
      if (span.begin < (*spans)[last].end)
        (*spans)[last].end = std::max((*spans)[last].end, span.end);
      else
        (*spans)[++last] = span;
    }
    spans->resize(last + 1);
  }

 private:
  struct Rule {
    Rule(std::string n, const std::string& r, bool (*a)(std::string_view))
        : name(std::move(n)), regex(r, RE2::Quiet), accept(a) {}
    std::string name;
    RE2 regex;
    bool (*accept)(std::string_view);
  };

  static RE2::Options SetOptions() {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kSetMemory);
    return options;
  }

  static void FindOne(const Rule& rule, std::string_view text, std::vector<Span>* spans) {
    const int group = rule.regex.NumberOfCapturingGroups() > 0 ? 1 : 0;
    re2::StringPiece found[2];
    size_t at = 0;
    while (at <= text.size() && rule.regex.Match({text.data(), text.size()}, at, text.size(),
                                                 RE2::UNANCHORED, found, group + 1)) {
      const re2::StringPiece& whole = found[0];
      const re2::StringPiece& secret = found[group];
      const auto end = static_cast<size_t>(whole.data() - text.data()) + whole.size();
      if (secret.data() != nullptr && !secret.empty() &&
          (rule.accept == nullptr || rule.accept({secret.data(), secret.size()}))) {
        const auto begin = static_cast<size_t>(secret.data() - text.data());
        spans->push_back({begin, begin + secret.size(), rule.name});
        at = std::max(begin + secret.size(), at + 1);
      } else {
        at = std::max(end, at + 1);
      }
    }
  }

  std::vector<std::unique_ptr<Rule>> rules_;
  RE2::Set set_;
};

bool IsRuleName(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Redactor>> Redactor::Make(const RedactOptions& options) {
  auto redactor = std::make_unique<RuleRedactor>();
  const auto add = [&](const SecretRule& rule) {
    return redactor->Add(std::string(rule.name), std::string(rule.regex), rule.accept);
  };
  if (options.secrets)
    for (const SecretRule& rule : SecretRules()) CULPRIT_RETURN_IF_ERROR(add(rule));
  if (options.emails) CULPRIT_RETURN_IF_ERROR(add(EmailRule()));
  if (options.ips) {
    CULPRIT_RETURN_IF_ERROR(add(Ipv4Rule()));
    CULPRIT_RETURN_IF_ERROR(add(Ipv6Rule()));
  }
  for (const RedactRule& rule : options.rules) {
    if (!IsRuleName(rule.name))
      return absl::InvalidArgumentError(absl::StrCat(
          "redaction rule '", rule.name, "': a name is letters, digits, - and _, at most 40"));
    CULPRIT_RETURN_IF_ERROR(redactor->Add(rule.name, rule.regex, nullptr));
  }
  CULPRIT_RETURN_IF_ERROR(redactor->Compile());
  return redactor;
}

std::string Redactor::Clean(std::string_view text) const {
  std::vector<Span> spans;
  Find(text, &spans);
  return ReplaceSpans(text, spans);
}

void Redactor::Mask(std::string* text) const {
  std::vector<Span> spans;
  Find(*text, &spans);
  for (const Span& span : spans)
    for (size_t i = span.begin; i < span.end; ++i)
      if ((*text)[i] != '\n') (*text)[i] = '*';  // lines stay lines
}

std::string ReplaceSpans(std::string_view text, const std::vector<Redactor::Span>& spans) {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  for (const Redactor::Span& span : spans) {
    out.append(text.substr(at, span.begin - at));
    out.append("[REDACTED:").append(span.name).append("]");
    at = span.end;
  }
  out.append(text.substr(at));
  return out;
}

}  // namespace culprit
