// Lines of no format we know by name: a time, perhaps a level, then text.
#pragma once
#include <string_view>

#include "engine/parse/fields.h"
#include "engine/parse/stamp.h"

namespace culprit {

// A time within the first 96 bytes of `text`; returns its length (0: none) and *at, where it is.
size_t FindFloatingTime(std::string_view text, StampReader& stamps, Stamp* stamp, size_t* at);

// Always fills *out. kHead if a time stands in front (also in brackets), or if `length` > 0: then
// `stamp`, read at `at`, is the line's time.
void ReadPlain(std::string_view text, StampReader& stamps, const Stamp& stamp, size_t at,
               size_t length, LineFields* out);

// Looks for a level word near the front of `text` (what follows a time). Returns the number of
// bytes up to the end of the word and its brackets, 0 if there is none.
size_t FindLevel(std::string_view text, Level* level);

// Strips what stands between a level and the message: pid, thread, logger. Sets out->logger.
std::string_view StripPreamble(std::string_view text, LineFields* out);

}  // namespace culprit
