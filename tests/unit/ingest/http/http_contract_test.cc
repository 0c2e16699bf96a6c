// The contract of all sources, with a sender that repeats what was not answered by 200, under the
// same Idempotency-Key.
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/ingest/http/http_source.h"
#include "tests/contract/source_contract.h"
#include "tests/unit/ingest/http/client.h"

namespace culprit {
namespace {

class HttpHarness : public SourceHarness {
 public:
  HttpHarness() : sender_([this] { Run(); }) {}
  ~HttpHarness() override {
    stop_ = true;
    sender_.join();
  }
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override {
    HttpConfig config;
    config.listen = "127.0.0.1:0";
    return MakeHttpSource(config);
  }
  void Started(LiveSource& source) override { port_ = static_cast<HttpSource&>(source).port(); }
  void Stopping() override { port_ = 0; }
  void Send(int begin, int end) override {
    std::string body;
    for (int i = begin; i < end; ++i) {
      // Large enough that many a request takes more than one part.
      body += "{\"message\":\"" + Record(i) + std::string(i % 3 == 0 ? 20'000 : 10, 'x') + "\"}\n";
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back({"request " + std::to_string(begin), body, end - begin});
  }
  int Acknowledged() override { return acknowledged_; }

 private:
  struct Request {
    std::string key, body;
    int records = 0;
  };
  void Run() {
    while (!stop_) {
      const uint16_t port = port_;
      Request request;
      {
        const std::lock_guard lock(mutex_);
        if (!requests_.empty()) request = requests_.front();
      }
      if (port == 0 || request.records == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      HttpClient client(port);
      client.Post("/app",
                  "Content-Type: application/x-ndjson\r\nIdempotency-Key: " + request.key + "\r\n",
                  request.body);
      if (client.Status() != 200) continue;
      acknowledged_ += request.records;
      const std::lock_guard lock(mutex_);
      requests_.pop_front();
    }
  }

  std::mutex mutex_;
  std::deque<Request> requests_;
  std::atomic<uint16_t> port_ = 0;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread sender_;
};

INSTANTIATE_TEST_SUITE_P(Http, SourceContract, testing::Values(HarnessFactory([] {
                           return std::make_unique<HttpHarness>();
                         })));

}  // namespace
}  // namespace culprit
