#include "engine/redact/redactor.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <mutex>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/redact/rule_filter.h"
#include "engine/redact/secret_rules.h"

namespace culprit {
namespace {

constexpr int64_t kSetMemory = 64 << 20;

// A built-in rule is compiled when a text first holds one of its cues: few ever do.
class RuleRedactor : public Redactor {
 public:
  explicit RuleRedactor(bool secrets)
      : filter_(secrets ? SecretRules() : std::vector<SecretRule>{}),
        set_(SetOptions(), RE2::UNANCHORED) {
    if (!secrets) return;
    for (const SecretRule& rule : SecretRules())
      rules_.push_back(std::make_unique<Rule>(rule.name, rule.regex, rule.accept));
    in_set_ = rules_.size();
  }

  absl::Status Add(std::string_view name, std::string_view regex) {
    auto rule = std::make_unique<Rule>(name, regex, nullptr);
    std::string error;
    if (!rule->Regex().ok() || set_.Add({regex.data(), regex.size()}, &error) < 0)
      return absl::InvalidArgumentError(
          absl::StrCat("redaction rule '", rule->name,
                       "': ", rule->Regex().ok() ? error : rule->Regex().error()));
    rules_.push_back(std::move(rule));
    return absl::OkStatus();
  }

  absl::Status Compile() {
    if (in_set_ < rules_.size() && !set_.Compile())
      return absl::InvalidArgumentError("the redaction rules together are too large");
    return absl::OkStatus();
  }

  void Find(std::string_view text, std::vector<Span>* spans) const override {
    spans->clear();
    for (uint64_t may = filter_.MayMatch(text); may != 0; may &= may - 1)
      FindOne(*rules_[static_cast<size_t>(std::countr_zero(may))], text, spans);
    if (in_set_ < rules_.size()) FindInSet(text, spans);
    Merge(spans);
  }

  void FindSlow(std::string_view text, std::vector<Span>* spans) const override {
    spans->clear();
    for (const auto& rule : rules_) FindOne(*rule, text, spans);
    Merge(spans);
  }

 private:
  struct Rule {
    Rule(std::string_view n, std::string_view r, bool (*a)(std::string_view))
        : name(n), accept(a), source(r) {}

    const RE2& Regex() const {
      std::call_once(once, [this] { regex = std::make_unique<RE2>(source, RE2::Quiet); });
      return *regex;
    }

    const std::string name;
    bool (*const accept)(std::string_view);

   private:
    const std::string source;
    mutable std::once_flag once;
    mutable std::unique_ptr<const RE2> regex;
  };

  static RE2::Options SetOptions() {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kSetMemory);
    return options;
  }

  void FindInSet(std::string_view text, std::vector<Span>* spans) const {
    std::vector<int> hits;
    RE2::Set::ErrorInfo error;
    if (!set_.Match({text.data(), text.size()}, &hits, &error)) {
      if (error.kind == RE2::Set::kNoError) return;
      // The automaton ran out of memory: every rule looks for itself.
      hits.resize(rules_.size() - in_set_);
      std::iota(hits.begin(), hits.end(), 0);
    }
    std::sort(hits.begin(), hits.end());
    for (int hit : hits) FindOne(*rules_[in_set_ + static_cast<size_t>(hit)], text, spans);
  }

  static void FindOne(const Rule& rule, std::string_view text, std::vector<Span>* spans) {
    const RE2& regex = rule.Regex();
    const int group = regex.NumberOfCapturingGroups() > 0 ? 1 : 0;
    re2::StringPiece found[2];
    size_t at = 0;
    while (at <= text.size() && regex.Match({text.data(), text.size()}, at, text.size(),
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

  // In order; overlapping ones become one.
  static void Merge(std::vector<Span>* spans) {
    if (spans->size() < 2) return;
    std::stable_sort(spans->begin(), spans->end(),
                     [](const Span& a, const Span& b) { return a.begin < b.begin; });
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

  const RuleFilter filter_;                   // of the built-in rules
  std::vector<std::unique_ptr<Rule>> rules_;  // those, then the ones in set_
  size_t in_set_ = 0;                         // the first of these
  RE2::Set set_;
};

bool IsRuleName(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Redactor>> Redactor::Make(const RedactOptions& options) {
  auto redactor = std::make_unique<RuleRedactor>(options.secrets);
  const auto add = [&](const SecretRule& rule) { return redactor->Add(rule.name, rule.regex); };
  if (options.emails) CULPRIT_RETURN_IF_ERROR(add(EmailRule()));
  if (options.ips) {
    CULPRIT_RETURN_IF_ERROR(add(Ipv4Rule()));
    CULPRIT_RETURN_IF_ERROR(add(Ipv6Rule()));
  }
  for (const RedactRule& rule : options.rules) {
    if (!IsRuleName(rule.name))
      return absl::InvalidArgumentError(absl::StrCat(
          "redaction rule '", rule.name, "': a name is letters, digits, - and _, at most 40"));
    CULPRIT_RETURN_IF_ERROR(redactor->Add(rule.name, rule.regex));
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
