// The streams of a server: one per sender, or per sender and tag, bounded, ended when idle.
// Thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/core/live.h"

namespace culprit {

struct SenderStreamsOptions {
  std::string source;
  uint64_t max_streams = 2000;  // further ones share one
  absl::Duration idle = absl::Hours(6);
};

// What a new stream is to be called.
struct StreamLook {
  std::string name;  // within the source; a sender and what it says of its stream
  std::string display;
  std::string path;
};

class SenderStreams {
 public:
  // One stream. Its users push under `mutex`, so that its batches stay in order.
  struct Stream {
    std::mutex mutex;
    std::string name;
    // Its key is the name and when it began: a stream that ended does not come to life again.
    std::shared_ptr<const LiveStream> live;
    uint64_t next_position = 0;  // under mutex
    bool ended = false;          // under mutex
    absl::Time last_used;        // under SenderStreams::mutex_
  };

  explicit SenderStreams(SenderStreamsOptions options) : options_(std::move(options)) {}
  void Resume(const std::vector<ResumePoint>& points, absl::Time now);
  // The stream of that name; a new one if it is not known. Above max_streams the one that all
  // further ones share.
  std::shared_ptr<Stream> Find(const StreamLook& look, absl::Time now);
  // Gives the batch its stream, positions (without messages: its offset) and resume point and
  // offers it to the sink. False: the
  // sink is full, *batch is as it was. NotFound: the stream ended meanwhile; find it again.
  static absl::StatusOr<bool> TryPush(Stream& stream, LiveSink& sink, LiveBatch* batch);
  // Ends streams that were idle for too long, as far as the sink takes it.
  void EndIdle(LiveSink& sink, absl::Time now);
  size_t size() const;

 private:
  std::shared_ptr<Stream> Add(const std::string& name, LiveStream live, absl::Time now);

  const SenderStreamsOptions options_;
  mutable std::mutex mutex_;                                             // of streams_
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_;  // by name
};

}  // namespace culprit
