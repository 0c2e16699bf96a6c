// Packs and schemas compiled into the program (patterns/, through cmake/EmbedFiles.cmake).
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

namespace {
std::string Text(const EmbeddedFile& file) {
  return std::string(reinterpret_cast<const char*>(file.data), file.size);
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

const std::vector<std::pair<std::string, std::string>>& Schemas() {
  static const auto* const schemas = [] {
    auto* out = new std::vector<std::pair<std::string, std::string>>;
    for (size_t i = 0; i < kEmbedded_schemas_count; ++i)
      out->emplace_back(kEmbedded_schemas[i].name, Text(kEmbedded_schemas[i]));
    return out;
  }();
  return *schemas;
}

}  // namespace culprit
