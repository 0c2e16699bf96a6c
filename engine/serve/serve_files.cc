#include "engine/serve/serve_files.h"

#include <cstddef>

namespace culprit {

struct EmbeddedFile {
  const char* name;
  const unsigned char* data;
  size_t size;
};
extern const EmbeddedFile kEmbedded_serve[];
extern const size_t kEmbedded_serve_count;

std::string_view ServeFile(std::string_view name) {
  for (size_t i = 0; i < kEmbedded_serve_count; ++i)
    if (name == kEmbedded_serve[i].name)
      return {reinterpret_cast<const char*>(kEmbedded_serve[i].data), kEmbedded_serve[i].size};
  return {};
}

}  // namespace culprit
