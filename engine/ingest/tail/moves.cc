// What becomes of a file that is replaced or gone: it goes on in a copy, or its stream ends.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/tail/follower.h"
#include "engine/ingest/tail/packed_reader.h"

namespace culprit {

std::optional<std::pair<FileId, Follower::Copy>> Follower::PresentCopy(const TailFile* of) const {
  std::optional<std::pair<FileId, Copy>> best;
  for (const auto& [id, copy] : copies_) {
    if (copy.of != of) continue;
    const absl::StatusOr<FileFacts> facts = FactsOfPath(copy.path);
    if (!facts.ok() || facts->id != id) continue;
    if (!best.has_value() || copy.path < best->second.path) best.emplace(id, copy);
  }
  return best;
}

// The file's stream goes on in another file that holds the same text.
absl::Status Follower::MoveTo(TailFile* file, FileId id, const std::string& path, FileForm form,
                              bool in_globs) {
  Close(file);
  if (const auto it = by_id_.find(file->at.id); it != by_id_.end() && it->second == file) {
    by_id_.erase(it);
  }
  copies_.erase(id);
  ++moves_;
  TailPosition& at = file->at;
  if (form != at.form && (form == FileForm::kPacked || at.form == FileForm::kPacked)) {
    at.offset = at.text_offset;
    at.form = form;
  }
  at.id = id;
  at.born_us = 0;
  at.generation = 0;
  at.size = at.offset;
  const absl::StatusOr<FileFacts> facts = FactsOfPath(path);
  if (facts.ok() && facts->id == id) {
    at.born_us = facts->born_us;
    at.size = static_cast<uint64_t>(facts->size);
    file->modified_ns = facts->modified_ns;
  }
  // The copy is older than what was read: all of it is known.
  at.finished = form != FileForm::kPacked && at.size < at.offset;
  file->lost = file->limbo = file->unreachable = file->partial = file->stalled = file->flush =
      false;
  file->gone = !in_globs;
  file->rotated = file->path != path || LooksRotated(PathBase(path));
  file->left_us = file->grown_us = now_us_;
  file->left_scan = scan_;
  file->seen = scan_;
  file->path = path;
  SetRealPath(file, RealPath(path));
  by_id_[id] = file;
  stems_indexed_ = false;
  timed_ = true;
  MakeReady(file);
  return Push(file, LiveBatch());
}

// Under the file's name and inode is other content than what was read. The next scan judges it.
absl::Status Follower::Replaced(TailFile* file) {
  ++truncations_;
  Close(file);
  if (const auto it = by_id_.find(file->at.id); it != by_id_.end() && it->second == file) {
    by_id_.erase(it);
  }
  file->not_in.emplace_back(file->at.id, file->at.born_us);
  file->lost = file->rotated = true;
  file->partial = file->limbo = false;
  file->left_us = now_us_;
  file->left_scan = scan_;
  timed_ = scan_wanted_ = true;
  const auto copy = PresentCopy(file);
  if (!copy.has_value()) return absl::OkStatus();
  return MoveTo(file, copy->first, copy->second.path, copy->second.form, /*in_globs=*/true);
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
  ready_.erase(std::remove(ready_.begin(), ready_.end(), file), ready_.end());
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
      MakeReady(file);
    }
    if (file->lost || (file->gone && (file->unreachable || file->at.finished))) {
      timed_ = true;
      // However long the sink held everything up: its successor was looked for.
      const bool looked = scan_ >= file->left_scan + 2;
      if (!looked) scan_wanted_ = true;
      if (looked && still >= config_.rotate_wait) finish.push_back(file);
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

}  // namespace culprit
