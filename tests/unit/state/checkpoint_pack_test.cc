#include "engine/state/checkpoint_pack.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

std::string Bytes() {
  std::string bytes = "CPT\x01";
  for (int i = 0; i < 1000; ++i) bytes += "dial tcp: connect: connection refused";
  return bytes;
}

TEST(CheckpointPack, GivesBackWhatWasPacked) {
  for (const std::string& bytes : {Bytes(), std::string("x"), std::string()})
    EXPECT_EQ(UnpackCheckpoint(PackCheckpoint(bytes)).value(), bytes);
  EXPECT_LT(PackCheckpoint(Bytes()).size(), Bytes().size() / 5);
}

TEST(CheckpointPack, TakesWhatWasStoredBeforeItPacked) {
  EXPECT_EQ(UnpackCheckpoint(Bytes()).value(), Bytes());
}

TEST(CheckpointPack, SaysSoOfDamage) {
  const std::string packed = PackCheckpoint(Bytes());
  for (size_t size = 4; size < packed.size(); ++size)
    EXPECT_FALSE(UnpackCheckpoint(std::string_view(packed).substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace culprit
