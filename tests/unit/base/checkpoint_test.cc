#include "engine/base/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace culprit {
namespace {

using ::testing::ElementsAre;

enum class Colour : uint8_t { kRed, kGreen };

class Sample {
 public:
  uint32_t number = 0;
  int64_t time = 0;
  double rate = 0;
  bool on = false;
  uint64_t hash = 0;
  Colour colour = Colour::kRed;
  std::string name;
  std::string line;
  std::optional<int> maybe;
  std::vector<std::pair<std::string, uint64_t>> list;
  std::map<std::string, int> ordered;
  absl::flat_hash_map<uint64_t, std::string> table;
  absl::flat_hash_set<int> set;

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
    ar(number, Relative(time, 1'000'000), rate, on, Hash(hash), Choice(colour, Colour::kGreen));
    ar(Word(name), line, maybe, list, ordered, table, set);
  }
};

Sample Filled() {
  Sample s;
  s.number = UINT32_MAX;
  s.time = INT64_MIN;
  s.rate = -0.1;
  s.on = true;
  s.hash = 0xfedcba9876543210;
  s.colour = Colour::kGreen;
  s.name = "api";
  s.line = std::string("a\0b", 3);
  s.maybe = -7;
  s.list = {{"x", 1}, {"", UINT64_MAX}};
  s.ordered = {{"b", -1}, {"a", 2}};
  for (uint64_t i = 0; i < 100; ++i) s.table[i * 7919 % 101] = std::to_string(i);
  s.set = {3, -1, 2};
  return s;
}

std::string Write(const std::vector<Sample>& all) {
  return WriteCheckpoint("sample", 3, [&](CheckpointWriter& ar) { ar(all); });
}
absl::Status Read(std::string_view bytes, std::vector<Sample>* all) {
  return ReadCheckpoint(bytes, "sample", 3, [&](CheckpointReader& ar) { ar(*all); });
}

TEST(Checkpoint, WhatWasWrittenComesBack) {
  std::vector<Sample> all(3, Filled());
  all[1] = Sample();
  std::vector<Sample> back;
  ASSERT_TRUE(Read(Write(all), &back).ok());
  ASSERT_EQ(back.size(), 3u);
  const Sample& s = back[2];
  const Sample want = Filled();
  EXPECT_EQ(s.number, want.number);
  EXPECT_EQ(s.time, want.time);
  EXPECT_EQ(s.rate, want.rate);
  EXPECT_EQ(s.on, want.on);
  EXPECT_EQ(s.hash, want.hash);
  EXPECT_EQ(s.colour, want.colour);
  EXPECT_EQ(s.name, want.name);
  EXPECT_EQ(s.line, want.line);
  EXPECT_EQ(s.maybe, want.maybe);
  EXPECT_EQ(s.list, want.list);
  EXPECT_EQ(s.ordered, want.ordered);
  EXPECT_EQ(s.table, want.table);
  EXPECT_EQ(s.set, want.set);
  EXPECT_EQ(back[1].maybe, std::nullopt);
  EXPECT_EQ(Write(back), Write(all));
}

TEST(Checkpoint, NamesAreWrittenOnce) {
  CheckpointWriter ar;
  for (int i = 0; i < 1000; ++i) ar(Word("a-rather-long-name-of-a-component"));
  EXPECT_LT(ar.bytes().size(), 1100u);
  CheckpointReader back(ar.bytes());
  std::string name;
  for (int i = 0; i < 1000; ++i) {
    back(Word(name));
    EXPECT_EQ(name, "a-rather-long-name-of-a-component");
  }
}

TEST(Checkpoint, TimesComeBackAndAreShort) {
  const int64_t now = 1'772'000'040'000'000;
  const std::vector<int64_t> times = {now, now, now + 1, now - 1, INT64_MIN, now + 5, 0, -now};
  CheckpointWriter ar;
  for (const int64_t t : times) ar(Time(t));
  CheckpointReader back(ar.bytes());
  for (const int64_t t : times) {
    int64_t read = 1;
    back(Time(read));
    EXPECT_EQ(read, t);
  }
  EXPECT_LT(ar.bytes().size(), 35u);
}

TEST(Checkpoint, NumbersAtTheirLimitsComeBack) {
  for (const uint64_t v : {uint64_t{0}, uint64_t{127}, uint64_t{128}, UINT64_MAX - 1, UINT64_MAX}) {
    CheckpointWriter ar;
    ar(v, static_cast<int64_t>(v));
    CheckpointReader back(ar.bytes());
    uint64_t u = 0;
    int64_t i = 0;
    back(u, i);
    EXPECT_EQ(u, v);
    EXPECT_EQ(i, static_cast<int64_t>(v));
  }
}

TEST(Checkpoint, AnyDamagedByteIsFound) {
  const std::string bytes = Write({Filled()});
  std::vector<Sample> back;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(Read(damaged, &back).code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(Read(std::string_view(bytes).substr(0, i), &back).code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(Checkpoint, AnotherKindOrVersionIsRefused) {
  const std::string bytes = Write({Filled()});
  const auto nothing = [](CheckpointReader&) {};
  EXPECT_EQ(ReadCheckpoint(bytes, "other", 3, nothing).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCheckpoint(bytes, "sample", 4, nothing).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadCheckpoint(bytes, "sample", 3, nothing).code(), absl::StatusCode::kDataLoss);
}

TEST(Checkpoint, SizesAreNotBelieved) {
  CheckpointWriter ar;
  ar.Varint(uint64_t{1} << 60);
  std::vector<Sample> back;
  EXPECT_EQ(Read(SealCheckpoint("sample", 3, ar.bytes()), &back).code(),
            absl::StatusCode::kDataLoss);
}

TEST(Checkpoint, NumbersThatDoNotFitAreDamage) {
  const auto refused = [](auto value, auto target) {
    CheckpointWriter ar;
    ar(value);
    CheckpointReader back(ar.bytes());
    EXPECT_THROW(back(target), CheckpointDamage);
  };
  refused(uint64_t{256}, uint8_t{0});
  refused(uint64_t{2}, false);
  refused(int64_t{40'000}, int16_t{0});
  refused(std::numeric_limits<double>::infinity(), 0.0);
  Colour colour{};
  refused(uint64_t{2}, Choice(colour, Colour::kGreen));
}

}  // namespace
}  // namespace culprit
