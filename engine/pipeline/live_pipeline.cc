#include "engine/pipeline/live_pipeline.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/status.h"

namespace culprit {
namespace {

constexpr char kOwnSource[] = "culprit";

size_t CostOf(const LiveBatch& batch) {
  size_t cost = 256 + batch.bytes.capacity() + batch.messages.size() * sizeof(LiveMessage);
  for (const DeadLetter& letter : batch.dead_letters) cost += 256 + letter.bytes.size();
  return cost;
}

LivePipelineOptions WithClock(LivePipelineOptions options) {
  if (options.clock == nullptr) options.clock = WallNow;
  return options;
}

}  // namespace

LivePipeline::LivePipeline(LiveStore* store, LivePipelineOptions options,
                           std::shared_ptr<const LiveKnowledge> knowledge)
    : store_(store),
      options_(WithClock(std::move(options))),
      first_knowledge_(std::move(knowledge)) {}

LivePipeline::~LivePipeline() { Stop(0); }

absl::Status LivePipeline::Start() {
  started_ = options_.clock();
  clockwork_ = std::make_unique<LiveClockwork>(
      options_, sources_,
      LiveClockwork::Actions{
          .flush =
              [this](std::shared_ptr<StreamSlot> slot) {
                workers_->Post({.slot = std::move(slot), .flush = true});
              },
          .say =
              [this](std::string line) {
                LiveBatch batch;
                batch.stream = std::make_shared<LiveStream>(
                    LiveStream{kOwnSource, "health", "culprit: sources", "culprit"});
                batch.messages.push_back(
                    {.position = static_cast<uint64_t>(std::max<TimeUs>(options_.clock(), 0))});
                batch.bytes = std::move(line);
                // Beyond the bound if need be: it is one line, and this thread makes the room.
                const std::lock_guard<std::mutex> lock(mutex_);
                if (!stopped_) Post(std::move(batch), 0);
              }});
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<StoredPartition> stored, store_->Partitions(false));
  const size_t workers = static_cast<size_t>(std::max(options_.workers, 1));
  for (const StoredPartition& partition : stored) {
    if (partition.id == kControlPartition) continue;
    auto slot = std::make_shared<StreamSlot>();
    slot->id = partition.id;
    slot->stream = std::make_shared<LiveStream>(partition.stream);
    slot->worker = partition.id % workers;
    slot->passive = partition.stream.source == kOwnSource;
    slot->last_push = SteadyNow();
    slot->holds = !partition.scan_state.empty();
    slot->state = partition.scan_state;
    slot->added = true;
    slot->resume = partition.resume;
    slot->scan_state = partition.scan_state;
    slots_[{partition.stream.source, partition.stream.key}] = std::move(slot);
  }
  CULPRIT_ASSIGN_OR_RETURN(
      const uint32_t generation,
      store_->AddGeneration(first_knowledge_->fingerprint, first_knowledge_->signatures));
  committer_ = std::make_unique<LiveCommitter>(
      store_, options_,
      LiveCommitter::Hooks{
          .tick = [this](std::vector<ControlEntry>* controls) { Tick(controls); },
          .released = [this](const ScannedBatch& scanned) { Released(scanned); },
          .committed = [this](uint64_t seq, uint64_t log_bytes) { Committed(seq, log_bytes); }});
  workers_ = std::make_unique<LiveWorkers>(
      options_, &tap_, [this](ScannedBatch scanned) { committer_->Add(std::move(scanned)); });
  workers_->SetKnowledge(first_knowledge_, generation);
  std::vector<ControlEntry> first = {
      {.kind = ControlKind::kHold, .time = options_.clock()},
      {.kind = ControlKind::kKnowledge, .text = first_knowledge_->fingerprint}};
  if (!options_.routing.empty())
    first.push_back({.kind = ControlKind::kRouting, .text = options_.routing});
  committer_->Start(std::move(first));
  return absl::OkStatus();
}

std::vector<ResumePoint> LivePipeline::ResumePoints(std::string_view source) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ResumePoint> points;
  for (const auto& [key, slot] : slots_)
    if (key.first == source && !slot->resume.empty())
      points.push_back({*slot->stream, slot->resume});
  return points;
}

void LivePipeline::Tick(std::vector<ControlEntry>* controls) {
  std::vector<std::shared_ptr<StreamSlot>> slots;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    slots.reserve(slots_.size());
    for (const auto& [key, slot] : slots_) slots.push_back(slot);
  }
  clockwork_->Tick(slots, wants_ticks_, controls);
}

std::shared_ptr<StreamSlot> LivePipeline::SlotOf(const std::shared_ptr<const LiveStream>& stream) {
  std::shared_ptr<StreamSlot>& slot = slots_[{stream->source, stream->key}];
  if (slot != nullptr) return slot;
  slot = std::make_shared<StreamSlot>();
  slot->id = store_->NewPartitionId();
  slot->stream = stream;
  slot->worker = slot->id % workers_->size();
  slot->passive = stream->source == kOwnSource;
  slot->last_push = SteadyNow();
  committer_->Add(slot);
  return slot;
}

// mutex_ is held: what is pushed in order is posted in order.
void LivePipeline::Post(LiveBatch batch, size_t cost) {
  in_flight_ += cost;
  ScanTask task;
  task.slot = SlotOf(batch.stream);
  task.slot->last_push = SteadyNow();
  ++task.slot->in_flight;
  // Nothing follows under this key; should it come again, it is a new stream.
  if (batch.end_of_stream) slots_.erase({batch.stream->source, batch.stream->key});
  task.batch = std::move(batch);
  task.cost = cost;
  workers_->Post(std::move(task));
}

bool LivePipeline::HasRoom(size_t cost) const {
  if (options_.unreasoned_bytes > 0 && unreasoned_bytes_ > options_.unreasoned_bytes) return false;
  return in_flight_ == 0 || in_flight_ + cost <= options_.queue_bytes;
}

absl::Status LivePipeline::Push(LiveBatch batch) {
  const size_t cost = CostOf(batch);
  std::unique_lock<std::mutex> lock(mutex_);
  room_.wait(lock, [&] { return stopped_ || HasRoom(cost); });
  if (stopped_) return absl::CancelledError("the program stops");
  Post(std::move(batch), cost);
  return absl::OkStatus();
}

absl::StatusOr<bool> LivePipeline::TryPush(LiveBatch* batch) {
  const size_t cost = CostOf(*batch);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return absl::CancelledError("the program stops");
  if (!HasRoom(cost)) return false;
  Post(std::move(*batch), cost);
  return true;
}

absl::Status LivePipeline::PushDeadLetter(DeadLetter letter) {
  ScannedBatch scanned;
  scanned.cost = 256 + letter.bytes.size();
  scanned.batch.dead_letters.push_back(std::move(letter));
  scanned.knowledge = first_knowledge_;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    room_.wait(lock, [&] { return stopped_ || HasRoom(scanned.cost); });
    if (stopped_) return absl::CancelledError("the program stops");
    in_flight_ += scanned.cost;
  }
  committer_->Add(std::move(scanned));
  return absl::OkStatus();
}

bool LivePipeline::HasReceipt(std::string_view source, std::string_view receipt) const {
  return store_->HasReceipt(source, receipt);
}

bool LivePipeline::Accepting() const {
  if (!committer_->state_error().ok()) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  return !stopped_ && HasRoom(kLiveBatchBytes);
}

void LivePipeline::Released(const ScannedBatch& scanned) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    in_flight_ -= scanned.cost;
    if (scanned.slot != nullptr && scanned.batch.stream != nullptr) --scanned.slot->in_flight;
  }
  room_.notify_all();
}

void LivePipeline::Committed(uint64_t seq, uint64_t log_bytes) {
  if (options_.unreasoned_bytes > 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    unreasoned_.emplace_back(seq, log_bytes);
    unreasoned_bytes_ += log_bytes;
  }
  if (on_commit_ != nullptr) on_commit_(seq);
}

void LivePipeline::Reasoned(uint64_t seq) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!unreasoned_.empty() && unreasoned_.front().first <= seq) {
      unreasoned_bytes_ -= unreasoned_.front().second;
      unreasoned_.pop_front();
    }
  }
  room_.notify_all();
}

void LivePipeline::Reload(std::shared_ptr<const LiveKnowledge> knowledge) {
  committer_->AddGeneration(knowledge, [this, knowledge](uint32_t generation) {
    workers_->SetKnowledge(knowledge, generation);
  });
}

void LivePipeline::Finish() {
  committer_->Add({{.kind = ControlKind::kFinish, .time = options_.clock()}});
}

void LivePipeline::Act(std::string action) {
  committer_->Add({{.kind = ControlKind::kAction, .text = std::move(action)}});
}

void LivePipeline::Route(std::string routing) {
  committer_->Add({{.kind = ControlKind::kRouting, .text = std::move(routing)}});
}

absl::Status LivePipeline::Drain(int64_t deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (in_flight_ > 0) {
    const int64_t left = deadline - SteadyNow();
    if (left <= 0) return absl::DeadlineExceededError("not all that was taken is committed");
    room_.wait_for(lock, std::chrono::microseconds(left), [&] { return in_flight_ == 0; });
  }
  return absl::OkStatus();
}

void LivePipeline::Stop(int64_t deadline) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  room_.notify_all();
  if (workers_ == nullptr) return;
  const std::vector<ScanTask> left = workers_->Stop();
  for (const ScanTask& task : left)
    if (task.batch.done != nullptr) task.batch.done(absl::CancelledError("the program stops"));
  committer_->Stop(deadline);
}

absl::Status LivePipeline::state_error() const { return committer_->state_error(); }

PipelineStats LivePipeline::stats() const {
  PipelineStats stats;
  stats.now = options_.clock();
  stats.started = started_;
  committer_->AddStats(&stats);
  std::map<std::string, SourceStats> by_name;
  committer_->CountSources(&by_name);
  for (const LiveSource* source : sources_) by_name[source->name()].health = source->health();
  for (auto& [name, source] : by_name) {
    source.name = name;
    stats.sources.push_back(std::move(source));
  }
  stats.idle_streams = clockwork_->idle_streams();
  const absl::Status error = state_error();
  const std::lock_guard<std::mutex> lock(mutex_);
  stats.streams = slots_.size();
  stats.queue_bytes = in_flight_;
  stats.queue_limit = options_.queue_bytes;
  stats.ready = error.ok() && !stopped_;
  if (stopped_) stats.not_ready = "the program stops";
  if (!error.ok()) stats.not_ready = "the state cannot be written: " + std::string(error.message());
  return stats;
}

}  // namespace culprit
