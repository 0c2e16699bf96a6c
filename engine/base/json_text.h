// One JSON string, written without a document. For sources that turn records into JSON lines; whole
// documents are written by nlohmann::json.
#pragma once
#include <string>
#include <string_view>

namespace culprit {

// Appends `text` in quotes, escaped; bytes that are not UTF-8 become U+FFFD. Allocates only for
// *out.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace culprit
