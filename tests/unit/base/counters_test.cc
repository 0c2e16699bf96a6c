#include "engine/base/counters.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/core/report.h"
#include "engine/core/source.h"

namespace culprit {
namespace {

TEST(Counters, EveryReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kReasonCount; ++i) names.insert(ReasonName(static_cast<Reason>(i)));
  EXPECT_EQ(names.size(), kReasonCount);
  EXPECT_FALSE(names.contains(""));
}

TEST(Counters, AddSumsPerReason) {
  Counters a, b;
  a.Count(Reason::kLate, 2);
  b.Count(Reason::kLate);
  b.Count(Reason::kInvalidUtf8);
  a.Add(b);
  EXPECT_EQ(a.Get(Reason::kLate), 3u);
  EXPECT_EQ(a.Get(Reason::kInvalidUtf8), 1u);
}

}  // namespace
}  // namespace culprit
