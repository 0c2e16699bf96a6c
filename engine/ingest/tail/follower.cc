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
  auto& last = generations_[file->at.id];
  if (last.first == file->at.born_us) {
    last.second = std::max(last.second, file->at.generation);
  } else {
    last = {file->at.born_us, file->at.generation};
  }
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

Follower::Opened Follower::Open(TailFile* file) {
  if (file->fd >= 0) {
    open_.splice(open_.begin(), open_, file->recency);
    return Opened::kYes;
  }
  while (open_.size() >= max_open_) Close(open_.back());
  const std::string& path = file->at.real_path;
  int fd;
  do {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      scan_wanted_ = true;  // renamed: the scan tells where it is
      return Opened::kNo;
    }
    Trouble(file->path, FileError(errno, path));
    if ((errno == EMFILE || errno == ENFILE) && !open_.empty()) {
      max_open_ = std::max<size_t>(open_.size() / 2, 1);
      while (open_.size() > max_open_) Close(open_.back());
      MakeReady(file);
    }
    return Opened::kNo;
  }
  file->fd = fd;
  open_.push_front(file);
  file->recency = open_.begin();
  const absl::StatusOr<FileFacts> facts = FactsOfDescriptor(fd, path);
  if (!facts.ok() || facts->id != file->at.id) {
    Close(file);
    scan_wanted_ = true;
    return Opened::kNo;
  }
  if (file->at.born_us == 0) file->at.born_us = facts->born_us;
  bool same = facts->born_us == 0 || facts->born_us == file->at.born_us;
  char head[HeadPrint::kBytes];
  const size_t length = file->at.head.length();
  if (same && file->at.form != FileForm::kPacked && length > 0 &&
      facts->size >= static_cast<int64_t>(length)) {
    const ssize_t n = ReadAt(fd, head, length, 0);
    same = n == static_cast<ssize_t>(length) && file->at.head.Common({head, length}) > 0;
  }
  return same ? Opened::kYes : Opened::kReplaced;
}

void Follower::Close(TailFile* file) {
  if (file->fd < 0) return;
  file->packed = nullptr;
  if (packed_active_ == file) {
    packed_active_ = nullptr;
    if (!packed_waiting_.empty()) {
      TailFile* next = packed_waiting_.front();
      packed_waiting_.pop_front();
      next->ready = false;
      MakeReady(next);
    }
  }
  open_.erase(file->recency);
  close(file->fd);
  file->fd = -1;
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
  if (file->lost || file->fate->refused || file->at.finished) return absl::OkStatus();
  if (file->at.form == FileForm::kPacked && packed_active_ != nullptr && packed_active_ != file) {
    packed_waiting_.push_back(file);  // unpacking takes memory: one at a time
    file->ready = true;
    return absl::OkStatus();
  }
  const Opened opened = Open(file);
  if (opened == Opened::kNo) return absl::OkStatus();
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

absl::Status Follower::Finish(TailFile* file) {
  LiveBatch batch;
  batch.end_of_stream = true;
  if (file->unread() > 0) {
    ++unread_lost_;
    batch.counters.Count(Reason::kUnreadLost);
    batch.dead_letters.push_back(
        {config_.name, file->stream->display, absl::StrCat("offset ", file->at.text_offset),
         "unread_lost",
         absl::StrCat(file->path, ": ", file->unread(),
                      " bytes were not read before it was truncated or deleted, and no copy was "
                      "found; rotate by rename instead of copytruncate"),
         ""});
  }
  Close(file);
  CULPRIT_RETURN_IF_ERROR(Push(file, std::move(batch)));
  const auto forget = [file](auto& queue) {
    queue.erase(std::remove(queue.begin(), queue.end(), file), queue.end());
  };
  forget(ready_);
  forget(packed_waiting_);
  if (const auto it = by_id_.find(file->at.id); it != by_id_.end() && it->second == file) {
    by_id_.erase(it);
    generations_.erase(file->at.id);
  }
  if (const auto it = by_path_.find(file->at.real_path);
      it != by_path_.end() && it->second == file) {
    by_path_.erase(it);
  }
  for (auto it = copies_.begin(); it != copies_.end();) {
    if (it->second.of == file) {
      copies_.erase(it++);
    } else {
      ++it;
    }
  }
  stems_indexed_ = false;
  files_.erase(std::find_if(files_.begin(), files_.end(),
                            [file](const auto& f) { return f.get() == file; }));
  return absl::OkStatus();
}

absl::Status Follower::Tick() {
  now_us_ = SteadyUs();
  timed_ = false;
  std::vector<TailFile*> finish;
  for (const auto& owned : files_) {
    TailFile* file = owned.get();
    if (file->fate->refused) continue;
    const int64_t still = now_us_ - std::max(file->left_us, file->grown_us);
    if (file->at.form == FileForm::kPacked && !file->at.finished && !file->lost) {
      timed_ = true;
      if (file->packed == nullptr && !file->flush && still >= config_.rotate_wait) {
        file->flush = true;
      }
      if (packed_active_ == nullptr) MakeReady(file);
    }
    if (file->lost || (file->gone && (file->unreachable || file->at.finished))) {
      timed_ = true;
      if (still >= config_.rotate_wait || file->at.finished) finish.push_back(file);
    } else if (file->gone) {
      timed_ = true;
      const int64_t idle = file->idle_us - std::max(file->left_us, file->grown_us);
      if (idle < config_.rotate_wait || file->partial || file->at.form == FileForm::kPacked) {
        MakeReady(file);  // nobody reports writes to what has no name
      } else {
        finish.push_back(file);
      }
    } else if (file->partial && file->rotated) {
      timed_ = true;
      if (now_us_ - file->grown_us >= config_.partial_line_wait) MakeReady(file);
    }
  }
  for (TailFile* file : finish) {
    const auto copy = PresentCopy(file);
    if (copy.has_value()) {
      CULPRIT_RETURN_IF_ERROR(
          MoveTo(file, copy->first, copy->second.path, copy->second.form, /*in_globs=*/true));
    } else {
      CULPRIT_RETURN_IF_ERROR(Finish(file));
    }
  }
  return absl::OkStatus();
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
