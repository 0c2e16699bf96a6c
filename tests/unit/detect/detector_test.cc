#include "engine/detect/detector.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/detect/detect_testing.h"

namespace culprit {
namespace {

constexpr TimeUs kS = kSecondUs;

BurstRule Rule(BurstRule::Kind kind, int count = 5, DurationUs within = 30 * kS) {
  BurstRule rule;
  rule.kind = kind;
  rule.count = count;
  rule.within = within;
  return rule;
}

// One signature of every kind.
std::shared_ptr<Knowledge> EveryRule() {
  std::vector<SignatureSpec> specs;
  specs.push_back(MakeSpec("p/0-threshold"));
  specs.push_back(MakeSpec("p/1-rate", Rule(BurstRule::Kind::kRate)));
  specs.push_back(MakeSpec("p/2-new", Rule(BurstRule::Kind::kNew)));
  specs.push_back(MakeSpec("p/3-absent", Rule(BurstRule::Kind::kAbsent, 5, 40 * kS)));
  specs.push_back(MakeSpec("p/4-template"));
  specs.back().by_template = true;
  specs.back().weak = true;
  specs[1].pack = 3;
  specs[2].pack = 1;
  specs[4].pack = 2;
  return MakeKnowledge(std::move(specs));
}

std::vector<Signal> RandomSignals(std::mt19937_64& rng, PartitionId partition, size_t n) {
  static constexpr const char* kTexts[] = {
      "failed to open shard 17", "cannot reach 10.0.0.5:2379", "error in worker7: timeout",
      "fatal: corrupt block 0xff01", "unable to lock row 5 ms"};
  std::vector<Signal> signals;
  TimeUs t = kT0 + static_cast<TimeUs>(rng() % 3'000'000);
  for (size_t i = 0; i < n; ++i) {
    const bool dense = (i / 60) % 2 == 0;
    t += static_cast<TimeUs>(rng() % (dense ? 400'000 : 9'000'000));
    const TimeUs time = t - (rng() % 20 == 0 ? static_cast<TimeUs>(rng() % 8'000'000) : 0);
    Signal s = MakeSignal(partition, i * 7, time, static_cast<SignatureIndex>(rng() % 5),
                          "c" + std::to_string(rng() % 3));
    if (rng() % 3 == 0) s.target = "t";
    s.instance = "pod-" + std::to_string(rng() % 12);
    s.level = rng() % 4 ? Level::kError : Level::kWarn;
    if (s.signature == 4) {
      s.target.clear();
      s.message = kTexts[rng() % 5];
      if (rng() % 2) s.message += rng() % 2 ? " again" : " twice";
    }
    signals.push_back(std::move(s));
  }
  return signals;
}

TEST(Detector, AnyInterleavingOfPartitionsGivesTheSameOutcomes) {
  std::mt19937_64 rng(21);
  size_t bursts = 0;
  for (int round = 0; round < 25; ++round) {
    constexpr size_t kParts = 3;
    std::vector<std::vector<Signal>> parts;
    for (PartitionId p = 0; p < kParts; ++p) parts.push_back(RandomSignals(rng, p, 400));
    std::string want;
    for (int way = 0; way < 5; ++way) {
      DetectorOptions options;
      options.rate_warmup = kMinuteUs;
      options.flatline_min_history = 10 * kS;
      options.flatline_across_partitions = round % 2 == 0;
      if (round % 3 == 0) options.max_keys = 6;
      if (round % 4 == 0) options.max_evidence_bytes = 4000;
      Pipeline run(EveryRule(), options, {}, round % 5 == 0 ? 5 * kS : 0);
      for (PartitionId p = 0; p < kParts; ++p) run.orderer.AddPartition(p);
      std::vector<size_t> at(kParts, 0);
      std::vector<size_t> open = {0, 1, 2};
      while (!open.empty()) {
        const size_t pick = way == 0 ? 0 : rng() % open.size();
        const size_t p = open[pick];
        for (size_t k = way == 0 ? 1000 : 1 + rng() % 30; k > 0 && at[p] < parts[p].size(); --k) {
          run.Add(parts[p][at[p]++]);
        }
        if (at[p] < parts[p].size()) continue;
        run.orderer.EndPartition(static_cast<PartitionId>(p));
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
      }
      run.Finish({});
      run.log += "overflow " + std::to_string(run.counters.Get(Reason::kKeyOverflow)) +
                 " evidence " + std::to_string(run.counters.Get(Reason::kEvidenceTruncated));
      if (way == 0) {
        want = run.log;
        bursts += run.opened.size();
      }
      ASSERT_EQ(run.log, want) << "round " << round << " way " << way;
    }
  }
  EXPECT_GT(bursts, 300u);
}

TEST(Detector, AnyPermutationInsideASliceGivesTheSameOutcomes) {
  std::mt19937_64 rng(22);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::vector<Signal>> slices(40);
    for (size_t j = 0; j < slices.size(); ++j) {
      slices[j] = RandomSignals(rng, 0, 30);
      for (size_t i = 0; i < slices[j].size(); ++i) {
        Signal& s = slices[j][i];
        s.position.offset = j * 1000 + i;
        s.line = "line " + std::to_string(s.position.offset);
        s.time = kT0 + static_cast<TimeUs>(j * 2) * kS + static_cast<TimeUs>(rng() % 900'000);
      }
    }
    std::string want;
    for (int way = 0; way < 4; ++way) {
      DetectorOptions options;
      if (round % 2 == 0) options.max_keys = 7;
      Pipeline run(EveryRule(), options);
      for (std::vector<Signal>& slice : slices) {
        for (const Signal& s : slice) run.Add(s);
        std::shuffle(slice.begin(), slice.end(), rng);
      }
      run.Finish({0});
      if (way == 0) want = run.log;
      ASSERT_EQ(run.log, want);
    }
  }
}

TEST(Detector, LookingAgainWithoutNewSlicesChangesNothing) {
  std::mt19937_64 rng(23);
  Pipeline run(EveryRule());
  for (const Signal& s : RandomSignals(rng, 0, 500)) {
    run.Add(s);
    const std::string log = run.log;
    run.Drain();
    run.Drain();
    ASSERT_EQ(run.log, log);
  }
}

TEST(Detector, TicksComeAtMultiplesAndNothingIsMissedBetween) {
  const auto bursts = [](DurationUs tick) {
    std::mt19937_64 rng(24);
    Pipeline run(EveryRule(), {}, {}, tick);
    for (const Signal& s : RandomSignals(rng, 0, 800)) run.Add(s);
    run.Finish({0});
    std::string all;
    for (const Burst& b : run.closed) all += Describe(b) + "\n";
    return all;
  };
  const std::string want = bursts(0);
  EXPECT_FALSE(want.empty());
  EXPECT_EQ(bursts(5 * kS), want);
  EXPECT_EQ(bursts(7 * kS), want);
}

TEST(Detector, PassTimeStopsAtTicksAndClosings) {
  Counters counters;
  Detector detector(MakeKnowledge({MakeSpec("p/a")}), {}, &counters);
  SliceOutcome out;
  EXPECT_FALSE(detector.PassTime(kT0, 5 * kS, &out));  // nothing yet: time has not begun
  Slice slice;
  slice.start = kT0;
  slice.end = kT0 + kS;
  SliceCell cell;
  cell.component = "api";
  cell.hash = CellHash(0, "api", {}, {});
  cell.count = 5;
  cell.first = cell.last = kT0;
  slice.cells.push_back(cell);
  detector.OnSlice(slice, &out);
  ASSERT_EQ(out.opened.size(), 1u);
  std::vector<TimeUs> ends;
  TimeUs closed = kNoTime;
  while (detector.PassTime(kT0 + 100 * kS, 30 * kS, &out)) {
    ends.push_back(out.slice_end - kT0);
    if (!out.closed.empty()) closed = out.closed[0]->closed_at;
  }
  // Its five lines leave the window at the close of slice 30; a minute later it is over.
  EXPECT_EQ(closed, kT0 + 91 * kS);
  const std::vector<TimeUs> want = {30 * kS, 60 * kS, 90 * kS, 91 * kS};
  EXPECT_EQ(ends, want);
  EXPECT_EQ(detector.now(), kT0 + 100 * kS);
}

TEST(Detector, IdsFollowTheOrderOfKeys) {
  Pipeline run(MakeKnowledge({MakeSpec("p/a", Rule(BurstRule::Kind::kThreshold, 1)),
                              MakeSpec("p/b", Rule(BurstRule::Kind::kThreshold, 1))}));
  uint64_t offset = 0;
  for (const char* component : {"zeta", "beta", "alpha"}) {
    for (const SignatureIndex s : {1u, 0u}) {
      run.Add(MakeSignal(0, offset++, kT0, s, component));
    }
  }
  run.Finish({0});
  ASSERT_EQ(run.opened.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(run.opened[i].id, i + 1);
    EXPECT_EQ(run.opened[i].signature, i / 3);
  }
  EXPECT_EQ(run.opened[0].component, "alpha");
  EXPECT_EQ(run.opened[2].component, "zeta");
}

TEST(Detector, SaysWhoIsAliveAndWhichPacksWereSeen) {
  Counters counters;
  Orderer orderer({}, &counters);
  Detector detector(EveryRule(), {}, &counters);
  orderer.Add(MakeSignal(0, 0, kT0 + 5, 4, "web"));  // weak: no proof of its pack
  orderer.Add(MakeSignal(0, 1, kT0 + 7, 1, "api"));
  orderer.Add(MakeSignal(0, 2, kT0 + 6, 2, "api"));
  orderer.AddMark({0, kT0 + 9, "db"});
  orderer.EndPartition(0);
  Slice slice;
  ASSERT_TRUE(orderer.NextClosed(&slice));
  SliceOutcome out;
  detector.OnSlice(slice, &out);
  const std::vector<std::pair<std::string, TimeUs>> alive = {
      {"api", kT0 + 7}, {"db", kT0 + 9}, {"web", kT0 + 5}};
  EXPECT_EQ(out.alive, alive);
  EXPECT_EQ(out.packs_seen, (std::vector<uint32_t>{1, 3}));
}

TEST(FirstSeenRule, FiresAtTheFirstLineInSevenDays) {
  Pipeline run(MakeKnowledge({MakeSpec("p/new", Rule(BurstRule::Kind::kNew))}));
  auto add = [&run, n = uint64_t{0}](TimeUs t, Level level) mutable {
    for (int k = 0; k < 4; ++k) {  // far jumps need three records
      Signal s = MakeSignal(0, n++, t + k * 7 * kS, 0, "c");
      s.level = level;
      run.Add(s);
    }
  };
  add(kT0, Level::kUnknown);
  run.Add(MakeSignal(0, 99, kT0 + 50 * kS));  // another component
  EXPECT_EQ(run.opened.size(), 1u);           // the first closed slices
  add(kT0 + kDayUs, Level::kError);           // known
  add(kT0 + 6 * kDayUs, Level::kError);       // known, and remembered anew
  add(kT0 + 20 * kDayUs, Level::kError);
  run.Finish({0});
  ASSERT_EQ(run.opened.size(), 3u);
  EXPECT_EQ(run.opened[0].onset, kT0);
  EXPECT_EQ(run.opened[0].count, 1u);
  EXPECT_EQ(run.opened[1].component, "api");
  EXPECT_EQ(run.opened[2].onset, kT0 + 20 * kDayUs);
}

TEST(FirstSeenRule, InfoLinesAreNotNewsButTheDefaultThresholdHolds) {
  Pipeline run(MakeKnowledge({MakeSpec("p/new", Rule(BurstRule::Kind::kNew))}));
  for (uint64_t i = 0; i < 5; ++i) {
    Signal s = MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * kS);
    s.level = Level::kInfo;
    run.Add(s);
  }
  run.Finish({0});
  ASSERT_EQ(run.opened.size(), 1u);
  EXPECT_EQ(run.opened[0].opened_at, kT0 + 5 * kS);
}

TEST(FirstSeenRule, CanBeTurnedOff) {
  DetectorOptions options;
  options.first_seen = false;
  Pipeline run(MakeKnowledge({MakeSpec("p/new", Rule(BurstRule::Kind::kNew))}), options);
  run.Add(MakeSignal(0, 0, kT0));
  run.Finish({0});
  EXPECT_TRUE(run.opened.empty());
}

TEST(AbsentRule, FiresWhenAHeartbeatStopsWhileOthersLog) {
  DetectorOptions options;
  options.flatline = false;  // the component itself falls silent too
  Pipeline run(MakeKnowledge({MakeSpec("p/beat", Rule(BurstRule::Kind::kAbsent, 1, 60 * kS))}),
               options);
  for (uint64_t j = 0; j < 600; ++j) {
    const TimeUs t = kT0 + static_cast<TimeUs>(j) * kS;
    if (j % 10 == 0 && (j < 200 || j >= 500)) run.Add(MakeSignal(0, j, t, 0, "cron"));
    run.AddMark({0, t, "other"});
  }
  run.Finish({0});
  ASSERT_EQ(run.closed.size(), 1u);
  const Burst& b = run.closed[0];
  EXPECT_EQ(b.component, "cron");
  EXPECT_EQ(b.last, kT0 + 190 * kS);
  EXPECT_EQ(b.onset, kT0 + (190 + 61 + 1) * kS);
  EXPECT_EQ(b.closed_at, kT0 + 501 * kS);
  EXPECT_EQ(b.count, 0u);
  ASSERT_EQ(b.evidence.size(), 1u);  // the line that was last seen
  EXPECT_EQ(b.evidence[0].time, b.last);
}

TEST(AbsentRule, AnIngestGapIsNotAbsence) {
  OrderOptions order;
  order.jump_guard = kHourUs;
  Pipeline run(MakeKnowledge({MakeSpec("p/beat", Rule(BurstRule::Kind::kAbsent, 1, 60 * kS))}), {},
               order);
  for (uint64_t j = 0; j < 900; ++j) {
    if (j >= 200 && j < 700) continue;  // nobody logs
    const TimeUs t = kT0 + static_cast<TimeUs>(j) * kS;
    if (j % 20 == 0) run.Add(MakeSignal(0, j, t, 0, "cron"));
    run.AddMark({0, t, "other"});
  }
  run.Finish({0});
  EXPECT_TRUE(run.opened.empty());
}

// `lives(component, second)`: does it log. Component index is its partition when `own`.
template <typename Lives>
std::vector<Burst> Silences(int components, int seconds, bool own, bool across, Lives lives) {
  DetectorOptions options;
  options.flatline_across_partitions = across;
  OrderOptions order;
  order.jump_guard = kHourUs;
  Pipeline run(MakeKnowledge({}), options, order);
  std::vector<PartitionId> partitions;
  for (int c = 0; c < (own ? components : 1); ++c) {
    partitions.push_back(static_cast<PartitionId>(c));
    run.orderer.AddPartition(static_cast<PartitionId>(c));
  }
  for (int j = 0; j < seconds; ++j) {
    for (int c = 0; c < components; ++c) {
      if (!lives(c, j)) continue;
      run.AddMark({own ? static_cast<PartitionId>(c) : 0, kT0 + j * kS, "c" + std::to_string(c)});
    }
  }
  run.Finish(partitions);
  return run.opened;
}

TEST(Flatline, AComponentThatStopsAmongLivingOnesIsSilent) {
  const auto bursts =
      Silences(3, 900, false, false, [](int c, int j) { return c != 1 || j < 400 || j >= 700; });
  ASSERT_EQ(bursts.size(), 1u);
  EXPECT_EQ(bursts[0].component, "c1");
  EXPECT_EQ(bursts[0].cls, SymptomClass::kSilence);
  EXPECT_EQ(bursts[0].signature, kNoSignature);
  EXPECT_EQ(bursts[0].last, kT0 + 399 * kS);
  // 30 s at this rate; told at the close of the first slice after.
  EXPECT_EQ(bursts[0].onset, kT0 + (399 + 31 + 1) * kS);
}

TEST(Flatline, AnIngestGapIsNotSilence) {
  EXPECT_TRUE(Silences(3, 1200, false, false, [](int c, int j) {
                // All stop together; c1 comes back a little later than the others.
                return j < 400 || j >= (c == 1 ? 820 : 800);
              }).empty());
}

TEST(Flatline, NeedsAnotherComponentInTheSamePartition) {
  const auto lives = [](int c, int j) { return c != 1 || j < 400; };
  EXPECT_TRUE(Silences(3, 900, true, false, lives).empty());
  const auto across = Silences(3, 900, true, true, lives);
  ASSERT_EQ(across.size(), 1u);
  EXPECT_EQ(across[0].component, "c1");
}

TEST(Flatline, RareOrIrregularComponentsAreNotAccused) {
  // One line in 25 s: below the rate at which silence means anything.
  EXPECT_TRUE(Silences(2, 3000, false, false, [](int c, int j) {
                return c == 0 || (j % 25 == 0 && j < 2000);
              }).empty());
  // Works in spells of 100 s with pauses of 150 s.
  EXPECT_TRUE(Silences(2, 5000, false, false, [](int c, int j) {
                return c == 0 || (j > 1000 && j % 250 < 100);
              }).size() <= 1);
}

TEST(Flatline, CanBeTurnedOff) {
  DetectorOptions options;
  options.flatline = false;
  Pipeline run(MakeKnowledge({}), options);
  for (int j = 0; j < 900; ++j) {
    run.AddMark({0, kT0 + j * kS, "a"});
    if (j < 400) run.AddMark({0, kT0 + j * kS, "b"});
  }
  run.Finish({0});
  EXPECT_TRUE(run.opened.empty());
}

TEST(TemplateBursts, CountPerComponentAndTemplate) {
  SignatureSpec spec = MakeSpec("generic/error");
  spec.by_template = true;
  Pipeline run(MakeKnowledge({spec}));
  uint64_t offset = 0;
  for (int i = 0; i < 12; ++i) {
    for (const char* text : {"cannot dial 10.0.0.%: connection refused", "job % failed"}) {
      std::string message = text;
      message.replace(message.find('%'), 1, std::to_string(i));
      Signal s = MakeSignal(0, offset++, kT0 + i * kS);
      s.level = Level::kWarn;  // no first-seen burst below error
      s.message = message;
      run.Add(s);
    }
  }
  run.Finish({0});
  ASSERT_EQ(run.closed.size(), 2u);
  std::vector<std::string> texts;
  for (const Burst& b : run.closed) {
    texts.push_back(b.template_text);
    EXPECT_EQ(b.count, 12u);
    EXPECT_EQ(b.opened_at, kT0 + 10 * kS);
    EXPECT_NE(b.template_id, 0u);
    EXPECT_EQ(b.cls, b.template_text.starts_with("cannot") ? SymptomClass::kRefused
                                                           : SymptomClass::kSelfError);
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts[0], "cannot dial <*>: connection refused");
  EXPECT_EQ(texts[1], "job <*> failed");
}

TEST(TemplateBursts, ANewErrorFiresAtOnceAndOnlyOnce) {
  SignatureSpec spec = MakeSpec("generic/error");
  spec.by_template = true;
  Pipeline run(MakeKnowledge({spec}));
  for (uint64_t i = 0; i < 3; ++i) {
    Signal s = MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * 50 * kS * 5);
    s.message = "assertion 77 violated";
    run.Add(s);
  }
  run.Finish({0});
  ASSERT_EQ(run.opened.size(), 1u);
  EXPECT_EQ(run.opened[0].count, 1u);
  EXPECT_EQ(run.opened[0].template_text, "assertion <*> violated");
}

TEST(Detector, KeysAboveTheBoundAreCountedTogether) {
  DetectorOptions options;
  options.max_keys = 10;
  Pipeline run(MakeKnowledge({MakeSpec("p/a")}), options);
  uint64_t offset = 0;
  for (int round = 0; round < 6; ++round) {
    for (int c = 0; c < 30; ++c) {
      run.Add(MakeSignal(0, offset++, kT0 + round * kS, 0, "c" + std::to_string(100 + c)));
    }
  }
  run.Finish({0});
  // The ten first names by order, and one burst for all the others.
  ASSERT_EQ(run.opened.size(), 11u);
  EXPECT_EQ(run.opened[0].component, "*");
  EXPECT_EQ(run.opened[0].opened_at, kT0 + kS);
  EXPECT_EQ(run.closed.size(), 11u);
  EXPECT_EQ(run.opened[1].component, "c100");
  EXPECT_EQ(run.opened[10].component, "c109");
  EXPECT_EQ(run.counters.Get(Reason::kKeyOverflow), 6u * 20);
}

TEST(Detector, TheLeastRecentlySeenBaselineGoesFirst) {
  DetectorOptions options;
  options.max_keys = 3;
  Pipeline run(MakeKnowledge({MakeSpec("p/a", Rule(BurstRule::Kind::kRate))}), options);
  const char* order[] = {"a", "b", "c", "a", "d"};  // d pushes out b
  for (uint64_t i = 0; i < 5; ++i) {
    run.Add(MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * 40 * kS, 0, order[i]));
  }
  run.Finish({0});
  EXPECT_EQ(run.detector.keys(), 3u);
  EXPECT_EQ(run.counters.Get(Reason::kKeyOverflow), 1u);
}

TEST(Detector, HeldLinesStayWithinTheirBound) {
  DetectorOptions options;
  options.max_evidence_bytes = 50'000;
  Pipeline run(MakeKnowledge({MakeSpec("p/a")}), options);
  for (uint64_t i = 0; i < 2000; ++i) {
    Signal s = MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * 1000, 0, "c" + std::to_string(i));
    s.line.assign(500, 'x');
    run.Add(s);
  }
  run.Finish({0});
  EXPECT_GT(run.counters.Get(Reason::kEvidenceTruncated), 1000u);
  EXPECT_EQ(run.detector.keys(), 0u);
  EXPECT_LT(run.detector.memory_bytes(), 1'000'000u);  // what was held has been given back
}

}  // namespace
}  // namespace culprit
