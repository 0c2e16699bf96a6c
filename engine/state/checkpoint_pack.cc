#include "engine/state/checkpoint_pack.h"

#include <zstd.h>

#include <cstdint>

#include "absl/status/status.h"

namespace culprit {
namespace {

constexpr int kLevel = 1;
constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
constexpr uint64_t kMost = uint64_t{4} << 30;

}  // namespace

std::string PackCheckpoint(std::string_view bytes) {
  if (bytes.empty()) return {};
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0) return std::string(bytes);  // no memory: unpacked it is as good
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> UnpackCheckpoint(std::string_view stored) {
  if (!stored.starts_with(kMagic)) return std::string(stored);
  const unsigned long long size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (size > kMost) return absl::DataLossError("a checkpoint of no size");
  std::string out(size, '\0');
  if (ZSTD_decompress(out.data(), out.size(), stored.data(), stored.size()) != out.size())
    return absl::DataLossError("a checkpoint that cannot be unpacked");
  return out;
}

}  // namespace culprit
