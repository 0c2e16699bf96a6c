// One file that is followed: one generation of its content, which is one LiveStream. Belongs to the
// source's thread, but for Fate.
#pragma once
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/tail/identity.h"

namespace culprit {

class PackedReader;

// How a file's bytes become text.
enum class FileForm : uint8_t { kPlain, kUtf16Little, kUtf16Big, kPacked };

// Where reading goes on, and how the file is known again: what a resume point holds.
struct TailPosition {
  FileForm form = FileForm::kPlain;
  FileId id;
  int64_t born_us = 0;
  uint64_t generation = 0;   // of the content: how often the inode was truncated
  uint64_t offset = 0;       // in the file; not used when packed
  uint64_t text_offset = 0;  // in the stream; the same if plain
  HeadPrint head;            // of the text for a packed file, else of the file
  Guard guard;               // before offset, or before text_offset if packed
  uint64_t size = 0;         // when last seen
  bool dropping = false;     // inside the rest of a line that was cut
  // Nothing more is read of it: packed and read to its end, or a copy shorter than what was read.
  bool finished = false;
  std::string real_path;  // without links; where its successors are looked for
};

std::string EncodeTailPosition(const TailPosition& position);
// DataLoss: damaged. FailedPrecondition: written by another version.
absl::StatusOr<TailPosition> DecodeTailPosition(std::string_view bytes);

// What became of a file's batches. Shared with their callbacks.
struct Fate {
  std::atomic<bool> refused{false};    // a batch was not committed: nothing may follow it
  std::atomic<uint64_t> committed{0};  // text offset
};

struct TailFile {
  TailFile();
  ~TailFile();
  TailFile(const TailFile&) = delete;
  TailFile& operator=(const TailFile&) = delete;

  std::shared_ptr<const LiveStream> stream;
  TailPosition at;
  std::shared_ptr<Fate> fate = std::make_shared<Fate>();
  std::string path;          // as the globs see it now
  int64_t modified_ns = -1;  // when last seen
  bool rotated = false;      // nobody is expected to complete its last line
  bool partial = false;      // there is text behind `at` without its newline
  bool sniffed = false;      // at.form is known
  bool flush = false;        // packed: nothing more is expected
  bool ready = false;        // in the queue of files to be read
  uint64_t seen = 0;         // number of the scan that saw it last
  bool gone = false;         // not in the globs any more, but its bytes can be read
  bool limbo = false;        // gone and closed, and its inode was not found in the last scan
  bool unreachable = false;  // nor in the one before
  bool lost = false;         // its inode has other content now: only a copy can help
  int64_t left_us = 0;       // when it became gone or lost
  uint64_t left_scan = 0;
  int64_t grown_us = 0;  // when it was last seen to grow, or gave a line
  int64_t idle_us = 0;   // when it was last read and had no line to give
  bool stalled = false;  // packed: ended too early at this size

  // Files (and when they were born) that turned out not to hold its content.
  std::vector<std::pair<FileId, int64_t>> not_in;

  int fd = -1;
  std::list<TailFile*>::iterator recency;  // valid while fd >= 0
  std::unique_ptr<PackedReader> packed;

  // Its bytes can be read: now, or by opening it again.
  bool live() const { return !lost && !limbo && !unreachable; }
  uint64_t unread() const {
    if (at.finished) return 0;
    if (at.form == FileForm::kPacked) return at.size;
    return at.size > at.offset ? at.size - at.offset : 0;
  }
};

enum class ReadOutcome : uint8_t {
  kNothing,   // no whole line yet
  kData,      // the batch has lines, and the position is behind them
  kReplaced,  // the file is not what was read: truncated, or another one
};
struct ReadResult {
  ReadOutcome outcome = ReadOutcome::kNothing;
  bool more = false;  // another turn is worth while
};

struct ReadLimits {
  size_t block_bytes = kLiveBatchBytes;
  size_t max_line_bytes = 4 * kLiveBatchBytes - 1;
};

// One turn on an open file: fills bytes, offset and counters of the batch. `flush`: take the last
// line without newline too. An error is one of the disk.
absl::StatusOr<ReadResult> ReadText(TailFile* file, const ReadLimits& limits, bool flush,
                                    LiveBatch* batch);
// The same for a packed file. DataLoss: damaged, or not complete (yet); what could be unpacked came
// before. `flush`: nothing more is expected, take what there is as the whole file.
absl::StatusOr<ReadResult> ReadPacked(TailFile* file, const ReadLimits& limits, bool flush,
                                      LiveBatch* batch);

// pread(2) until `size` bytes or the end; -1 with errno.
ssize_t ReadAt(int fd, char* buffer, size_t size, uint64_t offset);

}  // namespace culprit
