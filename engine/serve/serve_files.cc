#include "engine/serve/serve_files.h"

#include "engine/base/embedded_file.h"

namespace culprit {

CULPRIT_EMBEDDED(serve);

std::string_view ServeFile(std::string_view name) { return FindEmbedded(Embedded_serve(), name); }

}  // namespace culprit
