// Which lines belong together: the look of continuation lines, and the rule over two neighbours.
// Pure; any thread.
#pragma once
#include <string_view>

#include "engine/parse/fields.h"

namespace culprit {

// What a line without any recognised head looks like. kHead only for starts of crash dumps
// ("panic: ", "Exception in thread"), with *level then set.
Shape LookOfText(std::string_view text, Level* level);

// "KeyError: 'x'", "java.sql.SQLException": a class named like an exception, then a colon or the
// end.
bool LooksLikeException(std::string_view text);

// True if `line` belongs to the record that `previous`, the physical line right before it, belongs
// to. `joins_text`: in this stream free text continues a record.
bool Continues(const LineFields& previous, const LineFields& line, bool joins_text);

}  // namespace culprit
