// The entries of one forward message, part by part: unpacked, turned into JSON lines, and cut where
// only the message decides, so that a message that is sent again falls into the same parts.
// Owned by a connection; one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/live.h"
#include "engine/ingest/byte_input.h"
#include "engine/ingest/forward/forward_config.h"
#include "engine/ingest/forward/json_lines.h"
#include "engine/ingest/forward/message.h"
#include "engine/ingest/forward/msgpack_reader.h"

namespace culprit {

// Where a part ends: before the entry with which its entries as MessagePack, plus what each line
// gets from the envelope, would be more than this. Changing it cuts chunks that are sent again
// across an upgrade at other places: doc/formats.md.
inline constexpr size_t kForwardPartWeight = 160 * 1024;
inline constexpr size_t kForwardEntryWeight = 64;  // beside the tag

struct ForwardReadCounts {
  uint64_t records = 0;
  uint64_t malformed = 0;    // dead letters
  uint64_t repaired = 0;     // bytes that were no UTF-8
  uint64_t group_marks = 0;  // Fluent Bit's begin and end of a group: no records
};

class ChunkReader {
 public:
  // `message`: its bytes must outlive this. `peer`: for dead letters.
  ChunkReader(const ForwardConfig& config, const ForwardMessage& message, std::string peer);
  ~ChunkReader();
  // Appends the entries of the next part to the batch's bytes, messages (without positions) and
  // dead letters. Returns true if there is another part behind it. `now`: of entries without a
  // time.
  bool ReadPart(TimeUs now, LiveBatch* part);
  const ForwardReadCounts& counts() const { return counts_; }

 private:
  enum class Step : uint8_t { kEntry, kFull, kMore, kEnd };
  Step ReadEntry(TimeUs now, LiveBatch* part);
  // Makes more of the packed bytes readable; false at the end. An error becomes a dead letter.
  bool Refill(LiveBatch* part);
  bool SkipEntry(LiveBatch* part);
  void Bury(LiveBatch* part, std::string_view reason, std::string_view detail,
            std::string_view bytes);
  void BuryRest(LiveBatch* part, std::string_view reason, std::string detail);
  void EndRun(LiveBatch* part);
  std::string OfChunk() const;

  const ForwardConfig& config_;
  const ForwardMessage message_;
  const std::string peer_;
  JsonLines lines_;
  std::unique_ptr<ByteInput> packed_, input_;  // of a compressed message
  std::string buffer_;                         // unpacked, not all read
  std::string_view window_;                    // what can be read now: in the message or in buffer_
  uint64_t unpacked_ = 0;
  bool input_ended_ = true;
  MsgpackScanner skip_;  // of an entry longer than the buffer may grow
  bool skipping_ = false;
  bool done_ = false;
  uint64_t entry_ = 0;
  uint64_t run_ = 0;  // malformed entries up to here, alike, that share the part's last letter
  uint64_t run_begin_ = 0;
  uint64_t letters_ = 0;
  uint64_t unlettered_ = 0;
  size_t weight_ = 0;
  ForwardReadCounts counts_;
};

}  // namespace culprit
