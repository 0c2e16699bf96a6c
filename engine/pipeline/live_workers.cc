#include "engine/pipeline/live_workers.h"

#include <algorithm>
#include <utility>

#include "engine/state/entry_codec.h"

namespace culprit {

LiveWorkers::LiveWorkers(const LivePipelineOptions& options, LiveTap* tap, Handler handler)
    : options_(options), tap_(tap), handler_(std::move(handler)) {
  for (int i = 0; i < std::max(options.workers, 1); ++i)
    workers_.push_back(std::make_unique<Worker>());
  for (const auto& worker : workers_)
    worker->thread = std::thread([this, w = worker.get()] { Run(w); });
}

LiveWorkers::~LiveWorkers() { Stop(); }

void LiveWorkers::SetKnowledge(std::shared_ptr<const LiveKnowledge> knowledge,
                               uint32_t generation) {
  const std::lock_guard<std::mutex> lock(knowing_mutex_);
  knowing_ = {std::move(knowledge), generation};
}

LiveWorkers::Knowing LiveWorkers::Current() const {
  const std::lock_guard<std::mutex> lock(knowing_mutex_);
  return knowing_;
}

void LiveWorkers::Post(ScanTask task) {
  Worker& worker = *workers_[task.slot->worker];
  {
    const std::lock_guard<std::mutex> lock(worker.mutex);
    worker.tasks.push_back(std::move(task));
  }
  worker.wake.notify_one();
}

std::vector<ScanTask> LiveWorkers::Stop() {
  std::vector<ScanTask> left;
  for (const auto& worker : workers_) {
    {
      const std::lock_guard<std::mutex> lock(worker->mutex);
      worker->stop = true;
      std::move(worker->tasks.begin(), worker->tasks.end(), std::back_inserter(left));
      worker->tasks.clear();
    }
    worker->wake.notify_one();
    if (worker->thread.joinable()) worker->thread.join();
  }
  return left;
}

void LiveWorkers::Run(Worker* worker) {
  for (;;) {
    ScanTask task;
    {
      std::unique_lock<std::mutex> lock(worker->mutex);
      worker->wake.wait(lock, [&] { return worker->stop || !worker->tasks.empty(); });
      if (worker->stop) return;
      task = std::move(worker->tasks.front());
      worker->tasks.pop_front();
    }
    Do(worker, std::move(task));
  }
}

void LiveWorkers::Do(Worker* worker, ScanTask task) {
  StreamSlot& slot = *task.slot;
  const Knowing knowing = Current();
  const TimeUs now = options_.clock();
  ScannedBatch scanned;
  Load(worker, &slot, knowing, now, &scanned.counters);
  if (task.flush) {
    slot.flush_posted = false;
    slot.scan->Flush(now, &worker->scratch, &scanned.output);
  } else {
    slot.scan->OnBatch(&task.batch, now, &worker->scratch, &scanned.output);
    if (task.batch.end_of_stream) slot.scan->End(now, &worker->scratch, &scanned.output);
  }
  slot.holds = slot.scan->holds();
  scanned.state = slot.scan->Save();
  slot.state = scanned.state;
  scanned.counters.Add(slot.scan->TakeCounters());
  scanned.newest = slot.scan->newest();
  scanned.bytes = task.batch.bytes.size();
  scanned.batch = std::move(task.batch);
  scanned.batch.bytes = std::string();
  scanned.slot = std::move(task.slot);
  scanned.knowledge = knowing.knowledge;
  scanned.generation = knowing.generation;
  scanned.cost = task.cost;
  if (tap_ != nullptr && tap_->wanted()) Publish(scanned);
  if (worker->loaded.size() > options_.streams_in_memory) Unload(worker);
  handler_(std::move(scanned));
}

// The scan as it was, in the knowledge of now.
void LiveWorkers::Load(Worker* worker, StreamSlot* slot, const Knowing& knowing, TimeUs now,
                       Counters* counters) {
  slot->used = SteadyNow();
  if (slot->scan != nullptr && slot->scan->knowledge() == knowing.knowledge.get()) return;
  if (slot->scan == nullptr) worker->loaded.push_back(slot->weak_from_this());
  if (slot->scan != nullptr) counters->Add(slot->scan->TakeCounters());
  LiveScanOptions options = options_.scan;
  if (const auto parse = options_.parse_by_source.find(slot->stream->source);
      parse != options_.parse_by_source.end())
    options.parse = parse->second;
  slot->scan = std::make_unique<LiveScan>(knowing.knowledge, options, *slot->stream, now);
  if (slot->state.empty() || slot->scan->Restore(slot->state).ok()) return;
  // The store keeps damaged states out; what is here is from another version. The stream goes on
  // with its next line.
  counters->Count(Reason::kStateEvicted);
  slot->scan = std::make_unique<LiveScan>(knowing.knowledge, options, *slot->stream, now);
}

// The half that was not used for longest goes.
void LiveWorkers::Unload(Worker* worker) {
  std::vector<std::shared_ptr<StreamSlot>> slots;
  for (const auto& weak : worker->loaded)
    if (auto slot = weak.lock(); slot != nullptr && slot->scan != nullptr)
      slots.push_back(std::move(slot));
  std::sort(slots.begin(), slots.end(),
            [](const auto& a, const auto& b) { return a->used > b->used; });
  worker->loaded.clear();
  for (size_t i = 0; i < slots.size(); ++i) {
    if (i < options_.streams_in_memory / 2) {
      worker->loaded.push_back(slots[i]);
    } else {
      slots[i]->scan.reset();
    }
  }
}

void LiveWorkers::Publish(const ScannedBatch& scanned) const {
  for (const ScanOutput::Piece& piece : scanned.output.pieces) {
    EntryDecoder decoder;
    EntryView entry;
    for (std::string_view rest = piece.entries; !rest.empty();) {
      if (!decoder.Decode(&rest, &entry)) return;
      const SignalView* signal = std::get_if<SignalView>(&entry);
      if (signal == nullptr) continue;
      tap_->Publish({.source = scanned.slot->stream->source,
                     .stream = scanned.slot->stream->display,
                     .signature = scanned.knowledge->signatures[signal->signature],
                     .signal = CopyOf(*signal)});
    }
  }
}

}  // namespace culprit
