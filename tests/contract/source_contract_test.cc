// The contract on the smallest source there is, and what the sink finds wrong in bad ones.
#include "tests/contract/source_contract.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace culprit {
namespace {

using testing::HasSubstr;

// What is outside: a list that can be read again from any place.
struct Shelf {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> records;
};

class ListSource : public LiveSource {
 public:
  explicit ListSource(std::shared_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {
    stream_ = std::make_shared<LiveStream>(LiveStream{name_, "the list", "the list", ""});
  }
  ~ListSource() override { Stop(); }
  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override {
    for (const ResumePoint& point : resume) next_ = std::stoul(point.resume);
    thread_ = std::thread([this, sink] { Run(sink); });
    return absl::OkStatus();
  }
  void Drain() override { End(); }
  void Stop() override {
    End();
    if (thread_.joinable()) thread_.join();
    state_ = SourceState::kStopped;
  }
  SourceHealth health() const override {
    SourceHealth health;
    health.state = state_;
    health.last_data = last_data_;
    return health;
  }
  const std::string& name() const override { return name_; }

 private:
  void End() {
    const std::lock_guard lock(shelf_->mutex);
    stopping_ = true;
    shelf_->changed.notify_all();
  }
  void Run(LiveSink* sink) {
    state_ = SourceState::kOk;
    for (;;) {
      LiveBatch batch;
      batch.stream = stream_;
      {
        std::unique_lock lock(shelf_->mutex);
        shelf_->changed.wait(lock, [&] { return stopping_ || next_ < shelf_->records.size(); });
        if (stopping_) return;
        for (int i = 0; i < 10 && next_ < shelf_->records.size(); ++i, ++next_) {
          LiveMessage message;
          message.begin = static_cast<uint32_t>(batch.bytes.size());
          message.position = next_;
          batch.messages.push_back(message);
          batch.bytes += shelf_->records[next_] + "\n";
        }
      }
      batch.resume = std::to_string(next_);
      last_data_ = sink->Now();
      batch.done = [refused = refused_](const absl::Status& s) {
        if (!s.ok()) *refused = true;
      };
      if (*refused_ || !sink->Push(std::move(batch)).ok()) return;
    }
  }

  const std::string name_ = "list";
  std::shared_ptr<Shelf> shelf_;
  std::shared_ptr<const LiveStream> stream_;
  std::shared_ptr<std::atomic<bool>> refused_ = std::make_shared<std::atomic<bool>>(false);
  size_t next_ = 0;
  bool stopping_ = false;
  std::atomic<SourceState> state_{SourceState::kStarting};
  std::atomic<TimeUs> last_data_{kNoTime};
  std::thread thread_;
};

class ListHarness : public SourceHarness {
 public:
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override {
    return std::make_unique<ListSource>(shelf_);
  }
  void Send(int begin, int end) override {
    const std::lock_guard lock(shelf_->mutex);
    for (int i = begin; i < end; ++i) shelf_->records.push_back(Record(i));
    shelf_->changed.notify_all();
  }

 private:
  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

INSTANTIATE_TEST_SUITE_P(List, SourceContract, testing::Values(HarnessFactory([] {
                           return std::make_unique<ListHarness>();
                         })));

LiveBatch Bytes(uint64_t offset, std::string bytes) {
  static const auto stream = std::make_shared<LiveStream>(LiveStream{"s", "k", "file", "file"});
  LiveBatch batch;
  batch.stream = stream;
  batch.offset = offset;
  batch.resume = std::to_string(offset + bytes.size());
  batch.bytes = std::move(bytes);
  batch.done = [](const absl::Status&) {};
  return batch;
}

TEST(FakeSink, FindsBytesThatComeAgain) {
  FakeSink sink;
  ASSERT_TRUE(sink.Push(Bytes(0, "one\n")).ok());
  ASSERT_TRUE(sink.Push(Bytes(2, "e\n")).ok());
  ASSERT_TRUE(sink.Settle());
  EXPECT_THAT(sink.violations(), testing::ElementsAre(HasSubstr("come again")));
}

TEST(FakeSink, FindsHalfLinesAndWhatFollowsTheEnd) {
  FakeSink sink;
  ASSERT_TRUE(sink.Push(Bytes(0, "half")).ok());
  LiveBatch last = Bytes(4, "\n");
  last.end_of_stream = true;
  ASSERT_TRUE(sink.Push(std::move(last)).ok());
  ASSERT_TRUE(sink.Push(Bytes(5, "more\n")).ok());
  ASSERT_TRUE(sink.Settle());
  EXPECT_THAT(sink.violations(),
              testing::ElementsAre(HasSubstr("newline"), HasSubstr("behind its end")));
  EXPECT_TRUE(sink.ResumePoints().empty());
}

TEST(FakeSink, ACrashKeepsOnlyWhatWasCommitted) {
  FakeSink sink;
  sink.Hold();
  ASSERT_TRUE(sink.Push(Bytes(0, "one\n")).ok());
  ASSERT_TRUE(sink.Push(Bytes(4, "two\n")).ok());
  sink.Release(1);
  ASSERT_TRUE(WaitUntil([&] { return sink.in_flight() == 1; }));
  sink.Crash();
  EXPECT_TRUE(absl::IsCancelled(sink.Push(Bytes(8, "three\n"))));
  sink.Reopen();
  EXPECT_THAT(sink.Lines(), testing::ElementsAre("one"));
  ASSERT_EQ(sink.ResumePoints().size(), 1u);
  EXPECT_EQ(sink.ResumePoints()[0].resume, "4");
}

}  // namespace
}  // namespace culprit
