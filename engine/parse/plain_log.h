// Lines of no format we know by name: a time, perhaps a level, then text.
#pragma once
#include <string_view>

#include "engine/parse/fields.h"
#include "engine/parse/stamp.h"

namespace culprit {

// Always fills *out. kHead if a time was found: in front (also in brackets or behind a level
// word), or with `floating` anywhere within the first 96 bytes.
void ReadPlain(std::string_view text, StampReader& stamps, bool floating, LineFields* out);

// Looks for a level word near the front of `text` (what follows a time). Returns the number of
// bytes up to the end of the word and its brackets, 0 if there is none.
size_t FindLevel(std::string_view text, Level* level);

// Strips what stands between a level and the message: pid, thread, logger. Sets out->logger.
std::string_view StripPreamble(std::string_view text, LineFields* out);

}  // namespace culprit
