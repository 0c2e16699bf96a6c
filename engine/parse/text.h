// Small character helpers and a cursor over a line, for the hand-written format readers.
// Pure; any thread.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace culprit {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsSpace(char c) { return c == ' ' || c == '\t'; }
constexpr bool IsAlpha(char c) { return IsUpper(c) || IsLower(c); }
// By table: asked for every character of a word.
enum : uint8_t { kAlnumChar = 1, kNameChar = 2, kTagEnd = 4 };
constexpr std::array<uint8_t, 256> kCharKinds = [] {
  std::array<uint8_t, 256> kinds{};
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    const bool alnum = IsAlpha(c) || IsDigit(c);
    if (alnum) kinds[static_cast<size_t>(i)] = kAlnumChar | kNameChar;
    if (c == '-' || c == '_' || c == '.') kinds[static_cast<size_t>(i)] = kNameChar;
    if (c == '[' || c == ':' || IsSpace(c)) kinds[static_cast<size_t>(i)] = kTagEnd;
  }
  return kinds;
}();
constexpr bool IsAlnum(char c) { return kCharKinds[static_cast<unsigned char>(c)] & kAlnumChar; }
constexpr bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// What a syslog tag ends before.
constexpr bool EndsTag(char c) { return kCharKinds[static_cast<unsigned char>(c)] & kTagEnd; }
// A character of a program, service or host name.
constexpr bool IsNameChar(char c) { return kCharKinds[static_cast<unsigned char>(c)] & kNameChar; }

constexpr std::string_view TrimLeft(std::string_view s) {
  while (!s.empty() && IsSpace(s.front())) s.remove_prefix(1);
  return s;
}
constexpr std::string_view TrimRight(std::string_view s) {
  while (!s.empty() && (IsSpace(s.back()) || s.back() == '\r' || s.back() == '\n')) {
    s.remove_suffix(1);
  }
  return s;
}
constexpr std::string_view Trim(std::string_view s) { return TrimLeft(TrimRight(s)); }
constexpr bool AllDigits(std::string_view s) {
  for (char c : s) {
    if (!IsDigit(c)) return false;
  }
  return !s.empty();
}
constexpr bool Contains(std::string_view s, std::string_view what) {
  return s.find(what) != std::string_view::npos;
}

// Reads a line from left to right. A Take that fails leaves the cursor where it was.
class Cursor {
 public:
  explicit constexpr Cursor(std::string_view text) : rest_(text) {}
  constexpr std::string_view rest() const { return rest_; }
  constexpr bool empty() const { return rest_.empty(); }
  constexpr char peek(size_t at = 0) const { return at < rest_.size() ? rest_[at] : '\0'; }
  constexpr void Skip(size_t n) { rest_.remove_prefix(n < rest_.size() ? n : rest_.size()); }
  constexpr void SkipSpaces() { rest_ = TrimLeft(rest_); }
  constexpr bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  constexpr bool Take(std::string_view s) {
    if (!rest_.starts_with(s)) return false;
    rest_.remove_prefix(s.size());
    return true;
  }
  // One or more spaces or tabs.
  constexpr bool TakeSpaces() {
    if (rest_.empty() || !IsSpace(rest_.front())) return false;
    SkipSpaces();
    return true;
  }
  // Up to the next space or the end; may be empty.
  constexpr std::string_view TakeToken() {
    size_t n = 0;
    while (n < rest_.size() && !IsSpace(rest_[n])) ++n;
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  // The text before `end`, which is consumed too; false if it is not within `limit` bytes.
  constexpr bool TakeUntil(std::string_view end, std::string_view* out, size_t limit = 4096) {
    const size_t at = rest_.substr(0, limit + end.size()).find(end);
    if (at == std::string_view::npos) return false;
    *out = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return true;
  }
  // "[...]" with nested brackets; out without the outer ones.
  constexpr bool TakeBracketed(std::string_view* out, size_t limit = 512) {
    if (rest_.empty() || rest_.front() != '[') return false;
    int depth = 0;
    for (size_t i = 0; i < rest_.size() && i < limit; ++i) {
      if (rest_[i] == '[') ++depth;
      if (rest_[i] == ']' && --depth == 0) {
        *out = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  constexpr std::string_view TakeDigits() {
    size_t n = 0;
    while (n < rest_.size() && IsDigit(rest_[n])) ++n;
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  constexpr std::string_view TakeName() {
    size_t n = 0;
    while (n < rest_.size() && IsNameChar(rest_[n])) ++n;
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

 private:
  std::string_view rest_;
};

// The number that `digits` spells, or -1 (empty, not digits, longer than 18).
constexpr int64_t ParseDigits(std::string_view digits) {
  if (digits.empty() || digits.size() > 18) return -1;
  int64_t n = 0;
  for (char c : digits) {
    if (!IsDigit(c)) return -1;
    n = n * 10 + (c - '0');
  }
  return n;
}

}  // namespace culprit
