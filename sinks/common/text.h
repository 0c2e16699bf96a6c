// Text for receivers with limits: cut where a reader and a parser can live with it. Pure functions.
#pragma once
#include <string>
#include <string_view>

namespace culprit {

// Escapes one piece of text for a medium: appends what stands for the UTF-8 sequence `piece` (one
// code point) to *out.
using EscapePiece = void (*)(std::string_view piece, std::string* out);

// As it is, but without control characters other than line break and tab.
void EscapeNothing(std::string_view piece, std::string* out);
// Slack's mrkdwn: & < > become entities, nothing else.
void EscapeSlack(std::string_view piece, std::string* out);
// HTML text and attribute values.
void EscapeHtml(std::string_view piece, std::string* out);
// The inside of a JSON string.
void EscapeJson(std::string_view piece, std::string* out);

// `text` with each piece escaped. Bytes that are not UTF-8 become U+FFFD.
std::string Escaped(std::string_view text, EscapePiece escape);

// Length as receivers count it (UTF-16 units: never less than code points).
size_t Utf16Length(std::string_view utf8);

// At most `max_units` UTF-16 units of `text`, "…" at the end if something is missing. Never inside
// a code point or a &entity;.
std::string CutUnits(std::string_view text, size_t max_units);
// The same in bytes.
std::string CutBytes(std::string_view text, size_t max_bytes);

// Control characters and line breaks become blanks, runs of blanks one.
std::string OneLine(std::string_view text);

}  // namespace culprit
