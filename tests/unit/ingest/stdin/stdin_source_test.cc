#include "engine/ingest/stdin/stdin_source.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <thread>

#include "tests/contract/source_contract.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;

// A pipe with a writer that never waits for its reader.
class Pipe {
 public:
  Pipe() {
    if (pipe2(fds_, O_CLOEXEC) != 0) std::abort();
    writer_ = std::thread([this] { Run(); });
  }
  ~Pipe() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    close(fds_[0]);  // ends a write that waits
    changed_.notify_all();
    writer_.join();
    if (fds_[1] >= 0) close(fds_[1]);
  }
  void Write(std::string bytes) {
    const std::lock_guard lock(mutex_);
    todo_.push_back(std::move(bytes));
    changed_.notify_all();
  }
  void End() { Write(""); }
  int reader() const { return fds_[0]; }

 private:
  void Run() {
    for (;;) {
      std::string next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || !todo_.empty(); });
        if (stop_) return;
        next = std::move(todo_.front());
        todo_.pop_front();
      }
      if (next.empty()) {
        close(std::exchange(fds_[1], -1));
        return;
      }
      for (std::string_view rest = next; !rest.empty();) {
        const ssize_t n = write(fds_[1], rest.data(), rest.size());
        if (n <= 0) return;
        rest.remove_prefix(static_cast<size_t>(n));
      }
    }
  }
  int fds_[2] = {-1, -1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> todo_;
  bool stop_ = false;
  std::thread writer_;
};

class StdinHarness : public SourceHarness {
 public:
  StdinHarness() { signal(SIGPIPE, SIG_IGN); }
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override {
    return MakeStdinSource(StdinConfig(), pipe_.reader());
  }
  bool CanRepeat() override { return false; }
  void Send(int begin, int end) override {
    std::string lines;
    for (int i = begin; i < end; ++i) {
      lines += Record(i) + std::string(i % 5 == 0 ? 20'000 : 0, 'x') + "\n";
    }
    pipe_.Write(std::move(lines));
  }

 private:
  Pipe pipe_;
};

INSTANTIATE_TEST_SUITE_P(Stdin, SourceContract, testing::Values(HarnessFactory([] {
                           return std::make_unique<StdinHarness>();
                         })));

class Stdin : public testing::Test {
 protected:
  void Start(const StdinConfig& config = {}) {
    auto source = MakeStdinSource(config, pipe_.reader());
    ASSERT_TRUE(source.ok());
    source_ = *std::move(source);
    ASSERT_TRUE(source_->Start(&sink_, sink_.ResumePoints()).ok());
  }
  bool Stopped() {
    return WaitUntil([&] { return source_->health().state == SourceState::kStopped; }) &&
           sink_.Settle();
  }
  ~Stdin() override {
    if (source_ != nullptr) source_->Stop();
    EXPECT_THAT(sink_.violations(), testing::IsEmpty());
  }
  FakeSink sink_;
  Pipe pipe_;
  std::unique_ptr<LiveSource> source_;
};

TEST_F(Stdin, EndsWithItsInputAndTakesALastLineWithoutNewline) {
  Start();
  pipe_.Write("one\ntwo\nthr");
  pipe_.End();
  ASSERT_TRUE(Stopped());
  EXPECT_THAT(sink_.Lines(), ElementsAre("one", "two", "thr"));
  EXPECT_TRUE(sink_.streams().begin()->second.ended);
  EXPECT_EQ(source_->health().records, 3u);
}

TEST_F(Stdin, TakesALineThatComesInPieces) {
  StdinConfig config;
  config.batch_wait = 0;
  Start(config);
  pipe_.Write("one\ntw");
  ASSERT_TRUE(WaitUntil([&] { return sink_.LineCount() == 1; }));
  pipe_.Write("o\n");
  ASSERT_TRUE(WaitUntil([&] { return sink_.LineCount() == 2; }));
  EXPECT_THAT(sink_.Lines(), ElementsAre("one", "two"));
}

TEST_F(Stdin, CutsLongLinesAndCountsThem) {
  StdinConfig config;
  config.max_line_bytes = 1000;
  Start(config);
  pipe_.Write("a\n" + std::string(300'000, 'x') + "\nb\n" + std::string(1000, 'y') + "\n");
  pipe_.End();
  ASSERT_TRUE(Stopped());
  EXPECT_THAT(sink_.Lines(), ElementsAre("a", std::string(1000, 'x'), "b", std::string(1000, 'y')));
  EXPECT_EQ(sink_.counters().Get(Reason::kLineTruncated), 1u);
}

TEST_F(Stdin, BatchesStayBoundedWhateverComes) {
  Start();
  std::string all;
  for (int i = 0; i < 40; ++i) {
    all += std::string(static_cast<size_t>(i) * 7919 % 500'000, 'z') + "\n";
  }
  pipe_.Write(all);
  pipe_.End();
  ASSERT_TRUE(Stopped());
  EXPECT_EQ(sink_.streams().begin()->second.bytes, all);
  EXPECT_EQ(sink_.streams().begin()->second.end, all.size());
}

TEST_F(Stdin, AProgramThatStartsAgainEndsTheStreamOfTheOneBefore) {
  Start();
  pipe_.Write("one\n");
  ASSERT_TRUE(WaitUntil([&] { return sink_.LineCount() == 1; }));
  source_->Stop();
  Start();
  pipe_.Write("two\n");
  pipe_.End();
  ASSERT_TRUE(Stopped());
  EXPECT_EQ(sink_.streams().size(), 2u);
  for (const auto& [key, stream] : sink_.streams()) EXPECT_TRUE(stream.ended) << key;
}

TEST(StdinConfigTest, RefusesWhatCannotWork) {
  StdinConfig config;
  config.max_line_bytes = 0;
  EXPECT_FALSE(MakeStdinSource(config).ok());
}

}  // namespace
}  // namespace culprit
