// What the bench programs that run the engine share: errors end them, clocks, packs by file or all.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/config/pack_loader.h"
#include "engine/pipeline/replay.h"

namespace culprit::bench {

[[noreturn]] inline void Fail(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(2);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Fail(std::string(value.status().message()));
  return *std::move(value);
}

inline double Seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// `pack`: a file, or "all": the built-in ones.
inline Engine EngineOf(const std::string& pack) {
  return Must(
      Engine::Build(Must(LoadKnowledge(pack == "all" ? DefaultPacks() : Must(ReadPacks(pack))))));
}

}  // namespace culprit::bench
