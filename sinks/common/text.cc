#include "sinks/common/text.h"

#include <array>
#include <cstdio>

#include "engine/base/utf8.h"

namespace culprit {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr size_t kMaxEntityBytes = 8;  // "&quot;" and the like

bool IsControl(std::string_view piece) {
  const auto byte = static_cast<unsigned char>(piece[0]);
  return piece.size() == 1 && (byte < 0x20 || byte == 0x7F);
}

// Calls `each` with every code point; what is no UTF-8 as U+FFFD.
template <typename Each>
void ForEachPiece(std::string_view text, Each each) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (!each(length == 0 ? kReplacement : text.substr(0, length))) return;
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

size_t Units(std::string_view piece) { return piece.size() == 4 ? 2 : 1; }

// Longest prefix of valid `text` whose size by `size_of` is at most `most`; not inside an entity.
template <typename SizeOf>
std::string Cut(std::string_view text, size_t most, SizeOf size_of) {
  const std::string valid = ToValidUtf8(text, text.size());
  size_t all = 0;
  ForEachPiece(valid, [&](std::string_view piece) {
    all += size_of(piece);
    return true;
  });
  if (all <= most) return valid;
  const size_t room = most < size_of(kEllipsis) ? 0 : most - size_of(kEllipsis);
  std::string out;
  size_t used = 0;
  ForEachPiece(valid, [&](std::string_view piece) {
    if (used + size_of(piece) > room) return false;
    used += size_of(piece);
    out += piece;
    return true;
  });
  const size_t entity = out.rfind('&');
  if (entity != std::string::npos && out.size() - entity < kMaxEntityBytes &&
      out.find(';', entity) == std::string::npos)
    out.resize(entity);
  if (most >= size_of(kEllipsis)) out += kEllipsis;
  return out;
}

}  // namespace

void EscapeNothing(std::string_view piece, std::string* out) {
  if (!IsControl(piece) || piece == "\n" || piece == "\t") *out += piece;
}

void EscapeSlack(std::string_view piece, std::string* out) {
  if (piece == "&")
    *out += "&amp;";
  else if (piece == "<")
    *out += "&lt;";
  else if (piece == ">")
    *out += "&gt;";
  else
    EscapeNothing(piece, out);
}

void EscapeHtml(std::string_view piece, std::string* out) {
  if (piece == "\"")
    *out += "&quot;";
  else if (piece == "'")
    *out += "&#39;";
  else
    EscapeSlack(piece, out);
}

void EscapeJson(std::string_view piece, std::string* out) {
  if (piece == "\"" || piece == "\\") {
    *out += '\\';
    *out += piece;
  } else if (IsControl(piece)) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(piece[0]));
    *out += text.data();
  } else {
    *out += piece;
  }
}

std::string Escaped(std::string_view text, EscapePiece escape) {
  std::string out;
  out.reserve(text.size());
  ForEachPiece(text, [&](std::string_view piece) {
    escape(piece, &out);
    return true;
  });
  return out;
}

size_t Utf16Length(std::string_view utf8) {
  size_t units = 0;
  ForEachPiece(utf8, [&](std::string_view piece) {
    units += Units(piece);
    return true;
  });
  return units;
}

std::string CutUnits(std::string_view text, size_t max_units) {
  return Cut(text, max_units, Units);
}

std::string CutBytes(std::string_view text, size_t max_bytes) {
  return Cut(text, max_bytes, [](std::string_view piece) { return piece.size(); });
}

std::string OneLine(std::string_view text) {
  std::string out;
  ForEachPiece(text, [&](std::string_view piece) {
    if (!IsControl(piece) && piece != " ")
      out += piece;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
    return true;
  });
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace culprit
