// The message as plain text, for terminals, e-mail and notes.
#pragma once
#include <string>

#include "engine/core/sink.h"

namespace culprit {

// `own`: template of the whole, or empty: built in. Ends with a line break.
std::string PlainText(const Notification& notification, const std::string& own);

}  // namespace culprit
