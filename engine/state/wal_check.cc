#include "engine/state/wal_check.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // lowest bit: checksums over big-endian words

uint32_t BigEndian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}

struct Sums {
  uint32_t a = 0;
  uint32_t b = 0;
  bool big_endian = false;

  void Add(const uint8_t* p, size_t size) {  // size: a multiple of 8
    for (size_t i = 0; i < size; i += 8) {
      uint32_t x = BigEndian(p + i);
      uint32_t y = BigEndian(p + i + 4);
      if (!big_endian) {
        x = __builtin_bswap32(x);
        y = __builtin_bswap32(y);
      }
      a += x + b;
      b += y + a;
    }
  }
  bool Fit(const uint8_t* p) const { return BigEndian(p) == a && BigEndian(p + 4) == b; }
};

}  // namespace

absl::StatusOr<WalState> CheckWal(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "rbe"), fclose);
  if (file == nullptr) {
    if (errno == ENOENT) return WalState::kClean;
    return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
  }
  uint8_t header[kHeaderBytes];
  const size_t got = fread(header, 1, sizeof header, file.get());
  if (ferror(file.get())) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
  if (got < sizeof header) return WalState::kClean;  // nothing was committed yet
  const size_t page = BigEndian(header + 8);
  Sums sums;
  sums.big_endian = (BigEndian(header) & 1) != 0;
  sums.Add(header, 24);
  if ((BigEndian(header) & ~1U) != kMagic || page < 512 || page > 65536 ||
      (page & (page - 1)) != 0 || !sums.Fit(header + 24)) {
    // A header alone holds nothing; with frames behind it, it was whole when they were written.
    return fgetc(file.get()) == EOF ? WalState::kTornTail : WalState::kDamaged;
  }
  std::vector<uint8_t> frame(kFrameHeaderBytes + page);
  bool broken = false;
  int frames_behind = 0;
  int commits_behind = 0;
  while (fread(frame.data(), 1, frame.size(), file.get()) == frame.size()) {
    // Frames of an earlier use of the file differ in both salts; one that fits is damage.
    const bool salt1 = std::memcmp(frame.data() + 8, header + 16, 4) == 0;
    const bool salt2 = std::memcmp(frame.data() + 12, header + 20, 4) == 0;
    if (!broken) {
      Sums next = sums;
      next.Add(frame.data(), 8);
      next.Add(frame.data() + kFrameHeaderBytes, page);
      broken = !salt1 || !salt2 || !next.Fit(frame.data() + 16);
      if (!broken) sums = next;
    }
    if (!broken || (!salt1 && !salt2)) continue;
    ++frames_behind;
    // A transaction's last frame names the file's size. One such frame may belong to a write that a
    // power cut tore; the next transaction begins only when that one is on the disk.
    if (BigEndian(frame.data() + 4) != 0) ++commits_behind;
  }
  if (ferror(file.get())) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
  if (frames_behind == 0) return WalState::kClean;
  return commits_behind > 1 ? WalState::kDamaged : WalState::kTornTail;
}

}  // namespace culprit
