// Any bytes as an input file: unpacking, content detection, JSON rule and line blocks must neither
// crash nor lose their invariants. Input: two bytes of line-block options, then the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/ingest/line_blocks.h"
#include "engine/ingest/path_source.h"

namespace culprit {
namespace {

constexpr uint64_t kMaxDecoded = 4 << 20;  // a packed bomb must not stall the fuzzer

void Require(bool ok) {
  if (!ok) std::abort();
}

absl::Status Consume(ByteStream& stream, const LineBlockOptions& options) {
  Counters counters;
  LineBlocks blocks(stream, options, &counters);
  LineBlocks::Block block;
  uint64_t end = 0;
  for (;;) {
    absl::StatusOr<bool> any = blocks.Next(&block);
    if (!any.ok() || !*any) return absl::OkStatus();
    Require(!block.bytes.empty() && block.offset >= end);
    Require(block.cut || block.offset == end || counters.Get(Reason::kLineTruncated) > 0);
    Require(block.bytes.size() <= options.max_line_bytes + options.block_bytes);
    end = block.offset + block.bytes.size();
    if (end > kMaxDecoded) return absl::CancelledError();
  }
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 2) return 0;
  const LineBlockOptions options{static_cast<size_t>(data[0]) + 1,
                                 static_cast<size_t>(data[1]) * 4 + 1};
  static const int fd = memfd_create("fuzz.json", MFD_CLOEXEC);
  culprit::Require(fd >= 0 && ftruncate(fd, 0) == 0 &&
                   pwrite(fd, data + 2, size - 2, 0) == static_cast<ssize_t>(size - 2));
  // Through a path of its own, so that seeking and its own offset are those of a file.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  absl::StatusOr<std::unique_ptr<PathSource>> source = MakePathSource({path}, {});
  if (!source.ok()) return 0;
  for (auto& unit : (*source)->Units()) {
    unit->ForEachStream([&](ByteStream& stream) { return culprit::Consume(stream, options); })
        .IgnoreError();
    culprit::Require(unit->consumed_bytes() <= static_cast<int64_t>(size - 2));
  }
  return 0;
}
