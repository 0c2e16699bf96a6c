// A tail source with short waits over a directory of its own. For tests of ingest/tail.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "engine/ingest/tail/tail_source.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"
#include "tests/unit/temp_dir.h"

namespace culprit {

inline TailConfig QuickConfig(std::vector<std::string> include) {
  TailConfig config;
  config.name = "tail";
  config.include = std::move(include);
  config.rescan_interval = 200'000;
  config.poll_interval = 20'000;
  config.batch_wait = 1'000;
  config.rotate_wait = 300'000;
  config.partial_line_wait = 100'000;
  return config;
}

// As a logger does: one write per call.
inline void Append(const std::string& path, const std::string& bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_GE(fd, 0) << path;
  ASSERT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  close(fd);
}

class Tailing {
 public:
  explicit Tailing(TailConfig config, size_t max_in_flight = 64)
      : config_(std::move(config)), sink_(max_in_flight) {}
  ~Tailing() {
    if (source_ != nullptr) Kill();
    EXPECT_EQ(sink_.violations(), std::vector<std::string>());
  }
  void Start() {
    auto source = MakeTailSource(config_);
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
    const absl::Status started = source_->Start(&sink_, sink_.ResumePoints());
    ASSERT_TRUE(started.ok()) << started;
  }
  void Kill() {
    sink_.Crash();
    source_ = nullptr;
    sink_.Reopen();
  }
  void Shutdown() {
    source_->Drain();
    ASSERT_TRUE(sink_.Settle());
    source_ = nullptr;
    ASSERT_TRUE(sink_.Settle());  // what its thread pushed until it ended
  }
  bool Waits(size_t lines) {
    return WaitUntil([&] { return sink_.LineCount() >= lines; });
  }
  // All lines, sorted.
  std::vector<std::string> Sorted() const {
    std::vector<std::string> lines = sink_.Lines();
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  int64_t Count(const std::string& name) const {
    for (const auto& [key, value] : source_->health().counts) {
      if (key == name) return static_cast<int64_t>(value);
    }
    return -1;
  }
  size_t Open() const {  // streams that have not ended
    return sink_.ResumePoints().size();
  }
  TailConfig config_;
  FakeSink sink_;
  std::unique_ptr<LiveSource> source_;
};

}  // namespace culprit
