// From what the user typed to a sorted list of files: directories, globs, standard input. Opens no
// file. Owned by ingest; one thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace culprit {

struct FoundFile {
  std::string path;     // "-": standard input
  size_t input = 0;     // index of the input it came from
  bool regular = true;  // else a pipe or device that was named itself
  // Of a regular file, when it was found.
  uint64_t device = 0, inode = 0;
  int64_t size_bytes = -1;
  int64_t modified_ns = 0;  // since the epoch
};

struct LeftOut {
  std::string path;
  std::string reason;
  size_t input = 0;
};

struct WalkResult {
  std::vector<FoundFile> files;   // sorted by path; each file once, however often it was reached
  std::vector<LeftOut> left_out;  // hidden files, editor leftovers, sockets, second names of a file
  std::vector<absl::Status> problems;
  // Inputs that a problem speaks of already, or whose files another input names too.
  std::set<size_t> settled;
};

// Directories are walked to any depth, symbolic links are followed, loops are cut. In a glob `*`,
// `?` and `[...]` stay within one name and do not match a leading dot; `**` stands for any number
// of directories. A path that exists is never taken as a glob.
WalkResult WalkInputs(const std::vector<std::string>& inputs);

// The reason why a file of this name is no log ("hidden file", "editor backup"), else empty. The
// names of archive members are judged by the same rule, name by name.
std::string_view IgnoredNameReason(std::string_view name);

}  // namespace culprit
