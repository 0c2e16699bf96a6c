// Cuts a stream into blocks of whole lines for the matcher. Owned by ingest; used by one thread.
//
// One buffer is reused for every block: memory is max_line_bytes + block_bytes (+ a page), however
// the input is shaped; of that only what lines need is ever touched. Reads go to a page-aligned
// place; the unfinished last line of a block is moved to directly before it. CRLF is left to
// consumers. Who wants to keep a block while the next one is read takes its buffer away.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/source.h"

namespace culprit {

struct LineBlockOptions {
  size_t block_bytes = 256 * 1024;  // one read; no more than max_line_bytes
  size_t max_line_bytes = 1024 * 1024;
};

class LineBlocks {
 public:
  static constexpr size_t kPadding = 128;  // readable (not writable) bytes behind every block

  // Valid until the next call of Next().
  struct Block {
    // Whole lines with their newlines. The last line lacks its newline if the stream ends so, or if
    // `cut` is set.
    std::string_view bytes;
    uint64_t offset = 0;  // stream offset of bytes[0]
    // The last line was longer than max_line_bytes: its first max_line_bytes are here, the rest is
    // dropped up to and with its newline; counted as kLineTruncated. The next block starts behind
    // it.
    bool cut = false;
  };

  // `stream` and `counters` must outlive this.
  LineBlocks(ByteStream& stream, const LineBlockOptions& options, Counters* counters);
  ~LineBlocks();
  LineBlocks(const LineBlocks&) = delete;
  LineBlocks& operator=(const LineBlocks&) = delete;

  // True: a block, never empty. False: the end. An error comes after every byte read before it was
  // delivered, and again on each later call.
  absl::StatusOr<bool> Next(Block* block);

  struct Free {
    void operator()(char* p) const;
  };
  using Buffer = std::unique_ptr<char[], Free>;
  // Hands out the buffer that the last block lies in: the block stays valid as long as it lives. It
  // goes on with `spare`, which an earlier call of this object gave; null: with a new one.
  Buffer TakeBuffer(Buffer spare);

  // Starts over on another stream with the same buffer.
  void Reset(ByteStream& stream);

 private:
  bool Emit(Block* block);  // from what is in the buffer; false: need more bytes
  void Refill();

  ByteStream* stream_;
  Counters* counters_;
  size_t block_bytes_;
  size_t max_line_bytes_;
  size_t read_at_;  // page-aligned place in the buffer where reads go
  Buffer NewBuffer() const;
  Buffer buffer_;
  // buffer_[pos_, end_) is not delivered yet; buffer_[pos_, scan_) is known to hold no newline.
  size_t pos_ = 0, scan_ = 0, end_ = 0;
  uint64_t end_offset_ = 0;  // stream offset of buffer_[end_]
  bool dropping_ = false;    // inside the dropped rest of a cut line
  bool at_end_ = false;
  absl::Status error_;
};

}  // namespace culprit
