// The store against kills, full disks, failing calls and damaged bytes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "faulty_vfs.h"
#include "store_test_support.h"

namespace culprit {
namespace {

using testing::HasSubstr;

uint64_t CommitsIn(LiveStore* store) { return store->Log()->last_seq / 3; }

// A child commits and tells after each commit; the parent kills it wherever it happens to be.
TEST(SqliteStoreFault, LosesNothingAcknowledgedWhenKilled) {
  ScratchDirectory scratch;
  StoreOptions options = OptionsFor(scratch.state());
  options.log_bytes = 200'000;
  std::mt19937 random(5);
  uint64_t acknowledged = 0;
  int in_commit = 0;
  for (int kill_number = 0; kill_number < 120; ++kill_number) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_fds[0]);
      auto store = OpenSqliteStore(options, nullptr);
      if (!store.ok()) _exit(1);
      uint64_t scanned = CommitsIn(store->get());
      for (uint64_t n = (*store)->Log()->progress / 3 + 1;; ++n) {
        if (n > scanned) {
          if (!(*store)->Commit(ScanCommitOf(n)).ok()) _exit(2);
          if (write(pipe_fds[1], &n, sizeof n) != sizeof n) _exit(3);
        }
        if (!(*store)->Commit(ReasonCommitOf(n, n % 5 == 0)).ok()) _exit(4);
        if (!(*store)->Maintain(static_cast<TimeUs>(n) * kSecondUs).ok()) _exit(5);
      }
    }
    close(pipe_fds[1]);
    // So many commits, then some way into the next.
    uint64_t n = 0;
    for (uint32_t i = random() % 12; i > 0 && read(pipe_fds[0], &n, sizeof n) == sizeof n; --i)
      acknowledged = n;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1500));
    kill(child, SIGKILL);
    int how = 0;
    ASSERT_EQ(waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how)) << "the child ended by itself: " << WEXITSTATUS(how);
    while (read(pipe_fds[0], &n, sizeof n) == sizeof n) acknowledged = n;
    close(pipe_fds[0]);
    OpenReport report;
    auto store = MustOpen(options, &report);
    ASSERT_EQ(report.message, "");
    const uint64_t found = CommitsIn(store.get());
    ASSERT_GE(found, acknowledged);
    ASSERT_LE(found, acknowledged + 1);
    in_commit += found > acknowledged;
    acknowledged = found;
    ASSERT_NO_FATAL_FAILURE(ExpectHolds(store.get(), found));
    const LogRange log = *store->Log();
    const auto checkpoint = store->LoadCheckpoint();
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    if (found > 6) {
      ASSERT_TRUE(checkpoint->has_value());
      ASSERT_EQ((*checkpoint)->bytes, BytesOf((*checkpoint)->log_seq / 3, 5000));
      ASSERT_GE((*checkpoint)->log_seq + 1, log.first_seq);
      ASSERT_LE(log.progress, log.last_seq);
      const size_t rows = store->Outbox(DeliveryState::kPending, 0, 1'000'000)->size();
      ASSERT_EQ(rows, log.progress / 3);  // each once
    }
  }
  EXPECT_GT(acknowledged, 300U);
}

// `change` is tried at the store until it is OK.
void UntilOk(const std::function<absl::Status()>& change, absl::StatusCode expected,
             int* failures) {
  for (int tries = 0; tries < 5; ++tries) {
    const absl::Status status = change();
    if (status.ok()) return;
    ++*failures;
    ASSERT_EQ(status.code(), expected) << status;
  }
  FAIL() << "does not get over it";
}

class DiskCalls : public testing::Test {
  void TearDown() override { FailDiskCall(0, DiskFault::kError); }
};

// Every single write, sync and truncate of a life fails once, in each way a disk can.
TEST_F(DiskCalls, MayEachFailOnce) {
  for (const DiskFault fault : {DiskFault::kFull, DiskFault::kError, DiskFault::kTorn}) {
    const absl::StatusCode expected = fault == DiskFault::kFull
                                          ? absl::StatusCode::kResourceExhausted
                                          : absl::StatusCode::kUnavailable;
    int nth = 1;
    for (;; ++nth) {
      ScratchDirectory scratch(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "");
      StoreOptions options = OptionsFor(scratch.state());
      options.sync = true;
      options.log_bytes = 20'000;
      int failures = 0;
      OpenReport report;
      FailDiskCall(nth, fault);
      for (uint64_t n = 1; n <= 2; ++n) {
        std::unique_ptr<LiveStore> store;
        UntilOk(
            [&] {
              auto opened = OpenSqliteStore(options, &report);
              if (opened.ok()) store = *std::move(opened);
              return opened.status();
            },
            // Truncating and the like have no "full".
            expected, &failures);
        if (HasFatalFailure()) return;
        ASSERT_FALSE(report.damaged) << report.message;
        ExpectHolds(store.get(), n - 1);
        UntilOk([&] { return store->Commit(ScanCommitOf(n)).status(); }, expected, &failures);
        ExpectHolds(store.get(), n);
        UntilOk([&] { return store->Commit(ReasonCommitOf(n, true)); }, expected, &failures);
        UntilOk([&] { return store->Maintain(kNoTime); }, expected, &failures);
        ExpectHolds(store.get(), n);
        if (HasFailure()) {
          ADD_FAILURE() << "call " << nth;
          return;
        }
        EXPECT_TRUE(store->health().last_error.ok());
      }
      if (!DiskFaultHappened()) break;
      ASSERT_LE(failures, 1);
    }
    EXPECT_GT(nth, 60);
  }
}

TEST(SqliteStoreFault, StopsAtItsLimitAndGoesOnWhenThereIsRoom) {
  ScratchDirectory scratch;
  StoreOptions options = OptionsFor(scratch.state());
  options.max_file_bytes = 1 << 20;
  options.log_bytes = 100'000;
  auto store = MustOpen(options);
  uint64_t n = 0;
  absl::Status status;
  while ((status = store->Commit(ScanCommitOf(n + 1)).status()).ok()) ++n;
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_GT(n, 80U);
  EXPECT_EQ(store->health().last_error.code(), absl::StatusCode::kResourceExhausted);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(store->Commit(ScanCommitOf(n + 1)).ok());
  ExpectHolds(store.get(), n);
  store.reset();
  store = MustOpen(options);
  ExpectHolds(store.get(), n);
  EXPECT_FALSE(store->Commit(ScanCommitOf(n + 1)).ok());
  // The reason half comes along, and what it needs no more makes room.
  store.reset();
  options.max_file_bytes += 100'000;
  store = MustOpen(options);
  for (const uint64_t at : {n - 1, n}) {
    status = store->Commit(ReasonCommitOf(at, true));
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_TRUE(store->Maintain(kNoTime).ok());
  for (uint64_t i = 1; i <= 20; ++i) {
    status = store->Commit(ScanCommitOf(n + i)).status();
    ASSERT_TRUE(status.ok()) << status;
  }
  ExpectHolds(store.get(), n + 20);
}

TEST(SqliteStoreFault, SurvivesAFullDisk) {
  ScratchDirectory scratch;
  if (mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=2m,mode=0700") != 0)
    GTEST_SKIP() << "mounting a small tmpfs needs root: " << strerror(errno);
  {
    StoreOptions options = OptionsFor(scratch.state());
    options.sync = true;
    options.log_bytes = 100'000;
    auto store = MustOpen(options);
    uint64_t n = 0;
    absl::Status status;
    while ((status = store->Commit(ScanCommitOf(n + 1)).status()).ok()) {
      ++n;
      if (n % 20 == 0) store->Maintain(kNoTime).IgnoreError();
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(store->Commit(ScanCommitOf(n + 1)).ok());
    ExpectHolds(store.get(), n);
    // Nor can a second one be begun; the message says why.
    EXPECT_FALSE(OpenSqliteStore(OptionsFor(scratch.path() + "/other"), nullptr).ok());
    EXPECT_EQ(mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
    EXPECT_TRUE(store->Commit(ScanCommitOf(n + 1)).ok());
    ExpectHolds(store.get(), n + 1);
    store.reset();
    EXPECT_EQ(mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
    const auto read_only = OpenSqliteStore(options, nullptr).status();
    EXPECT_EQ(read_only.code(), absl::StatusCode::kFailedPrecondition) << read_only;
    auto reader = MustOpen(OptionsFor(scratch.state(), StoreMode::kRead));
    ExpectHolds(reader.get(), n + 1);
  }
  EXPECT_EQ(umount(scratch.path().c_str()), 0) << strerror(errno);
}

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A state of `n` commits as a killed process leaves it (with a write-ahead log) or as a closed one.
void MakeState(const StoreOptions& options, uint64_t n, bool killed) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = OpenSqliteStore(options, nullptr);
    for (uint64_t i = 1; i <= n; ++i) {
      if (!(*store)->Commit(ScanCommitOf(i)).ok()) _exit(1);
      if (!(*store)->Commit(ReasonCommitOf(i, i % 4 == 0)).ok()) _exit(2);
      // Part of it in the file, part in the log.
      if (i == n / 2 && killed) {
        store->reset();
        store = OpenSqliteStore(options, nullptr);
      }
    }
    if (!killed) store->reset();
    _exit(0);
  }
  int how = 0;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  ASSERT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

// All that can be read is what was written, or an error. Returns whether all was there.
bool ReadsTruly(LiveStore* store, uint64_t n, bool* damage_seen) {
  bool whole = true;
  const auto failed = [&](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    *damage_seen = true;
    whole = false;
  };
  const auto log = store->Log();
  if (!log.ok()) {
    failed(log.status());
    return false;
  }
  whole = log->last_seq == 3 * n;
  for (uint64_t seq = log->first_seq - 1; seq < log->last_seq;) {
    const auto chunks = store->ReadChunks(seq, 10'000);
    if (!chunks.ok()) {
      failed(chunks.status());
      break;
    }
    for (const StoredChunk& chunk : *chunks) {
      const LogChunk expected = ScanCommitOf((chunk.seq + 2) / 3).chunks[(chunk.seq - 1) % 3];
      EXPECT_EQ(chunk.seq, ++seq);
      EXPECT_EQ(chunk.chunk.entries, expected.entries);
      EXPECT_EQ(chunk.chunk.partition, expected.partition);
    }
  }
  const auto partitions = store->Partitions(false);
  if (!partitions.ok()) failed(partitions.status());
  if (partitions.ok()) {
    whole = whole && partitions->size() == 5;
    for (const StoredPartition& p : *partitions) {
      const uint64_t of = std::stoull(p.resume.substr(7));
      EXPECT_LE(of, n);
      EXPECT_EQ(p.scan_state, BytesOf(of + p.id, 300));
      whole = whole && of == n;
    }
  }
  const auto checkpoint = store->LoadCheckpoint();
  if (!checkpoint.ok()) failed(checkpoint.status());
  if (checkpoint.ok() && checkpoint->has_value() && !(*checkpoint)->bytes.empty()) {
    EXPECT_EQ((*checkpoint)->bytes, BytesOf((*checkpoint)->log_seq / 3, 5000));
  }
  const auto totals = store->Totals();
  if (!totals.ok()) failed(totals.status());
  whole = whole && totals.ok() && totals->signals == 6 * n &&
          totals->scan.Get(Reason::kLate) == n && totals->signatures.size() == 2 &&
          totals->signatures.at("etcd/timeout") == 2 * n;
  const auto letters = store->DeadLetters({});
  if (!letters.ok()) failed(letters.status());
  if (letters.ok()) {
    whole = whole && letters->size() == n / 4;
    for (const StoredLetter& letter : *letters)
      EXPECT_EQ(letter.letter.bytes, BytesOf(static_cast<uint64_t>(letter.id) * 4, 100));
  }
  const auto outbox = store->Outbox(DeliveryState::kPending, 0, 1000);
  if (!outbox.ok()) failed(outbox.status());
  whole = whole && outbox.ok() && outbox->size() == n;
  const auto incidents = store->Incidents("", 1000);
  if (!incidents.ok()) failed(incidents.status());
  whole = whole && incidents.ok() && incidents->size() == n / 10 + 1;
  for (uint64_t i = 1; i <= n; ++i)
    whole = store->HasReceipt("forward", "receipt " + std::to_string(i)) && whole;
  return whole;
}

// Bytes change, pages vanish or change places, files are cut: all that is read is true, and what is
// not there any more was told. After it the state works on.
TEST(SqliteStoreFault, NeverTakesDamageForData) {
  constexpr uint64_t kCommits = 24;
  std::mt19937 random(9);
  int told = 0;
  int harmless = 0;
  for (const bool killed : {false, true}) {
    ScratchDirectory original;
    StoreOptions options = OptionsFor(original.state());
    MakeState(options, kCommits, killed);
    const std::string database = Slurp(original.state() + "/state.db");
    const std::string wal = Slurp(original.state() + "/state.db-wal");
    ASSERT_EQ(wal.empty(), !killed);
    for (int round = 0; round < 150; ++round) {
      SCOPED_TRACE(testing::Message() << "round " << round << (killed ? ", killed" : ""));
      ScratchDirectory scratch;
      options = OptionsFor(scratch.state());
      options.check_time =
          round % 2 ? 2 * kSecondUs : 1;  // the latter: only what is read is checked
      std::filesystem::create_directory(scratch.state());
      std::string db = database;
      std::string log = wal;
      std::string& victim = killed && random() % 2 ? log : db;
      const size_t at = random() % victim.size();
      switch (random() % 6) {
        case 0:
          victim[at] = static_cast<char>(victim[at] ^ (1 << random() % 8));
          break;
        case 1:
          for (int i = 0; i < 20; ++i)
            victim[random() % victim.size()] = static_cast<char>(random());
          break;
        case 2:  // a sector of nothing
          victim.replace(at / 512 * 512, std::min<size_t>(512, victim.size() - at / 512 * 512),
                         std::min<size_t>(512, victim.size() - at / 512 * 512), '\0');
          break;
        case 3: {  // two pages change places
          const size_t a = at / 8192 * 8192;
          const size_t b = random() % victim.size() / 8192 * 8192;
          if (std::max(a, b) + 8192 > victim.size()) break;
          std::swap_ranges(&victim[a], &victim[a] + 8192, &victim[b]);
          break;
        }
        case 4: {  // an older page
          const size_t a = at / 8192 * 8192;
          const size_t b = random() % victim.size() / 8192 * 8192;
          if (std::max(a, b) + 8192 > victim.size()) break;
          victim.replace(a, 8192, victim.substr(b, 8192));
          break;
        }
        case 5:
          // A log that was cut at its end looks like one that was never written on: nothing on this
          // disk tells. The database is another matter.
          if (&victim == &log) break;
          victim.resize(at);
          break;
      }
      Spill(scratch.state() + "/state.db", db);
      if (killed) Spill(scratch.state() + "/state.db-wal", log);
      const bool changed = db != database || log != wal;
      OpenReport report;
      auto store = MustOpen(options, &report);
      ASSERT_NE(store, nullptr);
      bool damage_seen = false;
      const bool whole = ReadsTruly(store.get(), kCommits, &damage_seen);
      EXPECT_TRUE(whole || damage_seen || !report.message.empty()) << "silently lost";
      EXPECT_TRUE(changed || (whole && report.message.empty()));
      const bool seen_later = damage_seen;
      if (damage_seen) {
        store.reset();
        store = MustOpen(options, &report);
        ASSERT_NE(store, nullptr);
        EXPECT_TRUE(report.damaged);
        damage_seen = false;
        ReadsTruly(store.get(), kCommits, &damage_seen);
        EXPECT_FALSE(damage_seen);
      }
      if (report.damaged) {
        EXPECT_TRUE(std::filesystem::exists(report.set_aside));
        EXPECT_THAT(report.message, HasSubstr(report.set_aside));
        if (!seen_later) {
          EXPECT_TRUE(Slurp(report.set_aside) == db);  // as it was
        }
      }
      told += !report.message.empty();
      harmless += report.message.empty();
      // It works on: what comes next is kept.
      const uint64_t before = store->Log()->last_seq;
      const auto seq = store->Commit(ScanCommitOf(before / 3 + 1));
      ASSERT_TRUE(seq.ok()) << seq.status();
      EXPECT_EQ(*seq, before + 3);
      EXPECT_EQ(store->ReadChunks(before, 1 << 20)->size(), 3U);
      store.reset();
      store = MustOpen(options, &report);
      EXPECT_EQ(report.message, "");
      EXPECT_EQ(store->Log()->last_seq, before + 3);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(told, 180);
  RecordProperty("harmless", harmless);
}

TEST(SqliteStoreFault, SavesPositionsAndLettersWhenTheLogIsLost) {
  ScratchDirectory scratch;
  const StoreOptions options = OptionsFor(scratch.state());
  MakeState(options, 30, false);
  // In the middle of the last chunk.
  std::string db = Slurp(scratch.state() + "/state.db");
  const size_t at = db.find(ScanCommitOf(30).chunks[2].entries.substr(100, 50));
  ASSERT_NE(at, std::string::npos);
  db[at] = static_cast<char>(db[at] + 1);
  Spill(scratch.state() + "/state.db", db);
  OpenReport report;
  auto store = MustOpen(options, &report);
  EXPECT_TRUE(report.damaged);
  EXPECT_THAT(report.message, HasSubstr("5 positions"));
  EXPECT_THAT(report.message, HasSubstr("not all could be read of: log chunks; the log or its"));
  EXPECT_EQ(store->Partitions(false)->front().resume, "resume 30");
  EXPECT_EQ(store->DeadLetters({})->size(), 7U);
  EXPECT_EQ(store->Incidents("", 100)->size(), 4U);
  EXPECT_EQ(store->Outbox(DeliveryState::kPending, 0, 100)->size(), 30U);
  EXPECT_EQ(store->LoadCheckpoint()->value().log_seq, 90U);
  EXPECT_EQ(store->LoadCheckpoint()->value().bytes, "");
  EXPECT_TRUE(store->ReadChunks(90, 1)->empty());
  EXPECT_EQ(store->Log()->progress, 90U);
  EXPECT_EQ(*store->Commit(ScanCommitOf(31)), 93U);
  EXPECT_EQ(store->ReadChunks(90, 1 << 20)->size(), 3U);
  EXPECT_TRUE(store->Maintain(kNoTime).ok());
}

TEST(SqliteStoreFault, KeepsTheLogWhenOnlyItsPastIsDamaged) {
  ScratchDirectory scratch;
  const StoreOptions options = OptionsFor(scratch.state());
  MakeState(options, 30, false);
  std::string db = Slurp(scratch.state() + "/state.db");
  const size_t at = db.find(ScanCommitOf(5).chunks[1].entries.substr(100, 50));
  ASSERT_NE(at, std::string::npos);
  db[at] = static_cast<char>(db[at] + 1);
  Spill(scratch.state() + "/state.db", db);
  OpenReport report;
  auto store = MustOpen(options, &report);
  EXPECT_THAT(report.message, HasSubstr("no incident is lost"));
  EXPECT_EQ(store->LoadCheckpoint()->value().bytes, BytesOf(28, 5000));
  ExpectHolds(store.get(), 30);
}

TEST(SqliteStoreFault, TakesAnotherFileForDamage) {
  for (const std::string& content :
       {std::string("hello\n"), std::string(), std::string(8192, '\0')}) {
    ScratchDirectory scratch;
    std::filesystem::create_directory(scratch.state());
    Spill(scratch.state() + "/state.db", content);
    OpenReport report;
    auto store = MustOpen(OptionsFor(scratch.state()), &report);
    EXPECT_TRUE(report.damaged);
    EXPECT_THAT(report.message, HasSubstr("nothing of it could be read"));
    EXPECT_EQ(Slurp(report.set_aside), content);
    ExpectHolds(store.get(), 0);
  }
}

TEST(SqliteStoreFault, DoesNotMarryALogToANewDatabase) {
  ScratchDirectory scratch;
  MakeState(OptionsFor(scratch.state()), 10, true);
  std::filesystem::remove(scratch.state() + "/state.db");
  OpenReport report;
  auto store = MustOpen(OptionsFor(scratch.state()), &report);
  EXPECT_TRUE(report.damaged);
  EXPECT_THAT(report.message, HasSubstr("missing beside its -wal"));
  EXPECT_TRUE(std::filesystem::exists(report.set_aside + "-wal"));
  ExpectHolds(store.get(), 0);
}

// Setting aside is cut after each of its steps and taken up at the next start.
TEST(SqliteStoreFault, FinishesASettingAsideThatWasCut) {
  for (int step = 0; step < 4; ++step) {
    ScratchDirectory scratch;
    const StoreOptions options = OptionsFor(scratch.state());
    MakeState(options, 10, true);
    const std::string db = scratch.state() + "/state.db";
    const std::string aside = db + ".damaged-20260101T000000Z";
    Spill(scratch.state() + "/damage-note", "state.db.damaged-20260101T000000Z\nfor a test\n");
    if (step >= 1) std::filesystem::rename(db + "-wal", aside + "-wal");
    if (step >= 2) std::filesystem::rename(db, aside);
    if (step >= 3) MakeState(OptionsFor(scratch.state() + "2"), 0, false);
    if (step >= 3) std::filesystem::rename(scratch.state() + "2/state.db", db);
    OpenReport report;
    auto store = MustOpen(options, &report);
    EXPECT_EQ(report.damaged, step < 3);
    EXPECT_FALSE(std::filesystem::exists(scratch.state() + "/damage-note"));
    EXPECT_TRUE(std::filesystem::exists(aside));
    ExpectHolds(store.get(), step < 3 ? 10 : 0);
  }
}

}  // namespace
}  // namespace culprit
