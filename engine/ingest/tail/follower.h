// The files that are followed: which there are, which is which after a rotation, whose turn it is.
// Belongs to the source's thread.
#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/tail/tail_config.h"
#include "engine/ingest/tail/tail_file.h"
#include "engine/ingest/tail/watcher.h"
#include "engine/ingest/walk.h"

namespace culprit {

class Follower {
 public:
  // All must outlive this.
  Follower(const TailConfig& config, LiveSink* sink, Watcher* watcher);
  ~Follower();

  // Before the first Discover. DataLoss, FailedPrecondition: a resume point that cannot be read.
  absl::Status Restore(const std::vector<ResumePoint>& resume);

  // All that follows returns the error of the sink, after which nothing more must be called.

  // Looks at the globs, and finds out what became of every file.
  absl::Status Discover();
  // Reads ready files in turn, a block each, for about 50 ms.
  absl::Status ReadTurn();
  // What is due by time: last lines, files to let go. Calls for all files: not more often than
  // tick_us() says.
  absl::Status Tick();

  // This path was written to.
  void Touched(const std::string& path);

  bool ready() const { return !ready_.empty(); }
  bool scan_wanted() const { return scan_wanted_; }
  // Time to the next Tick; 0: none is needed.
  int64_t tick_us() const;
  void Report(SourceHealth* health) const;

 private:
  // A file in the globs with the content of one that is followed.
  struct Copy {
    TailFile* of = nullptr;
    std::string path;
    FileForm form = FileForm::kPlain;
    uint64_t size = 0;
    int64_t modified_ns = 0;
    uint64_t seen = 0;
  };
  // A file that is looked at before it is known what it is.
  struct Candidate {
    ~Candidate();
    FoundFile found;
    int64_t born_us = 0;
    FileForm form = FileForm::kPlain;
    std::string head;  // of the text
    int fd = -1;
  };
  enum class Opened : uint8_t {
    kYes,
    kNo,          // not where it was: the next scan tells
    kUnreadable,  // an error, which was noted
    kReplaced,    // other content than what was read
  };
  // kOlderCopy: it ends before the position, so that only its head tells.
  enum class Likeness : uint8_t { kOther, kCopy, kOlderCopy, kUnknown };

  // discover.cc
  bool Excluded(const std::string& path) const;
  void WatchDirectories();
  absl::Status Seen(TailFile* file, const FoundFile& found);
  absl::Status Judge(const FoundFile& found);
  absl::Status Follow(const Candidate& candidate);
  void StartAtEnd(const Candidate& candidate, TailFile* file) const;

  // missing.cc
  absl::Status Missing(TailFile* file);
  const std::vector<std::string>& Siblings(const std::string& directory, const std::string& stem);

  // copies.cc
  bool Peek(const FoundFile& found, Candidate* candidate);
  static bool Begins(const Candidate& candidate, const TailFile& file);
  static bool EqualPacked(const Candidate& candidate, const TailFile& file);
  static Likeness Remembered(const Candidate& candidate, const TailFile& file, bool extends);
  absl::StatusOr<Likeness> Compare(const Candidate& candidate, TailFile* file);
  absl::StatusOr<std::pair<Likeness, TailFile*>> OriginalOf(const Candidate& candidate);
  void IndexStems();
  void AddToStems(TailFile* file);  // a new one, the last of files_

  // moves.cc
  std::optional<std::pair<FileId, Copy>> PresentCopy(const TailFile* of) const;
  absl::Status MoveTo(TailFile* file, FileId id, const std::string& path, FileForm form,
                      bool in_globs);
  absl::Status Replaced(TailFile* file);
  absl::Status Finish(TailFile* file);

  // open_files.cc
  Opened Open(TailFile* file);
  void Close(TailFile* file);
  void MakeRoom(size_t most);
  bool Holds(const TailFile& file) const;

  // follower.cc
  absl::Status ReadOne(TailFile* file);
  absl::Status ReadPackedFile(TailFile* file);
  absl::Status Push(TailFile* file, LiveBatch batch);
  TailFile* Add(std::shared_ptr<const LiveStream> stream, TailPosition at);
  void MakeReady(TailFile* file);
  void SetRealPath(TailFile* file, std::string real_path);
  void Trouble(const std::string& path, absl::Status status);

  const TailConfig& config_;
  LiveSink* sink_;
  Watcher* watcher_;
  ReadLimits limits_;
  size_t max_open_;

  std::vector<std::unique_ptr<TailFile>> files_;
  absl::flat_hash_map<FileId, TailFile*> by_id_;  // not of lost files
  absl::flat_hash_map<std::string, TailFile*> by_path_;
  absl::flat_hash_map<FileId, Copy> copies_;
  absl::flat_hash_map<FileId, uint64_t> generations_;
  absl::flat_hash_map<FileId, int64_t> ignored_;    // no logs; when they were written
  absl::flat_hash_set<std::string> waiting_;        // real paths: judged when they grow
  std::map<std::string, absl::Status> troubles_;    // by path, of this scan
  std::map<std::string, absl::Status> unreadable_;  // by path, since the scan before
  std::list<TailFile*> open_;                       // newest first
  std::deque<TailFile*> ready_;
  TailFile* packed_active_ = nullptr;

  bool first_ever_ = true;
  bool scan_wanted_ = false;
  bool timed_ = false;
  uint64_t scan_ = 0;
  int64_t now_us_ = 0;  // steady clock
  // Valid within one Discover.
  absl::flat_hash_set<FileId> found_;
  bool stems_indexed_ = false;
  absl::flat_hash_map<std::string, std::vector<TailFile*>> stems_;
  absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, std::vector<std::string>>>
      listings_;

  uint64_t bytes_ = 0, truncations_ = 0, moves_ = 0, unread_lost_ = 0, skipped_ = 0;
  TimeUs last_data_ = kNoTime;
  std::shared_ptr<std::atomic<bool>> refused_ = std::make_shared<std::atomic<bool>>(false);
};

int64_t SteadyUs();

}  // namespace culprit
