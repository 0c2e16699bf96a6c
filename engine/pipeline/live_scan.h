// The scan half of one live stream: batches in, encoded entries of the signal log out. What it
// gives is the same as of one Scan of the whole stream, wherever the batches are cut and however
// often the state is put away and taken up again (Save, Restore) between two of them.
// One LiveScan per stream, used by one thread at a time.
//
// How a cut anywhere changes nothing:
//   - The last record of a batch may go on in the next one: its lines wait in `held` and are
//     scanned with what comes, or when nothing came for a while (Flush).
//   - The format is told from the first 64 KiB or 1000 lines, or from what is there by then.
//   - A record is joined up to the end of its 256 KiB window of the stream, as in LineBlocks.
// Besides, the time of the newest line goes to the log as a mark without a component: it moves the
// watermark on and is neither a sign of life nor part of the sample, so it may depend on cuts.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/live.h"
#include "engine/match/signature_set.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/sample_schedule.h"
#include "engine/pipeline/segment_writer.h"
#include "engine/state/live_store.h"

namespace culprit {

struct LiveScanOptions {
  ParseOptions parse;
  SignalOptions signals;
  // The wall clock bounds inferred years and stands in where a stream has no times. False: as in a
  // replay of a file whose time is not known (tests).
  bool use_clock = true;
};

// What came of one call.
struct ScanOutput {
  struct Piece {
    bool cut_before = false;  // another log begins here (segment_writer.h)
    std::string entries;
    uint32_t signals = 0;
  };
  std::vector<Piece> pieces;
  std::vector<uint64_t> hits;  // signals by SignatureIndex; empty: none
  uint64_t signals = 0;
  uint64_t lines = 0;
};

class LiveScan {
 public:
  LiveScan(std::shared_ptr<const LiveKnowledge> knowledge, const LiveScanOptions& options,
           const LiveStream& stream, TimeUs now);
  ~LiveScan();
  LiveScan(const LiveScan&) = delete;
  LiveScan& operator=(const LiveScan&) = delete;

  std::string Save() const;
  // Into one that has read nothing. Of another generation's state, signatures that are gone are
  // left out and counted. DataLoss: damaged.
  absl::Status Restore(std::string_view state);

  // `now`: wall clock. Appends to *out.
  void OnBatch(LiveBatch* batch, TimeUs now, MatchScratch* scratch, ScanOutput* out);
  // Nothing came for about a second: what is held back is not waited for any longer.
  void Flush(TimeUs now, MatchScratch* scratch, ScanOutput* out);
  // The stream has ended. Nothing else may follow.
  void End(TimeUs now, MatchScratch* scratch, ScanOutput* out);
  bool holds() const;  // Flush would do something

  const LiveKnowledge* knowledge() const { return knowledge_.get(); }
  Counters TakeCounters();
  TimeUs newest() const { return newest_; }  // event time of the newest line known

 private:
  class Log;  // where the writers put entries

  void OnBytes(const LiveBatch& batch, MatchScratch* scratch);
  void OnMessages(LiveBatch* batch, MatchScratch* scratch);
  bool HeadIsComplete() const;
  void Sniff();
  // Scans what is complete of `held_`; `all`: all of it.
  void Advance(bool all, MatchScratch* scratch);
  void ScanBlock(std::string_view block, uint64_t offset, MatchScratch* scratch);
  void NoteProgress(TimeUs time);
  void SetClock(TimeUs now);
  void MakeParser(TimeUs reference);

  const std::shared_ptr<const LiveKnowledge> knowledge_;
  const LiveScanOptions options_;
  StreamInfo info_;
  Counters counters_;
  std::unique_ptr<StreamParser> parser_;
  std::unique_ptr<Log> log_;
  std::atomic<PartitionId> pieces_{0};
  SegmentWriter writer_;
  std::unique_ptr<SignalMaker> maker_;
  SampleSchedule schedule_;

  std::string held_;          // not scanned yet
  uint64_t held_offset_ = 0;  // of its first byte in the stream
  bool sniffed_ = false;
  uint64_t messages_ = 0;       // so far
  TimeUs reference_ = kNoTime;  // of the parser: upper bound of the stream's times
  TimeUs clock_ = kNoTime;      // as of the last call; kNoTime if it is not used
  TimeUs newest_ = kNoTime;
  TimeUs progress_ = kNoTime;  // last told to the log

  std::vector<Hit> hits_;
  std::vector<uint32_t> samples_;
};

}  // namespace culprit
