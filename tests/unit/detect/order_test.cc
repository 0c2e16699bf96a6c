#include "engine/detect/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/detect/burst_key.h"
#include "engine/detect/open_slice.h"
#include "tests/unit/detect/detect_testing.h"

namespace culprit {
namespace {

constexpr TimeUs kS = kSecondUs;

// A slice as text, without the order of its parts.
std::string Canonical(const Slice& slice) {
  std::set<std::string> parts;
  for (const SliceCell& c : slice.cells) {
    const auto text = [](std::string_view view) { return std::string(view); };
    std::string s = "cell " + std::to_string(c.signature) + " " + text(c.component) + ">" +
                    text(c.target) + " " + text(c.text) + " n " + std::to_string(c.count) + " " +
                    std::to_string(c.first - kT0) + ".." + std::to_string(c.last - kT0) +
                    (c.error_level ? " error" : "") + (c.unknown_level ? " unknown" : "");
    std::vector<std::pair<std::string, uint64_t>> instances;
    InstancesOf(slice, c).Top(100, &instances);
    for (const auto& [name, n] : instances) s += " " + name + "=" + std::to_string(n);
    for (size_t i = 0; i < c.sample_count; ++i)
      s += " [" + text(slice.samples[c.samples[i]].line) + "]";
    EXPECT_TRUE(parts.insert(s).second) << "one key, two cells: " << s;
  }
  for (const SliceLife& l : slice.life) {
    parts.insert("life " + std::string(l.component) + " " + std::to_string(l.partition) + " " +
                 std::to_string(l.newest - kT0) + " " + std::to_string(l.count));
  }
  std::string all = "slice " + std::to_string(slice.start - kT0) + "\n";
  for (const std::string& p : parts) all += p + "\n";
  return all;
}

void AddTo(OpenSlice& open, const Signal& s) {
  std::vector<CaptureView> captures;
  open.Add(s.position.partition, ViewOf(s, &captures));
}

struct Event {
  bool mark = false;
  Signal signal;
};
using Sequence = std::vector<Event>;  // of one partition

Sequence RandomSequence(std::mt19937_64& rng, PartitionId partition, size_t n) {
  Sequence events;
  TimeUs t = kT0 + static_cast<TimeUs>(rng() % 3'000'000);
  for (size_t i = 0; i < n; ++i) {
    t += static_cast<TimeUs>(rng() % 600'000);
    TimeUs time = t;
    switch (rng() % 40) {
      case 0:
        time -= static_cast<TimeUs>(rng() % 12'000'000);
        break;  // some of them late
      case 1:
        time += static_cast<TimeUs>(rng() % 900'000'000);
        break;  // some beyond the guard
      case 2:
        t += static_cast<TimeUs>(rng() % 200'000'000);
        break;  // a pause
      default:
        break;
    }
    Event e;
    e.mark = rng() % 5 == 0;
    e.signal = MakeSignal(partition, i * 10, time, static_cast<SignatureIndex>(rng() % 3),
                          "c" + std::to_string(rng() % 4));
    if (rng() % 3 == 0) e.signal.target = "t" + std::to_string(rng() % 2);
    e.signal.instance = rng() % 2 ? "i" + std::to_string(rng() % 5) : "";
    e.signal.level = rng() % 2 ? Level::kUnknown : Level::kError;
    if (e.signal.signature == 2)
      e.signal.message =
          "failed job " + std::to_string(rng() % 3) + (rng() % 2 ? " early" : " late");
    events.push_back(std::move(e));
  }
  return events;
}

void Feed(Orderer& orderer, const Event& e) {
  if (e.mark) {
    orderer.AddMark({e.signal.position.partition, e.signal.time, e.signal.component});
  } else {
    orderer.Add(e.signal);
  }
}

TEST(Orderer, AnyInterleavingOfPartitionsGivesTheSameSlices) {
  std::mt19937_64 rng(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<Sequence> parts;
    for (PartitionId p = 0; p < 4; ++p) parts.push_back(RandomSequence(rng, p, 150));
    std::string want;
    uint64_t want_late = 0;
    for (int way = 0; way < 6; ++way) {
      Counters counters;
      Orderer orderer({}, &counters);
      for (PartitionId p = 0; p < 4; ++p) orderer.AddPartition(p);
      std::string got;
      std::vector<size_t> at(4, 0);
      Slice slice;
      TimeUs watermark = kNoTime;
      TimeUs closed = kNoTime;
      const auto drain = [&] {
        while (orderer.NextClosed(&slice)) {
          EXPECT_GT(slice.start, closed);  // in order, each once
          closed = slice.start;
          EXPECT_LE(slice.end, orderer.watermark());
          got += Canonical(slice);
        }
        EXPECT_GE(orderer.watermark(), watermark);
        watermark = orderer.watermark();
      };
      std::vector<size_t> open = {0, 1, 2, 3};
      while (!open.empty()) {
        // Way 0: one after the other. Way 1: backwards. Else random, in runs of random length.
        const size_t pick = way == 0 ? 0 : way == 1 ? open.size() - 1 : rng() % open.size();
        const size_t p = open[pick];
        const size_t run = way < 2 ? 1000 : 1 + rng() % 20;
        for (size_t i = 0; i < run && at[p] < parts[p].size(); ++i) {
          Feed(orderer, parts[p][at[p]++]);
          if (rng() % 3 == 0) drain();
        }
        if (at[p] == parts[p].size()) {
          orderer.EndPartition(static_cast<PartitionId>(p));
          open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
        }
        drain();
      }
      EXPECT_EQ(orderer.watermark(), Orderer::kEndOfTime);
      EXPECT_EQ(orderer.open_slices(), 0u);
      if (way == 0) {
        want = got;
        want_late = counters.Get(Reason::kLate);
      }
      ASSERT_EQ(got, want) << "round " << round << " way " << way;
      ASSERT_EQ(counters.Get(Reason::kLate), want_late);
    }
  }
}

TEST(Orderer, EachSignalIsLateOrInExactlyOneCell) {
  std::mt19937_64 rng(12);
  for (int round = 0; round < 50; ++round) {
    Counters counters;
    Orderer orderer({}, &counters);
    uint64_t signals = 0;
    uint64_t counted = 0;
    Slice slice;
    for (PartitionId p = 0; p < 3; ++p) orderer.AddPartition(p);
    for (PartitionId p = 0; p < 3; ++p) {
      for (const Event& e : RandomSequence(rng, p, 300)) {
        Feed(orderer, e);
        signals += !e.mark;
      }
      orderer.EndPartition(p);
    }
    while (orderer.NextClosed(&slice)) {
      for (const SliceCell& c : slice.cells) {
        counted += c.count;
        EXPECT_GE(c.first, slice.start);
        EXPECT_LT(c.last, slice.end);
      }
    }
    EXPECT_EQ(counted + counters.Get(Reason::kLate), signals);
  }
}

TEST(Orderer, AnyPermutationInsideASliceGivesTheSameSlice) {
  std::mt19937_64 rng(13);
  OrderOptions options;
  for (int round = 0; round < 30; ++round) {
    // Small bounds, so that what goes over them is tested too.
    options.max_keys_per_slice = round % 3 == 0 ? 10 : 1000;
    options.max_texts_per_component = round % 2 == 0 ? 4 : 1000;
    std::vector<Signal> signals;
    for (uint64_t i = 0; i < 600; ++i) {
      Signal s = MakeSignal(
          static_cast<PartitionId>(rng() % 3), i, kT0 + static_cast<TimeUs>(rng() % 1'000'000),
          static_cast<SignatureIndex>(rng() % 3), "c" + std::to_string(rng() % 9));
      s.instance = "i" + std::to_string(rng() % 90);
      if (s.signature == 2) {
        s.message = "cannot do " + std::string(1 + rng() % 12, 'x');
      }
      signals.push_back(std::move(s));
    }
    std::string want;
    uint64_t want_keys = 0;
    uint64_t want_texts = 0;
    for (int way = 0; way < 5; ++way) {
      Counters counters;
      OpenSlice open(options, &counters);
      for (const Signal& s : signals) AddTo(open, s);
      Slice slice;
      open.Take(kT0, kT0 + kS, &slice);
      if (way == 0) {
        want = Canonical(slice);
        want_keys = counters.Get(Reason::kKeyOverflow);
        want_texts = counters.Get(Reason::kTemplateOverflow);
      }
      ASSERT_EQ(Canonical(slice), want);
      ASSERT_EQ(counters.Get(Reason::kKeyOverflow), want_keys);
      ASSERT_EQ(counters.Get(Reason::kTemplateOverflow), want_texts);
      uint64_t n = want_texts;
      for (const SliceCell& c : slice.cells) n += c.count;
      ASSERT_EQ(n, signals.size());
      std::shuffle(signals.begin(), signals.end(), rng);
    }
    if (round % 3 == 0) {
      EXPECT_GT(want_keys, 0u);
    }
    if (round % 2 == 0) {
      EXPECT_GT(want_texts, 0u);
    }
  }
}

TEST(Orderer, ManyCellsKeepFewerLinesWhateverTheOrder) {
  std::mt19937_64 rng(14);
  std::vector<Signal> signals;
  for (uint64_t i = 0; i < 70'000; ++i) {
    signals.push_back(
        MakeSignal(0, i, kT0 + static_cast<TimeUs>(i), 0, "c" + std::to_string(i % 66'000)));
  }
  std::string want;
  for (int way = 0; way < 2; ++way) {
    Counters counters;
    const OrderOptions options;
    OpenSlice open(options, &counters);
    for (const Signal& s : signals) AddTo(open, s);
    EXPECT_LT(open.samples(), 40'000u);
    EXPECT_GT(open.samples(), 25'000u);
    Slice slice;
    open.Take(kT0, kT0 + kS, &slice);
    if (way == 0) want = Canonical(slice);
    EXPECT_TRUE(Canonical(slice) == want);
    std::shuffle(signals.begin(), signals.end(), rng);
  }
}

// Each earlier line takes the place of a later one: the texts of those do not pile up.
TEST(Orderer, LinesThatComeBackwardsDoNotFillMemory) {
  std::vector<Signal> signals;
  std::mt19937_64 rng(16);
  for (uint64_t i = 0; i < 60'000; ++i) {
    Signal s = MakeSignal(0, i, kT0 + static_cast<TimeUs>(i), 0, "c" + std::to_string(rng() % 5));
    s.line += std::string(100 + rng() % 200, 'x');
    s.instance = "i" + std::to_string(rng() % 3);
    s.captures = {{"host", "h" + std::to_string(i)}, {"port", std::to_string(rng() % 9)}};
    signals.push_back(std::move(s));
  }
  const OrderOptions options;
  Counters counters;
  OpenSlice forwards(options, &counters);
  for (const Signal& s : signals) AddTo(forwards, s);
  Slice want;
  forwards.Take(kT0, kT0 + kS, &want);
  std::reverse(signals.begin(), signals.end());
  OpenSlice backwards(options, &counters);
  for (const Signal& s : signals) AddTo(backwards, s);
  Slice got;
  backwards.Take(kT0, kT0 + kS, &got);
  EXPECT_EQ(Canonical(got), Canonical(want));
  EXPECT_EQ(got.sample_bytes, want.sample_bytes);
  EXPECT_LT(got.texts.bytes(), 3u << 20);  // of 15 MB
  for (const SliceSample& s : got.samples) {
    const Evidence e = MakeEvidence(got, s);
    ASSERT_EQ(e.captures.size(), 2u);
    EXPECT_EQ(e.captures[0].second, "h" + std::to_string(e.position.offset));
  }
}

TEST(Orderer, LatenessIsJudgedByItsOwnPartitionOnly) {
  Counters counters;
  Orderer orderer({}, &counters);
  orderer.AddPartition(0);
  orderer.AddPartition(1);
  orderer.Add(MakeSignal(0, 0, kT0 + 100 * kS));
  orderer.Add(MakeSignal(1, 0, kT0));  // far behind the other partition: not late
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
  orderer.Add(MakeSignal(0, 1, kT0 + 95 * kS));  // exactly the lateness behind: used
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
  orderer.Add(MakeSignal(0, 2, kT0 + 95 * kS - 1));
  EXPECT_EQ(counters.Get(Reason::kLate), 1u);
}

TEST(Orderer, WatermarkWaitsForTheSlowestPartition) {
  Counters counters;
  Orderer orderer({}, &counters);
  orderer.AddPartition(0);
  orderer.AddPartition(1);
  Slice slice;
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(0, 1, kT0 + 50 * kS));
  EXPECT_EQ(orderer.watermark(), kNoTime);
  EXPECT_FALSE(orderer.NextClosed(&slice));
  orderer.AddMark({1, kT0 + 5 * kS, "db"});
  EXPECT_EQ(orderer.watermark(), kT0);
  EXPECT_FALSE(orderer.NextClosed(&slice));
  orderer.AddMark({1, kT0 + 6 * kS, "db"});
  EXPECT_TRUE(orderer.NextClosed(&slice));  // the watermark is its end
  EXPECT_EQ(slice.start, kT0);
  EXPECT_FALSE(orderer.NextClosed(&slice));
  orderer.EndPartition(1);
  EXPECT_EQ(orderer.watermark(), kT0 + 45 * kS);
}

TEST(Orderer, ThreeRecordsBeyondTheGuardMoveTime) {
  Counters counters;
  Orderer orderer({}, &counters);
  const TimeUs ahead = kT0 + 1000 * kS;
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(0, 1, ahead + 2 * kS));
  orderer.Add(MakeSignal(0, 1, ahead + 2 * kS, 1));  // another signature of the same record
  orderer.AddMark({0, ahead + 2 * kS, "api"});       // and its sample
  orderer.Add(MakeSignal(0, 2, ahead));
  EXPECT_EQ(orderer.watermark(), kT0 - 5 * kS);
  orderer.Add(MakeSignal(0, 3, kT0 + 1 * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
  orderer.Add(MakeSignal(0, 4, ahead + 9 * kS));
  EXPECT_EQ(orderer.watermark(), ahead - 5 * kS);  // the least of the three
  orderer.Add(MakeSignal(0, 5, kT0 + 2 * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 1u);
  EXPECT_GE(counters.Get(Reason::kTimeJump), 3u);
}

TEST(Orderer, OneWildTimeDoesNotMakeTheRestLate) {
  Counters counters;
  Orderer orderer({}, &counters);
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(0, 1, kT0 + 9000 * kS));
  for (uint64_t i = 2; i < 100; ++i)
    orderer.Add(MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
  orderer.EndPartition(0);
  Slice slice;
  TimeUs last = kNoTime;
  while (orderer.NextClosed(&slice)) last = slice.start;
  EXPECT_EQ(last, kT0 + 9000 * kS);  // the record itself is in its slice
}

TEST(Orderer, IdlePartitionLeavesTheMinimumAndComesBackLate) {
  Counters counters;
  Orderer orderer({}, &counters);
  orderer.AddPartition(0);
  orderer.AddPartition(1);
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(1, 0, kT0));
  orderer.Add(MakeSignal(0, 1, kT0 + 30 * kS));
  EXPECT_EQ(orderer.watermark(), kT0 - 5 * kS);
  orderer.Idle(1);
  EXPECT_EQ(orderer.watermark(), kT0 + 25 * kS);
  orderer.Add(MakeSignal(1, 1, kT0 + 24 * kS));  // below the watermark
  EXPECT_EQ(counters.Get(Reason::kLate), 1u);
  EXPECT_EQ(orderer.watermark(), kT0 + 25 * kS);  // never decreases
  orderer.Add(MakeSignal(1, 2, kT0 + 26 * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 1u);
}

TEST(Orderer, ProgressMovesTheWatermarkAndJudgesNothing) {
  Counters counters;
  Orderer orderer({.live = true}, &counters);
  orderer.AddPartition(0);
  orderer.AddPartition(1);
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(1, 0, kT0 + 40 * kS));
  orderer.Progress(0, kT0 + 30 * kS);
  EXPECT_EQ(orderer.watermark(), kT0 + 25 * kS);
  orderer.Progress(0, kT0 + 9000 * kS);  // a jump
  orderer.Progress(0, kT0);              // back
  EXPECT_EQ(orderer.watermark(), kT0 + 25 * kS);
  // Ten seconds behind the progress is no reason by itself; below the watermark is.
  orderer.Progress(1, kT0 + 50 * kS);
  orderer.Add(MakeSignal(1, 1, kT0 + 38 * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 0u);
  orderer.Add(MakeSignal(0, 1, kT0 + 24 * kS));
  EXPECT_EQ(counters.Get(Reason::kLate), 1u);
}

TEST(Orderer, AddingAnIdlePartitionWaitsForItAgain) {
  Counters counters;
  Orderer orderer({.live = true}, &counters);
  orderer.AddPartition(0);
  orderer.AddPartition(1);
  orderer.Add(MakeSignal(0, 0, kT0));
  orderer.Add(MakeSignal(1, 0, kT0));
  orderer.Idle(1);
  orderer.Add(MakeSignal(0, 1, kT0 + 20 * kS));
  EXPECT_EQ(orderer.watermark(), kT0 + 15 * kS);
  orderer.AddPartition(1);
  orderer.Add(MakeSignal(0, 2, kT0 + 40 * kS));
  EXPECT_EQ(orderer.watermark(), kT0 + 15 * kS);
}

TEST(InstanceCounts, KeepsTheSmallestNamesWithExactCounts) {
  std::mt19937_64 rng(15);
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("n" + std::to_string(rng() % 300));
  std::map<std::string, uint64_t> exact;
  for (const std::string& n : names) ++exact[n];
  for (int way = 0; way < 3; ++way) {
    InstanceCounts a;
    InstanceCounts b;
    for (size_t i = 0; i < names.size(); ++i) (i % 2 ? a : b).Add(names[i]);
    b.ForEach([&](std::string_view name, uint64_t n) { a.Add(name, n); });
    std::map<std::string, uint64_t> got;
    std::vector<std::pair<std::string, uint64_t>> top;
    a.Top(1000, &top);
    for (const auto& [name, n] : top) got[name] = n;
    ASSERT_EQ(got.size(), InstanceCounts::kMax);
    auto want = exact.begin();
    for (const auto& entry : got) {
      EXPECT_EQ(entry.first, want->first);
      EXPECT_EQ(entry.second, want->second);
      ++want;
    }
    std::shuffle(names.begin(), names.end(), rng);
  }
}

TEST(OpenBurst, ShowsTheMostFrequentInstancesAfterEachCount) {
  std::mt19937_64 rng(17);
  for (const uint64_t names : {3u, 20u, 64u, 200u}) {
    OpenBurst burst;
    for (int i = 0; i < 3000; ++i) {
      const uint64_t name = std::min(rng() % names, rng() % names);
      burst.CountInstance("n" + std::to_string(name * 7919 % 1000), 1 + rng() % 3);
      if (i % 7 != 0) continue;
      burst.ShowInstances();
      std::vector<std::pair<std::string, uint64_t>> want;
      burst.instances().Top(kInstancesShown, &want);
      ASSERT_EQ(burst.burst.instances, want) << names << " names, " << i;
    }
  }
}

}  // namespace
}  // namespace culprit
