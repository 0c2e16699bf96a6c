// What is there: globs, what became of the files that are followed, and new ones.
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/tail/follower.h"

namespace culprit {
namespace {

// The directory in which a pattern's matches begin.
std::string FixedPart(const std::string& pattern) {
  const size_t magic = pattern.find_first_of("*?[");
  struct stat st;
  if (magic == std::string::npos) {
    const bool directory = stat(pattern.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
    return directory ? pattern : PathDirectory(pattern);
  }
  return PathDirectory(pattern.substr(0, magic) + "x");
}

}  // namespace

bool Follower::Excluded(const std::string& path) const {
  const std::string name(PathBase(path));
  return std::any_of(config_.exclude.begin(), config_.exclude.end(), [&](const std::string& glob) {
    const bool whole = glob.find('/') != std::string::npos;
    return fnmatch(glob.c_str(), whole ? path.c_str() : name.c_str(), 0) == 0;
  });
}

void Follower::WatchDirectories() {
  std::string last;
  const auto watch = [&](std::string directory) {
    if (directory == last) return;
    last = std::move(directory);
    if (watcher_->Watch(last)) scan_wanted_ = true;  // what happened before is not reported
  };
  for (const std::string& pattern : config_.include) watch(RealPath(FixedPart(pattern)));
  for (const auto& file : files_) {
    if (!file->lost) watch(PathDirectory(file->at.real_path));
    if (!file->gone && !file->path.empty() && file->path != file->at.real_path) {
      watch(RealPath(PathDirectory(file->path)));  // where the link to it is
    }
  }
  watcher_->DropUnused();
}

absl::Status Follower::Seen(TailFile* file, const FoundFile& found) {
  const bool first_time = file->modified_ns < 0;
  const auto size = static_cast<uint64_t>(found.size_bytes);
  const bool changed =
      first_time || found.modified_ns != file->modified_ns || size != file->at.size;
  file->seen = scan_;
  file->gone = file->limbo = file->unreachable = false;
  const auto owner = by_path_.find(file->at.real_path);
  if (file->path != found.path || first_time || owner == by_path_.end() || owner->second != file) {
    if (file->path != found.path) {
      file->rotated = true;
      ++moves_;
    }
    file->path = found.path;
    SetRealPath(file, RealPath(found.path));
  }
  if (LooksRotated(PathBase(file->at.real_path))) file->rotated = true;
  file->modified_ns = found.modified_ns;
  if (file->at.finished) {
    // Reading would show whether it still is the same.
    if (changed && (Open(file) == Opened::kReplaced || (file->fd >= 0 && !Holds(*file)))) {
      return Replaced(file);
    }
    file->at.size = size;
    Close(file);
  } else if (changed || (file->unread() > 0 && !file->partial)) {
    MakeReady(file);
  }
  return absl::OkStatus();
}

absl::Status Follower::Judge(const FoundFile& found) {
  const FileId id{found.device, found.inode};
  if (const auto it = ignored_.find(id); it != ignored_.end()) {
    if (it->second == found.modified_ns) return absl::OkStatus();
    ignored_.erase(it);
  }
  if (found.size_bytes == 0) {
    waiting_.insert(RealPath(found.path));
    return absl::OkStatus();
  }
  Candidate candidate;
  if (!Peek(found, &candidate)) return absl::OkStatus();
  const auto judged = OriginalOf(candidate);
  if (!judged.ok()) return judged.status();
  const auto [like, original] = *judged;
  if (like == Likeness::kUnknown) scan_wanted_ = true;
  if (like == Likeness::kUnknown) return absl::OkStatus();
  if (like == Likeness::kOther) return Follow(candidate);
  const FoundFile& seen = candidate.found;
  if (!original->live()) {
    return MoveTo(original, id, seen.path, candidate.form, /*in_globs=*/true);
  }
  copies_[id] = {original,         seen.path,
                 candidate.form,   static_cast<uint64_t>(seen.size_bytes),
                 seen.modified_ns, scan_};
  waiting_.insert(RealPath(seen.path));
  return absl::OkStatus();
}

absl::Status Follower::Follow(const Candidate& candidate) {
  const FoundFile& found = candidate.found;
  TailPosition at;
  at.form = candidate.form;
  at.id = {found.device, found.inode};
  at.born_us = candidate.born_us;
  if (const auto last = generations_.find(at.id); last != generations_.end()) {
    at.generation = last->second + 1;
  }
  at.head.Set(candidate.head);
  at.size = static_cast<uint64_t>(found.size_bytes);
  at.real_path = RealPath(found.path);
  // An inode is used again, even within one tick of the file system's clock, and what is known of
  // its generations ends with their streams: the time keeps the keys apart.
  const int64_t life = sink_->Now();
  auto stream = std::make_shared<LiveStream>();
  stream->source = config_.name;
  stream->key = absl::StrCat(absl::Hex(at.id.device), "-", absl::Hex(at.id.inode), "-",
                             absl::Hex(life), ".", at.generation);
  stream->display = stream->path = found.path;
  TailFile* file = Add(std::move(stream), std::move(at));
  file->path = found.path;
  file->modified_ns = found.modified_ns;
  file->seen = scan_;
  file->sniffed = !candidate.head.empty();
  file->rotated = LooksRotated(PathBase(file->at.real_path));
  const int64_t now_ns = sink_->Now() * 1000;
  const bool old =
      config_.ignore_older > 0 && now_ns - found.modified_ns > config_.ignore_older * 1000;
  if (old || (first_ever_ && config_.start_at == TailConfig::StartAt::kEnd)) {
    StartAtEnd(candidate, file);
  }
  AddToStems(file);
  MakeReady(file);
  return Push(file, LiveBatch());  // announces the stream
}

void Follower::StartAtEnd(const Candidate& candidate, TailFile* file) const {
  TailPosition& at = file->at;
  if (at.form == FileForm::kPacked) {
    at.finished = true;
    return;
  }
  // Behind the last whole line; in one that is longer than this, right here.
  std::string tail(std::min<uint64_t>(at.size, 64 * 1024), '\0');
  const uint64_t from = (at.size - tail.size()) / 2 * 2;
  const ssize_t n = ReadAt(candidate.fd, tail.data(), tail.size(), from);
  tail.resize(n > 0 ? static_cast<size_t>(n) : 0);
  size_t newline = tail.rfind('\n');
  if (newline != std::string::npos) {
    tail.resize(at.form == FileForm::kUtf16Little ? std::min(newline + 2, tail.size())
                                                  : newline + 1);
  }
  at.offset = at.text_offset = from + tail.size();
  at.guard = Guard::Of(tail);
}

absl::Status Follower::Discover() {
  now_us_ = SteadyUs();
  ++scan_;
  scan_wanted_ = false;
  unreadable_ = std::move(troubles_);
  troubles_.clear();
  waiting_.clear();
  listings_.clear();
  found_.clear();
  stems_indexed_ = false;
  const WalkResult walk = WalkInputs(config_.include);
  for (const absl::Status& problem : walk.problems) {
    if (!absl::IsNotFound(problem)) Trouble(std::string(problem.message()), problem);
  }
  std::vector<const FoundFile*> fresh;
  for (const FoundFile& found : walk.files) {
    if (!found.regular) {
      Trouble(found.path, absl::InvalidArgumentError(absl::StrCat(
                              found.path, ": not a file; read pipes through standard input")));
      continue;
    }
    if (Excluded(found.path)) continue;
    const FileId id{found.device, found.inode};
    found_.insert(id);
    if (const auto it = by_id_.find(id); it != by_id_.end()) {
      CULPRIT_RETURN_IF_ERROR(Seen(it->second, found));
      continue;
    }
    if (const auto it = copies_.find(id); it != copies_.end()) {
      Copy& copy = it->second;
      copy.seen = scan_;
      copy.path = found.path;
      waiting_.insert(RealPath(found.path));
      if (copy.size == static_cast<uint64_t>(found.size_bytes) &&
          copy.modified_ns == found.modified_ns) {
        continue;
      }
      copies_.erase(it);  // it grows: is it still one?
    }
    fresh.push_back(&found);
  }
  for (auto it = copies_.begin(); it != copies_.end();) {
    if (it->second.seen != scan_) {
      copies_.erase(it++);
    } else {
      ++it;
    }
  }
  // If a file and its copy are both new, the one with the plain name is the file.
  std::stable_partition(fresh.begin(), fresh.end(), [](const FoundFile* found) {
    return RotationStem(PathBase(found->path)) == PathBase(found->path);
  });
  std::vector<TailFile*> missing;
  for (const auto& file : files_) {
    if (file->seen != scan_) missing.push_back(file.get());
  }
  for (TailFile* file : missing) {
    if (file->seen != scan_) CULPRIT_RETURN_IF_ERROR(Missing(file));
  }
  for (const FoundFile* found : fresh) {
    if (const auto it = by_id_.find({found->device, found->inode}); it != by_id_.end()) {
      CULPRIT_RETURN_IF_ERROR(Seen(it->second, *found));
    } else {
      CULPRIT_RETURN_IF_ERROR(Judge(*found));
    }
  }
  first_ever_ = false;
  WatchDirectories();
  return absl::OkStatus();
}

}  // namespace culprit
