// What the tests of the live store share: a scratch directory, a store opened in it, commits whose
// content can be foretold from their number.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/state/sqlite_db.h"
#include "engine/state/sqlite_store.h"
#include "tests/unit/temp_dir.h"

namespace culprit {

class ScratchDirectory : public TempDir {
 public:
  using TempDir::TempDir;
  std::string state() const { return *this / "state"; }
};

inline StoreOptions OptionsFor(const std::string& directory, StoreMode mode = StoreMode::kRun) {
  StoreOptions options;
  options.directory = directory;
  options.mode = mode;
  options.sync = false;  // what a power cut does is not what these tests are about
  return options;
}

inline std::unique_ptr<LiveStore> MustOpen(const StoreOptions& options,
                                           OpenReport* report = nullptr) {
  auto store = OpenSqliteStore(options, report);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

inline void SetUserVersionForTest(const std::string& path, int version) {
  auto db = Db::Open(path, DbAccess::kWrite);
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE((*db)->Run("PRAGMA user_version=" + std::to_string(version)).ok());
}

// Pseudo-random bytes, the same for the same seed.
inline std::string BytesOf(uint64_t seed, size_t size) {
  std::string out(size, '\0');
  uint64_t x = seed * 0x9e3779b97f4a7c15U + 1;
  for (char& c : out) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    c = static_cast<char>(x);
  }
  return out;
}

// Commit number n, from 1: everything in it follows from n, and every sum over the first n commits
// is known. Three chunks, so the log's last seq after it is 3n.
inline ScanCommit ScanCommitOf(uint64_t n, size_t chunk_bytes = 2000) {
  ScanCommit commit;
  commit.now = static_cast<TimeUs>(n) * kSecondUs;
  for (uint64_t i = 0; i < 3; ++i)
    commit.chunks.push_back({static_cast<PartitionId>(1 + (n + i) % 5), 1,
                             BytesOf(n * 3 + i, chunk_bytes), static_cast<uint32_t>(i + 1)});
  for (PartitionId p = 1; p <= 5; ++p)
    commit.partitions.push_back({p,
                                 {"tail", "key" + std::to_string(p),
                                  "/var/log/" + std::to_string(p), "/var/log/" + std::to_string(p)},
                                 "resume " + std::to_string(n),
                                 BytesOf(n + p, 300),
                                 false});
  commit.receipts = {{"forward", "receipt " + std::to_string(n)}};
  if (n % 4 == 0)
    commit.dead_letters.push_back({"kafka", "logs[3]", "offset " + std::to_string(n), "bad_json",
                                   "expected an object", BytesOf(n, 100)});
  commit.signature_totals = {{"etcd/timeout", 2}, {"generic/error", n}};
  commit.counters.Count(Reason::kLate, 1);
  return commit;
}

inline ReasonCommit ReasonCommitOf(uint64_t n, bool checkpoint) {
  ReasonCommit commit;
  commit.log_seq = 3 * n;
  if (checkpoint) commit.checkpoint = BytesOf(n, 5000);
  const std::string id = "inc-" + std::to_string(n / 10);
  commit.incidents.push_back({id, n, "open", static_cast<TimeUs>(n / 10), static_cast<TimeUs>(n),
                              "{\"n\": " + std::to_string(n) + "}"});
  commit.outbox.push_back({id, "updated", n, static_cast<TimeUs>(n), "{}"});
  commit.counters.Count(Reason::kStateEvicted, n);
  return commit;
}

// That the store holds exactly the first n scan commits, and reads as it should.
inline void ExpectHolds(LiveStore* store, uint64_t n, size_t chunk_bytes = 2000) {
  const auto log = store->Log();
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->last_seq, 3 * n);
  uint64_t seq = log->first_seq - 1;
  while (seq < log->last_seq) {
    const auto chunks = store->ReadChunks(seq, 100'000);
    ASSERT_TRUE(chunks.ok()) << chunks.status();
    ASSERT_FALSE(chunks->empty());
    for (const StoredChunk& chunk : *chunks) {
      ASSERT_EQ(chunk.seq, ++seq);
      const uint64_t of = (seq + 2) / 3;
      const LogChunk expected = ScanCommitOf(of, chunk_bytes).chunks[(seq - 1) % 3];
      ASSERT_EQ(chunk.chunk.entries, expected.entries);
      ASSERT_EQ(chunk.chunk.partition, expected.partition);
      ASSERT_EQ(chunk.chunk.generation, expected.generation);
      ASSERT_EQ(chunk.chunk.signals, expected.signals);
    }
  }
  const auto partitions = store->Partitions(false);
  ASSERT_TRUE(partitions.ok()) << partitions.status();
  ASSERT_EQ(partitions->size(), n == 0 ? 0U : 5U);
  const ScanCommit last = ScanCommitOf(n, chunk_bytes);
  for (size_t i = 0; i < partitions->size(); ++i) {
    ASSERT_EQ((*partitions)[i].id, i + 1);
    ASSERT_EQ((*partitions)[i].stream.key, last.partitions[i].stream.key);
    ASSERT_EQ((*partitions)[i].resume, last.partitions[i].resume);
    ASSERT_EQ((*partitions)[i].scan_state, last.partitions[i].scan_state);
  }
  const auto totals = store->Totals();
  ASSERT_TRUE(totals.ok()) << totals.status();
  ASSERT_EQ(totals->signals, 6 * n);
  ASSERT_EQ(totals->scan.Get(Reason::kLate), n);
  ASSERT_EQ(totals->dead_letters, n / 4);
  if (n > 0) {
    ASSERT_EQ(totals->signatures.at("etcd/timeout"), 2 * n);
    ASSERT_EQ(totals->signatures.at("generic/error"), n * (n + 1) / 2);
    ASSERT_TRUE(store->HasReceipt("forward", "receipt " + std::to_string(n)));
  }
  ASSERT_FALSE(store->HasReceipt("forward", "receipt " + std::to_string(n + 1)));
}

}  // namespace culprit
