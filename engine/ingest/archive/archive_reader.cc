#include "engine/ingest/archive/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {
constexpr size_t kInputBytes = 64 * 1024;
constexpr int kMaxRetries = 16;  // damaged headers passed over in a row
}  // namespace

struct ArchiveReader::State {
  archive* handle = nullptr;
  ByteInput* inner = nullptr;
  absl::Status inner_error;
  char input[kInputBytes];

  ~State() { archive_read_free(handle); }

  static la_ssize_t Read(archive* a, void* self, const void** buffer) noexcept {
    auto* state = static_cast<State*>(self);
    absl::StatusOr<size_t> n = state->inner->Read(state->input, sizeof(state->input));
    if (!n.ok()) {
      state->inner_error = n.status();
      archive_set_error(a, EIO, "input failed");
      return ARCHIVE_FATAL;
    }
    *buffer = state->input;
    return static_cast<la_ssize_t>(*n);
  }
  static la_int64_t Seek(archive* a, void* self, la_int64_t offset, int whence) noexcept {
    auto* state = static_cast<State*>(self);
    absl::StatusOr<int64_t> at = state->inner->Seek(offset, whence);
    if (at.ok()) return *at;
    state->inner_error = at.status();
    archive_set_error(a, EIO, "input cannot seek");
    return ARCHIVE_FATAL;
  }
};

ArchiveReader::ArchiveReader(ByteInput& inner, Mode mode, std::string name, std::string what)
    : state_(std::make_unique<State>()),
      mode_(mode),
      name_(std::move(name)),
      what_(std::move(what)) {
  state_->inner = &inner;
  state_->handle = archive_read_new();
  archive* const a = state_->handle;
  if (a == nullptr) throw std::bad_alloc();
  if (mode == Mode::kDecompress) {
    archive_read_support_filter_xz(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_lz4(a);
    archive_read_support_filter_lzip(a);
    archive_read_support_filter_compress(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
  } else {
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_cpio(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_rar5(a);
  }
  if (inner.seekable()) archive_read_set_seek_callback(a, State::Seek);
}

ArchiveReader::~ArchiveReader() = default;

absl::Status ArchiveReader::Damage(const char* detail) {
  fatal_ = true;
  if (!state_->inner_error.ok()) return state_->inner_error;  // says more than libarchive can
  const char* reason = archive_error_string(state_->handle);
  return absl::DataLossError(absl::StrCat(name_, ": ", what_, " data is damaged or cut short (",
                                          reason == nullptr ? "no reason given" : reason, "); ",
                                          detail));
}

absl::Status ArchiveReader::Open() {
  opened_ = true;
  archive* const a = state_->handle;
  archive_read_set_read_callback(a, State::Read);
  archive_read_set_callback_data(a, state_.get());
  if (archive_read_open1(a) < ARCHIVE_WARN) return Damage("copy it again, or unpack it by hand");
  return absl::OkStatus();
}

absl::StatusOr<bool> ArchiveReader::Next(Member* member) {
  if (fatal_) return false;
  if (!opened_) {
    if (absl::Status status = Open(); !status.ok()) return status;
  }
  read_error_ = absl::OkStatus();
  block_left_ = 0;
  position_ = block_offset_ = 0;
  archive_entry* entry = nullptr;
  int rc = ARCHIVE_RETRY;
  for (int i = 0; rc == ARCHIVE_RETRY && i < kMaxRetries; ++i) {
    rc = archive_read_next_header(state_->handle, &entry);
  }
  if (rc == ARCHIVE_EOF) {
    fatal_ = true;
    return false;
  }
  if (rc < ARCHIVE_WARN) return Damage("members before it were read. Copy it again");
  member_ended_ = false;
  const char* path = archive_entry_pathname_utf8(entry);
  if (path == nullptr) path = archive_entry_pathname(entry);
  member->name = path == nullptr ? "(unnamed)" : path;
  member->size_bytes = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
  member->modified = archive_entry_mtime_is_set(entry)
                         ? static_cast<TimeUs>(archive_entry_mtime(entry)) * kSecondUs +
                               archive_entry_mtime_nsec(entry) / 1000
                         : kNoTime;
  // Streamed zips and raw data give no type: then it is a file.
  const auto type = archive_entry_filetype(entry);
  member->is_directory = type == AE_IFDIR;
  member->is_file = (type == AE_IFREG || type == 0) && archive_entry_hardlink(entry) == nullptr;
  return true;
}

absl::StatusOr<size_t> ArchiveReader::Read(char* buffer, size_t size) {
  if (!opened_ && mode_ == Mode::kDecompress) {
    Member ignored;
    absl::StatusOr<bool> any = Next(&ignored);
    if (!any.ok())
      read_error_ = any.status();
    else if (!*any)
      member_ended_ = true;
  }
  if (!read_error_.ok()) return read_error_;
  while (block_left_ == 0) {
    if (member_ended_) return 0;
    const void* block = nullptr;
    la_int64_t offset = 0;
    const int rc = archive_read_data_block(state_->handle, &block, &block_left_, &offset);
    block_ = static_cast<const char*>(block);
    block_offset_ = offset;
    if (rc == ARCHIVE_EOF) {
      member_ended_ = true;
      // A sparse file's last hole.
      block_left_ = 0;
    } else if (rc < ARCHIVE_WARN) {
      block_left_ = 0;
      const bool goes_on = rc != ARCHIVE_FATAL && mode_ == Mode::kMembers;
      read_error_ =
          Damage(goes_on ? "this member ends here, the next ones are read"
                         : "what came before was read, what follows is lost. Copy it again");
      if (goes_on && state_->inner_error.ok()) fatal_ = false;
      return read_error_;
    }
  }
  if (position_ < block_offset_) {  // a hole in a sparse member reads as NULs
    const size_t n = std::min<uint64_t>(size, static_cast<uint64_t>(block_offset_ - position_));
    std::memset(buffer, 0, n);
    position_ += static_cast<int64_t>(n);
    return n;
  }
  const size_t n = std::min(size, block_left_);
  std::memcpy(buffer, block_, n);
  block_ += n;
  block_left_ -= n;
  block_offset_ += static_cast<int64_t>(n);
  position_ += static_cast<int64_t>(n);
  return n;
}

}  // namespace culprit
