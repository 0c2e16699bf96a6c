// Which file is which: by device and inode while it stays where it is, by its content when it was
// copied, compressed or moved to another disk. Owned by ingest/tail; pure, except for the two that
// ask the kernel.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace culprit {

// FNV-1a. Stored with positions: it must never change.
uint64_t TailHash(std::string_view bytes);

struct FileId {
  uint64_t device = 0, inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const FileId& id) {
    return H::combine(std::move(h), id.device, id.inode);
  }
};

struct FileFacts {
  FileId id;
  int64_t born_us = 0;  // 0: the file system does not tell. Differs when an inode is used again.
  int64_t size = 0;
  int64_t modified_ns = 0;
  bool regular = false;
};
absl::StatusOr<FileFacts> FactsOfPath(const std::string& path);
absl::StatusOr<FileFacts> FactsOfDescriptor(int fd, const std::string& path);

// The first bytes of a file. A small file's print is taken again as it grows; rungs of shorter
// lengths let it be compared with a copy that is shorter than it was.
class HeadPrint {
 public:
  static constexpr size_t kBytes = 1024;
  static constexpr std::array<uint32_t, 3> kRungs = {16, 64, 256};

  // `head`: the first bytes, of which at most kBytes are used.
  void Set(std::string_view head);
  // Number of bytes in which `head`, another file's first bytes, was found equal; -1: they differ.
  // 0: nothing to compare.
  int Common(std::string_view head) const;
  uint32_t length() const { return length_; }

  template <typename Archive>
  void serialize(Archive& ar);

 private:
  uint32_t length_ = 0;
  uint64_t hash_ = 0;                   // of the first length_ bytes
  std::array<uint64_t, 3> rungs_ = {};  // of those with kRungs[i] <= length_
};

// The last bytes before a position: whether a file still is what was read, up to there.
struct Guard {
  static constexpr size_t kBytes = 64;
  uint8_t length = 0;
  uint64_t hash = 0;
  static Guard Of(std::string_view last);  // of which the last kBytes are used
  // `before`: the `length` bytes before the position.
  bool Holds(std::string_view before) const {
    return before.size() == length && (length == 0 || TailHash(before) == hash);
  }
};

std::string_view PathBase(std::string_view path);  // behind the last slash
std::string PathDirectory(const std::string& path);
// Without links; `path` itself if it cannot be resolved.
std::string RealPath(const std::string& path);

// The name without what rotation adds: "app.log.2.gz", "app.log-20260101", "app-2026-01-01.log" and
// "app.log" have the same stem.
std::string RotationStem(std::string_view name);
// The name says that it is no longer written to: app.log.1, app.log-20260101, app.log.old, x.gz.
bool LooksRotated(std::string_view name);

}  // namespace culprit
