// Server of the Fluent Forward protocol, v1: fluentd, Fluent Bit and the Fluent loggers point at it
// as at any aggregator. A chunk is acknowledged when its records are committed, and known again
// when it is sent again. README.md here says what is understood.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/live.h"
#include "engine/ingest/forward/forward_config.h"

namespace culprit {

class ForwardSource : public LiveSource {
 public:
  explicit ForwardSource(const ForwardConfig& config);
  ~ForwardSource() override;
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
  const ForwardConfig config_;
  std::unique_ptr<Server> server_;
};

// InvalidArgument: a value out of its range. Touches neither files nor network.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeForwardSource(const ForwardConfig& config);

}  // namespace culprit
