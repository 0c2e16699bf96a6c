// One JSON string, written without a document. For sources that turn records into JSON lines; whole
// documents are written by nlohmann::json.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace culprit {

// Appends `text` in quotes, escaped; bytes that are not UTF-8 become U+FFFD. Returns how many did.
// Allocates only for *out. Eight plain bytes are looked at together.
uint64_t AppendJsonString(std::string_view text, std::string* out);

}  // namespace culprit
