#include "engine/state/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "store_test_support.h"

namespace culprit {
namespace {

using testing::HasSubstr;

TEST(SqliteStore, KeepsWhatWasCommittedAcrossRestarts) {
  ScratchDirectory scratch;
  for (uint64_t n = 1; n <= 40; ++n) {
    OpenReport report;
    auto store = MustOpen(OptionsFor(scratch.state()), &report);
    EXPECT_EQ(report.created, n == 1);
    EXPECT_EQ(report.message, "");
    ExpectHolds(store.get(), n - 1);
    const auto seq = store->Commit(ScanCommitOf(n));
    ASSERT_TRUE(seq.ok()) << seq.status();
    EXPECT_EQ(*seq, 3 * n);
    ASSERT_TRUE(store->Commit(ReasonCommitOf(n, n % 3 == 0)).ok());
    ExpectHolds(store.get(), n);
  }
  auto store = MustOpen(OptionsFor(scratch.state()));
  EXPECT_EQ(store->Log()->progress, 120U);
  EXPECT_EQ(store->LoadCheckpoint()->value().log_seq, 117U);
  EXPECT_EQ(store->LoadCheckpoint()->value().bytes, BytesOf(39, 5000));
  EXPECT_EQ(store->Totals()->reason.Get(Reason::kStateEvicted), 40U);
  EXPECT_EQ(store->NewPartitionId(), 6U);
}

TEST(SqliteStore, MakesItsFilesForItsUserAlone) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.path() + "/a/b/state"));
  struct stat info {};
  ASSERT_EQ(stat((scratch.path() + "/a/b/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  for (const char* file : {"state.db", "state.db-wal", "state.db-shm", "lock"}) {
    ASSERT_EQ(stat((scratch.path() + "/a/b/state/" + file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << file;
  }
}

TEST(SqliteStore, IsHeldByOneRunAndReadByMany) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.state()));
  ASSERT_TRUE(store->Commit(ScanCommitOf(1)).ok());
  const auto second = OpenSqliteStore(OptionsFor(scratch.state()), nullptr);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("process " + std::to_string(getpid())));
  auto reader = MustOpen(OptionsFor(scratch.state(), StoreMode::kRead));
  ExpectHolds(reader.get(), 1);
  EXPECT_EQ(reader->Commit(ScanCommitOf(2)).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->MarkReplayed({1}, 5).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(store->Commit(ScanCommitOf(2)).ok());
  ExpectHolds(reader.get(), 2);
  auto editor = MustOpen(OptionsFor(scratch.state(), StoreMode::kEdit));
  for (uint64_t n = 3; n <= 8; ++n) ASSERT_TRUE(store->Commit(ScanCommitOf(n)).ok());
  EXPECT_EQ(*editor->DropDeadLetters({1, 77}), 1);
  EXPECT_EQ(editor->Commit(ScanCommitOf(9)).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(store->DeadLetters({})->size(), 1U);
  ASSERT_TRUE(store->Commit(ScanCommitOf(9)).ok());
  store.reset();
  MustOpen(OptionsFor(scratch.state()));
}

TEST(SqliteStore, SaysThatThereIsNoState) {
  ScratchDirectory scratch;
  for (const StoreMode mode : {StoreMode::kRead, StoreMode::kEdit})
    EXPECT_EQ(OpenSqliteStore(OptionsFor(scratch.path(), mode), nullptr).status().code(),
              absl::StatusCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(SqliteStore, ReadsChunksInPieces) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.state()));
  EXPECT_TRUE(store->ReadChunks(0, 1000)->empty());
  for (uint64_t n = 1; n <= 4; ++n) ASSERT_TRUE(store->Commit(ScanCommitOf(n)).ok());
  EXPECT_EQ(store->ReadChunks(0, 1)->size(), 1U);
  EXPECT_EQ(store->ReadChunks(0, 2001)->size(), 2U);
  EXPECT_EQ(store->ReadChunks(5, 1 << 30)->size(), 7U);
  EXPECT_TRUE(store->ReadChunks(12, 1 << 30)->empty());
  ScanCommit empty;
  EXPECT_EQ(*store->Commit(empty), 12U);
}

TEST(SqliteStore, NumbersGenerationsAndKeepsTheSameOneOnce) {
  ScratchDirectory scratch;
  for (int round = 0; round < 2; ++round) {
    auto store = MustOpen(OptionsFor(scratch.state()));
    EXPECT_EQ(*store->AddGeneration("f1", {"a/b", "a/c"}), 1U + 2 * round);
    EXPECT_EQ(*store->AddGeneration("f1", {"a/b", "a/c"}), 1U + 2 * round);
    EXPECT_EQ(*store->AddGeneration("f2", {}), 2U + 2 * round);
    EXPECT_EQ(*store->AddGeneration("f2", {}), 2U + 2 * round);
  }
  auto store = MustOpen(OptionsFor(scratch.state()));
  EXPECT_EQ(*store->AddGeneration("f2", {}), 4U);
  const auto all = store->Generations();
  ASSERT_EQ(all->size(), 4U);
  EXPECT_EQ((*all)[0].signatures, (std::vector<std::string>{"a/b", "a/c"}));
  EXPECT_EQ((*all)[1].fingerprint, "f2");
  EXPECT_TRUE((*all)[1].signatures.empty());
}

// After a crash the way from the checkpoint is gone once more; nothing may go back or come twice.
TEST(SqliteStore, TakesTheSameReasonCommitsAgain) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.state()));
  for (uint64_t n = 1; n <= 30; ++n) ASSERT_TRUE(store->Commit(ScanCommitOf(n)).ok());
  for (uint64_t n = 1; n <= 30; ++n) ASSERT_TRUE(store->Commit(ReasonCommitOf(n, false)).ok());
  ASSERT_TRUE(store->MarkOutbox({1, 2}, DeliveryState::kDelivered).ok());
  const auto before = store->Incidents("", 100);
  for (uint64_t n = 1; n <= 20; ++n) ASSERT_TRUE(store->Commit(ReasonCommitOf(n, n == 5)).ok());
  EXPECT_EQ(store->Log()->progress, 90U);
  EXPECT_EQ(store->Totals()->reason.Get(Reason::kStateEvicted), 30U);
  const auto after = store->Incidents("", 100);
  ASSERT_EQ(after->size(), before->size());
  for (size_t i = 0; i < after->size(); ++i) EXPECT_EQ((*after)[i].json, (*before)[i].json);
  EXPECT_EQ(store->Outbox(DeliveryState::kPending, 0, 100)->size(), 28U);
  EXPECT_EQ(store->Outbox(DeliveryState::kDelivered, 0, 100)->size(), 2U);
  EXPECT_EQ(store->Outbox(DeliveryState::kPending, 25, 100)->front().row.revision, 26U);
  EXPECT_EQ(store->FindIncident("inc-1")->value().revision, 19U);
  EXPECT_FALSE(store->FindIncident("inc-9")->has_value());
  EXPECT_EQ(store->Incidents("open", 2)->front().id, "inc-3");
  EXPECT_TRUE(store->Incidents("resolved", 2)->empty());
  ReasonCommit ahead;
  ahead.log_seq = 91;
  EXPECT_EQ(store->Commit(ahead).code(), absl::StatusCode::kInvalidArgument);
}

TEST(SqliteStore, ListsMarksAndDropsDeadLetters) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.state()));
  ScanCommit commit;
  commit.now = 7;
  for (int i = 0; i < 6; ++i)
    commit.dead_letters.push_back({i % 2 ? "http" : "kafka", "s", "offset " + std::to_string(i),
                                   i < 3 ? "bad_json" : "too_big", "", std::string("\0\xff\n", 3)});
  ASSERT_TRUE(store->Commit(commit).ok());
  EXPECT_EQ(store->DeadLetters({})->size(), 6U);
  EXPECT_EQ(store->DeadLetters({"http", "", true, 0, 100})->size(), 3U);
  EXPECT_EQ(store->DeadLetters({"http", "too_big", true, 0, 100})->size(), 2U);
  EXPECT_EQ(store->DeadLetters({"", "", true, 4, 1})->front().id, 5);
  EXPECT_EQ(*store->MarkReplayed({2, 3, 99}, 11), 2);
  EXPECT_EQ(store->DeadLetters({"", "", false, 0, 100})->size(), 4U);
  const auto letter = store->FindDeadLetter(3);
  EXPECT_EQ((*letter)->letter.bytes, std::string("\0\xff\n", 3));
  EXPECT_EQ((*letter)->time, 7);
  EXPECT_EQ((*letter)->replayed, 11);
  EXPECT_EQ(*store->DropDeadLetters({1, 2, 99}), 2);
  EXPECT_FALSE(store->FindDeadLetter(1)->has_value());
}

TEST(SqliteStore, BoundsDeadLettersAndReceiptsBySizeAndAge) {
  ScratchDirectory scratch;
  StoreOptions options = OptionsFor(scratch.state());
  options.dead_letter_bytes = 10'000;
  options.dead_letter_age = 100 * kSecondUs;
  options.receipts = 50;
  options.receipt_age = 100 * kSecondUs;
  auto store = MustOpen(options);
  for (int i = 1; i <= 100; ++i) {
    ScanCommit commit;
    commit.now = i * kSecondUs;
    commit.dead_letters.push_back({"kafka", "", "", "bad", "", std::string(400, 'x')});
    commit.receipts.emplace_back("forward", std::to_string(i));
    commit.receipts.emplace_back("forward", std::to_string(i));  // once
    ASSERT_TRUE(store->Commit(commit).ok());
  }
  EXPECT_EQ(store->DeadLetters({})->size(), 21U);
  EXPECT_EQ(store->DeadLetters({})->back().id, 100);
  EXPECT_EQ(store->Totals()->dead_letters_evicted, 79U);
  EXPECT_EQ(store->Totals()->receipts_evicted, 50U);
  EXPECT_FALSE(store->HasReceipt("forward", "50"));
  EXPECT_TRUE(store->HasReceipt("forward", "51"));
  EXPECT_FALSE(store->HasReceipt("http", "51"));
  ASSERT_TRUE(store->Maintain(190 * kSecondUs).ok());
  EXPECT_EQ(store->DeadLetters({})->size(), 11U);
  EXPECT_FALSE(store->HasReceipt("forward", "89"));
  EXPECT_TRUE(store->HasReceipt("forward", "90"));
  ASSERT_TRUE(store->Maintain(1000 * kSecondUs).ok());
  EXPECT_TRUE(store->DeadLetters({})->empty());
  EXPECT_EQ(store->Totals()->dead_letters_evicted, 100U);
  EXPECT_EQ(store->Totals()->receipts_evicted, 100U);
  // Numbers are never given twice, and the size begins at nothing again.
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->Commit(ScanCommitOf(4)).ok());
  EXPECT_EQ(store->DeadLetters({})->front().id, 101);
  EXPECT_EQ(store->DeadLetters({})->size(), 5U);
}

// One million signals over three days of virtual time, with checkpoints every so often.
TEST(SqliteStore, StaysWithinItsBoundsOverDays) {
  ScratchDirectory scratch;
  StoreOptions options = OptionsFor(scratch.state());
  options.log_bytes = 4 << 20;
  options.log_age = kDayUs;
  options.incidents = 100;
  options.outbox_rows = 300;
  auto store = MustOpen(options);
  constexpr uint64_t kCommits = 3 * 24 * 60;  // one a minute
  uint64_t seq = 0;
  int64_t most_disk = 0;
  uint64_t most_log = 0;
  uint64_t least_log = ~uint64_t{0};
  for (uint64_t n = 1; n <= kCommits; ++n) {
    const TimeUs now = static_cast<TimeUs>(n) * kMinuteUs;
    ScanCommit commit;
    commit.now = now;
    commit.chunks.push_back({static_cast<PartitionId>(n), static_cast<uint32_t>(n / 1000 + 1),
                             BytesOf(n, n < kCommits / 2 ? 8000 : 200), 240});
    // Streams come, and end an hour later.
    commit.partitions.push_back(
        {static_cast<PartitionId>(n), {"tail", std::to_string(n)}, "r", "s"});
    if (n > 60)
      commit.partitions.push_back(
          {static_cast<PartitionId>(n - 60), {"tail", std::to_string(n - 60)}, "r", "s", true});
    commit.receipts.emplace_back("forward", std::to_string(n));
    commit.dead_letters.push_back({"kafka", "", "", "bad", "", std::string(200, 'x')});
    if (n % 1000 == 1) {
      ASSERT_TRUE(store->AddGeneration(std::to_string(n), {"a/b"}).ok());
    }
    seq = *store->Commit(commit);
    ReasonCommit reason;
    reason.log_seq = seq;
    if (n % 7 == 0) reason.checkpoint = BytesOf(n, 20'000);
    reason.incidents.push_back({"inc-" + std::to_string(n), 1, "open", now, now, "{}"});
    reason.outbox.push_back({"inc-" + std::to_string(n), "opened", 1, now, "{}"});
    ASSERT_TRUE(store->Commit(reason).ok());
    ASSERT_TRUE(store->Maintain(now).ok());
    if (n < kCommits / 6) continue;
    const LogRange log = *store->Log();
    most_disk = std::max(most_disk, store->health().disk_bytes);
    if (n < kCommits / 2) {
      most_log = std::max(most_log, log.bytes);
      least_log = std::min(least_log, log.bytes);
    }
    if (n % 100 != 0) continue;
    // A replay can start at the oldest checkpoint, and it is where the log begins.
    const auto oldest = store->OldestCheckpoint();
    ASSERT_TRUE(oldest->has_value());
    ASSERT_EQ((*oldest)->log_seq + 1, log.first_seq);
    ASSERT_EQ((*oldest)->bytes, BytesOf((*oldest)->log_seq, 20'000));
    ASSERT_EQ(store->ReadChunks((*oldest)->log_seq, 1)->front().seq, log.first_seq);
    EXPECT_EQ(store->ReadChunks(log.first_seq - 2, 1).status().code(),
              absl::StatusCode::kOutOfRange);
    ASSERT_EQ(store->LoadCheckpoint()->value().log_seq, n / 7 * 7);
  }
  EXPECT_GE(store->Totals()->signals, 1'000'000U);
  EXPECT_LE(most_log, options.log_bytes + 7 * 8000);  // a checkpoint comes every seven chunks
  EXPECT_GE(least_log, options.log_bytes * 3 / 4);
  EXPECT_LT(most_disk, 16 << 20);
  // Small chunks now: age is what bounds them.
  const LogRange log = *store->Log();
  EXPECT_NEAR(static_cast<double>(log.last_seq - log.first_seq), 24 * 60, 24 * 60 / 8 + 8);
  EXPECT_LE(store->Partitions(true)->size(), log.last_seq - log.first_seq + 62);
  EXPECT_EQ(store->Partitions(false)->size(), 60U);
  EXPECT_LE(store->Generations()->size(), 4U);
  // What a way from the oldest checkpoint would write again is kept beyond the bound.
  const uint64_t unsettled = log.last_seq - log.first_seq + 1;
  EXPECT_EQ(store->Incidents("", 100'000)->size(), unsettled);
  EXPECT_EQ(store->Outbox(DeliveryState::kPending, 0, 100'000)->size(), unsettled);
  EXPECT_EQ(store->Totals()->outbox_evicted + unsettled, kCommits);
  EXPECT_EQ(store->Totals()->incidents_evicted + unsettled, kCommits);
}

TEST(SqliteStore, GivesRoomBackAfterAPeak) {
  ScratchDirectory scratch;
  StoreOptions options = OptionsFor(scratch.state());
  options.log_bytes = 1 << 20;
  auto store = MustOpen(options);
  for (uint64_t n = 1; n <= 150; ++n) ASSERT_TRUE(store->Commit(ScanCommitOf(n, 300'000)).ok());
  EXPECT_GT(store->health().disk_bytes, 100 << 20);
  for (const uint64_t n : {149, 150}) ASSERT_TRUE(store->Commit(ReasonCommitOf(n, true)).ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->Maintain(kNoTime).ok());
  EXPECT_LT(store->health().disk_bytes, 60 << 20);
  ExpectHolds(store.get(), 150, 300'000);
}

TEST(SqliteStore, RefusesANewerSchema) {
  ScratchDirectory scratch;
  MustOpen(OptionsFor(scratch.state())).reset();
  SetUserVersionForTest(scratch.state() + "/state.db", 999);
  for (const StoreMode mode : {StoreMode::kRun, StoreMode::kEdit, StoreMode::kRead}) {
    const auto status = OpenSqliteStore(OptionsFor(scratch.state(), mode), nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("newer culprit (schema 999"));
  }
}

// Readers and two writers at once; each reader sees whole commits.
TEST(SqliteStore, ServesReadersWhileItWrites) {
  ScratchDirectory scratch;
  auto store = MustOpen(OptionsFor(scratch.state()));
  constexpr uint64_t kCommits = 200;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> committed{0};
  std::thread reasoner([&] {
    uint64_t seq = 0;
    while (seq < 3 * kCommits && !stop) {
      const auto chunks = store->ReadChunks(seq, 20'000);
      ASSERT_TRUE(chunks.ok()) << chunks.status();
      if (chunks->empty()) continue;
      seq = chunks->back().seq;
      ASSERT_TRUE(store->Commit(ReasonCommitOf(seq / 3, seq % 10 == 0)).ok());
    }
  });
  std::thread reader([&] {
    while (!stop) {
      const uint64_t least = committed;
      const auto totals = store->Totals();
      ASSERT_TRUE(totals.ok()) << totals.status();
      ASSERT_GE(totals->signals, 6 * least);
      ASSERT_EQ(totals->signals, 6 * totals->scan.Get(Reason::kLate));  // no half commit
      ASSERT_TRUE(least == 0 || store->HasReceipt("forward", "receipt " + std::to_string(least)));
      store->health();
    }
  });
  for (uint64_t n = 1; n <= kCommits; ++n) {
    ASSERT_TRUE(store->Commit(ScanCommitOf(n)).ok());
    committed = n;
    if (n % 10 == 0) {
      ASSERT_TRUE(store->Maintain(static_cast<TimeUs>(n) * kSecondUs).ok());
    }
  }
  reasoner.join();
  stop = true;
  reader.join();
  ExpectHolds(store.get(), kCommits);
  EXPECT_EQ(store->Log()->progress, 3 * kCommits);
}

TEST(SqliteStore, TakesOverTheSchemaBeforeDeliveries) {
  const ScratchDirectory directory;
  MustOpen(OptionsFor(directory.state()))->Commit(ScanCommitOf(1)).IgnoreError();
  {
    auto db = Db::Open(directory.state() + "/state.db", DbAccess::kWrite);
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE((*db)
                    ->Run("DROP TABLE deliveries; DROP TABLE delivery_receipts; DROP TABLE "
                          "journal; PRAGMA user_version=1")
                    .ok());
  }
  OpenReport report;
  const auto store = MustOpen(OptionsFor(directory.state()), &report);
  EXPECT_FALSE(report.damaged);
  EXPECT_EQ(store->Log()->last_seq, 3u);
  EXPECT_TRUE(store->PendingDeliveries("slack", 10)->empty());
}

}  // namespace
}  // namespace culprit
