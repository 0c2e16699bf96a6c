#include "engine/ingest/tail/follower.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/file_input.h"
#include "engine/ingest/tail/packed_reader.h"

namespace culprit {
namespace {

constexpr int64_t kTurnUs = 50'000;

size_t OpenLimit(size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    wanted = std::min<size_t>(wanted, limit.rlim_cur / 2);
  }
  return std::max<size_t>(wanted, 1);
}

}  // namespace

int64_t SteadyUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Follower::Follower(const TailConfig& config, LiveSink* sink, Watcher* watcher)
    : config_(config),
      sink_(sink),
      watcher_(watcher),
      limits_{kLiveBatchBytes, config.max_line_bytes},
      max_open_(OpenLimit(config.max_open_files)),
      now_us_(SteadyUs()) {}

Follower::~Follower() = default;

TailFile::TailFile() = default;
TailFile::~TailFile() {
  if (fd >= 0) close(fd);
}

absl::Status Follower::Restore(const std::vector<ResumePoint>& resume) {
  for (const ResumePoint& point : resume) {
    absl::StatusOr<TailPosition> at = DecodeTailPosition(point.resume);
    if (!at.ok()) {
      return absl::Status(at.status().code(),
                          absl::StrCat(point.stream.display, ": ", at.status().message()));
    }
    first_ever_ = false;
    TailFile* file = Add(std::make_shared<LiveStream>(point.stream), *std::move(at));
    file->path = point.stream.path;
    file->fate->committed = file->at.text_offset;
    file->sniffed = file->at.offset > 0 || file->at.form == FileForm::kPacked;
  }
  return absl::OkStatus();
}

TailFile* Follower::Add(std::shared_ptr<const LiveStream> stream, TailPosition at) {
  files_.push_back(std::make_unique<TailFile>());
  TailFile* file = files_.back().get();
  file->stream = std::move(stream);
  file->at = std::move(at);
  file->grown_us = now_us_;
  if (!file->at.real_path.empty()) by_path_[file->at.real_path] = file;
  uint64_t& last = generations_[file->at.id];
  last = std::max(last, file->at.generation);
  // Two positions in one inode: the older life or generation is over; its rest may be elsewhere.
  TailFile*& owner = by_id_[file->at.id];
  TailFile* old = owner;
  if (old != nullptr && std::pair(old->at.born_us, old->at.generation) >
                            std::pair(file->at.born_us, file->at.generation)) {
    std::swap(old, file);
  }
  owner = file;
  if (old != nullptr) {
    old->lost = old->rotated = true;
    old->left_us = now_us_;
    old->left_scan = scan_;
  }
  return files_.back().get();
}

void Follower::MakeReady(TailFile* file) {
  if (file->ready || file->lost || file->fate->refused) return;
  file->ready = true;
  ready_.push_back(file);
}

void Follower::SetRealPath(TailFile* file, std::string real_path) {
  if (file->at.real_path != real_path) {
    const auto it = by_path_.find(file->at.real_path);
    if (it != by_path_.end() && it->second == file) by_path_.erase(it);
    file->at.real_path = std::move(real_path);
  }
  by_path_[file->at.real_path] = file;
}

void Follower::Trouble(const std::string& path, absl::Status status) {
  troubles_[path] = std::move(status);
}

void Follower::Touched(const std::string& path) {
  const auto it = by_path_.find(path);
  if (it != by_path_.end()) {
    MakeReady(it->second);
  } else if (waiting_.contains(path)) {
    scan_wanted_ = true;
  }
}

absl::Status Follower::Push(TailFile* file, LiveBatch batch) {
  batch.stream = file->stream;
  batch.resume = EncodeTailPosition(file->at);
  if (!batch.bytes.empty()) {
    bytes_ += batch.bytes.size();
    last_data_ = sink_->Now();
  } else {
    batch.offset = file->at.text_offset;
  }
  batch.done = [fate = file->fate, refused = refused_,
                to = file->at.text_offset](const absl::Status& status) {
    if (status.ok()) {
      fate->committed = to;
    } else {
      fate->refused = true;
      *refused = true;
    }
  };
  return sink_->Push(std::move(batch));
}

absl::Status Follower::ReadTurn() {
  const int64_t until = SteadyUs() + kTurnUs;
  while (!ready_.empty()) {
    TailFile* file = ready_.front();
    ready_.pop_front();
    file->ready = false;
    now_us_ = SteadyUs();
    if (now_us_ > until) {
      MakeReady(file);
      break;
    }
    CULPRIT_RETURN_IF_ERROR(ReadOne(file));
  }
  return absl::OkStatus();
}

absl::Status Follower::ReadOne(TailFile* file) {
  if (file->fate->refused) Close(file);  // the others go on
  if (file->lost || file->fate->refused || file->at.finished) return absl::OkStatus();
  if (file->at.form == FileForm::kPacked && packed_active_ != nullptr && packed_active_ != file) {
    MakeReady(file);  // unpacking takes memory: one at a time
    return absl::OkStatus();
  }
  const Opened opened = Open(file);
  if (opened == Opened::kNo || opened == Opened::kUnreadable) return absl::OkStatus();
  if (opened == Opened::kReplaced) return Replaced(file);
  if (!file->sniffed) {
    unsigned char mark[2];
    const ssize_t n = ReadAt(file->fd, reinterpret_cast<char*>(mark), 2, 0);
    if (n == 2) {
      file->sniffed = true;
      if (mark[0] == 0xff && mark[1] == 0xfe) file->at.form = FileForm::kUtf16Little;
      if (mark[0] == 0xfe && mark[1] == 0xff) file->at.form = FileForm::kUtf16Big;
    }
  }
  if (file->at.form == FileForm::kPacked) return ReadPackedFile(file);
  const uint64_t size = file->at.size;
  LiveBatch batch;
  const bool flush =
      file->rotated && file->partial && now_us_ - file->grown_us >= config_.partial_line_wait;
  absl::StatusOr<ReadResult> result = ReadText(file, limits_, flush, &batch);
  if (!result.ok()) {
    Trouble(file->path, result.status());
    Close(file);  // tried again at the next scan
    return absl::OkStatus();
  }
  if (file->at.size != size || result->outcome == ReadOutcome::kData) file->grown_us = now_us_;
  if (result->outcome == ReadOutcome::kNothing && !result->more) file->idle_us = now_us_;
  if (file->partial && file->rotated) timed_ = true;
  if (result->outcome == ReadOutcome::kReplaced) return Replaced(file);
  if (result->more) MakeReady(file);
  return result->outcome == ReadOutcome::kData ? Push(file, std::move(batch)) : absl::OkStatus();
}

absl::Status Follower::ReadPackedFile(TailFile* file) {
  packed_active_ = file;
  struct stat st;
  if (fstat(file->fd, &st) == 0 && static_cast<uint64_t>(st.st_size) != file->at.size) {
    file->at.size = static_cast<uint64_t>(st.st_size);
    file->grown_us = now_us_;
    file->packed = nullptr;  // from its begin again
    file->stalled = false;
  }
  if (file->stalled && !file->flush) {
    Close(file);
    return absl::OkStatus();
  }
  LiveBatch batch;
  absl::StatusOr<ReadResult> result = ReadPacked(file, limits_, file->flush, &batch);
  if (!result.ok()) {
    const bool damaged = absl::IsDataLoss(result.status());
    Close(file);
    if (!damaged || !file->flush) {
      // Perhaps it is still being written: Tick tries again when it grew, or takes what there is.
      timed_ = true;
      file->stalled = true;
      if (!damaged) Trouble(file->path, result.status());
      return absl::OkStatus();
    }
    file->at.finished = true;  // damaged from its very begin
  } else if (result->outcome == ReadOutcome::kReplaced) {
    return Replaced(file);
  }
  if (file->at.finished) {
    if (file->flush) {
      batch.counters.Count(Reason::kUnreadableInput);
      batch.dead_letters.push_back(
          {config_.name, file->stream->display, absl::StrCat("offset ", file->at.text_offset),
           "damaged_file",
           absl::StrCat(file->path,
                        ": the compressed data is damaged or ends too early; what came "
                        "before was read"),
           ""});
    }
    Close(file);
    return Push(file, std::move(batch));
  }
  if (result->more) MakeReady(file);
  return result->outcome == ReadOutcome::kData ? Push(file, std::move(batch)) : absl::OkStatus();
}

int64_t Follower::tick_us() const {
  if (!timed_) return 0;
  const int64_t wait = std::min({config_.rotate_wait, config_.partial_line_wait, kSecondUs});
  return std::clamp<int64_t>(wait / 4, 5'000, 250'000);
}

void Follower::Report(SourceHealth* health) const {
  int64_t lag = 0;
  for (const auto& file : files_) lag += static_cast<int64_t>(file->unread());
  health->streams = static_cast<int64_t>(files_.size());
  health->lag = lag;
  health->lag_unit = "bytes";
  health->bytes = bytes_;
  health->last_data = last_data_;
  health->counts = {{"truncations", truncations_},
                    {"moves", moves_},
                    {"unread_lost", unread_lost_},
                    {"skipped_files", skipped_},
                    {"open_files", open_.size()}};
  health->detail.clear();
  if (*refused_) {
    health->detail = "the state could not be written: reading stopped; restart when it can be";
  } else if (const auto& all = troubles_.empty() ? unreadable_ : troubles_; !all.empty()) {
    health->detail = std::string(all.begin()->second.message());
    if (all.size() > 1) absl::StrAppend(&health->detail, " (and ", all.size() - 1, " more)");
  } else {
    health->detail = watcher_->trouble();
  }
  health->state = SourceState::kOk;
  if (*refused_ || (files_.empty() && !(troubles_.empty() && unreadable_.empty()))) {
    health->state = SourceState::kFailing;
  }
}

}  // namespace culprit
