// A forward source on a port of its own with a fake sink behind it.
#pragma once
#include <memory>
#include <set>
#include <string>

#include "engine/ingest/forward/forward_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"
#include "tests/unit/forward/client.h"
#include "tests/unit/forward/pack.h"

namespace culprit {

class ForwardServer : public ::testing::Test {
 protected:
  ForwardServer() { config_.listen = "127.0.0.1:0"; }
  void TearDown() override {
    Stop();
    EXPECT_THAT(sink_.violations(), testing::IsEmpty());
  }
  void Start() {
    auto made = MakeForwardSource(config_);
    ASSERT_TRUE(made.ok()) << made.status();
    source_.reset(static_cast<ForwardSource*>(made->release()));
    const absl::Status status = source_->Start(&sink_, sink_.ResumePoints());
    ASSERT_TRUE(status.ok()) << status;
  }
  void Stop() {
    if (!source_) return;
    source_->Drain();
    EXPECT_TRUE(sink_.Settle());
    source_->Stop();
    source_.reset();
  }
  // As with kill -9, then a new process.
  void CrashAndRestart() {
    sink_.Crash();
    source_->Stop();
    source_.reset();
    sink_.Reopen();
    Start();
  }
  // What was committed of a stream, by its display.
  FakeSink::Stream StreamOf(const std::string& display) const {
    for (const auto& [key, stream] : sink_.streams()) {
      if (stream.stream.display == display) return stream;
    }
    return {};
  }
  TestClient Connect() { return TestClient(source_->port()); }
  uint64_t Count(std::string_view name) const {
    for (const auto& [key, value] : source_->health().counts) {
      if (key == name) return value;
    }
    ADD_FAILURE() << "no count " << name;
    return 0;
  }
  bool UntilCount(std::string_view name, uint64_t n) {
    return WaitUntil([&] { return Count(name) >= n; });
  }
  static std::string Ack(const std::string& chunk) {
    return MapOf(1) + Pack(std::string("ack"), chunk);
  }

  ForwardConfig config_;
  FakeSink sink_;
  std::unique_ptr<ForwardSource> source_;
};

}  // namespace culprit
