#include "engine/redact/rule_filter.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <memory>
#include <string>

namespace culprit {
namespace {

// (?i) matches these too, for s and k.
constexpr std::string_view kLongS = "\xC5\xBF";
constexpr std::string_view kKelvin = "\xE2\x84\xAA";

constexpr size_t kLeastCue = 3;
constexpr int kMostQuotes = 3;  // between a word and what assigns to it
constexpr size_t kLeastCardDigits = 13;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }  // \s of RE2
bool IsWord(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }               // \w

// A card number's digits begin at `place`: 13 or more, single separators between them.
bool MayBeCard(std::string_view text, size_t place) {
  if (text[place] < '2' || text[place] > '6') return false;
  if (place > 0) {
    const char before = text[place - 1];
    if (IsLetter(before) || IsDigit(before) || before == '.' || before == '-') return false;
  }
  size_t digits = 0;
  bool separated = false;
  for (; place < text.size() && digits < kLeastCardDigits; ++place) {
    const char c = text[place];
    if (IsDigit(c)) {
      ++digits;
      separated = false;
    } else if ((c == ' ' || c == '-') && !separated) {
      separated = true;
    } else {
      break;
    }
  }
  return digits >= kLeastCardDigits;
}

// Places of a text's card numbers. They begin with four digits, perhaps a separator, and four more.
class CardSearch {
 public:
  explicit CardSearch(std::string_view text) : text_(text) {}
  bool found() const { return found_; }

  // The next block's digits; after the last block one more without any.
  void Take(uint32_t digits) {
    digits_ = digits_ >> kBlock | static_cast<uint64_t>(digits) << kBlock;
    const uint64_t pairs = digits_ & digits_ >> 1;
    const uint64_t fours = pairs & pairs >> 2;
    auto begins = static_cast<uint32_t>(fours & (fours >> 4 | fours >> 5));
    for (; begins != 0 && !found_; begins &= begins - 1)
      found_ = MayBeCard(text_, next_ - kBlock + static_cast<size_t>(std::countr_zero(begins)));
    next_ += kBlock;
  }

 private:
  static constexpr size_t kBlock = ByteThrees::kBlock;
  const std::string_view text_;
  uint64_t digits_ = 0;  // of two blocks; those of the older one are the lower bits
  size_t next_ = 0;      // place of the next block
  bool found_ = false;
};

// Sets of threes: those that end in = or :, behind a word at once or not; the others are free.
constexpr int kAtOnce = 0;
constexpr int kBehindMore = 1;
constexpr int kFree = 2;
constexpr unsigned kAssigned = 1u << kAtOnce | 1u << kBehindMore;

constexpr std::string_view kAssigns = ":=";
constexpr std::string_view kQuotes = "\"'\\";
constexpr std::string_view kSpaces = " \t\n\f\r";
bool IsQuote(char c) { return c == '"' || c == '\'' || c == '\\'; }  // as kQuotes

// The byte as a cue may have it.
std::string Spellings(const Cue& cue, size_t place) {
  std::string out(1, cue.text[place]);
  if (cue.any_case && IsLetter(out[0])) out.push_back(static_cast<char>(out[0] & ~0x20));
  return out;
}

bool StandsAt(const Cue& cue, std::string_view text, size_t place) {
  if (text.size() - place < cue.text.size()) return false;
  for (size_t i = 0; i < cue.text.size(); ++i) {
    const char c = text[place + i];
    if (c == cue.text[i]) continue;
    if (!cue.any_case || !IsLetter(c) || static_cast<char>(c | 0x20) != cue.text[i]) return false;
  }
  if (cue.starts_word && place > 0 && IsWord(text[place - 1])) return false;
  std::string_view rest = text.substr(place + cue.text.size());
  switch (cue.behind) {
    case Cue::Behind::kAnything:
      return true;
    case Cue::Behind::kSpace:
      return !rest.empty() && IsSpace(rest.front());
    case Cue::Behind::kAt:
      return rest.find('@') != std::string_view::npos;
    case Cue::Behind::kAssignment:
      break;
  }
  for (int i = 0; i < kMostQuotes && !rest.empty() && IsQuote(rest.front()); ++i)
    rest.remove_prefix(1);
  while (!rest.empty() && IsSpace(rest.front())) rest.remove_prefix(1);
  return !rest.empty() && (rest.front() == '=' || rest.front() == ':');
}

}  // namespace

RuleFilter::RuleFilter(const std::vector<SecretRule>& rules) {
  assert(rules.size() <= kMaxRules);
  for (size_t i = 0; i < rules.size(); ++i) {
    const uint64_t bit = uint64_t{1} << i;
    all_ |= bit;
    if (rules[i].card) cards_ |= bit;
    for (const Cue& cue : rules[i].cues) {
      KnownCue* known = nullptr;
      for (KnownCue& other : cues_)
        if (other.cue == cue) known = &other;
      if (known == nullptr) known = &cues_.emplace_back(KnownCue{.cue = cue});
      known->rules |= bit;
    }
  }
  auto buckets = std::make_unique<Buckets>();
  for (size_t i = 0; i < cues_.size(); ++i) {
    const Cue& cue = cues_[i].cue;
    assert(cue.text.size() >= kLeastCue);
    const size_t pair = EndsInAssignment(cue) ? AddAssigned(cue) : AddRarestThree(cue);
    (*buckets)[BucketOf(cue.text[pair], cue.text[pair + 1])].push_back(
        {static_cast<uint16_t>(i), static_cast<uint16_t>(pair)});
  }
  for (size_t i = 0; i < kBuckets; ++i) {
    bucket_begin_[i] = static_cast<uint16_t>(bucket_pairs_.size());
    bucket_pairs_.insert(bucket_pairs_.end(), (*buckets)[i].begin(), (*buckets)[i].end());
  }
  bucket_begin_[kBuckets] = static_cast<uint16_t>(bucket_pairs_.size());
}

// The same for a letter in either case.
size_t RuleFilter::BucketOf(char a, char b) {
  return static_cast<size_t>((a & 31) << 5 | (b & 31));
}

bool RuleFilter::EndsInAssignment(const Cue& cue) {
  return cue.behind == Cue::Behind::kAssignment || cue.text.back() == '=';
}

size_t RuleFilter::AddAssigned(const Cue& cue) {
  const size_t end = cue.text.size() - (cue.text.back() == '=' ? 1 : 0);
  const std::string last = Spellings(cue, end - 1);
  threes_.Add(kAtOnce, Spellings(cue, end - 2), last, kAssigns);
  const std::string between = std::string(kQuotes).append(kSpaces);
  if (cue.behind == Cue::Behind::kAssignment)
    threes_.Add(kBehindMore, last + between, between, kAssigns);
  return end - 2;
}

size_t RuleFilter::AddRarestThree(const Cue& cue) {
  size_t best = 0;
  int best_set = kFree;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + kLeastCue <= cue.text.size(); ++i) {
    for (int set = kFree; set < ByteThrees::kSets; ++set) {
      const double cost =
          threes_.CostOf(set, Spellings(cue, i), Spellings(cue, i + 1), Spellings(cue, i + 2));
      if (cost >= least) continue;
      least = cost;
      best = i;
      best_set = set;
    }
  }
  threes_.Add(best_set, Spellings(cue, best), Spellings(cue, best + 1), Spellings(cue, best + 2));
  return best;
}

uint64_t RuleFilter::AtPair(std::string_view text, size_t place, uint64_t found) const {
  const size_t bucket = BucketOf(text[place], text[place + 1]);
  for (size_t i = bucket_begin_[bucket]; i < bucket_begin_[bucket + 1]; ++i) {
    const Pair& pair = bucket_pairs_[i];
    const KnownCue& known = cues_[pair.cue];
    if (place < pair.offset || (known.rules & ~found) == 0) continue;
    if (StandsAt(known.cue, text, place - pair.offset)) found |= known.rules;
  }
  return found;
}

uint64_t RuleFilter::AtThree(std::string_view text, size_t place, unsigned sets,
                             uint64_t found) const {
  if ((sets & ~kAssigned) != 0) found = AtPair(text, place, found);
  if ((sets & kAssigned) == 0) return found;
  size_t end = place + 2;  // of the word to which is assigned
  while (end > 0 && IsSpace(text[end - 1])) --end;
  for (int i = 0; i < kMostQuotes && end > 0 && IsQuote(text[end - 1]); ++i) --end;
  return end < 2 ? found : AtPair(text, end - 2, found);
}

uint64_t RuleFilter::MayMatch(std::string_view text, ByteThrees::Look look) const {
  constexpr size_t kPiece = 1024;
  constexpr size_t kPieceBlocks = kPiece / ByteThrees::kBlock;
  constexpr size_t kOverlap = 2;  // a three that begins in this piece may end in the next one
  ByteThrees::Block blocks[kPieceBlocks + 1];
  CardSearch cards(text);
  uint64_t found = 0;
  bool ascii = true;
  for (size_t begin = 0; begin < text.size(); begin += kPiece) {
    const std::string_view piece = text.substr(begin, kPiece + kOverlap);
    ascii &= look(threes_, piece, blocks);
    const size_t count =
        std::min(kPieceBlocks, (piece.size() + ByteThrees::kBlock - 1) / ByteThrees::kBlock);
    for (size_t b = 0; b < count; ++b) {
      cards.Take(blocks[b].digits);
      for (uint32_t places = blocks[b].places; places != 0; places &= places - 1) {
        const size_t place =
            begin + b * ByteThrees::kBlock + static_cast<size_t>(std::countr_zero(places));
        if (text.size() - place < kLeastCue) continue;
        const unsigned sets = threes_.SetsAt(text.data() + place);
        if (sets != 0) found = AtThree(text, place, sets, found);
      }
    }
  }
  cards.Take(0);
  if (!ascii &&
      (text.find(kLongS) != std::string_view::npos || text.find(kKelvin) != std::string_view::npos))
    return all_;
  return cards.found() ? found | cards_ : found;
}

}  // namespace culprit
