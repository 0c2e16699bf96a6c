// Whole lines from a file that may still grow, plain or UTF-16.
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/ingest/file_input.h"
#include "engine/ingest/tail/tail_file.h"
#include "engine/ingest/utf16.h"

namespace culprit {
namespace {

constexpr size_t kNone = std::string_view::npos;

// Place behind the last (or first) newline in `bytes`, kNone if there is none. UTF-16: `bytes`
// begins at a whole unit.
size_t BehindNewline(FileForm form, std::string_view bytes, bool last) {
  if (form == FileForm::kPlain) {
    const void* at = last ? memrchr(bytes.data(), '\n', bytes.size())
                          : std::memchr(bytes.data(), '\n', bytes.size());
    return at == nullptr ? kNone : static_cast<const char*>(at) - bytes.data() + 1;
  }
  const size_t low = form == FileForm::kUtf16Little ? 0 : 1;
  const size_t units = bytes.size() / 2;
  for (size_t i = 0; i < units; ++i) {
    const size_t at = 2 * (last ? units - 1 - i : i);
    if (bytes[at + low] == '\n' && bytes[at + 1 - low] == '\0') return at + 2;
  }
  return kNone;
}

class TwoParts : public ByteInput {
 public:
  TwoParts(std::string_view first, std::string_view rest) : parts_{first, rest} {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    std::string_view& part = parts_[0].empty() ? parts_[1] : parts_[0];
    const size_t n = std::min(size, part.size());
    std::memcpy(buffer, part.data(), n);
    part.remove_prefix(n);
    return n;
  }

 private:
  std::string_view parts_[2];
};

// Whole UTF-16 lines: no state is carried from one call to the next.
std::string ToText(FileForm form, std::string_view bytes) {
  if (form == FileForm::kPlain) return std::string(bytes);
  TwoParts raw(form == FileForm::kUtf16Little ? "\xff\xfe" : "\xfe\xff", bytes);
  Utf16Input text(raw);
  std::string out(bytes.size() / 2 * 3 + 3, '\0');  // a unit is at most three bytes
  size_t size = 0;
  for (;;) {
    const absl::StatusOr<size_t> n = text.Read(out.data() + size, out.size() - size);
    if (!n.ok() || *n == 0) break;  // memory does not fail
    size += *n;
    if (size == out.size()) out.resize(2 * out.size());
  }
  out.resize(size);
  return out;
}

// Fills `guard` (the bytes before the position) and *bytes with up to `want` bytes from it.
absl::Status ReadWithGuard(const TailFile& file, size_t want, char* guard, size_t* guard_size,
                           std::string* bytes) {
  const size_t length = file.at.guard.length;
  bytes->reserve(want + 1 + kLiveBatchPadding);
  bytes->resize(want);
  iovec parts[2] = {{guard, length}, {bytes->data(), want}};
  ssize_t n;
  do {
    n = preadv(file.fd, parts, 2, static_cast<off_t>(file.at.offset - length));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FileError(errno, file.path);
  *guard_size = std::min<size_t>(n, length);
  bytes->resize(static_cast<size_t>(n) - *guard_size);
  return absl::OkStatus();
}

// Moves on behind the first `taken` bytes of `block`, which begins at the position.
void Advance(TailFile* file, std::string_view guard, std::string_view block, size_t taken) {
  std::string last(guard);
  block = block.substr(0, taken);
  last.append(block.substr(block.size() - std::min(block.size(), Guard::kBytes)));
  file->at.guard = Guard::Of(last);
  file->at.offset += taken;
  if (file->at.form == FileForm::kPlain) file->at.text_offset += taken;
  if (file->at.head.length() >= HeadPrint::kBytes) return;
  char head[HeadPrint::kBytes];
  const ssize_t n = ReadAt(file->fd, head, std::min<uint64_t>(sizeof(head), file->at.offset), 0);
  if (n > static_cast<ssize_t>(file->at.head.length())) {
    file->at.head.Set({head, static_cast<size_t>(n)});
  }
}

void SkipMark(TailFile* file, std::string_view block) {
  if (file->at.form == FileForm::kPlain || file->at.offset > 0 || block.size() < 2) return;
  file->at.offset = 2;
  file->at.guard = Guard::Of(block.substr(0, 2));
}

// Where the file's next written byte is: a hole is what a truncation leaves before a writer that
// goes on at its old place.
uint64_t NextData(const TailFile& file, uint64_t size) {
  const off_t at = lseek(file.fd, static_cast<off_t>(file.at.offset), SEEK_DATA);
  if (at >= 0) return static_cast<uint64_t>(at);
  return errno == ENXIO ? size : file.at.offset;
}

// A line that begins with NULs: they are a hole, or space that was allocated and not written yet.
// True: the position moved.
bool SkipNuls(TailFile* file, uint64_t size, std::string_view guard, std::string_view block) {
  const size_t nuls = std::min(block.find_first_not_of('\0'), block.size());
  if (nuls < block.size()) {
    Advance(file, guard, block, nuls);
    return true;
  }
  // Only NULs. They may still be written over if they reach to the end.
  const uint64_t next = std::max(NextData(*file, size), file->at.offset + block.size());
  if (next >= size) return false;
  file->at.offset = file->at.text_offset = next;
  file->at.guard = Guard::Of(std::string(Guard::kBytes, '\0'));
  return true;
}

}  // namespace

ssize_t ReadAt(int fd, char* buffer, size_t size, uint64_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, buffer + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

absl::StatusOr<ReadResult> ReadText(TailFile* file, const ReadLimits& limits, bool flush,
                                    LiveBatch* batch) {
  constexpr ReadResult kReplaced{ReadOutcome::kReplaced};
  TailPosition& at = file->at;
  const size_t unit = at.form == FileForm::kPlain ? 1 : 2;
  size_t want = std::min(limits.block_bytes, limits.max_line_bytes + 1);
  char guard_bytes[Guard::kBytes];
  std::string& bytes = batch->bytes;
  for (;;) {
    struct stat st;
    if (fstat(file->fd, &st) != 0) return FileError(errno, file->path);
    const auto size = static_cast<uint64_t>(st.st_size);
    at.size = std::max(at.size, size);
    if (size < at.offset) return kReplaced;
    at.size = size;
    const uint64_t left = (size - at.offset) / unit * unit;
    const size_t asked = static_cast<size_t>(std::min<uint64_t>(want / unit * unit, left));
    size_t guard_size = 0;
    if (absl::Status s = ReadWithGuard(*file, asked, guard_bytes, &guard_size, &bytes); !s.ok()) {
      return s;
    }
    const std::string_view guard(guard_bytes, guard_size);
    if (!at.guard.Holds(guard)) return kReplaced;
    if (at.offset == 0 && (size < at.head.length() || at.head.Common(bytes) < 0)) return kReplaced;
    std::string_view block(bytes);
    block = block.substr(0, block.size() / unit * unit);
    file->partial = false;
    if (block.empty()) return ReadResult{};
    if (unit == 2 && at.offset == 0) {
      SkipMark(file, block);
      continue;
    }
    if (unit == 1 && block[0] == '\0') {
      if (!SkipNuls(file, size, guard, block)) return ReadResult{};
      continue;
    }
    if (at.dropping) {
      const size_t end = BehindNewline(at.form, block, /*last=*/false);
      const size_t taken = end == kNone ? block.size() : end;
      if (unit == 2) at.text_offset += ToText(at.form, block.substr(0, taken)).size();
      Advance(file, guard, block, taken);
      at.dropping = end == kNone;
      if (at.dropping) return ReadResult{ReadOutcome::kNothing, at.offset + unit <= size};
      continue;
    }
    size_t taken = BehindNewline(at.form, block, /*last=*/true);
    bool cut = false;
    if (taken == kNone && block.size() > limits.max_line_bytes) {
      cut = true;
      taken = limits.max_line_bytes / unit * unit;
    } else if (taken == kNone && block.size() < left) {
      if (block.size() < asked) return ReadResult{};  // it shrinks under our hands: look again
      want = limits.max_line_bytes + unit;
      continue;
    } else if (taken == kNone && flush) {
      taken = block.size();
    } else if (taken == kNone) {
      file->partial = true;
      return ReadResult{};
    }
    batch->offset = at.text_offset;
    const bool more = at.offset + block.size() + unit <= size;
    file->partial = taken < block.size() && !more;
    Advance(file, guard, block, taken);
    if (unit == 1) {
      bytes.resize(taken);
    } else {
      bytes = ToText(at.form, block.substr(0, taken));
      at.text_offset += bytes.size();
    }
    if (bytes.back() != '\n') bytes.push_back('\n');
    if (cut) {
      batch->counters.Count(Reason::kLineTruncated);
      at.dropping = true;
    }
    return ReadResult{ReadOutcome::kData, more || cut};
  }
}

}  // namespace culprit
