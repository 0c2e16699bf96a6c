// The scan workers of a live run. A stream belongs to one worker: its batches are scanned in the
// order they came, those of other streams beside it. Post may be called by any thread; results go
// to the handler on the worker's thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/pipeline/live_options.h"
#include "engine/pipeline/live_stream_slot.h"
#include "engine/pipeline/live_tap.h"

namespace culprit {

class LiveWorkers {
 public:
  using Handler = std::function<void(ScannedBatch)>;

  LiveWorkers(const LivePipelineOptions& options, LiveTap* tap, Handler handler);
  ~LiveWorkers();  // Stop

  // Before the first Post, and again at a reload: batches from then on are scanned with it.
  void SetKnowledge(std::shared_ptr<const LiveKnowledge> knowledge, uint32_t generation);
  void Post(ScanTask task);
  // Ends the threads; what was not begun comes back.
  std::vector<ScanTask> Stop();
  size_t size() const { return workers_.size(); }

 private:
  struct Worker {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<ScanTask> tasks;  // guarded by mutex
    bool stop = false;           // guarded by mutex
    // The thread's own.
    MatchScratch scratch;
    std::vector<std::weak_ptr<StreamSlot>> loaded;
    std::thread thread;
  };
  struct Knowing {
    std::shared_ptr<const LiveKnowledge> knowledge;
    uint32_t generation = 0;
  };

  void Run(Worker* worker);
  void Do(Worker* worker, ScanTask task);
  void Load(Worker* worker, StreamSlot* slot, const Knowing& knowing, TimeUs now,
            Counters* counters);
  void Unload(Worker* worker);
  void Publish(const ScannedBatch& scanned) const;
  Knowing Current() const;

  const LivePipelineOptions& options_;
  LiveTap* const tap_;
  const Handler handler_;
  mutable std::mutex knowing_mutex_;
  Knowing knowing_;  // guarded by knowing_mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace culprit
