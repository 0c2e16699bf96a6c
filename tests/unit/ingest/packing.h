// Packs bytes the way tar, zip and the compressors do, for tests. Not thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace culprit {

using Members = std::vector<std::pair<std::string, std::string>>;  // name, bytes

// format: "ustar", "pax", "zip", "7zip", "cpio" (newc), "odc", "raw" (one member, only compressed).
// filter: "", "gzip", "zstd", "xz", "bzip2", "lz4".
std::string Pack(const std::string& format, const std::string& filter, const Members& members);
inline std::string Compress(const std::string& filter, const std::string& bytes) {
  return Pack("raw", filter, {{"x", bytes}});
}

}  // namespace culprit
