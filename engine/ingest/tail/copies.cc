// Which file holds what another one holds or held: copies and compressed successors.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

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

// Of the text of a packed file: what is compared with an original that can be asked, and what is
// unpacked at most to see what stands before a remembered position.
constexpr size_t kCompared = 64 * 1024;
constexpr uint64_t kUnpacked = 64 * 1024 * 1024;

std::string StemKey(const std::string& real_path) {
  const std::string_view base = PathBase(real_path);
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
    case Content::kZstd:
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

// The candidate's bytes against the original's own: is the one the beginning of the other? The
// original is open and plain.
bool Follower::Begins(const Candidate& candidate, const TailFile& file) {
  char here[HeadPrint::kBytes], there[HeadPrint::kBytes];
  struct stat st;
  if (candidate.form == FileForm::kPacked) {
    if (file.at.form != FileForm::kPlain) return false;
    PackedReader reader(candidate.fd, candidate.found.path);
    std::string text(kCompared, '\0'), original(kCompared, '\0');
    size_t size = 0;
    while (size < text.size()) {
      const absl::StatusOr<size_t> n = reader.Read(text.data() + size, text.size() - size);
      if (!n.ok() || *n == 0) break;  // what there is must do
      size += *n;
    }
    return size > 0 && ReadAt(file.fd, original.data(), size, 0) == static_cast<ssize_t>(size) &&
           std::memcmp(text.data(), original.data(), size) == 0;
  }
  // Its size was asked before the original's: a copy is never longer.
  const auto size = static_cast<uint64_t>(candidate.found.size_bytes);
  if (candidate.form != file.at.form || fstat(file.fd, &st) != 0 ||
      static_cast<uint64_t>(st.st_size) < size) {
    return false;
  }
  const auto equal = [&](size_t length, uint64_t at) {
    const auto n = static_cast<ssize_t>(length);
    return ReadAt(candidate.fd, here, length, at) == n && ReadAt(file.fd, there, length, at) == n &&
           std::memcmp(here, there, length) == 0;
  };
  const size_t head = std::min<uint64_t>(size, sizeof(here));
  const size_t end = std::min<uint64_t>(size, Guard::kBytes);
  return equal(head, 0) && equal(end, size - end);
}

// The same for a packed original: then a copy is one byte for byte, and its end has a checksum.
bool Follower::EqualPacked(const Candidate& candidate, const TailFile& file) {
  char here[Guard::kBytes], there[Guard::kBytes];
  struct stat st;
  if (candidate.form != FileForm::kPacked || fstat(file.fd, &st) != 0 ||
      st.st_size != candidate.found.size_bytes) {
    return false;
  }
  const size_t length = std::min<size_t>(st.st_size, sizeof(here));
  const auto n = static_cast<ssize_t>(length);
  return file.at.head.Common(candidate.head) >= 0 &&
         ReadAt(candidate.fd, here, length, st.st_size - n) == n &&
         ReadAt(file.fd, there, length, st.st_size - n) == n &&
         std::memcmp(here, there, length) == 0;
}

// The candidate against what is remembered of an original that cannot be asked any more.
Follower::Likeness Follower::Remembered(const Candidate& candidate, const TailFile& file,
                                        bool extends) {
  const TailPosition& at = file.at;
  const int common = at.head.Common(candidate.head);
  if (common <= 0 || (common < kStrongHead && !extends)) return Likeness::kOther;
  // A copy that is older than what was read was made before a truncation.
  const std::string_view name = PathBase(candidate.found.path);
  const bool strong = common >= static_cast<int>(HeadPrint::kRungs[0]);
  const Likeness older =
      file.lost && strong && RotationStem(name) != name ? Likeness::kOlderCopy : Likeness::kOther;
  if (at.form == FileForm::kPacked) return Likeness::kCopy;
  if (candidate.form == FileForm::kPacked) {
    if (at.text_offset > kUnpacked) return Likeness::kCopy;  // reading it will show
    PackedReader reader(candidate.fd, candidate.found.path);
    absl::StatusOr<bool> there = false;
    while (there.ok() && !*there) there = reader.Skip(at);
    if (absl::IsNotFound(there.status())) return Likeness::kOther;
    return there.ok() && reader.ended() ? older : Likeness::kCopy;
  }
  if (candidate.form != at.form) return Likeness::kOther;
  if (static_cast<uint64_t>(candidate.found.size_bytes) < at.offset) return older;
  char here[Guard::kBytes];
  const size_t length = at.guard.length;
  const ssize_t n = ReadAt(candidate.fd, here, length, at.offset - length);
  const bool holds = n == static_cast<ssize_t>(length) && at.guard.Holds({here, length});
  return holds ? Likeness::kCopy : Likeness::kOther;
}

absl::StatusOr<Follower::Likeness> Follower::Compare(const Candidate& candidate, TailFile* file) {
  const FileId id{candidate.found.device, candidate.found.inode};
  const std::pair life(id, candidate.born_us);
  if (life == std::pair(file->at.id, file->at.born_us) ||
      std::find(file->not_in.begin(), file->not_in.end(), life) != file->not_in.end()) {
    return Likeness::kOther;
  }
  if (file->at.head.Common(candidate.head) < 0) return Likeness::kOther;
  if (file->limbo) return Likeness::kUnknown;
  const std::string_view name = PathBase(candidate.found.path);
  const std::string stem = RotationStem(name);
  // app.log.3.gz and app.log.1 differ by suffixes alone; app-1.log and app-2.log may be two
  // programs'.
  const bool extends = name.starts_with(stem) && PathBase(file->at.real_path).starts_with(stem);
  if (!file->live()) {
    return Remembered(candidate, *file, extends);
  }
  const Opened opened = Open(file);
  if (opened == Opened::kNo) return Likeness::kUnknown;
  if (opened == Opened::kYes) {
    const bool packed = file->at.form == FileForm::kPacked;
    const bool equal = packed ? EqualPacked(candidate, *file) : Begins(candidate, *file);
    // Asked afterwards: then it was the original that was compared.
    if (Holds(*file)) {
      // The older name is the copy's.
      if (!equal || stem == name ||
          (!packed && candidate.form != FileForm::kPacked && !extends &&
           candidate.found.size_bytes < kStrongHead)) {
        return Likeness::kOther;
      }
      if (file->at.offset == 0 && !packed && file->at.head.length() < candidate.head.size()) {
        file->at.head.Set(candidate.head);
      }
      return Likeness::kCopy;
    }
  }
  if (opened != Opened::kUnreadable) CULPRIT_RETURN_IF_ERROR(Replaced(file));
  if (file->live() && opened != Opened::kUnreadable) return Likeness::kUnknown;  // it moved
  return Remembered(candidate, *file, extends);
}

void Follower::IndexStems() {
  if (stems_indexed_) return;
  stems_indexed_ = true;
  stems_.clear();
  for (const auto& file : files_) stems_[StemKey(file->at.real_path)].push_back(file.get());
}

void Follower::AddToStems(TailFile* file) {
  if (stems_indexed_) stems_[StemKey(file->at.real_path)].push_back(file);
}

// Likeness::kUnknown: ask again after the next scan.
absl::StatusOr<std::pair<Follower::Likeness, TailFile*>> Follower::OriginalOf(
    const Candidate& candidate) {
  IndexStems();
  const std::string& path = candidate.found.path;
  std::pair<Likeness, TailFile*> none{Likeness::kOther, nullptr};
  auto it = stems_.find(StemKey(path));
  if (it == stems_.end()) {
    // The globs may name a directory by a link.
    it = stems_.find(StemKey(RealPath(path)));
    if (it == stems_.end()) return none;
  }
  // Those that look for their rest come first, then the longest known.
  std::vector<TailFile*> order = it->second;
  std::stable_sort(order.begin(), order.end(), [](const TailFile* a, const TailFile* b) {
    return std::pair(a->live(), b->at.head.length()) < std::pair(b->live(), a->at.head.length());
  });
  TailFile* older = nullptr;
  for (TailFile* file : order) {
    absl::StatusOr<Likeness> like = Compare(candidate, file);
    if (!like.ok()) return like.status();
    if (*like == Likeness::kCopy) return std::pair(*like, file);
    if (*like == Likeness::kUnknown) none.first = Likeness::kUnknown;
    if (*like == Likeness::kOlderCopy && older == nullptr) older = file;
  }
  // Only if nothing fits better.
  if (none.first == Likeness::kOther && older != nullptr) none = {Likeness::kOlderCopy, older};
  return none;
}

}  // namespace culprit
