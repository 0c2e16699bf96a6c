// A progress line on stderr, only on a terminal and only for work that takes a while. Owns its
// thread; made and stopped by one thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/pipeline/replay.h"

namespace culprit {

class ProgressLine {
 public:
  // `progress` must outlive the line. `enabled` false: prints nothing.
  ProgressLine(const ScanProgress& progress, bool enabled);
  ~ProgressLine() { Stop(); }
  void Phase(ReplayPhase phase, double done);
  void Stop();  // takes the line away

 private:
  void Run();
  void Print(double seconds);

  const ScanProgress& progress_;
  std::atomic<int> phase_{0};
  std::atomic<double> done_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;  // guarded by mutex_
  bool printed_ = false;  // of the thread
  std::thread thread_;
};

}  // namespace culprit
