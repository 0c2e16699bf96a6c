#include "engine/pipeline/live_committer.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr DurationUs kTickEvery = 50'000;
constexpr size_t kMaxSignaturesCounted = 10'000;

// Chunks in log order: control entries gather until lines come between them.
class LogBuilder {
 public:
  explicit LogBuilder(std::vector<LogChunk>* chunks) : chunks_(chunks) {}
  void Add(ControlEntry entry) { controls_.push_back(std::move(entry)); }
  void Add(PartitionId partition, uint32_t generation, ScanOutput::Piece piece) {
    if (piece.entries.empty()) return;
    Finish();
    chunks_->push_back({.partition = partition,
                        .generation = generation,
                        .entries = std::move(piece.entries),
                        .signals = piece.signals});
  }
  void Finish() {
    if (controls_.empty()) return;
    chunks_->push_back({.partition = kControlPartition, .entries = EncodeControl(controls_)});
    controls_.clear();
  }

 private:
  std::vector<LogChunk>* const chunks_;
  std::vector<ControlEntry> controls_;
};

}  // namespace

LiveCommitter::LiveCommitter(LiveStore* store, const LivePipelineOptions& options, Hooks hooks)
    : store_(store), options_(options), hooks_(std::move(hooks)) {}

LiveCommitter::~LiveCommitter() { Stop(0); }

void LiveCommitter::Start(std::vector<ControlEntry> first) {
  waiting_.controls = std::move(first);
  thread_ = std::thread([this] { Run(); });
}

void LiveCommitter::Add(std::shared_ptr<StreamSlot> slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.added.push_back(std::move(slot));
}

void LiveCommitter::Add(ScannedBatch scanned) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.bytes += scanned.bytes;
    waiting_.batches.push_back(std::move(scanned));
  }
  wake_.notify_one();
}

void LiveCommitter::Add(std::vector<ControlEntry> controls) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::move(controls.begin(), controls.end(), std::back_inserter(waiting_.controls));
  }
  wake_.notify_one();
}

void LiveCommitter::AddGeneration(std::shared_ptr<const LiveKnowledge> knowledge,
                                  std::function<void(uint32_t)> done) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.tables.push_back({std::move(knowledge), std::move(done)});
  }
  wake_.notify_one();
}

void LiveCommitter::Stop(int64_t deadline) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    deadline_ = std::min(deadline_, deadline);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// False: stopped, and nothing is left.
bool LiveCommitter::Wait(Gathered* work) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(kTickEvery),
                 [&] { return stop_ || !waiting_.empty(); });
  if (!waiting_.empty() && !stop_)
    wake_.wait_for(lock, std::chrono::microseconds(options_.commit_interval),
                   [&] { return stop_ || waiting_.bytes >= options_.commit_bytes; });
  *work = std::exchange(waiting_, Gathered());
  return !stop_ || !work->empty();
}

void LiveCommitter::Run() {
  for (;;) {
    Gathered work;
    if (!Wait(&work)) return;
    for (Table& table : work.tables) {
      DurationUs wait = 0;
      for (;;) {
        const absl::StatusOr<uint32_t> id =
            store_->AddGeneration(table.knowledge->fingerprint, table.knowledge->signatures);
        if (id.ok()) {
          work.controls.push_back(
              {.kind = ControlKind::kKnowledge, .text = table.knowledge->fingerprint});
          table.done(*id);
          break;
        }
        if (!Retry(id.status(), &wait)) break;
      }
    }
    work.tables.clear();
    hooks_.tick(&work.controls);
    if (!work.empty()) CommitAll(std::move(work));
  }
}

ScanCommit LiveCommitter::Build(Gathered* work) {
  ScanCommit commit;
  LogBuilder log(&commit.chunks);
  std::map<PartitionId, StreamSlot*> changed;
  for (const auto& slot : work->added) {
    slot->added = true;
    log.Add({.kind = slot->passive ? ControlKind::kPassive : ControlKind::kAdd,
             .partition = slot->id,
             .text = slot->stream->display});
    changed[slot->id] = slot.get();
  }
  for (ControlEntry& entry : work->controls) log.Add(std::move(entry));
  for (ScannedBatch& scanned : work->batches) {
    LiveBatch& batch = scanned.batch;
    for (DeadLetter& letter : batch.dead_letters) {
      if (const Redactor* redactor = scanned.knowledge->engine.redactor.get()) {
        letter.bytes = redactor->Clean(letter.bytes);
        letter.detail = redactor->Clean(letter.detail);
      }
      commit.dead_letters.push_back(std::move(letter));
    }
    commit.counters.Add(scanned.counters);
    commit.counters.Add(batch.counters);
    if (scanned.slot == nullptr) continue;
    StreamSlot& slot = *scanned.slot;
    for (std::string& receipt : batch.receipts)
      commit.receipts.emplace_back(slot.stream->source, std::move(receipt));
    for (ScanOutput::Piece& piece : scanned.output.pieces) {
      if (piece.cut_before) log.Add({.kind = ControlKind::kCut, .partition = slot.id});
      if (!piece.entries.empty()) slot.idle = false;
      log.Add(slot.id, scanned.generation, std::move(piece));
    }
    for (size_t i = 0; i < scanned.output.hits.size(); ++i)
      if (scanned.output.hits[i] > 0)
        commit.signature_totals[scanned.knowledge->signatures[i]] += scanned.output.hits[i];
    if (batch.end_of_stream) {
      log.Add({.kind = ControlKind::kEnd, .partition = slot.id});
      slot.ended = true;
      scanned.state.clear();
    }
    if (!batch.resume.empty()) slot.resume = batch.resume;
    slot.scan_state = std::move(scanned.state);
    slot.newest = scanned.newest;
    changed[slot.id] = &slot;
  }
  log.Finish();
  for (const auto& [id, slot] : changed)
    commit.partitions.push_back({.id = id,
                                 .stream = *slot->stream,
                                 .resume = slot->resume,
                                 .scan_state = slot->scan_state,
                                 .ended = slot->ended});
  commit.now = options_.clock();
  return commit;
}

void LiveCommitter::CommitAll(Gathered work) {
  const ScanCommit commit = Build(&work);
  const int64_t begin = SteadyNow();
  const bool ok = CommitOne(commit);
  if (ok) Count(commit, work.batches, SteadyNow() - begin);
  const absl::Status status =
      ok ? absl::OkStatus()
         : absl::CancelledError(absl::StrCat("not committed: ", state_error().message()));
  for (ScannedBatch& scanned : work.batches) {
    if (scanned.batch.done != nullptr) scanned.batch.done(status);
    hooks_.released(scanned);
  }
}

// False: given up.
bool LiveCommitter::CommitOne(const ScanCommit& commit) {
  DurationUs wait = 0;
  uint64_t log_bytes = 0;
  for (const LogChunk& chunk : commit.chunks) log_bytes += chunk.entries.size();
  for (;;) {
    const absl::StatusOr<uint64_t> seq = store_->Commit(commit);
    if (seq.ok()) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        state_error_ = absl::OkStatus();
        totals_.log_seq = *seq;
      }
      hooks_.committed(*seq, log_bytes);
      return true;
    }
    if (!Retry(seq.status(), &wait)) return false;
  }
}

// Waits. False: the run is being stopped and its time is over.
bool LiveCommitter::Retry(const absl::Status& status, DurationUs* wait) {
  *wait = std::clamp(2 * *wait, options_.retry_min, options_.retry_max);
  std::unique_lock<std::mutex> lock(mutex_);
  state_error_ = status;
  ++totals_.failed_commits;
  const auto over = [&] { return stop_ && SteadyNow() >= deadline_; };
  if (over()) return false;
  // Stop() wakes it: from then on it tries more often, until the deadline.
  if (stop_) *wait = options_.retry_min;
  wake_.wait_for(lock, std::chrono::microseconds(*wait), over);
  return !over();
}

void LiveCommitter::Count(const ScanCommit& commit, const std::vector<ScannedBatch>& batches,
                          int64_t took) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++totals_.commits;
  totals_.commit_us = took;
  totals_.dead_letters += commit.dead_letters.size();
  totals_.scan_reasons.Add(commit.counters);
  for (const auto& [id, hits] : commit.signature_totals)
    if (totals_.signature_hits.size() < kMaxSignaturesCounted ||
        totals_.signature_hits.contains(id))
      totals_.signature_hits[id] += hits;
  for (const DeadLetter& letter : commit.dead_letters) ++sources_[letter.source].dead_letters;
  for (const ScannedBatch& scanned : batches) {
    if (scanned.slot == nullptr) continue;
    totals_.bytes += scanned.bytes;
    totals_.lines += scanned.output.lines;
    totals_.signals += scanned.output.signals;
    SourceStats& source = sources_[scanned.slot->stream->source];
    source.bytes += scanned.bytes;
    source.lines += scanned.output.lines;
    source.signals += scanned.output.signals;
    source.newest = std::max(source.newest, scanned.newest);
  }
}

absl::Status LiveCommitter::state_error() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_error_;
}

void LiveCommitter::AddStats(PipelineStats* stats) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  stats->bytes = totals_.bytes;
  stats->lines = totals_.lines;
  stats->signals = totals_.signals;
  stats->dead_letters = totals_.dead_letters;
  stats->scan_reasons = totals_.scan_reasons;
  stats->signature_hits = totals_.signature_hits;
  stats->commits = totals_.commits;
  stats->failed_commits = totals_.failed_commits;
  stats->commit_us = totals_.commit_us;
  stats->log_seq = totals_.log_seq;
}

void LiveCommitter::CountSources(std::map<std::string, SourceStats>* sources) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  *sources = sources_;
}

}  // namespace culprit
