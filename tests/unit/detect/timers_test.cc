#include "engine/detect/timers.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace culprit {
namespace {

// Against a map: near and far ones, long gaps, slices before 1970, those that are past already.
TEST(Timers, RunInOrderAndEachOnce) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 rng(seed);
    Timers timers;
    std::multimap<int64_t, uint32_t> want;
    int64_t now = seed % 4 == 0 ? -3000 : 1'772'000'000;
    for (uint32_t step = 0; step < 3000; ++step) {
      for (uint64_t n = rng() % 4; n > 0; --n) {
        const int64_t ahead[] = {
            1 + static_cast<int64_t>(rng() % 90), 200 + static_cast<int64_t>(rng() % 100),
            static_cast<int64_t>(rng() % 5000), -static_cast<int64_t>(rng() % 50)};
        const int64_t slice = now + ahead[rng() % 50 == 0 ? 1 + rng() % 3 : 0];
        timers.Add(slice, {step, 0});
        want.emplace(slice, step);
      }
      ASSERT_EQ(timers.next(), want.empty() ? Timers::kNone : want.begin()->first);
      now += rng() % 100 == 0 ? static_cast<int64_t>(rng() % 2000) : 1;
      std::multimap<int64_t, uint32_t> ran;
      timers.RunUpTo(now,
                     [&](int64_t slice, const Timers::Timer& t) { ran.emplace(slice, t.key); });
      const auto end = want.upper_bound(now);
      ASSERT_EQ(ran, (std::multimap<int64_t, uint32_t>(want.begin(), end)));
      want.erase(want.begin(), end);
    }
  }
}

}  // namespace
}  // namespace culprit
