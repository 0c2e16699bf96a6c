#include "engine/ingest/walk.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/ingest/file_input.h"

namespace culprit {
namespace {

using FileId = std::pair<dev_t, ino_t>;
constexpr int kMaxDepth = 128;

struct Found {
  FoundFile file;
  FileId id;
};

std::string Join(const std::string& directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  return absl::StrCat(directory, directory.back() == '/' ? "" : "/",
                      absl::string_view(name.data(), name.size()));
}

class Walker {
 public:
  explicit Walker(WalkResult* result) : result_(result) {}

  void Input(const std::string& input, size_t index) {
    index_ = index;
    visited_.clear();
    if (input == "-") {
      found_.push_back({{"-", index, false}, {}});
      return;
    }
    if (input.empty()) {
      Problem(absl::InvalidArgumentError("an input path is empty"));
      return;
    }
    struct stat st;
    if (stat(input.c_str(), &st) == 0) {
      Path(Trimmed(input), /*named=*/true, 0);
    } else if (const int error = errno;
               error == ENOENT && input.find_first_of("*?[") != std::string::npos) {
      Glob(input);
    } else {
      Problem(FileError(error, input));
    }
  }

  // Sorts, and keeps one name per file: the first in order.
  void Finish() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Found& a, const Found& b) { return a.file.path < b.file.path; });
    std::map<FileId, std::string> seen;
    for (Found& f : found_) {
      if (!result_->files.empty() && result_->files.back().path == f.file.path) {
        result_->settled.insert(f.file.input);
        continue;
      }
      if (f.file.regular) {
        const auto [it, fresh] = seen.emplace(f.id, f.file.path);
        if (!fresh) {
          result_->settled.insert(f.file.input);
          result_->left_out.push_back(
              {f.file.path, absl::StrCat("the same file as ", it->second), f.file.input});
          continue;
        }
      }
      result_->files.push_back(std::move(f.file));
    }
  }

 private:
  static std::string Trimmed(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  static std::vector<std::string> Names(const std::string& directory, int* error) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(
        opendir(directory.empty() ? "." : directory.c_str()), closedir);
    *error = dir == nullptr ? errno : 0;
    if (dir == nullptr) return names;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(dir.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    *error = errno;
    std::sort(names.begin(), names.end());
    return names;
  }

  void Problem(absl::Status status) {
    result_->problems.push_back(std::move(status));
    result_->settled.insert(index_);
  }

  void LeaveOut(std::string path, std::string reason) {
    result_->left_out.push_back({std::move(path), std::move(reason), index_});
  }

  // `named`: the user gave this very path (or a glob did), so a pipe or device is meant.
  void Path(const std::string& path, bool named, int depth) {
    struct stat st;
    if (stat(path.c_str(), &st) != 0) {
      // Found in a directory, but a link to nowhere, or gone since it was listed.
      if (errno == ENOENT) return LeaveOut(path, "broken symbolic link");
      if (errno == ELOOP) return LeaveOut(path, "symbolic link to itself");
      Problem(FileError(errno, path));
      return;
    }
    if (S_ISDIR(st.st_mode)) return Directory(path, {st.st_dev, st.st_ino}, depth);
    if (S_ISREG(st.st_mode)) {
      found_.push_back({{path, index_, true, st.st_dev, st.st_ino, st.st_size,
                         st.st_mtim.tv_sec * int64_t{1'000'000'000} + st.st_mtim.tv_nsec},
                        {st.st_dev, st.st_ino}});
    } else if (named && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) {
      found_.push_back({{path, index_, false}, {}});
    } else {
      LeaveOut(path, S_ISSOCK(st.st_mode)   ? "socket"
                     : S_ISFIFO(st.st_mode) ? "named pipe; name it itself to read it"
                                            : "device");
    }
  }

  void Directory(const std::string& path, FileId id, int depth) {
    if (!visited_.insert(id).second) return LeaveOut(path, "directory already read (link or loop)");
    if (depth > kMaxDepth) return LeaveOut(path, "directories nest too deep");
    int error = 0;
    const std::vector<std::string> names = Names(path, &error);
    if (error != 0) Problem(FileError(error, path));
    for (const std::string& name : names) {
      const std::string child = Join(path, name);
      const std::string_view reason = IgnoredNameReason(name);
      if (reason.empty()) {
        Path(child, /*named=*/false, depth + 1);
      } else {
        LeaveOut(child, std::string(reason));
      }
    }
  }

  void Glob(const std::string& pattern) {
    std::vector<std::string> parts;
    const bool absolute = pattern[0] == '/';
    for (size_t i = 0; i < pattern.size();) {
      size_t slash = std::min(pattern.find('/', i), pattern.size());
      if (slash > i) parts.push_back(pattern.substr(i, slash - i));
      i = slash + 1;
    }
    const size_t before = found_.size();
    const size_t left_before = result_->left_out.size(), problems_before = result_->problems.size();
    GlobFrom(absolute ? "/" : "", parts, 0, 0);
    if (found_.size() == before && result_->left_out.size() == left_before &&
        result_->problems.size() == problems_before) {
      Problem(absl::NotFoundError(absl::StrCat(
          pattern, ": no file matches this pattern; quote it if the shell should not expand it")));
    }
  }

  void GlobFrom(const std::string& base, const std::vector<std::string>& parts, size_t at,
                int depth) {
    if (depth > kMaxDepth) return;
    if (at == parts.size()) {
      if (!base.empty()) Path(base, /*named=*/true, depth);
      return;
    }
    const std::string& part = parts[at];
    struct stat st;
    if (part == "**") {
      GlobFrom(base, parts, at + 1, depth);
      int error = 0;
      for (const std::string& name : Names(base, &error)) {
        const std::string child = Join(base, name);
        // Links are not followed here: any number of directories would then be infinitely many.
        if (IgnoredNameReason(name).empty() && lstat(child.c_str(), &st) == 0 &&
            S_ISDIR(st.st_mode)) {
          GlobFrom(child, parts, at, depth + 1);
        } else if (at + 1 == parts.size() && IgnoredNameReason(name).empty()) {
          Path(child, /*named=*/false, depth);
        }
      }
      return;
    }
    if (part.find_first_of("*?[") == std::string::npos) {
      const std::string child = base.empty() ? part : Join(base, part);
      if (stat(child.c_str(), &st) == 0) GlobFrom(child, parts, at + 1, depth + 1);
      return;
    }
    int error = 0;
    for (const std::string& name : Names(base, &error)) {
      if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
      const std::string child = Join(base, name);
      if (at + 1 < parts.size() && (stat(child.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)))
        continue;
      GlobFrom(child, parts, at + 1, depth + 1);
    }
    if (error == EACCES) Problem(FileError(error, base.empty() ? "." : base));
  }

  WalkResult* result_;
  size_t index_ = 0;
  std::set<FileId> visited_;  // directories, of the current input
  std::vector<Found> found_;
};

}  // namespace

std::string_view IgnoredNameReason(std::string_view name) {
  const auto ends_with = [name](std::string_view suffix) {
    return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
  };
  if (name.empty() || name == "." || name == "..") return "";
  if (name[0] == '.') return "hidden file";
  if (ends_with("~") || ends_with(".swp") || ends_with(".swo") ||
      (name.size() > 1 && name.front() == '#' && name.back() == '#')) {
    return "editor backup";
  }
  if (name == "__MACOSX") return "macOS archive metadata";
  return "";
}

WalkResult WalkInputs(const std::vector<std::string>& inputs) {
  WalkResult result;
  Walker walker(&result);
  for (size_t i = 0; i < inputs.size(); ++i) walker.Input(inputs[i], i);
  walker.Finish();
  return result;
}

}  // namespace culprit
