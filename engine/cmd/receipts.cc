#include "engine/cmd/receipts.h"

#include <cstdio>

#include "engine/cmd/remote.h"

namespace culprit {

void PrintReceipt(const std::string& destination, const std::string& event,
                  const std::string& outcome, const std::string& detail, const std::string& error) {
  // "retry" is for the sender; here nobody tries again.
  const std::string word = outcome == "delivered" ? "delivered" : "FAILED";
  printf("%-16s ", ForTerminal(destination).c_str());
  if (!event.empty()) printf("%-9s ", event.c_str());
  printf("%-10s %s\n", word.c_str(), ForTerminal(error.empty() ? detail : error).c_str());
}

}  // namespace culprit
