#include "engine/match/set_builder.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "engine/match/pattern.h"
#include "engine/match/trigger.h"

namespace culprit {
namespace {

constexpr size_t kMinForFilter = 3;  // fewer regexes are faster one by one than as a set
constexpr int64_t kFilterBytes = 64 << 20;
constexpr double kLineBytes = 120;  // of an ordinary log line, for estimates

// Collects the triggers of all signatures, then lays out the filters.
class SetBuilder {
 public:
  explicit SetBuilder(CompiledSet* set) : set_(*set) {}

  void Add(SignatureIndex index, std::string_view regex) {
    last_companions_.clear();
    branches_.clear();
    checks_.clear();
    SignatureSet::Info& info = set_.signatures[index].info;
    const Pattern pattern = ParsePattern(regex);
    set_.signatures[index].has_captures = pattern.named_groups;
    const TriggerPlan plan = PlanTriggers(pattern, model_);
    if (plan.triggers.empty()) {
      info.always_verify = true;
      set_.always.push_back(index);
      return;
    }
    set_.unicode_fold |= pattern.unicode_fold;
    if (pattern.named_groups) set_.signatures[index].starts = MatchStarts(plan);
    info.line_share = std::min(1.0, plan.hit_rate * kLineBytes);
    for (const Trigger& trigger : plan.triggers) {
      AddOwner(trigger, index, pattern);
      if (trigger.escaped) continue;
      info.triggers.push_back(trigger.literal.text);
      for (const char c : trigger.literal.text) {
        if (static_cast<unsigned char>(c) < 0x80) {
          set_.escaped_ascii.set(static_cast<unsigned char>(c));
        } else {
          set_.escaped_other = true;
        }
      }
    }
    std::sort(info.triggers.begin(), info.triggers.end());
  }

  void Finish(const std::vector<SignatureSpec>& specs) {
    set_.owners_begin.push_back(0);
    for (const auto& [literal, owners] : owners_) {
      set_.literals.push_back(literal);
      for (const auto& [signature, owner] : owners) set_.owners.push_back(owner);
      set_.owners_begin.push_back(static_cast<uint32_t>(set_.owners.size()));
    }
    AddFilters();
    AddAlwaysFilter(specs);
  }

 private:
  void AddOwner(const Trigger& trigger, SignatureIndex index, const Pattern& pattern) {
    const LiteralOwner owner = {.signature = index,
                                .anchor = trigger.anchor,
                                .proves = trigger.proves,
                                .check = CheckOf(trigger, pattern),
                                .companion = CompanionOf(trigger, pattern)};
    const auto [it, inserted] = owners_[trigger.literal].emplace(index, owner);
    if (inserted) return;
    LiteralOwner& known = it->second;
    if (known.anchor != owner.anchor) known.anchor = known.check = -1;
    known.proves |= owner.proves;
    if (known.companion != owner.companion) known.companion = -1;
  }

  // Of the pattern's alternatives that may hold the trigger where it stands: what it tells of those
  // is not lost in the length of the others.
  int32_t CheckOf(const Trigger& trigger, const Pattern& pattern) {
    if (trigger.anchor < 0) return -1;
    const std::vector<PatternNode>& children = pattern.root.children;
    const bool alternate = pattern.root.kind == PatternNode::Kind::kAlternate;
    if (alternate && branches_.empty()) {
      for (const PatternNode& child : children) branches_.push_back(StartCheck({.root = child}));
    }
    std::vector<bool> kept;
    for (const StartCheck& branch : branches_)
      kept.push_back(branch.MayHold(trigger.literal, trigger.anchor));
    const auto [it, inserted] = checks_.try_emplace(kept, static_cast<int32_t>(set_.checks.size()));
    if (!inserted) return it->second;
    Pattern part = {.root = {}, .unicode_fold = pattern.unicode_fold};
    part.root.kind = PatternNode::Kind::kAlternate;
    for (size_t i = 0; i < kept.size(); ++i) {
      if (kept[i]) part.root.children.push_back(children[i]);
    }
    set_.checks.emplace_back(alternate ? part : pattern);
    return it->second;
  }

  int32_t CompanionOf(const Trigger& trigger, const Pattern& pattern) {
    if (trigger.companions.empty()) return -1;
    if (trigger.companions != last_companions_) {
      last_companions_ = trigger.companions;
      set_.companions.emplace_back(trigger.companions, model_, pattern.unicode_fold);
    }
    return static_cast<int32_t>(set_.companions.size()) - 1;
  }

  // Lays out both filters: grams for literals that have windows, pairs for the others.
  void AddFilters() {
    set_.pair_offsets.assign(set_.literals.size(), 0);
    for (uint32_t i = 0; i < set_.literals.size(); ++i) {
      const FindPlan plan = PlanFind(set_.literals[i], model_);
      if (plan.by_grams) continue;
      const char* pair = set_.literals[i].text.data() + plan.pair_offset;
      set_.pair_offsets[i] = plan.pair_offset;
      set_.pairs.Add(pair[0], pair[1], i);
    }
    std::vector<FixedGrams> fixed;
    if (!set_.literals.empty()) fixed = AddOddities();
    set_.grams = GramFilter(set_.literals, fixed, model_);
  }

  // What hides a trigger: \uXXXX of one of its characters, U+017F and U+212A.
  std::vector<FixedGrams> AddOddities() {
    // Letters, digits and the backslash: no known writer escapes them, but a decoded one could
    // begin or continue another escape.
    for (int c = 0; c < 128; ++c) {
      if (IsAsciiLetter(static_cast<char>(c)) || (c >= '0' && c <= '9') || c == '\\') {
        set_.escaped_ascii.set(static_cast<size_t>(c));
      }
    }
    if (set_.unicode_fold) {
      set_.folds.Add('\xC5', '\xBF', 0);
      set_.folds.Add('\x84', '\xAA', 0);
    }
    if (set_.escaped_other) {  // any \uXXXX may count
      set_.pairs.Add('\\', 'u', CompiledSet::kEscapeTag);
      return {};
    }
    FixedGrams fixed;
    fixed.literal = static_cast<uint32_t>(set_.literals.size());
    set_.escape_literal = fixed.literal;
    Literal backslash_u;
    backslash_u.Append('\\', false);
    backslash_u.Append('u', false);
    set_.literals.push_back(backslash_u);
    set_.owners_begin.push_back(set_.owners_begin.back());
    char digits[8];
    for (int c = 0; c < 128; ++c) {
      if (!set_.escaped_ascii.test(static_cast<size_t>(c))) continue;
      std::snprintf(digits, sizeof(digits), "\\u%04x", c);
      AddEscapeGrams(digits, &fixed.grams);
    }
    if (set_.unicode_fold) {
      AddEscapeGrams("\\u017f", &fixed.grams);
      AddEscapeGrams("\\u212a", &fixed.grams);
    }
    return {fixed};
  }

  // The grams of `\uXXXX` at offsets -1 to 2, those not there yet.
  static void AddEscapeGrams(std::string_view escape, std::vector<WindowGram>* grams) {
    Literal literal;
    for (size_t i = 0; i < escape.size(); ++i) literal.Append(escape[i], i >= 2);
    std::vector<WindowGram> window = WindowGrams(literal);
    window.resize(kGramStride);
    for (const WindowGram& gram : window) {
      const auto known = std::find_if(grams->begin(), grams->end(), [&](const WindowGram& other) {
        return other.gram == gram.gram && other.offset == gram.offset;
      });
      if (known == grams->end()) {
        grams->push_back(gram);
      } else {
        known->followers |= gram.followers;
        known->classes |= gram.classes;
      }
    }
  }

  void AddAlwaysFilter(const std::vector<SignatureSpec>& specs) {
    if (set_.always.size() < kMinForFilter) return;
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kFilterBytes);
    auto filter = std::make_unique<RE2::Set>(options, RE2::UNANCHORED);
    for (const SignatureIndex index : set_.always) {
      if (filter->Add(specs[index].regex, nullptr) < 0) return;
    }
    // Without it each regex is tried in turn.
    if (filter->Compile()) set_.always_filter = std::move(filter);
  }

  CompiledSet& set_;
  const RarityModel& model_ = RarityModel::Builtin();
  std::map<Literal, std::map<SignatureIndex, LiteralOwner>> owners_;
  // Of the signature under work.
  std::vector<StartCheck> branches_;             // its alternatives
  std::map<std::vector<bool>, int32_t> checks_;  // alternatives kept -> index in set_.checks
  std::vector<Literal> last_companions_;
};

}  // namespace

void BuildFilters(const std::vector<SignatureSpec>& specs, CompiledSet* set) {
  SetBuilder builder(set);
  for (size_t i = 0; i < specs.size(); ++i) {
    builder.Add(static_cast<SignatureIndex>(i), specs[i].regex);
  }
  builder.Finish(specs);
}

}  // namespace culprit
