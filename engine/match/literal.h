// A byte string of which some letters may come in either case. Value type, private to match/.
#pragma once
#include <cstddef>
#include <string>

namespace culprit {

constexpr char kCaseBit = 0x20;

constexpr bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | kCaseBit) : c;
}

struct Literal {
  std::string text;  // lower case where `free` says so
  std::string free;  // same length: kCaseBit where the case does not matter, else 0

  size_t size() const { return text.size(); }
  void Append(char c, bool any_case) {
    const bool is_free = any_case && IsAsciiLetter(c);
    text.push_back(is_free ? AsciiLower(c) : c);
    free.push_back(is_free ? kCaseBit : '\0');
  }
  void Append(const Literal& other) {
    text += other.text;
    free += other.free;
  }
  Literal Slice(size_t begin, size_t length) const {
    return {text.substr(begin, length), free.substr(begin, length)};
  }
  bool operator==(const Literal& other) const { return text == other.text && free == other.free; }
  bool operator<(const Literal& other) const {
    return text != other.text ? text < other.text : free < other.free;
  }
};

}  // namespace culprit
