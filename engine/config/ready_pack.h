// A pack as it was read, as bytes: so the built-in packs are compiled into the program, whose start
// would else be spent on their YAML. Written when the program is built (ready_packs_main.cc) by the
// reader that the program itself has, and read by the same program: no version, no checksum.
// Pure functions. Internal to engine/config.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/config/pack_reader.h"

namespace culprit {

std::string WriteReadyPack(const ParsedPack& pack);

// DataLoss: `bytes` are none that WriteReadyPack wrote. Marks the regexes as checked.
absl::StatusOr<ParsedPack> ReadReadyPack(std::string_view bytes);

}  // namespace culprit
