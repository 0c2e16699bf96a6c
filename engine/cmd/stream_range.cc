#include "engine/cmd/stream_range.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/path_source.h"

namespace culprit {

absl::StatusOr<std::string> ReadStreamRange(const std::string& name, uint64_t offset,
                                            uint64_t length) {
  const std::string path = name.substr(0, name.find('!'));
  CULPRIT_ASSIGN_OR_RETURN(std::unique_ptr<PathSource> source,
                           MakePathSource({path}, IngestOptions()));
  std::string out;
  bool found = false;
  for (const auto& unit : source->Units()) {
    if (found) break;
    const absl::Status status = unit->ForEachStream([&](ByteStream& stream) -> absl::Status {
      if (found || stream.info().DisplayName() != name) return absl::OkStatus();
      found = true;
      std::string buffer(256 << 10, '\0');
      uint64_t at = 0;
      while (out.size() < length) {
        CULPRIT_ASSIGN_OR_RETURN(const size_t n, stream.Read(buffer.data(), buffer.size()));
        if (n == 0) break;
        if (at + n > offset) {
          const uint64_t from = offset > at ? offset - at : 0;
          out.append(buffer, from, std::min<uint64_t>(n - from, length - out.size()));
        }
        at += n;
      }
      return absl::OkStatus();
    });
    if (!found) CULPRIT_RETURN_IF_ERROR(status);
  }
  if (!found) return absl::NotFoundError(absl::StrCat(name, ": no such stream"));
  return out;
}

}  // namespace culprit
