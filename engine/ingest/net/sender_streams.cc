#include "engine/ingest/net/sender_streams.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {
constexpr char kShared[] = "(further-streams)";
}  // namespace

std::shared_ptr<SenderStreams::Stream> SenderStreams::Add(const std::string& name, LiveStream live,
                                                          absl::Time now) {
  auto stream = std::make_shared<Stream>();
  stream->last_used = now;
  stream->name = name;
  stream->live = std::make_shared<const LiveStream>(std::move(live));
  streams_[name] = stream;
  return stream;
}

void SenderStreams::Resume(const std::vector<ResumePoint>& points, absl::Time now) {
  const std::lock_guard lock(mutex_);
  for (const ResumePoint& point : points) {
    auto stream = Add(point.stream.key.substr(0, point.stream.key.rfind(' ')), point.stream, now);
    const std::lock_guard stream_lock(stream->mutex);
    const std::string& text = point.resume;
    std::from_chars(text.data(), text.data() + text.size(), stream->next_position);
  }
}

std::shared_ptr<SenderStreams::Stream> SenderStreams::Find(const StreamLook& look, absl::Time now) {
  const std::lock_guard lock(mutex_);
  auto found = streams_.find(look.name);
  const bool shared = found == streams_.end() && streams_.size() >= options_.max_streams;
  if (shared) found = streams_.find(std::string_view(kShared));
  if (found != streams_.end()) {
    found->second->last_used = now;
    return found->second;
  }
  const std::string name = shared ? kShared : look.name;
  const auto born = static_cast<uint64_t>(absl::ToUnixMicros(now));
  return Add(name,
             {.source = options_.source,
              .key = absl::StrCat(name, " ", absl::Hex(born)),
              .display = shared ? absl::StrCat(options_.source, ":", kShared) : look.display,
              .path = shared ? "" : look.path},
             now);
}

absl::StatusOr<bool> SenderStreams::TryPush(Stream& stream, LiveSink& sink, LiveBatch* batch) {
  const std::lock_guard lock(stream.mutex);
  if (stream.ended) return absl::NotFoundError("the stream ended");
  batch->stream = stream.live;
  uint64_t position = stream.next_position;
  if (batch->messages.empty()) {
    batch->offset = position;
    position += batch->bytes.size();
  }
  for (LiveMessage& message : batch->messages) message.position = position++;
  batch->resume = absl::StrCat(position);
  const absl::StatusOr<bool> taken = sink.TryPush(batch);
  if (taken.ok() && *taken) stream.next_position = position;
  return taken;
}

void SenderStreams::EndIdle(LiveSink& sink, absl::Time now) {
  std::vector<std::shared_ptr<Stream>> idle;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) {
      if (now - stream->last_used > options_.idle) idle.push_back(stream);
    }
  }
  for (const auto& stream : idle) {
    LiveBatch batch;
    batch.end_of_stream = true;
    batch.done = [](const absl::Status&) {};
    // Under both locks: nobody finds it between the end and its leaving the table.
    const std::lock_guard lock(mutex_);
    if (now - stream->last_used <= options_.idle) continue;
    const absl::StatusOr<bool> taken = TryPush(*stream, sink, &batch);
    if (!taken.ok() || !*taken) return;  // next time
    const std::lock_guard stream_lock(stream->mutex);
    stream->ended = true;
    streams_.erase(stream->name);
  }
}

size_t SenderStreams::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace culprit
