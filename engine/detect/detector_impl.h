// The detector's state and steps. Private to detect/; one owner thread.
#pragma once
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/detect/burst_key.h"
#include "engine/detect/detector.h"
#include "engine/detect/first_seen.h"
#include "engine/detect/life.h"
#include "engine/detect/template_miner.h"
#include "engine/detect/timers.h"

namespace culprit {

constexpr DurationUs kBurstLearningPause = 6 * kHourUs;

class CheckpointReader;
class CheckpointWriter;
class SignatureNames;

class Detector::Impl {
 public:
  Impl(std::shared_ptr<const Knowledge> knowledge, const DetectorOptions& options,
       Counters* counters);
  void OnSlice(const Slice& slice, SliceOutcome* out);
  bool PassTime(TimeUs until, DurationUs tick, SliceOutcome* out);
  TimeUs now() const { return now_; }
  TimeUs quiet_at() const;
  size_t open_bursts() const { return open_bursts_; }
  size_t keys() const { return keys_.size(); }
  size_t memory_bytes() const;

  std::unique_ptr<Impl> Fresh() const {
    return std::make_unique<Impl>(knowledge_, options_, counters_);
  }
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);  // into an empty one; its last act is to count

 private:
  struct Rule {  // of one signature, as the detector uses it
    BurstRule::Kind kind = BurstRule::Kind::kThreshold;
    uint64_t count = 5;
    int64_t slices = 30;  // window; kAbsent: silence that fires
    bool first_seen = false;
    bool any_level = false;  // first-seen also counts lines without a level
    bool strong = false;     // shows that its pack is present
    uint32_t pack = 0;
    uint64_t id_hash = 0;  // of the signature's id
  };
  struct AbsentDue {
    int64_t live;  // on life_.global()
    uint32_t key;
    uint32_t generation;
    bool operator>(const AbsentDue& o) const {
      return live != o.live ? live > o.live : key > o.key;
    }
  };
  struct Incoming {  // one cell on its way to its key
    uint32_t cell;
    uint32_t key;  // KeyTable::kNone: not there yet
    uint64_t template_id;
    uint64_t hash;
    uint32_t next = BurstKey::kNoCell;  // of the same key in this slice
  };

  Rule MakeRule(const SignatureSpec& spec) const;
  void Begin(int64_t slice, SliceOutcome* out);
  void Finish(SliceOutcome* out);
  void RunTimers(int64_t slice);

  void MineTemplates(const Slice& slice);
  void Locate(const Slice& slice);
  void SortIncoming(const Slice& slice);  // by key
  void SortIncomingByHash(const Slice& slice);
  bool IncomingBefore(const Slice& slice, const Incoming& x, const Incoming& y) const;
  void MakeRoom(size_t needed);
  uint32_t NewKey(const KeyTable::View& view);
  void DropKey(uint32_t index);
  uint32_t StarKey(SignatureIndex signature);
  KeyTable::View ViewOf(const Slice& slice, const Incoming& in) const;

  void Touch(BurstKey& key, uint32_t index);
  void AddCell(const Slice& slice, uint32_t in, bool star);
  void AddToBurst(const Slice& slice, const SliceCell& cell, BurstKey& key);
  void Hold(const Slice& slice, const SliceCell& cell, BurstKey& key);
  // Accounts for a line about to be kept; false: no room. `first`: the key has none yet.
  bool Admit(const SliceSample& sample, bool first);
  void Release(HeldLines* lines);
  void DropHeldBefore(BurstKey& key, TimeUs time);
  void Evaluate(uint32_t index);
  uint64_t FireLevel(BurstKey& key);
  bool ShouldFire(BurstKey& key);
  void Open(BurstKey& key, uint64_t level);
  void OpenAbsent(BurstKey& key);
  std::unique_ptr<OpenBurst> NewBurst(const BurstKey& key);
  void CheckQuiet(BurstKey& key, uint32_t index);
  void Close(BurstKey& key);
  void Arm(uint32_t index, int64_t slice);

  void SeeAbsent(BurstKey& key, uint32_t index);
  void FireAbsent();
  void OnLife(const Slice& slice, SliceOutcome* out);
  void Refresh(OpenBurst* open);
  void FetchAhead(uint32_t key, uint32_t next) const;

  void WriteKey(const BurstKey& key, CheckpointWriter& ar) const;
  bool ReadKey(const SignatureNames& names, CheckpointReader& ar);  // false: left out
  void WriteBurst(const OpenBurst& open, CheckpointWriter& ar) const;
  std::unique_ptr<OpenBurst> ReadBurst(CheckpointReader& ar);

  int64_t WindowOf(const BurstKey& key) const;
  const Rule& RuleOf(const BurstKey& key) const { return rules_[key.signature]; }
  int64_t MinuteOf(int64_t slice) const;
  int64_t DayOf(int64_t slice) const;
  TimeUs SliceEnd(int64_t slice) const { return (slice + 1) * options_.slice; }

  const std::shared_ptr<const Knowledge> knowledge_;
  const DetectorOptions options_;
  Counters* const counters_;
  std::vector<Rule> rules_;  // by SignatureIndex
  int64_t off_slices_;
  int64_t rate_slices_;
  int64_t template_slices_;
  int64_t longest_window_ = 1;

  // State: all that a checkpoint must hold.
  KeyTable keys_;
  Timers timers_;
  std::priority_queue<AbsentDue, std::vector<AbsentDue>, std::greater<>> absent_due_;
  absl::flat_hash_map<std::string, std::unique_ptr<ComponentSeason>> seasons_;  // by component
  absl::flat_hash_map<std::string, std::unique_ptr<OpenBurst>> silences_;
  FirstSeen first_seen_;
  TemplateMiner miner_;
  LifeTracker life_;
  TimeUs now_ = kNoTime;
  int64_t slice_ = 0;                 // being closed
  int64_t start_minute_ = INT64_MIN;  // first whole minute observed
  uint64_t next_burst_id_ = 1;
  size_t open_bursts_ = 0;
  size_t evidence_bytes_ = 0;
  uint64_t dropped_templates_ = 0;

  // Scratch of one slice.
  const Slice* current_ = nullptr;
  std::vector<Incoming> incoming_;
  std::vector<uint32_t> texts_;    // cells with text, in (first time, hash) order
  std::vector<uint32_t> touched_;  // keys
  std::vector<OpenBurst*> opened_;
  std::vector<OpenBurst*> changed_;
  std::vector<std::pair<uint64_t, const Burst*>> by_id_;  // scratch
  std::vector<std::unique_ptr<OpenBurst>> closed_;        // kept until the next call
  std::vector<uint64_t> seen_;                            // first-seen hashes of this slice
  std::vector<LifeTracker::Change> silent_;
  std::vector<LifeTracker::Change> back_;
};

}  // namespace culprit
