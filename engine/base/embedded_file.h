// A data file compiled into the program. cmake/EmbedFiles.cmake writes one array of them per kind:
// whoever links one names it by CULPRIT_EMBEDDED(kind). Constant data; any thread.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

namespace culprit {

struct EmbeddedFile {
  std::string_view name;
  std::string_view bytes;
};

// The file of that name; empty bytes if there is none.
constexpr std::string_view FindEmbedded(std::span<const EmbeddedFile> files,
                                        std::string_view name) {
  for (const EmbeddedFile& file : files)
    if (file.name == name) return file.bytes;
  return {};
}

}  // namespace culprit

// Inside namespace culprit: std::span<const EmbeddedFile> Embedded_<kind>().
#define CULPRIT_EMBEDDED(kind) std::span<const EmbeddedFile> Embedded_##kind()
