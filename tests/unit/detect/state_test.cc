// Checkpoints (ROOT_CAUSE 7, invariant 7): whoever is saved and restored at any moment goes on as
// if nothing had happened.
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/checkpoint.h"
#include "tests/unit/detect/detect_testing.h"

namespace culprit {
namespace {

using Op = std::function<void(Orderer&)>;

struct Case {
  std::shared_ptr<const Knowledge> knowledge;
  DetectorOptions detect;
  OrderOptions order;
  std::vector<Op> ops;
};

// Orderer and detector that can be replaced by restored ones at any moment.
class Restorable {
 public:
  explicit Restorable(const Case& test_case) : case_(test_case) { Fresh(); }

  void Step(const Op& op) {
    op(*orderer_);
    while (orderer_->NextClosed(&slice_)) {
      Pass(slice_.start);
      detector_->OnSlice(slice_, &out_);
      log += Describe(out_);
    }
    const TimeUs watermark = orderer_->watermark();
    log += "watermark " + std::to_string(watermark) + "\n";
    if (watermark != kNoTime && watermark != Orderer::kEndOfTime)
      Pass(orderer_->SliceStart(watermark));
  }
  void Finish() {
    if (detector_->now() != kNoTime) Pass(std::max(detector_->quiet_at(), detector_->now()));
  }
  // Also in the middle of a step: slices wait, the detector is behind.
  void StepWithCheckpointAfterEachSlice(const Op& op) {
    op(*orderer_);
    for (;;) {
      SaveAndRestore();
      if (!orderer_->NextClosed(&slice_)) break;
      SaveAndRestore();
      Pass(slice_.start);
      detector_->OnSlice(slice_, &out_);
      log += Describe(out_);
    }
    Step([](Orderer&) {});
  }
  void SaveAndRestore() {
    const std::string order = orderer_->Save(*case_.knowledge);
    const std::string detect = detector_->Save();
    Fresh();
    ASSERT_TRUE(orderer_->Restore(*case_.knowledge, order).ok());
    const absl::Status status = detector_->Restore(detect);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(detector_->Save() == detect);
  }

  std::string log;
  Counters counters;

 private:
  void Fresh() {
    orderer_ = std::make_unique<Orderer>(case_.order, &counters);
    detector_ = std::make_unique<Detector>(case_.knowledge, case_.detect, &counters);
  }
  void Pass(TimeUs until) {
    while (detector_->PassTime(until, 5 * kSecondUs, &out_)) log += Describe(out_);
  }
  const Case& case_;
  std::unique_ptr<Orderer> orderer_;
  std::unique_ptr<Detector> detector_;
  Slice slice_;
  SliceOutcome out_;
};

const char* const kWords[] = {"cannot", "open",  "socket",  "shard", "user",
                              "fails",  "reads", "segment", "of",    "the"};

// Everything that makes state: late lines, jumps, partitions that idle, end and come again,
// templates, silence, adaptive rates, and bounds that are hit.
Case RandomCase(uint64_t seed, size_t length) {
  std::mt19937_64 rng(seed);
  Case test_case;
  std::vector<SignatureSpec> specs;
  for (int i = 0; i < 6; ++i) {
    BurstRule rule;
    rule.kind = i == 1   ? BurstRule::Kind::kRate
                : i == 2 ? BurstRule::Kind::kNew
                : i == 3 ? BurstRule::Kind::kAbsent
                         : BurstRule::Kind::kThreshold;
    rule.count = 2 + static_cast<int>(rng() % 4);
    rule.within = static_cast<DurationUs>(5 + rng() % 30) * kSecondUs;
    specs.push_back(MakeSpec("p/" + std::to_string(i), rule));
    specs.back().by_template = i == 4;
  }
  test_case.knowledge = MakeKnowledge(specs);
  test_case.order.live = seed % 2 == 0;
  test_case.detect.rate_warmup = 0;
  test_case.detect.flatline_min_history = 20 * kSecondUs;
  test_case.detect.flatline_across_partitions = seed % 5 == 0;
  test_case.detect.template_count = 3;
  if (seed % 3 == 0) {
    test_case.order.max_keys_per_slice = 5;
    test_case.order.max_texts_per_component = 2;
    test_case.detect.max_keys = 6;
    test_case.detect.max_evidence_bytes = 6000;
    test_case.detect.max_components = 3;
    test_case.detect.max_templates = 5;
    test_case.detect.max_first_seen = 4;
  }
  std::vector<TimeUs> time(4, kT0);
  const uint64_t jump = seed % 4 == 0 ? 40 : 2000;
  for (size_t i = 0; i < length; ++i) {
    const auto p = static_cast<PartitionId>(rng() % 4);
    const PartitionId id = p * 1'000'000'007u;  // ids are not dense
    // Now and then time flies, or a component falls silent.
    time[p] += static_cast<TimeUs>(rng() % (rng() % jump == 0 ? 200'000'000 : 1'500'000));
    if (rng() % 8 == 0) {
      const TimeUs most = *std::max_element(time.begin(), time.end());
      time[p] = std::max(time[p], most - 10'000'000);
    }
    TimeUs at = time[p];
    if (rng() % 12 == 0) at -= static_cast<TimeUs>(rng() % 9'000'000);
    if (rng() % 60 == 0) at += static_cast<TimeUs>(rng() % 400'000'000);
    const uint64_t what = rng() % 100;
    if (what < 2) {
      test_case.ops.emplace_back([id](Orderer& o) { o.Idle(id); });
    } else if (what < 3) {
      test_case.ops.emplace_back([id](Orderer& o) { o.EndPartition(id); });
    } else if (what < 4) {
      test_case.ops.emplace_back([id](Orderer& o) { o.AddPartition(id); });
    } else if (what < 5 && test_case.order.live) {
      test_case.ops.emplace_back([at](Orderer& o) { o.PassTime(at); });
    } else if (what < 25 && seed % 8 < 5) {  // marks make silence rare
      const std::string component = "c" + std::to_string(rng() % (i % 700 < 420 ? 5 : 3));
      test_case.ops.emplace_back([=](Orderer& o) { o.AddMark({id, at, component}); });
    } else {
      Signal s = MakeSignal(id, i * 10, at, static_cast<SignatureIndex>(rng() % 6),
                            "c" + std::to_string(rng() % (i % 700 < 420 ? 5 : 3)));
      if (rng() % 2) s.target = "t" + std::to_string(rng() % 3);
      if (rng() % 4) s.instance = "pod-" + std::to_string(rng() % 12);
      if (rng() % 3 == 0) s.captures = {{"host", "10.0.0.5"}, {"port", "2379"}};
      const Level levels[] = {Level::kError, Level::kUnknown, Level::kInfo};
      s.level = levels[rng() % 3];
      if (s.signature == 4) {
        for (int k = 0; k < 5; ++k) s.message += std::string(kWords[rng() % 10]) + " ";
      }
      test_case.ops.emplace_back([s](Orderer& o) { o.Add(s); });
    }
  }
  for (PartitionId p = 0; p < 4; ++p) {
    const PartitionId id = p * 1'000'000'007u;
    test_case.ops.emplace_back([id](Orderer& o) { o.EndPartition(id); });
  }
  return test_case;
}

void ExpectSame(const Restorable& a, const Restorable& b, uint64_t seed) {
  ASSERT_EQ(a.log, b.log) << "seed " << seed;
  for (size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    ASSERT_EQ(a.counters.Get(reason), b.counters.Get(reason))
        << ReasonName(reason) << " seed " << seed;
  }
}

size_t Occurrences(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
  return n;
}

TEST(DetectState, RestoredAfterEveryEntryIsTheSameAsUninterrupted) {
  size_t opened = 0;
  size_t closed = 0;
  size_t silences = 0;
  for (uint64_t seed = 0; seed < 24; ++seed) {
    const Case test_case = RandomCase(seed, 700);
    Restorable plain(test_case);
    Restorable restored(test_case);
    for (const Op& op : test_case.ops) {
      plain.Step(op);
      restored.Step(op);
      restored.SaveAndRestore();
      ASSERT_EQ(plain.log.size(), restored.log.size()) << "seed " << seed;
    }
    plain.Finish();
    restored.Finish();
    ExpectSame(plain, restored, seed);
    opened += Occurrences(plain.log, "  open ");
    closed += Occurrences(plain.log, "  close ");
    silences += Occurrences(plain.log, " silence ");
  }
  EXPECT_GT(opened, 500u);
  EXPECT_GT(closed, 300u);
  EXPECT_GT(silences, 10u);
}

TEST(DetectState, RestoredOnceAnywhereIsTheSameAsUninterrupted) {
  for (uint64_t seed = 100; seed < 160; ++seed) {
    const Case test_case = RandomCase(seed, 1500);
    std::mt19937_64 rng(seed);
    Restorable plain(test_case);
    Restorable restored(test_case);
    const size_t where = rng() % test_case.ops.size();
    for (size_t i = 0; i < test_case.ops.size(); ++i) {
      plain.Step(test_case.ops[i]);
      if (i == where) {
        restored.StepWithCheckpointAfterEachSlice(test_case.ops[i]);
      } else {
        restored.Step(test_case.ops[i]);
      }
    }
    plain.Finish();
    restored.Finish();
    ExpectSame(plain, restored, seed);
  }
}

// The same specs in another order, without the first, and one with another kind of rule.
TEST(DetectState, OtherKnowledgeKeepsWhatItStillHas) {
  Counters counters;
  const auto before = MakeKnowledge({MakeSpec("p/a"), MakeSpec("p/b"), MakeSpec("p/c")});
  BurstRule rate;
  rate.kind = BurstRule::Kind::kRate;
  const auto after = MakeKnowledge({MakeSpec("p/0"), MakeSpec("p/b"), MakeSpec("p/c", rate)});
  Orderer orderer({}, &counters);
  Detector detector(before, {}, &counters);
  Slice slice;
  SliceOutcome out;
  uint64_t offset = 0;
  for (int second = 0; second < 8; ++second) {
    for (SignatureIndex s = 0; s < 3; ++s) {
      for (int k = 0; k < 3; ++k)
        orderer.Add(MakeSignal(0, offset++, kT0 + second * kSecondUs, s, "api"));
    }
    while (orderer.NextClosed(&slice)) detector.OnSlice(slice, &out);
  }
  ASSERT_EQ(detector.open_bursts(), 3u);

  Orderer orderer2({}, &counters);
  Detector detector2(after, {}, &counters);
  const size_t slices = orderer.open_slices();
  ASSERT_TRUE(orderer2.Restore(*after, orderer.Save(*before)).ok());
  EXPECT_EQ(counters.Get(Reason::kSignatureGone), slices);  // of p/a
  const absl::Status status = detector2.Restore(detector.Save());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(counters.Get(Reason::kSignatureGone), slices + 2);
  EXPECT_EQ(detector2.open_bursts(), 1u);
  EXPECT_EQ(detector2.keys(), 1u);
  orderer2.EndPartition(0);
  size_t changed = 0;
  while (orderer2.NextClosed(&slice)) {
    for (const SliceCell& c : slice.cells) EXPECT_NE(after->signatures[c.signature].id, "p/0");
    detector2.OnSlice(slice, &out);
    for (const Burst* b : out.changed) {
      ++changed;
      EXPECT_EQ(after->signatures[b->signature].id, "p/b");
    }
  }
  EXPECT_EQ(changed, slices);
}

// Half a year of files that are written for an hour each, always two at a time.
TEST(DetectState, PartitionsComeAndGoWithoutGrowth) {
  Counters counters;
  OrderOptions order;
  order.live = true;
  Orderer orderer(order, &counters);
  const auto knowledge = MakeKnowledge({MakeSpec("p/a")});
  Detector detector(knowledge, {}, &counters);
  Slice slice;
  SliceOutcome out;
  size_t after_a_week = 0;
  for (uint32_t hour = 0; hour < 180 * 24; ++hour) {
    const PartitionId id = hour * 77'777u;
    orderer.AddPartition(id);
    if (hour > 1) orderer.EndPartition((hour - 2) * 77'777u);
    for (int k = 0; k < 20; ++k) {
      orderer.Add(MakeSignal(id, static_cast<uint64_t>(k), kT0 + hour * kHourUs + k * kMinuteUs, 0,
                             "c" + std::to_string(hour % 3)));
      while (orderer.NextClosed(&slice)) {
        while (detector.PassTime(slice.start, 0, &out)) {
        }
        detector.OnSlice(slice, &out);
      }
    }
    ASSERT_LE(orderer.partitions(), 2u);
    const size_t bytes = orderer.Save(*knowledge).size() + detector.Save().size();
    if (hour == 7 * 24) after_a_week = bytes;
    ASSERT_TRUE(hour <= 7 * 24 || bytes < after_a_week + after_a_week / 2) << hour;
  }
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
}

TEST(DetectState, DamageIsAStatusAndChangesNothing) {
  const Case test_case = RandomCase(6, 500);
  Counters counters;
  Orderer orderer(test_case.order, &counters);
  for (const Op& op : test_case.ops) op(orderer);
  const std::string bytes = orderer.Save(*test_case.knowledge);
  Orderer other(test_case.order, &counters);
  for (size_t i = 0; i < bytes.size(); i += 7) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] + 1);
    EXPECT_FALSE(other.Restore(*test_case.knowledge, damaged).ok());
  }
  EXPECT_EQ(other.partitions(), 0u);
  EXPECT_EQ(other.open_slices(), 0u);
  Detector detector(test_case.knowledge, test_case.detect, &counters);
  EXPECT_EQ(detector.Restore(bytes).code(), absl::StatusCode::kInvalidArgument);
  OrderOptions longer;
  longer.slice = 2 * kSecondUs;
  Orderer slower(longer, &counters);
  EXPECT_EQ(slower.Restore(*test_case.knowledge, bytes).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(other.Restore(*test_case.knowledge, bytes).ok());
}

}  // namespace
}  // namespace culprit
