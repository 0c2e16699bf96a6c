// The end of the scan half: hits of one stream -> signals in the log.
// One SignalMaker per worker, reused stream after stream (Begin ... End); not thread-safe.
//
// Rules that make one line count once:
//   - The same signature twice in one record (a stack trace) is one signal (kDuplicateInRecord).
//   - A weak signature counts only if no other one matched its record (kWeakSuppressed).
//   - `where` conditions are judged here, on the parsed record (kWhereFailed).
// Text for people is kept only where it can be shown: the first lines of each key in each second.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/counters.h"
#include "engine/core/names.h"
#include "engine/core/signal_log.h"
#include "engine/match/signature_set.h"
#include "engine/parse/stream_parser.h"

namespace culprit {

struct SignalOptions {
  TimeUs since = INT64_MIN;  // signals outside [since, until) are counted, not used
  TimeUs until = INT64_MAX;
  size_t max_line_bytes = 2000;    // of an evidence line
  size_t max_message_bytes = 512;  // of a message to mine
  int texts_per_key_and_second = 8;
};

// What one stream was like, for the report.
struct StreamTally {
  uint64_t signals = 0;
  TimeUs first_time = kNoTime;
  TimeUs last_time = kNoTime;
  std::string service;  // of most of its sampled and matched records
};

class SignalMaker {
 public:
  // All must outlive the maker.
  SignalMaker(const Knowledge& knowledge, const NameResolver& names, const SignatureSet& signatures,
              const SignalOptions& options, MatchScratch* scratch, Counters* counters);

  void Begin(StreamParser* parser, PartitionWriter* writer);
  // One block: its hits, ordered by line, and the begins of its sampled lines, ascending. A sample
  // gives the time and a sign of life of a line that need not match anything.
  absl::Status OnBlock(std::string_view block, uint64_t block_offset, const std::vector<Hit>& hits,
                       const std::vector<uint32_t>& samples);
  absl::Status End();
  const StreamTally& tally() const { return tally_; }

 private:
  const std::string& Component(std::string_view service);
  bool WhereHolds(const SignatureSpec& spec, const Record& record,
                  const std::string& service) const;
  void MakeSignal(SignatureIndex index, std::string_view line, const Record& record,
                  uint64_t offset, Signal* signal);
  bool WantsText(const Signal& signal);
  absl::Status OnLineHits(std::string_view line, uint64_t offset, const Record& record,
                          const Hit* first, const Hit* last);
  absl::Status OnSample(const Record& record);
  void Note(const Record& record);
  absl::Status FlushRecord();

  const Knowledge& knowledge_;
  const NameResolver& names_;
  const SignatureSet& signatures_;
  const SignalOptions options_;
  MatchScratch* const scratch_;
  Counters* const counters_;
  StreamParser* parser_ = nullptr;
  PartitionWriter* writer_ = nullptr;
  StreamTally tally_;

  // Signals of the record being gathered; written when the next record begins.
  std::vector<Signal> pending_;
  uint64_t pending_head_ = UINT64_MAX;

  std::unordered_map<std::string, std::string> components_;  // parsed service -> component
  std::unordered_map<std::string, uint64_t> votes_;          // service -> records
  struct TextBudget {
    TimeUs second = kNoTime;
    int used = 0;
  };
  std::unordered_map<std::string, TextBudget> texts_;  // key -> texts kept in the newest second
  SignatureSet::CaptureList captures_;
  std::string key_;
};

}  // namespace culprit
