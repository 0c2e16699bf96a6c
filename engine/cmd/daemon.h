// A live run, wired from its configuration: state, sources, pipeline, reason thread, sinks. Owned
// and driven by the main thread, which calls Tick about every second.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/cmd/delivery.h"
#include "engine/config/live_config.h"
#include "engine/pipeline/live_pipeline.h"
#include "engine/pipeline/live_reason_thread.h"
#include "engine/serve/http_server.h"
#include "engine/state/sqlite_store.h"

namespace culprit {

class Daemon {
 public:
  explicit Daemon(LiveConfig config);
  ~Daemon();

  // InvalidArgument: the configuration cannot work; anything else: the state cannot be used.
  absl::Status Start();
  // Other packs, topology and routes from the file as it is now; an error changes nothing. Any
  // thread.
  absl::Status Reload();
  // Keeps the state within its bounds; tells what changed for better or worse.
  void Tick();
  // True once every source has ended by itself (standard input at its end).
  bool SourcesEnded() const;
  // DataLoss: the state is damaged, and to go on is of no use (live_store.h).
  absl::Status damage() const;
  // Takes nothing new, commits what was taken, reasons about it and tells what is to be told, by
  // the deadline (SteadyNow).
  void Stop(int64_t deadline, bool finish);

  PipelineStats stats() const;
  // The state as JSON, in a file of the state directory; its path.
  absl::StatusOr<std::string> Dump() const;
  const LiveConfig& config() const { return config_; }

 private:
  absl::Status MakeSources();
  absl::Status Serve();
  void ServePeople(ServeBackend* backend);
  absl::Status Act(OperatorAction action);
  absl::StatusOr<std::vector<std::string>> Preview(const std::vector<LabelMatcher>& matchers);
  absl::Status ReloadAll(std::vector<std::string>* needs_restart);
  absl::Status ReloadRouting(const LiveConfig& config);
  std::vector<ReportEdge> Topology() const;
  ReloadState reload_state() const;
  std::string StateJson() const;
  LivePipelineOptions PipelineOptions() const;

  LiveConfig config_;
  std::unique_ptr<LiveStore> store_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<LiveReasonThread> reasoning_;
  std::vector<std::unique_ptr<LiveSource>> sources_;
  std::unique_ptr<LivePipeline> pipeline_;
  std::unique_ptr<HttpServer> server_;
  std::mutex reload_mutex_;  // one reload at a time
  mutable std::mutex told_mutex_;
  ReloadState reload_state_;                        // guarded by told_mutex_
  std::shared_ptr<const LiveKnowledge> knowledge_;  // guarded by told_mutex_: in use
  DeliverConfig deliver_;                           // guarded by told_mutex_: in use
  std::atomic<uint64_t> actions_{0};
  std::string last_trouble_;
  bool stopped_ = false;
};

}  // namespace culprit
