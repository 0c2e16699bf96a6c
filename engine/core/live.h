// Seam: where live bytes come from, and how they are given back their safety.
//
// A LiveSource reads batches of whole lines (or whole messages) and pushes them to the LiveSink,
// stream by stream in order. A batch is safe when its signals, marks and the stream's resume point
// were committed in one transaction; then `done` is called, and only then may the source tell the
// outside (store a Kafka offset, acknowledge a forward chunk, answer 200). After a crash the source
// gets the resume points of the last commit and goes on behind them: nothing is lost or counted
// twice.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/time.h"

namespace culprit {

// One ordered sequence of records: a file, a topic's partition, a tag of one sender. Immutable.
struct LiveStream {
  std::string source;   // name of the source in the configuration
  std::string key;      // stable identity within the source; survives restarts and renames
  std::string display;  // what people see and evidence cites: path, "kafka:logs[3]"
  std::string path;     // for service and format rules that look at paths; may be empty
};

// Where a message begins, and what its envelope says. Bytes of a message go up to the next one.
struct LiveMessage {
  uint32_t begin = 0;     // in LiveBatch::bytes
  uint32_t service = 0;   // 1 + index into LiveBatch::services; 0: the envelope names none
  uint64_t position = 0;  // ascending within the stream: Kafka offset, running number of a record
  TimeUs time = kNoTime;  // of the envelope; used if the record itself carries none
};

// Something that cannot be used, kept with its position for `culprit dlq`.
struct DeadLetter {
  std::string source;
  std::string stream;    // LiveStream::display, or the peer
  std::string position;  // "offset 4711", "entry 3 of chunk x"
  std::string reason;    // snake_case, from a small fixed set per source: metrics label
  std::string detail;    // what was wrong, what was expected
  std::string bytes;     // raw, possibly cut
};

// A batch without bytes announces its stream (and may carry resume, receipts, dead letters): the
// watermark waits for the stream from then on. A source announces all streams that it knows of
// before the first bytes of any of them, so that reading them one after the other makes nothing
// late.
struct LiveBatch {
  std::shared_ptr<const LiveStream> stream;
  // Whole lines, each with its newline. Byte streams: exactly the stream's bytes. Message streams:
  // every message with a newline put behind it if it has none. Leave capacity for
  // kLiveBatchPadding bytes more, or they are copied once.
  std::string bytes;
  uint64_t offset = 0;                // byte streams: stream offset of bytes[0]
  std::vector<LiveMessage> messages;  // message streams: all of them, ascending; else empty
  std::vector<std::string> services;
  std::string resume;                 // opaque; how to go on behind this batch
  std::vector<std::string> receipts;  // ids to be recognised should they come again
  std::vector<DeadLetter> dead_letters;
  Counters counters;           // what the source cut or gave up in this stretch; committed with it
  bool end_of_stream = false;  // nothing ever follows (a deleted file read to its end)
  // Called exactly once: OK after the commit; an error if it will not be committed (shutdown, state
  // lost): then nothing may be acknowledged. From the committing thread; must not block or push.
  std::function<void(const absl::Status&)> done;
};

inline constexpr size_t kLiveBatchPadding = 128;
inline constexpr size_t kLiveBatchBytes = 256 * 1024;  // aim of a source; at most 4 times this

enum class SourceState : uint8_t {
  kStarting,
  kOk,
  kQuiet,    // connected or watching, but nothing came for longer than usual
  kLagging,  // more waits outside than is read
  kPaused,   // held back by the sink
  kFailing,  // cannot read: broker gone, directory unreadable; tries again
  kStopped,
};
constexpr std::string_view SourceStateName(SourceState state) {
  constexpr std::string_view kNames[] = {"starting", "ok",      "quiet",  "lagging",
                                         "paused",   "failing", "stopped"};
  return kNames[static_cast<size_t>(state)];
}

struct SourceHealth {
  SourceState state = SourceState::kStarting;
  std::string detail;    // of kFailing and kLagging: what, where, what to do
  int64_t streams = 0;   // open now
  int64_t lag = -1;      // waiting outside, in `lag_unit`; -1: cannot be known
  std::string lag_unit;  // "bytes", "messages", "chunks"
  uint64_t records = 0;  // since start
  uint64_t bytes = 0;
  uint64_t dropped = 0;        // UDP datagrams and the like that could not be pushed back
  TimeUs last_data = kNoTime;  // wall clock
  // What the source alone counts, since start: "refused_handshake", "duplicate_chunk". snake_case,
  // from a small fixed set per source: metrics label.
  std::vector<std::pair<std::string, uint64_t>> counts;
};

// Where the source left off, as committed.
struct ResumePoint {
  LiveStream stream;
  std::string resume;
};

// Implemented by pipeline/. All methods are thread-safe.
class LiveSink {
 public:
  virtual ~LiveSink() = default;
  // Takes the batch; blocks while too much is in flight (back-pressure). Batches of one stream are
  // pushed by one thread at a time, in order. Cancelled: the program stops, the batch was not taken
  // and `done` is not called.
  virtual absl::Status Push(LiveBatch batch) = 0;
  // Like Push, but returns false at once instead of blocking; *batch is untouched then.
  virtual absl::StatusOr<bool> TryPush(LiveBatch* batch) = 0;
  // True if a batch of this source with this receipt was committed and is still remembered.
  virtual bool HasReceipt(std::string_view source, std::string_view receipt) const = 0;
  // Dead letters that belong to no batch (an undecodable request). Committed soon; blocks like
  // Push.
  virtual absl::Status PushDeadLetter(DeadLetter letter) = 0;
  // False while Push would block, or the state cannot be written: answer 503, pause.
  virtual bool Accepting() const = 0;
  virtual TimeUs Now() const = 0;  // wall clock
};

class LiveSource {
 public:
  virtual ~LiveSource() = default;
  // Begins to read, on threads of its own. `resume`: this source's streams that have not ended.
  // InvalidArgument: cannot work as configured (port in use, unreadable key file): the program ends
  // with a message. What can heal by itself (broker down) is no error: health() tells.
  virtual absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) = 0;
  // Takes nothing new from outside; pushes what is at hand. Returns soon. Batches may still be in
  // flight: their `done` comes later.
  virtual void Drain() = 0;
  // Ends all threads. After Drain, and after the sink called every `done`. Idempotent.
  virtual void Stop() = 0;
  virtual SourceHealth health() const = 0;  // any thread, cheap
  virtual const std::string& name() const = 0;
};

}  // namespace culprit
