#include "engine/match/escape_variants.h"

#include <algorithm>
#include <string_view>

namespace culprit {
namespace {

// All spellings of one byte, itself first.
std::vector<std::string_view> Spellings(char c) {
  switch (c) {
    case '"':
      return {"\"", "\\\"", "\\\\\\\""};
    case '\\':
      return {"\\", "\\\\", "\\\\\\\\", "\\\\\\"};
    case '/':
      return {"/", "\\/", "\\\\/", "\\\\\\/"};
    case '\b':
      return {"\b", "\\b", "\\\\b"};
    case '\f':
      return {"\f", "\\f", "\\\\f"};
    case '\n':
      return {"\n", "\\n", "\\\\n"};
    case '\r':
      return {"\r", "\\r", "\\\\r"};
    case '\t':
      return {"\t", "\\t", "\\\\t"};
    default:
      return {};
  }
}

}  // namespace

bool HasEscapeVariants(char c) {
  return c == '"' || c == '\\' || c == '/' || (c >= '\b' && c <= '\r' && c != '\v');
}

bool MayBeUnicodeEscaped(char c) {
  return c == '<' || c == '>' || c == '&' || c == '\'' || c == '=' || c == '+';
}

size_t CountEscapeVariants(const Literal& literal) {
  size_t count = 1;
  for (const char c : literal.text) {
    if (HasEscapeVariants(c) && count < 10000) count *= Spellings(c).size();
  }
  return count;
}

std::vector<Literal> EscapeVariants(const Literal& literal) {
  if (std::none_of(literal.text.begin(), literal.text.end(), HasEscapeVariants)) return {literal};
  std::vector<Literal> variants(1);
  size_t end = 0;
  for (size_t begin = 0; begin < literal.size(); begin = end) {
    while (end < literal.size() && !HasEscapeVariants(literal.text[end])) ++end;
    if (end > begin) {
      for (Literal& variant : variants) variant.Append(literal.Slice(begin, end - begin));
      continue;
    }
    std::vector<Literal> longer;
    for (const std::string_view spelling : Spellings(literal.text[end++])) {
      for (const Literal& variant : variants) {
        longer.push_back(variant);
        for (const char c : spelling) longer.back().Append(c, false);
      }
    }
    variants = std::move(longer);
  }
  return variants;
}

}  // namespace culprit
