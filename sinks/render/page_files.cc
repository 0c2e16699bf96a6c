#include "sinks/render/page_files.h"

#include "engine/base/embedded_file.h"

namespace culprit {

CULPRIT_EMBEDDED(page);

std::string_view PageFile(std::string_view name) { return FindEmbedded(Embedded_page(), name); }

}  // namespace culprit
