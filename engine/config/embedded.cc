// Packs, schemas and starter configurations compiled into the program (patterns/, through
// cmake/EmbedFiles.cmake).
#include <filesystem>

#include "engine/base/embedded_file.h"
#include "engine/config/pack_loader.h"

namespace culprit {

CULPRIT_EMBEDDED(packs);
CULPRIT_EMBEDDED(schemas);
CULPRIT_EMBEDDED(starters);

namespace {
const NamedTexts* Named(std::span<const EmbeddedFile> files) {
  auto* out = new NamedTexts;
  for (const EmbeddedFile& file : files) out->emplace_back(file.name, file.bytes);
  return out;
}
}  // namespace

const std::vector<PackText>& DefaultPacks() {
  static const auto* const packs = [] {
    auto* out = new std::vector<PackText>;
    for (const EmbeddedFile& file : Embedded_packs())
      out->push_back({.file = std::string(file.name), .ready = file.bytes});
    return out;
  }();
  return *packs;
}

bool TakesPlaceOf(const PackText& given, const PackText& builtin) {
  const std::filesystem::path folder =
      std::filesystem::absolute(given.file).lexically_normal().parent_path().filename();
  return builtin.file == "builtin:" + (folder / "pack.yaml").string();
}

const NamedTexts& Schemas() {
  static const auto* const schemas = Named(Embedded_schemas());
  return *schemas;
}

const NamedTexts& Starters() {
  static const auto* const starters = Named(Embedded_starters());
  return *starters;
}

}  // namespace culprit
