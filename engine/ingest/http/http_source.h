// The HTTP source: records by POST, answered when they are committed. README.md here says what is
// understood.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/live.h"
#include "engine/ingest/http/http_config.h"

namespace culprit {

class HttpSource : public LiveSource {
 public:
  explicit HttpSource(const HttpConfig& config);
  ~HttpSource() override;
  // InvalidArgument: the address cannot be listened on, or a TLS file cannot be used.
  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override;
  void Drain() override;
  void Stop() override;
  SourceHealth health() const override;
  const std::string& name() const override { return config_.name; }
  // That Start bound; for `listen` with port 0. 0 before.
  uint16_t port() const;

 private:
  class Server;
  const HttpConfig config_;
  std::unique_ptr<Server> server_;
};

// InvalidArgument: a value out of its range. Touches neither files nor network.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeHttpSource(const HttpConfig& config);

}  // namespace culprit
