#include "engine/ingest/tail/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "engine/ingest/file_input.h"

namespace culprit {
namespace {

FileFacts FactsOf(const struct statx& st) {
  FileFacts facts;
  facts.id = {makedev(st.stx_dev_major, st.stx_dev_minor), st.stx_ino};
  if ((st.stx_mask & STATX_BTIME) != 0) {
    facts.born_us = st.stx_btime.tv_sec * int64_t{1'000'000} + st.stx_btime.tv_nsec / 1000;
  }
  facts.size = static_cast<int64_t>(st.stx_size);
  facts.modified_ns = st.stx_mtime.tv_sec * int64_t{1'000'000'000} + st.stx_mtime.tv_nsec;
  facts.regular = S_ISREG(st.stx_mode);
  return facts;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr std::string_view kPacked[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".Z"};
constexpr std::string_view kOld[] = {".old", ".bak", ".orig", "~"};

template <size_t n>
bool CutSuffix(const std::string_view (&suffixes)[n], std::string_view* name) {
  for (const std::string_view suffix : suffixes) {
    if (name->size() > suffix.size() && name->ends_with(suffix)) {
      name->remove_suffix(suffix.size());
      return true;
    }
  }
  return false;
}

}  // namespace

uint64_t TailHash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

absl::StatusOr<FileFacts> FactsOfPath(const std::string& path) {
  struct statx st;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &st) != 0) {
    return FileError(errno, path);
  }
  return FactsOf(st);
}

absl::StatusOr<FileFacts> FactsOfDescriptor(int fd, const std::string& path) {
  struct statx st;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) != 0) {
    return FileError(errno, path);
  }
  return FactsOf(st);
}

void HeadPrint::Set(std::string_view head) {
  head = head.substr(0, kBytes);
  length_ = static_cast<uint32_t>(head.size());
  hash_ = TailHash(head);
  for (size_t i = 0; i < kRungs.size(); ++i) {
    rungs_[i] = kRungs[i] <= length_ ? TailHash(head.substr(0, kRungs[i])) : 0;
  }
}

int HeadPrint::Common(std::string_view head) const {
  if (length_ == 0) return 0;
  if (head.size() >= length_) {
    return TailHash(head.substr(0, length_)) == hash_ ? static_cast<int>(length_) : -1;
  }
  for (size_t i = kRungs.size(); i-- > 0;) {
    if (kRungs[i] > length_ || kRungs[i] > head.size()) continue;
    return TailHash(head.substr(0, kRungs[i])) == rungs_[i] ? static_cast<int>(kRungs[i]) : -1;
  }
  return 0;
}

Guard Guard::Of(std::string_view last) {
  last.remove_prefix(last.size() - std::min(last.size(), kBytes));
  return {static_cast<uint8_t>(last.size()), TailHash(last)};
}

std::string_view PathBase(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string PathDirectory(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  return real == nullptr ? path : real.get();
}

std::string RotationStem(std::string_view name) {
  while (CutSuffix(kPacked, &name) || CutSuffix(kOld, &name)) {
  }
  std::string stem;
  for (size_t i = 0; i < name.size();) {
    const bool separator = name[i] == '.' || name[i] == '-' || name[i] == '_';
    if (separator && i > 0 && i + 1 < name.size() && IsDigit(name[i + 1])) {
      ++i;
      while (i < name.size() && (IsDigit(name[i]) || name[i] == 'T' || name[i] == 'Z' ||
                                 name[i] == ':' || name[i] == '+' ||
                                 ((name[i] == '.' || name[i] == '-' || name[i] == '_') &&
                                  i + 1 < name.size() && IsDigit(name[i + 1])))) {
        ++i;
      }
    } else {
      stem += name[i++];
    }
  }
  return stem;
}

bool LooksRotated(std::string_view name) {
  std::string_view rest = name;
  if (CutSuffix(kPacked, &rest) || CutSuffix(kOld, &rest)) return true;
  const size_t cut = rest.find_last_of(".-_");
  return cut != std::string_view::npos && cut > 0 && cut + 1 < rest.size() &&
         std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(cut) + 1, rest.end(), IsDigit);
}

}  // namespace culprit
