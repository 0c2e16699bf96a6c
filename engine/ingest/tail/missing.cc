// Files that the globs do not show any more: renamed, deleted, or replaced by another.
#include <dirent.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/tail/follower.h"

namespace culprit {

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
    file->left_scan = scan_;
    ++moves_;
  }
  timed_ = true;
  if (file->fd >= 0 && now_us_ != file->left_us) {
    MakeReady(file);
    return absl::OkStatus();
  }
  const std::string directory = PathDirectory(file->at.real_path);
  const std::string stem = RotationStem(PathBase(file->at.real_path));
  const std::vector<std::string> siblings = Siblings(directory, stem);
  std::vector<FoundFile> strangers;
  for (const std::string& path : siblings) {
    const absl::StatusOr<FileFacts> facts = FactsOfPath(path);
    if (!facts.ok() || !facts->regular) continue;
    const bool reborn =
        facts->born_us != 0 && file->at.born_us != 0 && facts->born_us != file->at.born_us;
    if (facts->id == file->at.id && !reborn && !file->lost) {
      SetRealPath(file, path);
      file->limbo = file->unreachable = false;
      MakeReady(file);
      return absl::OkStatus();
    }
    if (!by_id_.contains(facts->id) && !found_.contains(facts->id) && facts->size > 0) {
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
  if (!file->lost && !file->unreachable) {
    // Files that are renamed while the directory is listed are missed: a second look decides.
    file->unreachable = file->limbo;
    file->limbo = !file->unreachable;
    if (file->limbo) {
      scan_wanted_ = true;
      return absl::OkStatus();
    }
  }
  if (const auto copy = PresentCopy(file); copy.has_value()) {
    return MoveTo(file, copy->first, copy->second.path, copy->second.form, /*in_globs=*/true);
  }
  for (const FoundFile& found : strangers) {
    Candidate candidate;
    if (!Peek(found, &candidate)) continue;
    const absl::StatusOr<Likeness> like = Compare(candidate, file);
    if (!like.ok()) return like.status();
    if (*like == Likeness::kOther && candidate.form == FileForm::kPacked) {
      file->not_in.emplace_back(FileId{found.device, found.inode}, candidate.born_us);
    }
    if (*like == Likeness::kCopy || *like == Likeness::kOlderCopy) {
      return MoveTo(file, {found.device, found.inode}, found.path, candidate.form,
                    /*in_globs=*/false);
    }
  }
  return absl::OkStatus();
}

}  // namespace culprit
