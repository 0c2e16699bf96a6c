#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "engine/cmd/commands.h"
#include "engine/config/pack_loader.h"

namespace culprit {

int RunInit(const InitFlags& flags) {
  std::string text;
  for (const auto& [name, starter] : Starters())
    if (name == flags.kind) text = starter;
  if (flags.output == "-") {
    std::cout << text << std::flush;
    return kExitFine;
  }
  if (!flags.force && std::filesystem::exists(flags.output)) {
    PrintError(
        absl::StrCat(flags.output, " is there already; --force replaces it, -o writes elsewhere"));
    return kExitFinding;
  }
  std::ofstream out(flags.output, std::ios::binary);
  out << text << std::flush;
  if (!out) {
    PrintError(absl::StrCat(flags.output, ": cannot be written"));
    return kExitFinding;
  }
  std::cout << "wrote " << flags.output << "; next: culprit check -c " << flags.output
            << ", then culprit run -c " << flags.output << "\n";
  return kExitFine;
}

}  // namespace culprit
