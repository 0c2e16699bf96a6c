#include "sinks/render/page_files.h"

#include <cstddef>

namespace culprit {

struct EmbeddedFile {
  const char* name;
  const unsigned char* data;
  size_t size;
};
extern const EmbeddedFile kEmbedded_page[];
extern const size_t kEmbedded_page_count;

std::string_view PageFile(std::string_view name) {
  for (size_t i = 0; i < kEmbedded_page_count; ++i)
    if (name == kEmbedded_page[i].name)
      return {reinterpret_cast<const char*>(kEmbedded_page[i].data), kEmbedded_page[i].size};
  return {};
}

}  // namespace culprit
