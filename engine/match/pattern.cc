#include "engine/match/pattern.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

namespace culprit {
namespace {

using Kind = PatternNode::Kind;

constexpr size_t kMaxLiteral = 64;  // bytes in one node; what is longer becomes several
constexpr int kMaxDepth = 1200;     // RE2 refuses deeper nesting than 1000

// The ASCII members of a bracket or escape class; `other`: it may also match something beyond
// ASCII; `vague`: perhaps ASCII characters too.
struct CharSet {
  std::bitset<128> ascii;
  bool other = false;
  bool vague = false;
  void AddRange(uint32_t low, uint32_t high) {
    for (uint32_t c = low; c <= high && c < 128; ++c) ascii.set(c);
    if (high >= 128) other = true;
  }
  void Add(const CharSet& set) {
    ascii |= set.ascii;
    other |= set.other;
    vague |= set.vague;
  }
  void Fold() {
    for (uint32_t c = 'a'; c <= 'z'; ++c) {
      if (ascii.test(c) || ascii.test(c ^ 0x20)) ascii.set(c).set(c ^ 0x20);
    }
  }
  void Negate() {
    ascii.flip();
    other = true;
  }
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsOctal(char c) { return c >= '0' && c <= '7'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = AsciiLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string Utf8(uint32_t rune) {
  std::string out;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xC0 | (rune >> 6));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xE0 | (rune >> 12));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (rune >> 18));
    out += static_cast<char>(0x80 | ((rune >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view regex) : text_(regex) {}

  Pattern Parse() {
    Pattern pattern;
    PatternNode root = ParseAlternation(0);
    const bool whole = !failed_ && at_ == text_.size();
    if (!whole) root.kind = Kind::kAny;
    pattern.root = std::move(root);
    pattern.unicode_fold = unicode_fold_;
    pattern.named_groups =
        named_groups_ || (!whole && text_.find("(?P<") != std::string_view::npos);
    return pattern;
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  static PatternNode Of(Kind kind) {
    PatternNode node;
    node.kind = kind;
    return node;
  }

  PatternNode ParseAlternation(int depth) {
    std::vector<PatternNode> branches;
    if (depth > kMaxDepth) failed_ = true;
    do {
      branches.push_back(ParseConcat(depth));
    } while (!failed_ && Take("|"));
    if (branches.size() == 1) return std::move(branches[0]);
    PatternNode node = Of(Kind::kAlternate);
    node.children = std::move(branches);
    return node;
  }

  PatternNode ParseConcat(int depth) {
    PatternNode node = Of(Kind::kConcat);
    while (!failed_ && !AtEnd() && Peek() != '|' && Peek() != ')') {
      if (Take("\\Q")) {
        ParseQuoted(&node);
      } else if (!ParseRepeatInto(&node)) {
        ParseAtom(depth, &node);
      }
    }
    if (node.children.empty()) return Of(Kind::kEmpty);
    if (node.children.size() == 1) return std::move(node.children[0]);
    return node;
  }

  // \Q...\E: each character is itself; a repetition behind \E applies to the last one.
  void ParseQuoted(PatternNode* concat) {
    while (!AtEnd() && !Take("\\E")) AddRune(NextRune(), concat);
  }

  // *, +, ?, {n}, {n,}, {n,m}, each with an optional lazy '?'. False if none stands here.
  bool ParseRepeatInto(PatternNode* concat) {
    int min = 0;
    int max = -1;
    const size_t before = at_;
    if (Take("*")) {
    } else if (Take("+")) {
      min = 1;
    } else if (Take("?")) {
      max = 1;
    } else if (!ParseCounts(&min, &max)) {
      at_ = before;
      return false;
    }
    Take("?");
    if (concat->children.empty()) {
      failed_ = true;  // RE2 would have refused it
      return true;
    }
    SplitLastRune(concat);
    PatternNode repeat = Of(Kind::kRepeat);
    repeat.min = min;
    repeat.max = max;
    repeat.children.push_back(std::move(concat->children.back()));
    concat->children.pop_back();
    Push(std::move(repeat), concat);
    return true;
  }

  // Makes a node of its own of the character that was last added to a longer literal.
  void SplitLastRune(PatternNode* concat) {
    if (last_rune_ == 0) return;
    Literal& whole = concat->children.back().literal;
    PatternNode last = Of(Kind::kLiteral);
    last.literal = whole.Slice(last_rune_, whole.size() - last_rune_);
    whole = whole.Slice(0, last_rune_);
    Push(std::move(last), concat);
  }

  // Appends what a repetition behind it applies to as a whole.
  void Push(PatternNode node, PatternNode* concat) {
    last_rune_ = 0;
    concat->children.push_back(std::move(node));
  }

  bool ParseNumber(int* value) {
    if (!IsDigit(Peek()) || (Peek() == '0' && IsDigit(Peek(1)))) return false;
    *value = 0;
    while (IsDigit(Peek())) {
      if (*value > 100000) return false;
      *value = *value * 10 + (text_[at_++] - '0');
    }
    return true;
  }

  bool ParseCounts(int* min, int* max) {
    if (!Take("{") || !ParseNumber(min)) return false;
    *max = *min;
    if (Take(",")) {
      *max = -1;
      if (Peek() != '}' && !ParseNumber(max)) return false;
    }
    return Take("}");
  }

  void ParseAtom(int depth, PatternNode* concat) {
    const char c = Peek();
    if (c == '(') {
      ParseGroup(depth, concat);
    } else if (c == '[') {
      ParseBracket(concat);
    } else if (c == '.') {
      ++at_;
      Push(Of(Kind::kAny), concat);
    } else if (c == '^' || c == '$') {
      ++at_;
      Push(Of(Kind::kAssert), concat);
    } else if (c == '\\') {
      ParseEscape(concat);
    } else {
      AddRune(NextRune(), concat);
    }
  }

  void ParseGroup(int depth, PatternNode* concat) {
    ++at_;  // (
    const bool outer_fold = fold_;
    if (Take("?")) {
      if (Take("P<")) {
        const size_t close = text_.find('>', at_);
        if (close == std::string_view::npos) {
          failed_ = true;
          return;
        }
        at_ = close + 1;
        named_groups_ = true;
      } else if (!ParseFlags()) {
        return;  // (?i): flags from here to the end of the enclosing group, or failed_
      }
    }
    Push(ParseAlternation(depth + 1), concat);
    fold_ = outer_fold;
    if (!Take(")")) failed_ = true;
  }

  // Flags behind "(?"; true if a group's body follows (after ':').
  bool ParseFlags() {
    bool on = true;
    while (!AtEnd()) {
      const char c = text_[at_++];
      if (c == ')') return false;
      if (c == ':') return true;
      if (c == '-') {
        on = false;
      } else if (c == 'i') {
        fold_ = on;
      } else if (c != 'm' && c != 's' && c != 'U') {
        break;
      }
    }
    failed_ = true;
    return false;
  }

  uint32_t NextRune() {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(Peek(i)); };
    const uint32_t lead = byte(0);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t rune = length == 1 ? lead : lead & (0x7Fu >> length);
    for (int i = 1; i < length; ++i) rune = (rune << 6) | (byte(i) & 0x3Fu);
    at_ = std::min(at_ + length, text_.size());
    return rune;
  }

  void AddRune(uint32_t rune, PatternNode* concat) {
    const bool folds_to_ascii = rune == 0x17F || rune == 0x212A;  // see Pattern::unicode_fold
    if (rune >= 0x80 &&
        (fold_ || folds_to_ascii || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))) {
      Push(Of(Kind::kAny), concat);  // left to RE2
      return;
    }
    NoteFold(rune);
    std::vector<PatternNode>& parts = concat->children;
    if (parts.empty() || parts.back().kind != Kind::kLiteral ||
        parts.back().literal.size() >= kMaxLiteral) {
      parts.push_back(Of(Kind::kLiteral));
    }
    Literal& literal = parts.back().literal;
    last_rune_ = literal.size();
    if (rune < 0x80) {
      literal.Append(static_cast<char>(rune), fold_);
    } else {
      for (const char c : Utf8(rune)) literal.Append(c, false);
    }
  }

  void NoteFold(uint32_t rune) {
    if (fold_ && (rune == 'k' || rune == 'K' || rune == 's' || rune == 'S')) unicode_fold_ = true;
  }

  void AddSet(CharSet set, bool folded, PatternNode* concat) {
    PatternNode node = Of(Kind::kClass);
    for (uint32_t c = 0; c < 128; ++c) {
      if (!set.ascii.test(c)) continue;
      const char self = static_cast<char>(c);
      const bool both = IsAsciiLetter(self) && (folded || set.ascii.test(c ^ 0x20));
      if (both && self != AsciiLower(self) && set.ascii.test(c | 0x20)) continue;
      Literal option;
      option.Append(self, both);
      node.options.push_back(std::move(option));
      if (folded) NoteFold(c);
    }
    if (set.other || node.options.empty() || node.options.size() > kMaxClassOptions) {
      if (folded) set.Fold();
      node = Of(Kind::kAny);
      node.one_character = !set.vague;
      node.ascii = set.ascii;
      node.beyond_ascii = set.other;
    }
    Push(std::move(node), concat);
  }

  // \d \s \w and their negations, \p; consumes them.
  std::optional<CharSet> TakeClassEscape() {
    if (Peek() != '\\') return std::nullopt;
    CharSet set;
    switch (Peek(1)) {
      case 'd':
        set.AddRange('0', '9');
        break;
      case 's':
        for (const char c : {'\t', '\n', '\f', '\r', ' '}) set.ascii.set(c);
        break;
      case 'w':
        set.AddRange('0', '9');
        set.AddRange('A', 'Z');
        set.AddRange('a', 'z');
        set.ascii.set('_');
        break;
      case 'D':
      case 'S':
      case 'W': {
        // As its small letter, negated.
        Parser positive(text_.substr(at_, 2) == "\\D"   ? "\\d"
                        : text_.substr(at_, 2) == "\\S" ? "\\s"
                                                        : "\\w");
        set = *positive.TakeClassEscape();
        set.Negate();
        break;
      }
      case 'p':
      case 'P':
        set.other = set.vague = true;
        if (Peek(2) == '{') {
          const size_t close = text_.find('}', at_);
          if (close == std::string_view::npos) {
            failed_ = true;
            return set;
          }
          at_ = close + 1;
        } else {
          at_ += 2;
          NextRune();
        }
        return set;
      default:
        return std::nullopt;
    }
    at_ += 2;
    return set;
  }

  // The character an escape stands for; consumes it. Fails on what is no single character.
  uint32_t TakeCharEscape() {
    ++at_;  // backslash
    const char c = Peek();
    switch (c) {
      case 'a':
        ++at_;
        return 0x07;
      case 'f':
        ++at_;
        return '\f';
      case 'n':
        ++at_;
        return '\n';
      case 'r':
        ++at_;
        return '\r';
      case 't':
        ++at_;
        return '\t';
      case 'v':
        ++at_;
        return 0x0B;
      case 'x':
        ++at_;
        return TakeHex();
      default:
        break;
    }
    if (IsOctal(c)) {
      uint32_t value = 0;
      for (int i = 0; i < 3 && IsOctal(Peek()); ++i) value = value * 8 + (text_[at_++] - '0');
      return value;
    }
    if (IsAsciiLetter(c) || IsDigit(c) || AtEnd()) {
      failed_ = true;
      return 0;
    }
    return NextRune();
  }

  uint32_t TakeHex() {
    uint32_t value = 0;
    if (Take("{")) {
      while (HexDigit(Peek()) >= 0 && value <= 0x10FFFF)
        value = value * 16 + HexDigit(text_[at_++]);
      if (!Take("}")) failed_ = true;
      return value;
    }
    for (int i = 0; i < 2; ++i) {
      const int digit = HexDigit(Peek());
      if (digit < 0) {
        failed_ = true;
        return 0;
      }
      value = value * 16 + static_cast<uint32_t>(digit);
      ++at_;
    }
    return value;
  }

  void ParseEscape(PatternNode* concat) {
    const char c = Peek(1);
    if (c == 'b' || c == 'B' || c == 'A' || c == 'z') {
      at_ += 2;
      Push(Of(Kind::kAssert), concat);
      concat->children.back().boundary = c == 'b';
    } else if (c == 'C') {
      at_ += 2;
      Push(Of(Kind::kAny), concat);
    } else if (const std::optional<CharSet> set = TakeClassEscape()) {
      CharSet members = *set;
      if (fold_ && members.ascii.test('k')) members.other = true;  // then RE2 folds it
      AddSet(members, false, concat);
    } else {
      AddRune(TakeCharEscape(), concat);
    }
  }

  uint32_t TakeBracketChar() { return Peek() == '\\' ? TakeCharEscape() : NextRune(); }

  void ParseBracket(PatternNode* concat) {
    ++at_;  // [
    CharSet set;
    const bool negated = Take("^");
    bool first = true;
    while (!failed_ && !AtEnd() && (Peek() != ']' || first)) {
      first = false;
      if (text_.substr(at_, 2) == "[:") {
        if (const size_t close = text_.find(":]", at_ + 2); close != std::string_view::npos) {
          set.other = set.vague = true;
          at_ = close + 2;
          continue;
        }
      }
      if (const std::optional<CharSet> inner = TakeClassEscape()) {
        set.Add(*inner);
        continue;
      }
      const uint32_t low = TakeBracketChar();
      uint32_t high = low;
      if (Peek() == '-' && at_ + 1 < text_.size() && Peek(1) != ']') {
        ++at_;
        high = TakeBracketChar();
      }
      set.AddRange(low, high);
    }
    if (!Take("]")) failed_ = true;
    if (fold_ && set.other) set.vague = true;  // U+017F means 's' too
    if (negated) {                             // far too much to expand
      if (fold_) set.Fold();
      set.Negate();
    }
    AddSet(set, fold_ && !negated, concat);
  }

  std::string_view text_;
  size_t at_ = 0;
  // Where in the literal that ends a concatenation its last character begins; 0: it is no literal,
  // or one that a repetition behind it applies to as a whole.
  size_t last_rune_ = 0;
  bool fold_ = false;
  bool failed_ = false;
  bool unicode_fold_ = false;
  bool named_groups_ = false;
};

}  // namespace

Pattern ParsePattern(std::string_view regex) { return Parser(regex).Parse(); }

}  // namespace culprit
