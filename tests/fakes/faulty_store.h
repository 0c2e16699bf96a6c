// A LiveStore in front of another one, that fails, stalls or "dies" when told: for tests of what
// stands on the store. What fails stores nothing, as live_store.h promises. Thread-safe.
#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/live_store.h"

namespace culprit {

enum class StoreCall : uint8_t { kScanCommit, kReasonCommit, kRead, kEdit, kMaintain, kReceipt };

class FaultyStore : public LiveStore {
 public:
  // `below` outlives this: it may be opened behind a new FaultyStore after a "crash".
  explicit FaultyStore(LiveStore* below) : below_(below) {}

  // The next `times` calls of that kind fail so, after letting `skip` of them pass.
  void Fail(StoreCall call, absl::Status with, int times = 1, int skip = 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    plans_[call] = {std::move(with), times, skip};
  }
  // Each call of that kind fails with this chance, from 0 to 1.
  void FailSometimes(StoreCall call, absl::Status with, double chance, uint32_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    chances_[call] = {std::move(with), chance};
    random_.seed(seed);
  }
  // From here on nothing reaches the store below, as if the process had been killed.
  // `after_commits` more commits of any kind are let through before; `answered`: whether the last
  // one returns OK, or is stored and its answer is lost with the process.
  void Die(int after_commits = 0, bool answered = true) {
    const std::lock_guard<std::mutex> lock(mutex_);
    commits_left_ = after_commits;
    answered_ = answered;
    changed_.notify_all();
  }
  bool dead() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return commits_left_ == 0;
  }
  // Commits wait until Unblock: a disk that hangs. waiting() tells how many do.
  void Block() {
    const std::lock_guard<std::mutex> lock(mutex_);
    blocked_ = true;
  }
  void Unblock() {
    const std::lock_guard<std::mutex> lock(mutex_);
    blocked_ = false;
    changed_.notify_all();
  }
  int waiting() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiting_;
  }
  // Calls of that kind so far, failed ones too.
  int calls(StoreCall call) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = calls_.find(call);
    return found == calls_.end() ? 0 : found->second;
  }

  PartitionId NewPartitionId() override { return below_->NewPartitionId(); }
  absl::StatusOr<std::vector<StoredPartition>> Partitions(bool with_ended) override {
    return Pass<std::vector<StoredPartition>>(StoreCall::kRead,
                                              [&] { return below_->Partitions(with_ended); });
  }
  absl::StatusOr<uint64_t> Commit(const ScanCommit& commit) override {
    return PassCommit<absl::StatusOr<uint64_t>>(StoreCall::kScanCommit,
                                                [&] { return below_->Commit(commit); });
  }
  bool HasReceipt(std::string_view source, std::string_view receipt) override {
    return Enter(StoreCall::kReceipt).ok() && below_->HasReceipt(source, receipt);
  }
  absl::StatusOr<uint32_t> AddGeneration(const std::string& fingerprint,
                                         const std::vector<std::string>& signatures) override {
    return Pass<uint32_t>(StoreCall::kEdit,
                          [&] { return below_->AddGeneration(fingerprint, signatures); });
  }
  absl::StatusOr<std::vector<Generation>> Generations() override {
    return Pass<std::vector<Generation>>(StoreCall::kRead, [&] { return below_->Generations(); });
  }
  absl::StatusOr<std::vector<StoredChunk>> ReadChunks(uint64_t after_seq,
                                                      size_t max_bytes) override {
    return Pass<std::vector<StoredChunk>>(StoreCall::kRead,
                                          [&] { return below_->ReadChunks(after_seq, max_bytes); });
  }
  absl::Status CondemnChunk(uint64_t seq, std::string_view why) override {
    const absl::Status status = Enter(StoreCall::kEdit);
    return status.ok() ? below_->CondemnChunk(seq, why) : status;
  }
  absl::Status Commit(const ReasonCommit& commit) override {
    return PassCommit<absl::Status>(StoreCall::kReasonCommit,
                                    [&] { return below_->Commit(commit); });
  }
  absl::StatusOr<std::optional<Checkpoint>> LoadCheckpoint() override {
    return Pass<std::optional<Checkpoint>>(StoreCall::kRead,
                                           [&] { return below_->LoadCheckpoint(); });
  }
  absl::StatusOr<std::optional<Checkpoint>> OldestCheckpoint() override {
    return Pass<std::optional<Checkpoint>>(StoreCall::kRead,
                                           [&] { return below_->OldestCheckpoint(); });
  }
  absl::StatusOr<LogRange> Log() override {
    return Pass<LogRange>(StoreCall::kRead, [&] { return below_->Log(); });
  }
  absl::StatusOr<std::vector<IncidentRow>> Incidents(const std::string& state,
                                                     size_t limit) override {
    return Pass<std::vector<IncidentRow>>(StoreCall::kRead,
                                          [&] { return below_->Incidents(state, limit); });
  }
  absl::StatusOr<std::optional<IncidentRow>> FindIncident(const std::string& id) override {
    return Pass<std::optional<IncidentRow>>(StoreCall::kRead,
                                            [&] { return below_->FindIncident(id); });
  }
  absl::StatusOr<std::vector<StoredOutboxRow>> Outbox(DeliveryState state, int64_t after_id,
                                                      size_t limit) override {
    return Pass<std::vector<StoredOutboxRow>>(
        StoreCall::kRead, [&] { return below_->Outbox(state, after_id, limit); });
  }
  absl::Status MarkOutbox(const std::vector<int64_t>& ids, DeliveryState state) override {
    const absl::Status status = Enter(StoreCall::kEdit);
    return status.ok() ? below_->MarkOutbox(ids, state) : status;
  }
  absl::StatusOr<std::vector<StoredDelivery>> PendingDeliveries(const std::string& destination,
                                                                size_t limit) override {
    return Pass<std::vector<StoredDelivery>>(
        StoreCall::kRead, [&] { return below_->PendingDeliveries(destination, limit); });
  }
  absl::Status SettleDelivery(const DeliverySettlement& settlement) override {
    const absl::Status status = Enter(StoreCall::kEdit);
    return status.ok() ? below_->SettleDelivery(settlement) : status;
  }
  absl::StatusOr<std::vector<StoredDelivery>> SentDeliveries(const std::string& destination,
                                                             TimeUs before, size_t limit) override {
    return Pass<std::vector<StoredDelivery>>(
        StoreCall::kRead, [&] { return below_->SentDeliveries(destination, before, limit); });
  }
  absl::Status MarkSent(const std::string& destination, const std::string& incident,
                        const std::string& receipt, TimeUs now) override {
    const absl::Status status = Enter(StoreCall::kEdit);
    return status.ok() ? below_->MarkSent(destination, incident, receipt, now) : status;
  }
  absl::StatusOr<std::map<std::string, DeliveryTotals>> Deliveries() override {
    return Pass<std::map<std::string, DeliveryTotals>>(StoreCall::kRead,
                                                       [&] { return below_->Deliveries(); });
  }
  absl::StatusOr<std::vector<JournalRow>> Journal(const std::string& incident) override {
    return Pass<std::vector<JournalRow>>(StoreCall::kRead,
                                         [&] { return below_->Journal(incident); });
  }
  absl::StatusOr<std::vector<StoredLetter>> DeadLetters(const LetterQuery& query) override {
    return Pass<std::vector<StoredLetter>>(StoreCall::kRead,
                                           [&] { return below_->DeadLetters(query); });
  }
  absl::StatusOr<std::optional<StoredLetter>> FindDeadLetter(int64_t id) override {
    return Pass<std::optional<StoredLetter>>(StoreCall::kRead,
                                             [&] { return below_->FindDeadLetter(id); });
  }
  absl::StatusOr<int64_t> MarkReplayed(const std::vector<int64_t>& ids, TimeUs now) override {
    return Pass<int64_t>(StoreCall::kEdit, [&] { return below_->MarkReplayed(ids, now); });
  }
  absl::StatusOr<int64_t> DropDeadLetters(const std::vector<int64_t>& ids) override {
    return Pass<int64_t>(StoreCall::kEdit, [&] { return below_->DropDeadLetters(ids); });
  }
  absl::Status Maintain(TimeUs now) override {
    const absl::Status status = Enter(StoreCall::kMaintain);
    return status.ok() ? below_->Maintain(now) : status;
  }
  absl::StatusOr<StoreTotals> Totals() override {
    return Pass<StoreTotals>(StoreCall::kRead, [&] { return below_->Totals(); });
  }
  StoreHealth health() const override { return below_->health(); }

 private:
  struct Plan {
    absl::Status with;
    int times = 0;
    int skip = 0;
  };
  struct Chance {
    absl::Status with;
    double chance = 0;
  };

  absl::Status EnterLocked(StoreCall call) {
    ++calls_[call];
    if (commits_left_ == 0) return absl::UnavailableError("the process was killed");
    Plan& plan = plans_[call];
    if (plan.times > 0 && plan.skip-- <= 0) {
      --plan.times;
      return plan.with;
    }
    const Chance& chance = chances_[call];
    if (chance.chance > 0 && std::uniform_real_distribution<>()(random_) < chance.chance)
      return chance.with;
    return absl::OkStatus();
  }
  absl::Status Enter(StoreCall call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return EnterLocked(call);
  }
  template <typename T, typename Call>
  absl::StatusOr<T> Pass(StoreCall kind, Call call) {
    if (const absl::Status status = Enter(kind); !status.ok()) return status;
    return call();
  }
  template <typename T, typename Call>
  T PassCommit(StoreCall kind, Call call) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [&] { return !blocked_ || commits_left_ == 0; });
    --waiting_;
    if (const absl::Status status = EnterLocked(kind); !status.ok()) return status;
    T result = call();
    if (commits_left_ > 0 && --commits_left_ == 0 && !answered_)
      return absl::UnavailableError("the process was killed");
    return result;
  }

  LiveStore* const below_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<StoreCall, Plan> plans_;
  std::map<StoreCall, Chance> chances_;
  std::map<StoreCall, int> calls_;
  std::mt19937 random_;
  int commits_left_ = -1;  // -1: lives
  bool answered_ = true;
  bool blocked_ = false;
  int waiting_ = 0;
};

}  // namespace culprit
