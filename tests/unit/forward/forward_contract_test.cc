// The contract of all sources, with a sender that keeps what is not acknowledged and sends it
// again.
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/ingest/forward/forward_source.h"
#include "tests/contract/source_contract.h"
#include "tests/unit/forward/client.h"
#include "tests/unit/forward/pack.h"

namespace culprit {
namespace {

// As fluentd with require_ack_response: chunk by chunk, each again until it is acknowledged.
class ForwardHarness : public SourceHarness {
 public:
  ForwardHarness() : sender_([this] { Run(); }) {}
  ~ForwardHarness() override {
    stop_ = true;
    sender_.join();
  }
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override {
    ForwardConfig config;
    config.listen = "127.0.0.1:0";
    return MakeForwardSource(config);
  }
  void Started(LiveSource& source) override { port_ = static_cast<ForwardSource&>(source).port(); }
  void Stopping() override { port_ = 0; }
  void Send(int begin, int end) override {
    std::string entries;
    for (int i = begin; i < end; ++i) {
      // Large enough that many a chunk takes more than one batch.
      entries += Entry(EventTime(1'795'243'865, static_cast<uint32_t>(i)),
                       Record(i) + std::string(i % 3 == 0 ? 9000 : 10, 'x'));
    }
    const std::lock_guard lock(mutex_);
    const std::string id = "chunk " + std::to_string(begin);
    chunks_.push_back({id,
                       Packed("contract", begin % 2 == 0 ? entries : Gzip(entries), id,
                              begin % 2 == 0 ? "" : "gzip"),
                       end - begin});
  }
  int Acknowledged() override { return acknowledged_; }

 private:
  struct Chunk {
    std::string id, bytes;
    int records = 0;
  };
  void Run() {
    while (!stop_) {
      const uint16_t port = port_;
      Chunk chunk;
      {
        const std::lock_guard lock(mutex_);
        if (!chunks_.empty()) chunk = chunks_.front();
      }
      if (port == 0 || chunk.records == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      TestClient client(port);
      while (client.ok() && client.Send(chunk.bytes) &&
             client.ReceiveValue() == MapOf(1) + Pack(std::string("ack"), chunk.id)) {
        acknowledged_ += chunk.records;
        const std::lock_guard lock(mutex_);
        chunks_.pop_front();
        if (chunks_.empty()) break;
        chunk = chunks_.front();
      }
    }
  }

  std::mutex mutex_;
  std::deque<Chunk> chunks_;
  std::atomic<uint16_t> port_ = 0;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread sender_;
};

INSTANTIATE_TEST_SUITE_P(Forward, SourceContract, testing::Values(HarnessFactory([] {
                           return std::make_unique<ForwardHarness>();
                         })));

}  // namespace
}  // namespace culprit
