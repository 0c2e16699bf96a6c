// The whole path against a slow, obvious reference: lateness and jumps by rereading the partition's
// past, windows by recounting every key at every second.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "tests/unit/detect/detect_testing.h"

namespace culprit {
namespace {

using Key = std::tuple<SignatureIndex, std::string, std::string>;  // signature, component, target

struct Accepted {
  std::vector<const Signal*> signals;
  uint64_t late = 0;
};

// ROOT_CAUSE 1, word by word, for one partition.
Accepted Judge(const std::vector<Signal>& sequence) {
  Accepted result;
  TimeUs pmax = kNoTime;
  std::vector<TimeUs> beyond;
  for (const Signal& s : sequence) {
    if (pmax != kNoTime && s.time < pmax - 5 * kSecondUs) {
      ++result.late;
      continue;
    }
    result.signals.push_back(&s);
    if (pmax == kNoTime) {
      pmax = s.time;
      continue;
    }
    if (s.time <= pmax + 60 * kSecondUs) {
      pmax = std::max(pmax, s.time);
    } else {
      beyond.push_back(s.time);
      if (beyond.size() == 3) pmax = *std::min_element(beyond.begin(), beyond.end());
    }
    std::erase_if(beyond, [&](TimeUs t) { return t <= pmax + 60 * kSecondUs; });
  }
  return result;
}

struct ReferenceBurst {
  Key key;
  TimeUs onset, last, opened_at, closed_at = kNoTime;
  uint64_t count;
  std::vector<std::string> lines;
  auto operator<=>(const ReferenceBurst&) const = default;  // NOLINT(modernize-use-nullptr)
};

std::vector<ReferenceBurst> Reference(const Knowledge& knowledge, std::vector<const Signal*> all) {
  std::sort(all.begin(), all.end(), [](const Signal* a, const Signal* b) {
    return std::tie(a->time, a->position.partition, a->position.offset) <
           std::tie(b->time, b->position.partition, b->position.offset);
  });
  std::map<Key, std::vector<const Signal*>> keys;
  for (const Signal* s : all) keys[{s->signature, s->component, s->target}].push_back(s);
  // First-seen looks at (signature, component), whatever the target.
  std::map<std::pair<SignatureIndex, std::string>, int64_t> first_slice;
  for (const Signal* s : all) {
    first_slice.try_emplace({s->signature, s->component}, s->time / kSecondUs);
  }
  std::vector<ReferenceBurst> bursts;
  for (const auto& [key, signals] : keys) {
    const BurstRule& rule = knowledge.signatures[std::get<0>(key)].burst;
    const int64_t window = rule.within / kSecondUs;
    const ReferenceBurst* open = nullptr;
    double level = 0;
    int64_t quiet_since = -1;
    std::set<int64_t> seconds;  // all that can matter
    for (const Signal* s : signals) {
      for (int64_t d = 0; d <= window + 61; ++d) seconds.insert(s->time / kSecondUs + d);
    }
    for (const int64_t j : seconds) {
      uint64_t here = 0;
      bool error_here = false;
      std::vector<const Signal*> in_window;
      for (const Signal* s : signals) {
        const int64_t at = s->time / kSecondUs;
        if (at > j - window && at <= j) in_window.push_back(s);
        here += at == j;
        error_here |= at == j && (s->level >= Level::kError || s->level == Level::kUnknown);
      }
      ReferenceBurst* b = open != nullptr ? &bursts.back() : nullptr;
      if (b != nullptr) {
        for (const Signal* s : signals) {
          if (s->time / kSecondUs != j) continue;
          ++b->count;
          b->last = std::max(b->last, s->time);
          if (b->lines.size() < 8) b->lines.push_back(s->line);
        }
      } else if (here > 0) {
        const bool is_new = rule.kind == BurstRule::Kind::kNew && error_here &&
                            first_slice[{std::get<0>(key), std::get<1>(key)}] == j;
        if (!is_new && in_window.size() < static_cast<size_t>(rule.count)) continue;
        level = std::max(1.0, (is_new ? 1 : rule.count) / 2.0);
        bursts.push_back({key,
                          in_window.front()->time,
                          in_window.back()->time,
                          (j + 1) * kSecondUs,
                          kNoTime,
                          in_window.size(),
                          {}});
        b = &bursts.back();
        for (const Signal* s : in_window) {
          if (b->lines.size() < 8) b->lines.push_back(s->line);
        }
        quiet_since = -1;
      }
      open = b;
      if (b == nullptr) continue;
      if (static_cast<double>(in_window.size()) >= level) {
        quiet_since = -1;
      } else if (quiet_since < 0) {
        quiet_since = j;
      } else if (j - quiet_since >= 60) {
        b->closed_at = (j + 1) * kSecondUs;
        open = nullptr;
      }
    }
  }
  std::sort(bursts.begin(), bursts.end());
  return bursts;
}

TEST(Detector, AgreesWithTheReferenceOnRandomStreams) {
  std::mt19937_64 rng(31);
  size_t found = 0;
  for (int round = 0; round < 150; ++round) {
    std::vector<SignatureSpec> specs;
    for (int i = 0; i < 4; ++i) {
      BurstRule rule;
      rule.kind = i == 3 ? BurstRule::Kind::kNew : BurstRule::Kind::kThreshold;
      rule.count = 1 + static_cast<int>(rng() % 9);
      rule.within = static_cast<DurationUs>(1 + rng() % 60) * kSecondUs;
      specs.push_back(MakeSpec("p/" + std::to_string(i), rule));
    }
    const auto knowledge = MakeKnowledge(specs);
    std::vector<std::vector<Signal>> parts(3);
    for (PartitionId p = 0; p < 3; ++p) {
      TimeUs t = kT0 + static_cast<TimeUs>(rng() % 5'000'000);
      const size_t lines = 20 + rng() % 120;
      for (size_t i = 0; i < lines; ++i) {
        const uint64_t step = (i / 25 + static_cast<uint64_t>(round)) % 2 ? 500'000 : 6'000'000;
        t += static_cast<TimeUs>(rng() % step);
        TimeUs time = t;
        if (rng() % 12 == 0) time -= static_cast<TimeUs>(rng() % 9'000'000);
        if (rng() % 50 == 0) time += static_cast<TimeUs>(rng() % 400'000'000);
        if (rng() % 60 == 0) t += static_cast<TimeUs>(rng() % 300'000'000);
        Signal s = MakeSignal(p, i * 100, time, static_cast<SignatureIndex>(rng() % 4),
                              "c" + std::to_string(rng() % 2));
        if (rng() % 2) s.target = "t" + std::to_string(rng() % 2);
        const Level levels[] = {Level::kError, Level::kUnknown, Level::kInfo};
        s.level = levels[rng() % 3];
        parts[p].push_back(std::move(s));
      }
    }
    DetectorOptions options;
    options.flatline = false;
    Pipeline run(knowledge, options);
    for (PartitionId p = 0; p < 3; ++p) run.orderer.AddPartition(p);
    std::vector<size_t> at(3, 0);
    for (std::vector<PartitionId> open = {0, 1, 2}; !open.empty();) {
      const size_t pick = rng() % open.size();
      const PartitionId p = open[pick];
      for (size_t k = 1 + rng() % 10; k > 0 && at[p] < parts[p].size(); --k) {
        run.Add(parts[p][at[p]++]);
      }
      if (at[p] < parts[p].size()) continue;
      run.orderer.EndPartition(p);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
    }
    run.Finish({});

    std::vector<const Signal*> accepted;
    uint64_t late = 0;
    for (const auto& part : parts) {
      Accepted a = Judge(part);
      late += a.late;
      accepted.insert(accepted.end(), a.signals.begin(), a.signals.end());
    }
    ASSERT_EQ(run.counters.Get(Reason::kLate), late);
    std::vector<ReferenceBurst> got;
    for (const Burst& b : run.closed) {
      got.push_back({{b.signature, b.component, b.target},
                     b.onset,
                     b.last,
                     b.opened_at,
                     b.closed_at,
                     b.count,
                     {}});
      for (const Evidence& e : b.evidence) got.back().lines.push_back(e.line);
    }
    std::sort(got.begin(), got.end());
    const std::vector<ReferenceBurst> want = Reference(*knowledge, accepted);
    ASSERT_EQ(got.size(), want.size()) << "round " << round;
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(got[i].key, want[i].key);
      ASSERT_EQ(got[i].onset, want[i].onset);
      ASSERT_EQ(got[i].opened_at, want[i].opened_at);
      ASSERT_EQ(got[i].closed_at, want[i].closed_at);
      ASSERT_EQ(got[i].count, want[i].count);
      ASSERT_EQ(got[i].last, want[i].last);
      ASSERT_EQ(got[i].lines, want[i].lines);
    }
    found += want.size();
  }
  EXPECT_GT(found, 1000u);
}

}  // namespace
}  // namespace culprit
