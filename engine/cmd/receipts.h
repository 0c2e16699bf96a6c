// What became of a message, for people. Prints to standard output; one thread.
#pragma once
#include <string>

namespace culprit {

// "slack     opened   delivered  posted: C024BE91L 1795.1". `event` may be empty.
void PrintReceipt(const std::string& destination, const std::string& event,
                  const std::string& outcome, const std::string& detail, const std::string& error);

}  // namespace culprit
