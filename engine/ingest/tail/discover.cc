// What is there: globs, what became of the files that are followed, and new ones.
#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/tail/follower.h"

namespace culprit {
namespace {

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  return real == nullptr ? path : real.get();
}

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string DirName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The directory in which a pattern's matches begin.
std::string FixedPart(const std::string& pattern) {
  const size_t magic = pattern.find_first_of("*?[");
  struct stat st;
  if (magic == std::string::npos) {
    const bool directory = stat(pattern.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
    return directory ? pattern : DirName(pattern);
  }
  return DirName(pattern.substr(0, magic) + "x");
}

}  // namespace

bool Follower::Excluded(const std::string& path) const {
  const std::string name(BaseName(path));
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
    if (!file->lost) watch(DirName(file->at.real_path));
    if (!file->gone && !file->path.empty() && file->path != file->at.real_path) {
      watch(RealPath(DirName(file->path)));  // where the link to it is
    }
  }
  watcher_->DropUnused();
}

void Follower::Seen(TailFile* file, const FoundFile& found) {
  file->seen = scan_;
  file->gone = file->unreachable = false;
  const bool first_time = file->modified_ns < 0;
  const auto owner = by_path_.find(file->at.real_path);
  if (file->path != found.path || first_time || owner == by_path_.end() || owner->second != file) {
    if (file->path != found.path) {
      file->rotated = true;
      ++moves_;
    }
    file->path = found.path;
    SetRealPath(file, RealPath(found.path));
  }
  if (LooksRotated(BaseName(file->at.real_path))) file->rotated = true;
  const auto size = static_cast<uint64_t>(found.size_bytes);
  if (first_time || found.modified_ns != file->modified_ns || size != file->at.size ||
      (file->unread() > 0 && !file->partial)) {
    MakeReady(file);
  }
  file->modified_ns = found.modified_ns;
}

const std::vector<std::string>& Follower::Siblings(const std::string& directory,
                                                   const std::string& stem) {
  const auto [listing, fresh] = listings_.try_emplace(directory);
  if (fresh) {
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
    while (const dirent* entry = dir == nullptr ? nullptr : readdir(dir.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      listing->second[RotationStem(name)].push_back(absl::StrCat(directory, "/", name));
    }
    for (auto& [unused, names] : listing->second) std::sort(names.begin(), names.end());
  }
  return listing->second[stem];
}

// Not in the globs any more: renamed out of them, deleted, or its link shows another file. Or lost:
// then only its content is looked for.
absl::Status Follower::Missing(TailFile* file) {
  if (!file->gone && !file->lost) {
    file->gone = file->rotated = true;
    file->left_us = now_us_;
    ++moves_;
  }
  timed_ = true;
  if (file->fd >= 0 && now_us_ != file->left_us) {
    MakeReady(file);
    return absl::OkStatus();
  }
  const std::string directory = DirName(file->at.real_path);
  const std::string stem = RotationStem(BaseName(file->at.real_path));
  const std::vector<std::string> siblings = Siblings(directory, stem);
  std::vector<FoundFile> strangers;
  for (const std::string& path : siblings) {
    const absl::StatusOr<FileFacts> facts = FactsOfPath(path);
    if (!facts.ok() || !facts->regular) continue;
    const bool reborn =
        facts->born_us != 0 && file->at.born_us != 0 && facts->born_us != file->at.born_us;
    if (facts->id == file->at.id && !reborn && !file->lost) {
      SetRealPath(file, path);
      file->unreachable = false;
      MakeReady(file);
      return absl::OkStatus();
    }
    if (!by_id_.contains(facts->id) && !copies_.contains(facts->id) && facts->size > 0) {
      FoundFile found;
      found.path = path;
      found.device = facts->id.device;
      found.inode = facts->id.inode;
      found.size_bytes = facts->size;
      found.modified_ns = facts->modified_ns;
      strangers.push_back(std::move(found));
    }
  }
  if (file->fd >= 0) {
    MakeReady(file);
    return absl::OkStatus();
  }
  file->unreachable = !file->lost;
  if (const auto copy = PresentCopy(file); copy.has_value()) {
    return MoveTo(file, copy->first, copy->second.path, copy->second.form, /*in_globs=*/true);
  }
  for (const FoundFile& found : strangers) {
    Candidate candidate;
    if (Peek(found, &candidate) && IsCopyOf(candidate, file)) {
      return MoveTo(file, {found.device, found.inode}, found.path, candidate.form,
                    /*in_globs=*/false);
    }
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
  TailFile* original = OriginalOf(candidate);
  if (original == nullptr) return Follow(candidate);
  const FoundFile& seen = candidate.found;
  if (original->lost || original->unreachable) {
    return MoveTo(original, id, seen.path, candidate.form, /*in_globs=*/true);
  }
  copies_[id] = {original, seen.path, candidate.form, static_cast<uint64_t>(seen.size_bytes),
                 scan_};
  waiting_.insert(RealPath(seen.path));
  return absl::OkStatus();
}

absl::Status Follower::Follow(const Candidate& candidate) {
  const FoundFile& found = candidate.found;
  TailPosition at;
  at.form = candidate.form;
  at.id = {found.device, found.inode};
  at.born_us = candidate.born_us;
  if (const auto last = generations_.find(at.id);
      last != generations_.end() && last->second.first == at.born_us) {
    at.generation = last->second.second + 1;
  }
  at.head.Set(candidate.head);
  at.size = static_cast<uint64_t>(found.size_bytes);
  at.real_path = RealPath(found.path);
  // The time of birth keeps the keys of an inode's lives apart; where it is not known, now does.
  const int64_t life = at.born_us != 0 ? at.born_us : sink_->Now();
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
  file->rotated = LooksRotated(BaseName(file->at.real_path));
  const int64_t now_ns = sink_->Now() * 1000;
  const bool old =
      config_.ignore_older > 0 && now_ns - found.modified_ns > config_.ignore_older * 1000;
  if (old || (first_ever_ && config_.start_at == TailConfig::StartAt::kEnd)) {
    StartAtEnd(candidate, file);
  }
  stems_indexed_ = false;
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
    if (const auto it = by_id_.find(id); it != by_id_.end()) {
      Seen(it->second, found);
      continue;
    }
    if (const auto it = copies_.find(id); it != copies_.end()) {
      Copy& copy = it->second;
      copy.seen = scan_;
      copy.path = found.path;
      waiting_.insert(RealPath(found.path));
      if (copy.size == static_cast<uint64_t>(found.size_bytes)) continue;
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
  std::vector<TailFile*> missing;
  for (const auto& file : files_) {
    if (file->seen != scan_) missing.push_back(file.get());
  }
  for (TailFile* file : missing) {
    if (file->seen != scan_) CULPRIT_RETURN_IF_ERROR(Missing(file));
  }
  for (const FoundFile* found : fresh) {
    if (const auto it = by_id_.find({found->device, found->inode}); it != by_id_.end()) {
      Seen(it->second, *found);
    } else {
      CULPRIT_RETURN_IF_ERROR(Judge(*found));
    }
  }
  first_ever_ = false;
  WatchDirectories();
  return absl::OkStatus();
}

}  // namespace culprit
