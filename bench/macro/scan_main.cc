// bench_scan WAY SIGNATURES.tsv FILE [LIMIT_BYTES]
//
// One pass over a text that is already in memory, in blocks of 256 KiB, one thread. Prints JSON:
// what was found and the CPU seconds of the pass alone (building the matcher comes extra).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "bench/gen/signature_file.h"
#include "bench/macro/yardsticks.h"
#include "engine/match/lines.h"

namespace culprit::bench {
namespace {

constexpr size_t kBlock = 256 << 10;
constexpr size_t kWarm = 4 << 20;  // scanned before the clock starts: caches, lazy automata

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_scan: %s\n", why.c_str());
  std::exit(2);
}

double CpuSeconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// The file up to `limit` bytes, cut behind its last newline, padded.
std::string_view Load(const char* path, size_t limit) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) Fail(std::string(path) + " cannot be read");
  const size_t size = std::min(limit, static_cast<size_t>(info.st_size));
  auto* bytes = static_cast<char*>(
      mmap(nullptr, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (bytes == MAP_FAILED) Fail("out of memory");
  size_t have = 0;
  while (have < size) {
    const ssize_t n = read(fd, bytes + have, std::min<size_t>(size - have, 16 << 20));
    if (n <= 0) break;
    have += static_cast<size_t>(n);
  }
  close(fd);
  const std::string_view text(bytes, have);
  return text.substr(0, text.find_last_of('\n') + 1);
}

void Pass(std::string_view text, Yardstick* way, Found* found) {
  for (size_t at = 0; at < text.size();) {
    const size_t stop = text.find('\n', std::min(at + kBlock, text.size() - 1)) + 1;
    way->Scan(text.substr(at, stop - at), at, found);
    at = stop;
  }
}

int Run(int argc, char** argv) {
  if (argc < 4) Fail("usage: bench_scan WAY SIGNATURES.tsv FILE [LIMIT_BYTES]");
  const auto specs = ToSpecs(ReadSignatures(argv[2]));
  const double start = CpuSeconds();
  const auto way = MakeYardstick(argv[1], specs);
  if (way == nullptr) Fail(std::string("no way '") + argv[1] + "' in this build");
  const double built = CpuSeconds();
  const std::string_view text =
      Load(argv[3], argc > 4 ? std::strtoull(argv[4], nullptr, 10) : SIZE_MAX);
  if (text.empty()) Fail(std::string(argv[3]) + " holds no line");
  Found found;
  if (text.size() > kWarm) Pass(text.substr(0, text.find('\n', kWarm) + 1), way.get(), &found);
  found = Found();
  const double before = CpuSeconds();
  Pass(text, way.get(), &found);
  const double cpu = CpuSeconds() - before;
  std::printf(
      "{\"way\": \"%s\", \"bytes\": %zu, \"lines\": %zu, \"pairs\": %llu, \"matched_lines\": %llu, "
      "\"digest\": \"%016llx\", \"cpu_seconds\": %.6f, \"build_seconds\": %.6f}\n",
      argv[1], text.size(), CountLines(text), static_cast<unsigned long long>(found.pairs),
      static_cast<unsigned long long>(found.matched_lines),
      static_cast<unsigned long long>(found.digest), cpu, built - start);
  return 0;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }
