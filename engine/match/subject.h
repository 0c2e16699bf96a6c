// The text a signature is judged on. Stateless; any thread may call.
#pragma once
#include <string>
#include <string_view>

namespace culprit {

// Where the JSON object of `line` starts: 0, or behind a header: CRI ("TIME stdout|stderr P|F "),
// fluentd ("TIME<tab>TAG<tab>", "2026-11-21 06:51:05.123 +0000 TAG: "). npos unless that byte is
// '{' and the last byte that is no blank is '}'.
size_t JsonStart(std::string_view line);

// The physical line; if it is JSON (JsonStart), the line with its string escapes decoded in place:
// \" \\ \/ \b \f \n \r \t \uXXXX with surrogate pairs. An escape that is none of these, or half a
// pair, stays as it is. A string that itself begins with a JSON object (`"{\"`) is decoded a second
// time. So a decoded subject may hold newlines and NULs. Returns `line` itself when there is
// nothing to decode; else a view of *scratch, which then holds at least the decoded text and stays
// valid until *scratch changes.
std::string_view Subject(std::string_view line, std::string* scratch);

constexpr std::string_view kLongS = "\xC5\xBF";       // U+017F: matches (?i)s
constexpr std::string_view kKelvin = "\xE2\x84\xAA";  // U+212A: matches (?i)k

// *out: `subject` with an s for each U+017F and a k for each U+212A.
void FoldToAscii(std::string_view subject, std::string* out);

}  // namespace culprit
