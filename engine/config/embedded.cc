// Packs, schemas and starter configurations compiled into the program (patterns/, through
// cmake/EmbedFiles.cmake).
#include <string_view>

#include "engine/config/pack_loader.h"

namespace culprit {

struct EmbeddedFile {
  const char* name;
  const unsigned char* data;
  size_t size;
};
extern const EmbeddedFile kEmbedded_packs[];
extern const size_t kEmbedded_packs_count;
extern const EmbeddedFile kEmbedded_schemas[];
extern const size_t kEmbedded_schemas_count;
extern const EmbeddedFile kEmbedded_starters[];
extern const size_t kEmbedded_starters_count;

namespace {
std::string Text(const EmbeddedFile& file) {
  return std::string(reinterpret_cast<const char*>(file.data), file.size);
}

const NamedTexts* Named(const EmbeddedFile* files, size_t count) {
  auto* out = new NamedTexts;
  for (size_t i = 0; i < count; ++i) out->emplace_back(files[i].name, Text(files[i]));
  return out;
}
}  // namespace

const std::vector<PackText>& DefaultPacks() {
  static const auto* const packs = [] {
    auto* out = new std::vector<PackText>;
    for (size_t i = 0; i < kEmbedded_packs_count; ++i)
      out->push_back({kEmbedded_packs[i].name, Text(kEmbedded_packs[i]), false});
    return out;
  }();
  return *packs;
}

const NamedTexts& Schemas() {
  static const auto* const schemas = Named(kEmbedded_schemas, kEmbedded_schemas_count);
  return *schemas;
}

const NamedTexts& Starters() {
  static const auto* const starters = Named(kEmbedded_starters, kEmbedded_starters_count);
  return *starters;
}

}  // namespace culprit
