#include "engine/detect/order.h"

#include <gtest/gtest.h>

#include "engine/detect/detector.h"

namespace culprit {
namespace {
TEST(Orderer, StartsWithoutWatermark) {
  Counters counters;
  Orderer orderer({}, &counters);
  EXPECT_EQ(orderer.watermark(), kNoTime);
}
}  // namespace
}  // namespace culprit
