// Threshold bursts against a naive oracle that recounts every window at every slice.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/unit/detect/detect_testing.h"

namespace culprit {
namespace {

struct NaiveBurst {
  int64_t opened, closed;  // slices
  TimeUs onset, last;
  uint64_t count;
};

// `times` ascending. Looks at every slice from the first to long after the last.
std::vector<NaiveBurst> NaiveBursts(const std::vector<TimeUs>& times, uint64_t n, int64_t window,
                                    int64_t off) {
  std::vector<NaiveBurst> bursts;
  if (times.empty()) return bursts;
  const int64_t first = times.front() / kSecondUs;
  const int64_t end = times.back() / kSecondUs + window + off + 2;
  std::optional<NaiveBurst> open;
  int64_t quiet_since = -1;
  for (int64_t j = first; j <= end; ++j) {
    uint64_t sum = 0;
    uint64_t here = 0;
    TimeUs onset = 0;
    TimeUs last = 0;
    for (const TimeUs t : times) {
      const int64_t s = t / kSecondUs;
      if (s > j - window && s <= j) {
        if (sum++ == 0) onset = t;
        last = t;
      }
      here += s == j;
    }
    if (!open) {
      if (here > 0 && sum >= n) {
        open = NaiveBurst{j, 0, onset, last, sum};
        quiet_since = -1;
      }
    } else if (here > 0) {
      open->count += here;
      open->last = last;
    }
    if (!open) continue;
    if (static_cast<double>(sum) >= std::max(1.0, static_cast<double>(n) / 2)) {
      quiet_since = -1;
      continue;
    }
    if (quiet_since < 0) quiet_since = j;
    if (j - quiet_since >= off) {
      open->closed = j;
      bursts.push_back(*open);
      open.reset();
    }
  }
  return bursts;
}

TEST(Threshold, AgreesWithNaiveOracleOnRandomSequences) {
  std::mt19937_64 rng(7);
  size_t found = 0;
  for (int round = 0; round < 400; ++round) {
    BurstRule rule;
    rule.count = 1 + static_cast<int>(rng() % 12);
    const int64_t window = 1 + static_cast<int64_t>(rng() % 90);
    rule.within = window * kSecondUs;
    std::vector<TimeUs> times;
    TimeUs t = kT0 + static_cast<TimeUs>(rng() % 5'000'000);
    const int lines = static_cast<int>(rng() % 150);
    for (int i = 0; i < lines; ++i) {
      static constexpr uint64_t kSteps[] = {300'000, 2'000'000, 10'000'000, 100'000'000};
      const uint64_t step = kSteps[rng() % 100 < 5 ? 3 : (round + i / 40) % 3];
      t += static_cast<TimeUs>(rng() % step);
      times.push_back(t);
    }
    OrderOptions order;
    order.jump_guard = 1000 * kSecondUs;
    Pipeline run(MakeKnowledge({MakeSpec("p/a", rule)}), {}, order);
    for (size_t i = 0; i < times.size(); ++i) run.Add(MakeSignal(0, i, times[i]));
    run.Finish({0});

    const std::vector<NaiveBurst> want =
        NaiveBursts(times, static_cast<uint64_t>(rule.count), window, 60);
    ASSERT_EQ(run.closed.size(), want.size()) << "round " << round;
    ASSERT_EQ(run.detector.open_bursts(), 0u);
    for (size_t i = 0; i < want.size(); ++i) {
      const Burst& b = run.closed[i];
      ASSERT_EQ(b.id, i + 1);
      ASSERT_EQ(b.opened_at, (want[i].opened + 1) * kSecondUs);
      ASSERT_EQ(b.closed_at, (want[i].closed + 1) * kSecondUs);
      ASSERT_EQ(b.onset, want[i].onset);
      ASSERT_EQ(b.last, want[i].last);
      ASSERT_EQ(b.count, want[i].count);
      ASSERT_LE(b.evidence.size(), 8u);
      // The first lines since onset, in order. (A window longer than the quiet time may begin with
      // lines of the burst before, which are not kept twice.)
      if (window > 60) continue;
      ASSERT_EQ(b.evidence.size(), std::min<size_t>(8, b.count));
      const auto from = std::find(times.begin(), times.end(), b.onset);
      for (size_t k = 0; k < b.evidence.size(); ++k) {
        ASSERT_EQ(b.evidence[k].time, *(from + static_cast<std::ptrdiff_t>(k)));
      }
    }
    found += want.size();
  }
  EXPECT_GT(found, 400u);
}

TEST(Threshold, CopiesClassSeverityAndInstances) {
  SignatureSpec spec = MakeSpec("p/a");
  spec.severity = Severity::kCritical;
  spec.cls = SymptomClass::kRefused;
  Pipeline run(MakeKnowledge({spec}));
  for (uint64_t i = 0; i < 6; ++i) {
    Signal s = MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * kSecondUs);
    s.target = "etcd";
    s.instance = i % 3 == 0 ? "pod-b" : "pod-a";
    run.Add(s);
  }
  run.Finish({0});
  ASSERT_EQ(run.closed.size(), 1u);
  const Burst& b = run.closed[0];
  EXPECT_EQ(b.severity, Severity::kCritical);
  EXPECT_EQ(b.cls, SymptomClass::kRefused);
  EXPECT_EQ(b.target, "etcd");
  EXPECT_EQ(b.count, 6u);
  const std::vector<std::pair<std::string, uint64_t>> want = {{"pod-a", 4}, {"pod-b", 2}};
  EXPECT_EQ(b.instances, want);
}

TEST(Threshold, KeysGoWhenTheirWindowIsEmpty) {
  Pipeline run(MakeKnowledge({MakeSpec("p/a")}));
  for (uint64_t i = 0; i < 1000; ++i) {
    run.Add(MakeSignal(0, i, kT0 + static_cast<TimeUs>(i) * kSecondUs, 0, "c" + std::to_string(i)));
    EXPECT_LE(run.detector.keys(), 32u);
  }
  run.Finish({0});
  EXPECT_TRUE(run.opened.empty());
}

}  // namespace
}  // namespace culprit
