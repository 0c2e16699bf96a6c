#include "engine/ingest/forward/streams.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/message.h"

namespace culprit {
namespace {

constexpr std::string_view kShared = "(further-tags)";

// Of "<dir>.<rest>" where the tag holds `directory` with dots for slashes.
bool PathBehind(std::string_view tag, std::string_view directory, std::string* path) {
  std::string dotted(directory);
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  const size_t at = tag.find(dotted.substr(1));
  if (at == std::string_view::npos || (at > 0 && tag[at - 1] != '.')) return false;
  *path = std::string(directory) + std::string(tag.substr(at + dotted.size() - 1));
  return true;
}

}  // namespace

std::string PathOfTag(std::string_view tag) {
  std::string path;
  // Names of container files hold dots of their own; the directories of pods do not.
  if (PathBehind(tag, "/var/log/containers/", &path)) return path;
  if (PathBehind(tag, "/var/log/pods/", &path)) {
    // /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log
    const size_t log = path.rfind(".log");
    const size_t number = log == std::string::npos || log == 0 ? log : path.rfind('.', log - 1);
    const size_t container =
        number == std::string::npos || number == 0 ? number : path.rfind('.', number - 1);
    if (container != std::string::npos) path[container] = path[number] = '/';
    return path;
  }
  path = tag;
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

std::shared_ptr<ForwardStreams::Stream> ForwardStreams::Add(const std::string& name,
                                                            LiveStream live, absl::Time now) {
  auto stream = std::make_shared<Stream>();
  stream->last_used = now;
  stream->name = name;
  stream->live = std::make_shared<const LiveStream>(std::move(live));
  streams_[name] = stream;
  return stream;
}

void ForwardStreams::Resume(const std::vector<ResumePoint>& points, absl::Time now) {
  const std::lock_guard lock(mutex_);
  for (const ResumePoint& point : points) {
    auto stream = Add(point.stream.key.substr(0, point.stream.key.rfind(' ')), point.stream, now);
    const std::lock_guard stream_lock(stream->mutex);
    const std::string& text = point.resume;
    std::from_chars(text.data(), text.data() + text.size(), stream->next_position);
  }
}

std::shared_ptr<ForwardStreams::Stream> ForwardStreams::Find(std::string_view tag,
                                                             std::string_view host,
                                                             absl::Time now) {
  const std::string shown = ToValidUtf8(tag, kMaxTagBytes);
  std::string name = absl::StrCat(ToAbsl(host), " ", shown);
  const std::lock_guard lock(mutex_);
  auto found = streams_.find(name);
  if (found == streams_.end() && streams_.size() >= config_.max_streams) {
    name = kShared;
    found = streams_.find(name);
  }
  if (found != streams_.end()) {
    found->second->last_used = now;
    return found->second;
  }
  const bool shared = name == kShared;
  const auto born = static_cast<uint64_t>(absl::ToUnixMicros(now));
  return Add(name,
             {.source = config_.name,
              .key = absl::StrCat(name, " ", absl::Hex(born)),
              .display = shared ? absl::StrCat(config_.name, ":", ToAbsl(kShared))
                                : absl::StrCat(config_.name, ":", shown, "@", ToAbsl(host)),
              .path = shared ? "" : PathOfTag(shown)},
             now);
}

absl::StatusOr<bool> ForwardStreams::TryPush(Stream& stream, LiveSink& sink, LiveBatch* batch) {
  const std::lock_guard lock(stream.mutex);
  if (stream.ended) return absl::NotFoundError("the stream ended");
  batch->stream = stream.live;
  uint64_t position = stream.next_position;
  for (LiveMessage& message : batch->messages) message.position = position++;
  batch->resume = absl::StrCat(position);
  const absl::StatusOr<bool> taken = sink.TryPush(batch);
  if (taken.ok() && *taken) stream.next_position = position;
  return taken;
}

void ForwardStreams::EndIdle(LiveSink& sink, absl::Time now) {
  std::vector<std::shared_ptr<Stream>> idle;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) {
      if (now - stream->last_used > config_.stream_idle) idle.push_back(stream);
    }
  }
  for (const auto& stream : idle) {
    LiveBatch batch;
    batch.end_of_stream = true;
    batch.done = [](const absl::Status&) {};
    // Under both locks: nobody finds it between the end and its leaving the table.
    const std::lock_guard lock(mutex_);
    if (now - stream->last_used <= config_.stream_idle) continue;
    const absl::StatusOr<bool> taken = TryPush(*stream, sink, &batch);
    if (!taken.ok() || !*taken) return;  // next time
    const std::lock_guard stream_lock(stream->mutex);
    stream->ended = true;
    streams_.erase(stream->name);
  }
}

size_t ForwardStreams::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace culprit
