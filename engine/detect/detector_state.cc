// The detector as bytes. What follows from other things is not written: hashes, timers, counts.
#include <algorithm>
#include <utility>

#include "engine/detect/detector_impl.h"
#include "engine/detect/state.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "detector";
constexpr uint32_t kVersion = 1;

enum Has : uint8_t {
  kHasTemplate = 1,
  kHasRate = 2,
  kHasBurst = 4,
  kHasHeld = 8,
  kHasMark = 16,
  kHasArmed = 32,
};

}  // namespace

// The shown instances follow from `instances`.
void Detector::Impl::WriteBurst(const OpenBurst& open, CheckpointWriter& ar) const {
  ar(open.burst, open.instances(), open.off_level2, Relative(open.quiet_since, open.opened_slice),
     open.opened_slice);
}

std::unique_ptr<OpenBurst> Detector::Impl::ReadBurst(CheckpointReader& ar) {
  auto open = std::make_unique<OpenBurst>();
  InstanceCounts instances;
  ar(open->burst, instances, open->off_level2);
  open->SetInstances(std::move(instances));
  int64_t since = 0;
  ar(Relative(since, 0), open->opened_slice);
  RequireModerate(open->opened_slice);
  open->quiet_since = static_cast<int64_t>(static_cast<uint64_t>(since) +
                                           static_cast<uint64_t>(open->opened_slice));
  if (open->quiet_since != kNever) RequireModerate(open->quiet_since);
  Require(open->burst.id > 0 && open->burst.id < next_burst_id_, "id of a burst");
  Require(open->off_level2 < uint64_t{1} << 62, "level of a burst");
  Require(open->burst.closed_at == kNoTime, "closed burst");
  for (const Evidence& e : open->burst.evidence) evidence_bytes_ += EvidenceBytes(e);
  ++open_bursts_;
  return open;
}

void Detector::Impl::WriteKey(const BurstKey& key, CheckpointWriter& ar) const {
  const auto kind = static_cast<uint64_t>(RuleOf(key).kind);
  const uint64_t has = (key.template_id != 0 ? kHasTemplate : 0) |
                       (key.rate != nullptr ? kHasRate : 0) |
                       (key.burst != nullptr ? kHasBurst : 0) | (!key.held.empty() ? kHasHeld : 0) |
                       (key.mark != 0 ? kHasMark : 0) | (key.armed != kNever ? kHasArmed : 0);
  ar.Word(knowledge_->signatures[key.signature].id);
  ar.Varint(has);
  ar.Varint(kind);
  ar(Word(key.component), Word(key.target));
  if (has & kHasTemplate) ar(Hash(key.template_id));
  ar(Relative(key.last_slice, slice_), Time(key.last));
  if (has & kHasMark) ar(key.mark);
  if (has & kHasArmed) ar(Relative(key.armed, key.last_slice));
  key.window.Write(key.last_slice, ar);
  if (has & kHasRate) ar(key.rate->baseline);
  if (has & kHasHeld) {
    ar.Varint(key.held.size());
    key.held.ForEach([&](const HeldLine& line) { ar(line.ToEvidence()); });
  }
  if (has & kHasBurst) WriteBurst(*key.burst, ar);
}

bool Detector::Impl::ReadKey(const SignatureNames& names, CheckpointReader& ar) {
  constexpr auto kLastKind = BurstRule::Kind::kAbsent;
  KeyTable::View view{0, names.Find(ar.Word()), {}, {}, 0};
  const uint64_t has = ar.Varint();
  BurstRule::Kind kind{};
  ar(Choice(kind, kLastKind));
  view.component = ar.Word();
  view.target = ar.Word();
  if (has & kHasTemplate) ar(Hash(view.template_id));
  BurstKey read;
  ar(Relative(read.last_slice, slice_), Time(read.last));
  RequireModerate(read.last_slice);
  Require(read.last_slice <= slice_, "key from the future");
  if (has & kHasMark) ar(read.mark);
  RequireModerate(read.mark);
  if (has & kHasArmed) {
    ar(Relative(read.armed, read.last_slice));
    RequireModerate(read.armed);
  }
  read.window.Read(read.last_slice, ar);
  RateBaseline baseline;
  if (has & kHasRate) ar(baseline);
  if (has & kHasHeld) {
    std::vector<Evidence> held;
    ar(held);
    for (const Evidence& e : held) read.held.Add(e);
  }
  const size_t evidence_before = evidence_bytes_;
  if (has & kHasBurst) read.burst = ReadBurst(ar);

  // Only the kinds that keep the same state may take each other's place.
  const auto like = [](BurstRule::Kind k) {
    return k == BurstRule::Kind::kNew ? BurstRule::Kind::kThreshold : k;
  };
  if (view.signature == kNoSignature || like(rules_[view.signature].kind) != like(kind)) {
    evidence_bytes_ = evidence_before;
    open_bursts_ -= read.burst != nullptr;
    return false;
  }
  const bool absent = kind == BurstRule::Kind::kAbsent;
  Require(((has & kHasRate) != 0) == (kind == BurstRule::Kind::kRate), "kind of a key");
  Require(absent || read.burst == nullptr || (read.armed != kNever && read.burst->off_level2 >= 2),
          "burst of a key");
  Require(absent || read.armed != kNever || read.window.empty(), "window without a timer");
  Require(!absent || read.window.empty(), "kind of a key");
  view.hash = BurstKeyHash(view.signature, view.component, view.target, view.template_id);
  Require(keys_.Find(view) == KeyTable::kNone, "key twice");
  const uint32_t index = NewKey(view);
  BurstKey& key = keys_.At(index);
  key.last_slice = read.last_slice;
  key.last = read.last;
  key.mark = read.mark;
  key.armed = read.armed;
  key.window = std::move(read.window);
  key.held = std::move(read.held);
  key.burst = std::move(read.burst);
  key.held.ForEach([&](const HeldLine& line) { evidence_bytes_ += line.bytes(); });
  if (key.rate != nullptr) key.rate->baseline = baseline;
  if (key.burst != nullptr) key.burst->burst.signature = key.signature;
  if (key.armed != kNever && absent) absent_due_.push({key.armed, index, key.generation});
  if (key.armed != kNever && !absent) timers_.Add(key.armed, {index, key.generation});
  return true;
}

void Detector::Impl::Write(CheckpointWriter& ar) const {
  ar(options_.slice, Time(now_), slice_, start_minute_, next_burst_id_);
  std::vector<const std::string*> seasons;
  for (const auto& [component, season] : seasons_) seasons.push_back(&component);
  const auto by_text = [](const std::string* a, const std::string* b) { return *a < *b; };
  std::sort(seasons.begin(), seasons.end(), by_text);
  ar.Varint(seasons.size());
  for (const std::string* component : seasons)
    ar(Word(*component), seasons_.find(*component)->second->season);
  ar.Varint(keys_.size());
  keys_.ForEachByIndex([&](const BurstKey& key) { WriteKey(key, ar); });
  ar(first_seen_, miner_, life_);
  std::vector<const std::string*> silences;
  for (const auto& [component, open] : silences_) silences.push_back(&component);
  std::sort(silences.begin(), silences.end(), by_text);
  ar.Varint(silences.size());
  for (const std::string* component : silences) WriteBurst(*silences_.find(*component)->second, ar);
}

void Detector::Impl::Read(CheckpointReader& ar) {
  DurationUs slice_length = 0;
  ar(slice_length);
  Require(slice_length == options_.slice, "written with another length of slices");
  ar(Time(now_), slice_, start_minute_, next_burst_id_);
  RequireModerate(slice_);
  Require(next_burst_id_ > 0 && next_burst_id_ < uint64_t{1} << 62, "id of a burst");
  if (start_minute_ != INT64_MIN) RequireModerate(start_minute_);
  Require(now_ == kNoTime || (now_ % options_.slice == 0 && SliceEnd(slice_) <= now_), "time");
  for (size_t n = ar.Count(); n > 0; --n) {
    std::string component;
    ar(Word(component));
    auto& season = seasons_[component];
    Require(season == nullptr, "season twice");
    season = std::make_unique<ComponentSeason>();
    ar(season->season);
  }
  const SignatureNames names(*knowledge_);
  size_t gone = 0;
  for (size_t n = ar.Count(); n > 0; --n) gone += !ReadKey(names, ar);
  absl::erase_if(seasons_, [](const auto& e) { return e.second->users == 0; });
  ar(first_seen_, miner_, life_);
  dropped_templates_ = miner_.dropped();
  for (size_t n = ar.Count(); n > 0; --n) {
    std::unique_ptr<OpenBurst> open = ReadBurst(ar);
    const std::string component = open->burst.component;
    Require(life_.IsSilent(component), "silence of a component that logs");
    Require(silences_.try_emplace(component, std::move(open)).second, "silence twice");
  }
  counters_->Count(Reason::kSignatureGone, gone);
}

std::string Detector::Save() const {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) { impl_->Write(ar); });
}

absl::Status Detector::Restore(std::string_view bytes) {
  std::unique_ptr<Impl> fresh = impl_->Fresh();
  absl::Status status =
      ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) { fresh->Read(ar); });
  if (status.ok()) impl_ = std::move(fresh);
  return status;
}

}  // namespace culprit
