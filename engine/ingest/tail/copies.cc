// Which file holds what another one held: copies, compressed successors, and truncation.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/content.h"
#include "engine/ingest/file_input.h"
#include "engine/ingest/tail/follower.h"
#include "engine/ingest/tail/packed_reader.h"

namespace culprit {
namespace {

// Equal heads shorter than this say little about files whose names differ by more than a suffix.
constexpr int kStrongHead = 256;

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string StemKey(const std::string& real_path) {
  const std::string_view base = BaseName(real_path);
  return absl::StrCat(real_path.substr(0, real_path.size() - base.size()), RotationStem(base));
}

}  // namespace

Follower::Candidate::~Candidate() {
  if (fd >= 0) close(fd);
}

// False: nothing to follow (yet).
bool Follower::Peek(const FoundFile& found, Candidate* candidate) {
  candidate->found = found;
  do {
    candidate->fd = open(found.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (candidate->fd < 0 && errno == EINTR);
  if (candidate->fd < 0) {
    if (errno == ENOENT) {
      scan_wanted_ = true;
    } else {
      Trouble(found.path, FileError(errno, found.path));
    }
    return false;
  }
  const absl::StatusOr<FileFacts> facts = FactsOfDescriptor(candidate->fd, found.path);
  if (!facts.ok() || facts->id != FileId{found.device, found.inode}) {
    scan_wanted_ = true;  // renamed in between
    return false;
  }
  candidate->born_us = facts->born_us;
  candidate->found.size_bytes = facts->size;
  std::string head(PeekInput::kHead, '\0');
  const ssize_t n = ReadAt(candidate->fd, head.data(), head.size(), 0);
  if (n < 0) {
    Trouble(found.path, FileError(errno, found.path));
    return false;
  }
  head.resize(static_cast<size_t>(n));
  const auto skip = [&] {
    ignored_[{found.device, found.inode}] = found.modified_ns;
    ++skipped_;
    return false;
  };
  const ContentInfo content = DetectContent(head);
  switch (content.content) {
    case Content::kEmpty:
      waiting_.insert(found.path);
      return false;
    case Content::kArchive:
      return skip();
    case Content::kBinary:
      if (head.find_first_not_of('\0') != std::string::npos) return skip();
      break;  // a hole, or not written yet
    case Content::kGzip:
    case Content::kCompressed: {
      candidate->form = FileForm::kPacked;
      PackedReader reader(candidate->fd, found.path);
      candidate->head = reader.Head();
      const bool settled = sink_->Now() * 1000 - found.modified_ns > config_.rotate_wait * 1000;
      if (candidate->head.size() < HeadPrint::kBytes && !reader.head_error().ok() && !settled) {
        waiting_.insert(found.path);  // still being written
        timed_ = true;
        return false;
      }
      return reader.is_text() || skip();
    }
    case Content::kUtf16:
      candidate->form = head[0] == '\xff' ? FileForm::kUtf16Little : FileForm::kUtf16Big;
      break;
    case Content::kText:
      break;
  }
  // NULs may be space that is not written yet.
  if (candidate->form == FileForm::kPlain) head.resize(std::min(head.find('\0'), head.size()));
  candidate->head = head.substr(0, HeadPrint::kBytes);
  return true;
}

bool Follower::IsCopyOf(const Candidate& candidate, TailFile* file) {
  const FoundFile& found = candidate.found;
  const TailPosition& at = file->at;
  if (FileId{found.device, found.inode} == at.id && candidate.born_us == at.born_us) return false;
  // A generation that began empty and was not read yet has no print.
  if (at.offset == 0 && at.form != FileForm::kPacked && !file->lost && !file->unreachable &&
      at.head.length() < HeadPrint::kBytes && Open(file) == Opened::kYes) {
    char head[HeadPrint::kBytes];
    const ssize_t n = ReadAt(file->fd, head, sizeof(head), 0);
    if (n > 0)
      file->at.head.Set(std::string_view(head, n).substr(0, std::string_view(head, n).find('\0')));
  }
  const int common = at.head.Common(candidate.head);
  if (common <= 0) return false;
  // app.log.3.gz and app.log.1 differ by suffixes alone; app-1.log and app-2.log may be two
  // programs'.
  const std::string stem = RotationStem(BaseName(at.real_path));
  const bool extends =
      BaseName(found.path).starts_with(stem) && BaseName(at.real_path).starts_with(stem);
  if (common < kStrongHead && !extends) return false;
  if (candidate.form == FileForm::kPacked || at.form == FileForm::kPacked) return true;
  if (candidate.form != at.form) return false;
  const auto size = static_cast<uint64_t>(found.size_bytes);
  char here[Guard::kBytes], there[Guard::kBytes];
  if (at.offset > 0 && size >= at.offset) {
    const size_t length = at.guard.length;
    const ssize_t n = ReadAt(candidate.fd, here, length, at.offset - length);
    return n == static_cast<ssize_t>(length) && at.guard.Holds({here, length});
  }
  if (file->lost || file->unreachable || Open(file) != Opened::kYes) return true;
  // The original can be asked.
  const size_t length = std::min<uint64_t>(size, Guard::kBytes);
  const ssize_t n = ReadAt(candidate.fd, here, length, size - length);
  if (n != static_cast<ssize_t>(length)) return false;
  const ssize_t m = ReadAt(file->fd, there, length, size - length);
  if (m < n || std::string_view(here, length) == std::string_view(there, length)) return true;
  // Or it was truncated and has grown since; then its head must do.
  const ssize_t k = ReadAt(file->fd, there, at.guard.length, at.offset - at.guard.length);
  return k != at.guard.length || !at.guard.Holds({there, at.guard.length});
}

void Follower::IndexStems() {
  if (stems_indexed_) return;
  stems_indexed_ = true;
  stems_.clear();
  for (const auto& file : files_) stems_[StemKey(file->at.real_path)].push_back(file.get());
}

TailFile* Follower::OriginalOf(const Candidate& candidate) {
  IndexStems();
  const std::string& path = candidate.found.path;
  auto it = stems_.find(StemKey(path));
  if (it == stems_.end()) {
    // The globs may name a directory by a link.
    const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
    if (real == nullptr || path == real.get()) return nullptr;
    it = stems_.find(StemKey(real.get()));
    if (it == stems_.end()) return nullptr;
  }
  // Those that look for their rest come first, then the longest known.
  std::vector<TailFile*> order = it->second;
  const auto rank = [](const TailFile* f) { return f->lost || f->unreachable ? 0 : 1; };
  std::stable_sort(order.begin(), order.end(), [&](const TailFile* a, const TailFile* b) {
    return std::pair(rank(a), b->at.head.length()) < std::pair(rank(b), a->at.head.length());
  });
  for (TailFile* file : order) {
    if (IsCopyOf(candidate, file)) return file;
  }
  return nullptr;
}

std::optional<std::pair<FileId, Follower::Copy>> Follower::PresentCopy(const TailFile* of) const {
  std::optional<std::pair<FileId, Copy>> best;
  for (const auto& [id, copy] : copies_) {
    if (copy.of != of || FactsOfPath(copy.path).status().code() == absl::StatusCode::kNotFound) {
      continue;
    }
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
  at.finished = false;
  at.generation = 0;
  at.size = at.offset;
  const absl::StatusOr<FileFacts> facts = FactsOfPath(path);
  if (facts.ok() && facts->id == id) {
    at.born_us = facts->born_us;
    at.size = static_cast<uint64_t>(facts->size);
    file->modified_ns = facts->modified_ns;
  }
  file->lost = file->unreachable = file->partial = file->stalled = file->flush = false;
  file->gone = !in_globs;
  file->rotated = file->path != path || LooksRotated(BaseName(path));
  file->left_us = file->grown_us = now_us_;
  file->seen = scan_;
  file->path = path;
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  SetRealPath(file, real == nullptr ? path : real.get());
  by_id_[id] = file;
  generations_[id] = {at.born_us, 0};
  stems_indexed_ = false;
  timed_ = true;
  MakeReady(file);
  return Push(file, LiveBatch());
}

// Under the file's name and inode is other content than what was read.
absl::Status Follower::Replaced(TailFile* file) {
  ++truncations_;
  Close(file);
  const FileId id = file->at.id;
  const int64_t born_us = file->at.born_us;
  const bool in_globs = !file->gone;
  const std::string path = file->path, real_path = file->at.real_path;
  if (const auto it = by_id_.find(id); it != by_id_.end() && it->second == file) by_id_.erase(it);
  file->lost = file->rotated = true;
  file->partial = false;
  file->left_us = now_us_;
  timed_ = scan_wanted_ = true;
  if (const auto copy = PresentCopy(file); copy.has_value()) {
    CULPRIT_RETURN_IF_ERROR(
        MoveTo(file, copy->first, copy->second.path, copy->second.form, /*in_globs=*/true));
  }
  // The inode's next generation begins at once, so that nothing of it is missed.
  const absl::StatusOr<FileFacts> facts = FactsOfPath(real_path);
  if (!in_globs || !facts.ok() || facts->id != id || !facts->regular) return absl::OkStatus();
  Candidate candidate;
  FoundFile found;
  found.path = path;
  found.device = id.device;
  found.inode = id.inode;
  found.size_bytes = facts->size;
  found.modified_ns = facts->modified_ns;
  if (facts->born_us != born_us) return Judge(found);  // the inode is another file's now
  candidate.born_us = facts->born_us;
  if (facts->size > 0 && !Peek(found, &candidate)) return absl::OkStatus();
  candidate.found = found;
  return Follow(candidate);
}

}  // namespace culprit
