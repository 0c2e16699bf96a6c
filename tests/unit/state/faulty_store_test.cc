#include "tests/fakes/faulty_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "store_test_support.h"

namespace culprit {
namespace {

TEST(FaultyStore, FailsWhenTold) {
  ScratchDirectory scratch;
  auto below = MustOpen(OptionsFor(scratch.state()));
  FaultyStore store(below.get());
  store.Fail(StoreCall::kScanCommit, absl::ResourceExhaustedError("full"), 2, 1);
  EXPECT_TRUE(store.Commit(ScanCommitOf(1)).ok());
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(store.Commit(ScanCommitOf(2)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(store.Commit(ScanCommitOf(2)).ok());
  ExpectHolds(&store, 2);
  EXPECT_EQ(store.calls(StoreCall::kScanCommit), 4);
  store.FailSometimes(StoreCall::kRead, absl::UnavailableError("slow"), 0.5, 1);
  int failed = 0;
  for (int i = 0; i < 100; ++i) failed += !store.Log().ok();
  EXPECT_GT(failed, 20);
  EXPECT_LT(failed, 80);
}

TEST(FaultyStore, DiesWithOrWithoutAnswer) {
  ScratchDirectory scratch;
  auto below = MustOpen(OptionsFor(scratch.state()));
  for (const bool answered : {true, false}) {
    FaultyStore store(below.get());
    const uint64_t before = below->Log()->last_seq / 3;
    store.Die(2, answered);
    EXPECT_TRUE(store.Commit(ScanCommitOf(before + 1)).ok());
    EXPECT_FALSE(store.dead());
    EXPECT_EQ(store.Commit(ScanCommitOf(before + 2)).ok(), answered);
    EXPECT_TRUE(store.dead());
    EXPECT_FALSE(store.Commit(ScanCommitOf(before + 3)).ok());
    EXPECT_FALSE(store.Log().ok());
    ExpectHolds(below.get(), before + 2);
  }
}

TEST(FaultyStore, StallsUntilUnblocked) {
  ScratchDirectory scratch;
  auto below = MustOpen(OptionsFor(scratch.state()));
  FaultyStore store(below.get());
  store.Block();
  std::thread committer([&] { EXPECT_TRUE(store.Commit(ScanCommitOf(1)).ok()); });
  while (store.waiting() == 0) std::this_thread::yield();
  ExpectHolds(&store, 0);
  store.Unblock();
  committer.join();
  ExpectHolds(&store, 1);
}

}  // namespace
}  // namespace culprit
