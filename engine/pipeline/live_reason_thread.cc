#include "engine/pipeline/live_reason_thread.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

constexpr DurationUs kRetryMin = 100'000;
constexpr DurationUs kRetryMax = 5 * kSecondUs;

}  // namespace

LiveReasonThread::LiveReasonThread(LiveStore* store, const LiveReasonOptions& options,
                                   std::shared_ptr<const LiveKnowledge> knowledge, Hooks hooks)
    : store_(store), options_(options), hooks_(std::move(hooks)), knowledge_(std::move(knowledge)) {
  known_[knowledge_->fingerprint] = knowledge_;
}

LiveReasonThread::~LiveReasonThread() { Stop(0); }

absl::Status LiveReasonThread::Start() {
  reasoner_ = std::make_unique<LiveReasoner>(knowledge_->engine.knowledge, options_.reason);
  CULPRIT_ASSIGN_OR_RETURN(const std::optional<Checkpoint> checkpoint, store_->LoadCheckpoint());
  CULPRIT_ASSIGN_OR_RETURN(const LogRange log, store_->Log());
  if (checkpoint.has_value()) {
    seq_ = checkpoint->log_seq;
    // Empty: what was before it is lost. Of another version: the log is reasoned about again.
    if (const absl::Status status =
            checkpoint->bytes.empty() ? absl::OkStatus() : reasoner_->Restore(checkpoint->bytes);
        !status.ok()) {
      note_ = absl::StrCat("reasoning begins at the log's first entry: ", status.message());
      reasoner_ = std::make_unique<LiveReasoner>(knowledge_->engine.knowledge, options_.reason);
      seq_ = log.first_seq - 1;
      // Rows of what lies so far back may be gone, and would be told once more.
      untold_seq_ = log.progress;
    }
    committed_seq_ = seq_;
  }
  CULPRIT_RETURN_IF_ERROR(LoadGenerations());
  told_seq_ = log.progress;
  last_seq_ = log.last_seq;
  checkpoint_at_ = commit_at_ = SteadyNow();
  Publish();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

absl::Status LiveReasonThread::LoadGenerations() {
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<Generation> generations, store_->Generations());
  for (const Generation& generation : generations)
    if (!reasoner_->KnowsGeneration(generation.id)) reasoner_->AddGeneration(generation);
  return absl::OkStatus();
}

void LiveReasonThread::OnCommit(uint64_t last_seq) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_seq_ = std::max(last_seq_, last_seq);
  }
  wake_.notify_one();
}

void LiveReasonThread::AddKnowledge(std::shared_ptr<const LiveKnowledge> knowledge) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string fingerprint = knowledge->fingerprint;
  known_[std::move(fingerprint)] = std::move(knowledge);
}

void LiveReasonThread::Stop(int64_t deadline) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    deadline_ = std::min(deadline_, deadline);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// False: it is over.
bool LiveReasonThread::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (retry_ > 0) {
    wake_.wait_for(lock, std::chrono::microseconds(retry_), [&] { return stop_; });
  } else {
    wake_.wait_for(lock, std::chrono::microseconds(options_.commit_period),
                   [&] { return stop_ || last_seq_ > seq_ || desk_.asked(); });
  }
  if (!stop_) return true;
  return last_seq_ > seq_ && SteadyNow() < deadline_;
}

void LiveReasonThread::Run() {
  while (Wait()) {
    const absl::Status status = Work();
    retry_ = status.ok() ? 0 : std::clamp(2 * retry_, kRetryMin, kRetryMax);
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = status;
  }
  if (seq_ > committed_seq_ || bytes_ > 0) Commit(true).IgnoreError();
  desk_.Close();
}

std::future<absl::Status> LiveReasonThread::Ask(LiveDesk::Question question) {
  std::future<absl::Status> answer = desk_.Ask(std::move(question));
  wake_.notify_one();
  return answer;
}

std::vector<SilenceSpec> LiveReasonThread::silences() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return silences_;
}

absl::Status LiveReasonThread::Work() {
  for (;;) {
    desk_.Answer(*reasoner_);
    uint64_t last = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      last = last_seq_;
      if (stop_ && SteadyNow() >= deadline_) return absl::OkStatus();
    }
    if (last > seq_) {
      CULPRIT_ASSIGN_OR_RETURN(const std::vector<StoredChunk> chunks,
                               store_->ReadChunks(seq_, options_.read_bytes));
      for (const StoredChunk& chunk : chunks) {
        if (chunk.seq > untold_seq_ && committed_seq_ < untold_seq_)
          CULPRIT_RETURN_IF_ERROR(Commit(false));
        CULPRIT_RETURN_IF_ERROR(Read(chunk));
        seq_ = chunk.seq;
        bytes_ += 1 + chunk.chunk.entries.size();
        desk_.Answer(*reasoner_);
      }
      // What is in the log's numbers but not there any more.
      if (chunks.empty()) seq_ = last;
    }
    const int64_t now = SteadyNow();
    const bool checkpoint = bytes_ > 0 && (now - checkpoint_at_ >= options_.checkpoint_period ||
                                           bytes_ >= options_.checkpoint_bytes);
    const bool waited_for = !acted_.empty();
    if (checkpoint || waited_for ||
        (seq_ > committed_seq_ && now - commit_at_ >= options_.commit_period))
      CULPRIT_RETURN_IF_ERROR(Commit(checkpoint));
    if (hooks_.wants_ticks != nullptr) hooks_.wants_ticks(reasoner_->WaitsForTime());
    if (hooks_.reasoned != nullptr) hooks_.reasoned(seq_);
    if (last <= seq_) return absl::OkStatus();
  }
}

absl::Status LiveReasonThread::Read(const StoredChunk& chunk) {
  if (chunk.chunk.partition == kControlPartition) {
    const absl::StatusOr<std::vector<ControlEntry>> entries = DecodeControl(chunk.chunk.entries);
    CULPRIT_RETURN_IF_ERROR(Readable(chunk, entries.status()));
    for (const ControlEntry& entry : *entries)
      if (entry.kind == ControlKind::kKnowledge) CULPRIT_RETURN_IF_ERROR(Learn(entry.text));
  } else if (!reasoner_->KnowsGeneration(chunk.chunk.generation)) {
    CULPRIT_RETURN_IF_ERROR(LoadGenerations());
  }
  CULPRIT_RETURN_IF_ERROR(Readable(chunk, reasoner_->Read(chunk)));
  for (auto& acted : reasoner_->TakeActed()) acted_.push_back(std::move(acted));
  return absl::OkStatus();
}

// A chunk that no start could read would end each of them. What a newer version wrote is left to
// it.
absl::Status LiveReasonThread::Readable(const StoredChunk& chunk, absl::Status read) {
  if (read.ok() || absl::IsFailedPrecondition(read)) return read;
  CULPRIT_RETURN_IF_ERROR(
      store_->CondemnChunk(chunk.seq, {read.message().data(), read.message().size()}));
  return absl::DataLossError(read.message());
}

// Other packs from here on: the same state goes on with them.
absl::Status LiveReasonThread::Learn(const std::string& fingerprint) {
  if (fingerprint == knowledge_->fingerprint) return absl::OkStatus();
  std::shared_ptr<const LiveKnowledge> next;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = known_.find(fingerprint);
    // An entry of an earlier run: what it knew is gone, what is known now stands in.
    if (found == known_.end()) return absl::OkStatus();
    next = found->second;
  }
  CULPRIT_RETURN_IF_ERROR(Commit(false));  // rows are not part of what is saved
  auto reasoner = std::make_unique<LiveReasoner>(next->engine.knowledge, options_.reason);
  CULPRIT_RETURN_IF_ERROR(reasoner->Restore(reasoner_->Save()));
  reasoner_ = std::move(reasoner);
  knowledge_ = std::move(next);
  bytes_ +=
      options_.checkpoint_bytes;  // a checkpoint soon: it is not re-executed with the old ones
  return absl::OkStatus();
}

absl::Status LiveReasonThread::Commit(bool checkpoint) {
  ReasonCommit commit;
  commit.log_seq = seq_;
  const int64_t begin = SteadyNow();
  if (checkpoint) commit.checkpoint = reasoner_->Save();
  const int64_t took = SteadyNow() - begin;
  reasoner_->Peek(&commit);
  if (seq_ <= untold_seq_) {
    commit.outbox.clear();
    commit.deliveries.clear();
  }
  CULPRIT_RETURN_IF_ERROR(store_->Commit(commit));
  reasoner_->Taken();
  if (!commit.deliveries.empty() && hooks_.planned != nullptr) hooks_.planned();
  const bool again = seq_ <= told_seq_;
  committed_seq_ = seq_;
  commit_at_ = SteadyNow();
  if (checkpoint) {
    checkpoint_at_ = commit_at_;
    bytes_ = 0;
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.checkpoints;
    stats_.checkpoint_bytes = commit.checkpoint->size();
    stats_.checkpoint_us = took;
  }
  Publish();
  desk_.Settle(std::exchange(acted_, {}));  // what they made is to be seen by then
  if (!again && !commit.outbox.empty() && hooks_.told != nullptr) {
    Report report = reasoner_->MakeReport();
    std::set<std::string> told;
    for (const OutboxRow& row : commit.outbox) told.insert(row.incident);
    std::erase_if(report.incidents, [&](const Incident& i) { return !told.contains(i.id); });
    hooks_.told(commit.outbox, report);
  }
  return absl::OkStatus();
}

void LiveReasonThread::Publish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stats_.reasoned_seq = seq_;
  stats_.watermark = reasoner_->watermark();
  stats_.newest = reasoner_->newest();
  stats_.bursts = reasoner_->bursts();
  stats_.open_incidents = reasoner_->open_incidents();
  stats_.reason_reasons = reasoner_->counters();
  silences_ = reasoner_->planner().Silences(reasoner_->now());
}

void LiveReasonThread::AddStats(PipelineStats* stats) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  stats->reasoned_seq = stats_.reasoned_seq;
  stats->watermark = stats_.watermark;
  stats->newest = stats_.newest;
  stats->bursts = stats_.bursts;
  stats->open_incidents = stats_.open_incidents;
  stats->checkpoints = stats_.checkpoints;
  stats->checkpoint_bytes = stats_.checkpoint_bytes;
  stats->checkpoint_us = stats_.checkpoint_us;
  stats->reason_reasons = stats_.reason_reasons;
}

absl::Status LiveReasonThread::error() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return error_;
}

}  // namespace culprit
