// The streams of the forward source: one per tag and sender, bounded, ended when idle. Thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "engine/core/live.h"
#include "engine/ingest/forward/forward_config.h"

namespace culprit {

// "kube.var.log.containers.api_shop_web-0a1b.log" -> "/var/log/containers/api_shop_web-0a1b.log",
// "web.access" -> "web/access": the tag as the path that it was made of, for the rules that find a
// service in a path.
std::string PathOfTag(std::string_view tag);

class ForwardStreams {
 public:
  // One stream. Its users push under `mutex`, so that its batches stay in order.
  struct Stream {
    std::mutex mutex;
    std::string name;  // sender and tag
    // Its key is the name and when it began: a stream that ended does not come to life again.
    std::shared_ptr<const LiveStream> live;
    uint64_t next_position = 0;  // under mutex
    bool ended = false;          // under mutex
    absl::Time last_used;        // under ForwardStreams::mutex_
  };

  explicit ForwardStreams(const ForwardConfig& config) : config_(config) {}
  void Resume(const std::vector<ResumePoint>& points, absl::Time now);
  // The stream of the tag and sender; a new one if it is not known. Above max_streams the one that
  // all further ones share.
  std::shared_ptr<Stream> Find(std::string_view tag, std::string_view host, absl::Time now);
  // Gives the batch its stream, positions and resume point and offers it to the sink. False: the
  // sink is full, *batch is as it was. NotFound: the stream ended meanwhile; find it again.
  static absl::StatusOr<bool> TryPush(Stream& stream, LiveSink& sink, LiveBatch* batch);
  // Ends streams that were idle for longer than stream_idle, as far as the sink takes it.
  void EndIdle(LiveSink& sink, absl::Time now);
  size_t size() const;

 private:
  std::shared_ptr<Stream> Add(const std::string& name, LiveStream live, absl::Time now);

  const ForwardConfig& config_;
  mutable std::mutex mutex_;                                             // of streams_
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_;  // by name
};

}  // namespace culprit
