// SignatureSet::Scan: literals first, RE2 on the lines that hold one.
#include <algorithm>
#include <cstring>

#include "engine/match/compiled_set.h"
#include "engine/match/subject.h"

namespace culprit {
namespace {

constexpr uint32_t kMaxAnchoredTries =
    8;  // on one line, before one unanchored search replaces them
constexpr ptrdiff_t kEscapeReach =
    16;  // more bytes than from an escape's start to the last one it changes

bool StandsAt(std::string_view word, const char* p, const char* end) {
  return end - p >= static_cast<ptrdiff_t>(word.size()) &&
         std::memcmp(p, word.data(), word.size()) == 0;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = AsciiLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One call of Scan.
class BlockScan {
 public:
  BlockScan(const CompiledSet& set, MatchState& state, std::string_view block,
            std::vector<Hit>* hits)
      : set_(set),
        state_(state),
        begin_(block.data()),
        end_(block.data() + block.size()),
        hits_(hits),
        first_hit_(hits->size()) {
    if (state_.seen.size() < set_.signatures.size()) state_.seen.resize(set_.signatures.size());
  }

  size_t Run() {
    set_.pairs.Scan(begin_, end_, [this](uint32_t tag, const char* p) { OnPair(tag, p); });
    const size_t newlines = set_.grams.Scan(
        begin_, end_,
        [this](uint32_t literal, const char* start) {
          if (literal == set_.escape_literal) {
            if (IsTellingEscape(start)) JudgeDecoded(start);
          } else {
            OnLiteral(literal, start);
          }
        },
        [this](const char* from, const char* to) {
          set_.folds.Scan(from, to, [this](uint32_t, const char* p) { OnFold(p); });
        });
    if (!set_.always.empty()) VerifyAllLines();
    if (!ordered_) Order();
    return newlines;
  }

 private:
  // ---- lines ----

  void EnterLine(const char* p) {
    if (p >= line_begin_ && p <= line_stop_) return;
    const auto* before =
        static_cast<const char*>(memrchr(begin_, '\n', static_cast<size_t>(p - begin_)));
    const auto* stop = static_cast<const char*>(std::memchr(p, '\n', end_ - p));
    SetLine(before == nullptr ? begin_ : before + 1, stop == nullptr ? end_ : stop);
  }

  void SetLine(const char* line_begin, const char* stop) {
    line_begin_ = line_begin;
    line_stop_ = stop;
    line_end_ = TrimReturn(line_begin, stop);
    ++state_.line;
    subject_known_ = false;
  }

  std::string_view Line() const {
    return {line_begin_, static_cast<size_t>(line_end_ - line_begin_)};
  }

  std::string_view LineSubject() {
    if (!subject_known_) {
      state_.subject.reserve(Line().size() + kBlockPadding);
      subject_ = Subject(Line(), &state_.subject);
      subject_known_ = true;
    }
    return subject_;
  }

  void Report(SignatureIndex signature) {
    const Hit hit = {static_cast<uint32_t>(line_begin_ - begin_),
                     static_cast<uint32_t>(line_end_ - begin_), signature};
    if (hits_->size() > first_hit_ && !Before(hits_->back(), hit)) ordered_ = false;
    hits_->push_back(hit);
  }

  // ---- verdicts ----

  MatchState::Seen& SeenOf(SignatureIndex signature) {
    MatchState::Seen& seen = state_.seen[signature];
    if (seen.line != state_.line) seen = {state_.line, 0};
    return seen;
  }

  void OnLiteral(uint32_t literal, const char* start) {
    EnterLine(start);
    for (uint32_t i = set_.owners_begin[literal]; i < set_.owners_begin[literal + 1]; ++i) {
      const LiteralOwner& owner = set_.owners[i];
      MatchState::Seen& seen = SeenOf(owner.signature);
      if (seen.tries == MatchState::kSettled) continue;
      if (Judge(owner, set_.literals[literal].size(), start, &seen)) Report(owner.signature);
    }
  }

  bool Judge(const LiteralOwner& owner, size_t literal_size, const char* start,
             MatchState::Seen* seen) {
    if (owner.proves && StandsInSubject(start, literal_size)) {
      seen->tries = MatchState::kSettled;
      return true;
    }
    const CompiledSignature& signature = set_.signatures[owner.signature];
    const std::string_view subject = LineSubject();
    const bool plain = subject.data() == line_begin_;
    if (plain && owner.anchor >= 0 && seen->tries < kMaxAnchoredTries) {
      if (start - line_begin_ < owner.anchor) return false;
      const StartCheck::Verdict verdict =
          set_.checks[owner.check].At(line_begin_, start - owner.anchor, line_end_);
      if (verdict == StartCheck::Verdict::kNo) return false;
      if (verdict == StartCheck::Verdict::kAsk) {
        if (!HasCompanion(owner, subject)) return false;
        ++seen->tries;
        const size_t at = static_cast<size_t>(start - line_begin_) - owner.anchor;
        if (!signature.MatchesAt(subject, at)) return false;
      }
      seen->tries = MatchState::kSettled;
      return true;
    }
    if (!HasCompanion(owner, subject)) return false;
    seen->tries = MatchState::kSettled;
    return signature.Matches(subject);
  }

  bool HasCompanion(const LiteralOwner& owner, std::string_view subject) const {
    return owner.companion < 0 || set_.companions[owner.companion].MayStandIn(subject);
  }

  // Whether a literal found in the line's bytes surely stands in its subject too: no escape can
  // begin so shortly before it that it reaches into it. (A false "no" only costs RE2.)
  bool StandsInSubject(const char* start, size_t size) const {
    if (line_end_ - start < static_cast<ptrdiff_t>(size)) return false;
    const ptrdiff_t look = std::min(start - line_begin_, kEscapeReach);
    return std::memchr(start - look, '\\', static_cast<size_t>(look) + size) == nullptr;
  }

  // ---- what the grams cannot see ----

  void OnPair(uint32_t tag, const char* p) {
    if (tag == CompiledSet::kEscapeTag) {
      if (IsTellingEscape(p)) JudgeDecoded(p);
    } else if (const char* start = ShortLiteralAt(tag, p, begin_, end_)) {
      OnLiteral(tag, start);
    }
  }

  void OnFold(const char* p) {
    if (StandsAt(kLongS, p, end_) || (p > begin_ && StandsAt(kKelvin, p - 1, end_)))
      JudgeDecoded(p);
  }

  const char* ShortLiteralAt(uint32_t index, const char* p, const char* begin,
                             const char* end) const {
    const Literal& literal = set_.literals[index];
    const size_t offset = set_.pair_offsets[index];
    if (p - begin < static_cast<ptrdiff_t>(offset)) return nullptr;
    const char* start = p - offset;
    if (end - start < static_cast<ptrdiff_t>(literal.size())) return nullptr;
    for (size_t i = 0; i < literal.size(); ++i) {
      if (((start[i] ^ literal.text[i]) & ~literal.free[i]) != 0) return nullptr;
    }
    return start;
  }

  // Whether \uXXXX at p, in a JSON line, may decode to a character of some trigger.
  bool IsTellingEscape(const char* p) {
    if (end_ - p < 6 || p[0] != '\\' || p[1] != 'u') return false;
    int unit = 0;
    for (int i = 2; i < 6; ++i) {
      const int digit = HexValue(p[i]);
      if (digit < 0) return false;
      unit = unit * 16 + digit;
    }
    if (unit < 0x80) return set_.escaped_ascii.test(unit);
    if (unit == 0x17F || unit == 0x212A) return set_.unicode_fold;
    return set_.escaped_other;
  }

  // Looks for the triggers in the decoded line, with U+017F as s and U+212A as k.
  void JudgeDecoded(const char* p) {
    if (p >= decoded_begin_ && p < decoded_stop_) return;  // done
    EnterLine(p);
    decoded_begin_ = line_begin_;
    decoded_stop_ = line_stop_;
    const std::string_view subject = LineSubject();
    std::string& normal = state_.normal;
    FoldToAscii(subject, &normal);
    const size_t size = normal.size();
    normal.append(kBlockPadding, '\0');
    const char* const normal_begin = normal.data();
    const char* const normal_end = normal_begin + size;
    const auto judge = [&](uint32_t literal) {
      for (uint32_t i = set_.owners_begin[literal]; i < set_.owners_begin[literal + 1]; ++i) {
        const SignatureIndex signature = set_.owners[i].signature;
        MatchState::Seen& seen = SeenOf(signature);
        if (seen.tries == MatchState::kSettled) continue;
        seen.tries = MatchState::kSettled;
        if (set_.signatures[signature].Matches(subject)) Report(signature);
      }
    };
    set_.grams.Scan(
        normal_begin, normal_end, [&](uint32_t literal, const char*) { judge(literal); },
        [](const char*, const char*) {});
    set_.pairs.Scan(normal_begin, normal_end, [&](uint32_t tag, const char* at) {
      if (tag == CompiledSet::kEscapeTag) return;
      if (ShortLiteralAt(tag, at, normal_begin, normal_end) != nullptr) judge(tag);
    });
  }

  void VerifyAllLines() {
    const char* p = begin_;
    while (p < end_) {
      const auto* newline = static_cast<const char*>(std::memchr(p, '\n', end_ - p));
      SetLine(p, newline == nullptr ? end_ : newline);
      p = line_stop_ + 1;
      const std::string_view subject = LineSubject();
      if (set_.always_filter != nullptr) {
        RE2::Set::ErrorInfo error;
        // False with an error: the DFA ran out of memory and says nothing.
        if (!set_.always_filter->Match(ToRe2(subject), nullptr, &error) &&
            error.kind == RE2::Set::kNoError) {
          continue;
        }
      }
      for (const SignatureIndex signature : set_.always) {
        if (set_.signatures[signature].Matches(subject)) Report(signature);
      }
    }
  }

  // ---- order ----

  static bool Before(const Hit& a, const Hit& b) {
    return a.line_begin != b.line_begin ? a.line_begin < b.line_begin : a.signature < b.signature;
  }

  void Order() {
    const auto first = hits_->begin() + static_cast<ptrdiff_t>(first_hit_);
    std::sort(first, hits_->end(), Before);
    hits_->erase(
        std::unique(first, hits_->end(), [](const Hit& a, const Hit& b) { return !Before(a, b); }),
        hits_->end());
  }

  const CompiledSet& set_;
  MatchState& state_;
  const char* const begin_;
  const char* const end_;
  std::vector<Hit>* const hits_;
  const size_t first_hit_;
  bool ordered_ = true;

  const char* line_begin_ = nullptr;  // the line under work: [begin, end), stop at its newline
  const char* line_end_ = nullptr;
  const char* line_stop_ = nullptr;
  bool subject_known_ = false;
  std::string_view subject_;
  const char* decoded_begin_ = nullptr;  // the last line that JudgeDecoded saw
  const char* decoded_stop_ = nullptr;
};

}  // namespace

size_t SignatureSet::Scan(std::string_view block, MatchScratch& scratch,
                          std::vector<Hit>* hits) const {
  return BlockScan(*set_, *scratch.state_, block, hits).Run();
}

}  // namespace culprit
