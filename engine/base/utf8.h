// Log bytes made fit for people and JSON: valid UTF-8, bounded length.
#pragma once
#include <string>
#include <string_view>

namespace culprit {

// Replaces each byte that is not part of a well-formed UTF-8 sequence by U+FFFD; *changed (may be
// null) tells whether that happened. Cuts at most at `max_bytes` of input, never inside a sequence.
std::string ToValidUtf8(std::string_view bytes, size_t max_bytes, bool* changed = nullptr);

// The same as a view: of `bytes` if nothing is to be replaced (the usual case, which copies
// nothing), else of *scratch.
std::string_view ValidUtf8(std::string_view bytes, size_t max_bytes, std::string* scratch);

// Length in bytes of the well-formed sequence at the front of `bytes`, or 0.
size_t Utf8Length(std::string_view bytes);

}  // namespace culprit
