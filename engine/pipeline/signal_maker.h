// The end of the scan half: hits of one stream -> signals in the log.
// SignalRules are shared by all; a SignalMaker belongs to one stream, one thread at a time.
//
// Rules that make one line count once:
//   - The same signature twice in one record (a stack trace) is one signal (kDuplicateInRecord).
//   - A weak signature counts only if no other one matched its record (kWeakSuppressed).
//   - `where` conditions are judged here, on the parsed record (kWhereFailed).
// Text for people is kept only where it can be shown: the first lines of each key in each second.
//
// Nothing is allocated per line once the maps know the stream's names: names are resolved once per
// spelling, texts stay views until the record is pending, and go from there straight to the log.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/counters.h"
#include "engine/base/word_table.h"
#include "engine/core/names.h"
#include "engine/core/signal_log.h"
#include "engine/match/signature_set.h"
#include "engine/parse/stream_parser.h"
#include "engine/pipeline/pending_record.h"
#include "engine/redact/redactor.h"

namespace culprit {

struct SignalOptions {
  TimeUs since = INT64_MIN;  // signals outside [since, until) are counted, not used
  TimeUs until = INT64_MAX;
  size_t max_line_bytes = 2000;    // of an evidence line
  size_t max_message_bytes = 512;  // of a message to mine
  int texts_per_key_and_second = 8;
  // Captures that no name needs are left out where they can be had from the kept line
  // (late_captures.h). Whoever reasons must then know how to get them.
  bool late_captures = false;
  // Takes secrets out of every text that is kept; null: none are. Outlives the maker.
  const Redactor* redactor = nullptr;
  // Live: a line without a time of its own came just now, which is a sign of life.
  bool mark_assumed = false;
};

// What one stream was like, for the report.
struct StreamTally {
  uint64_t signals = 0;
  TimeUs first_time = kNoTime;
  TimeUs last_time = kNoTime;
  std::string service;  // of most of its sampled and matched records
};

// How the signatures name components, worked out once. Immutable; share by const&.
class SignalRules {
 public:
  // All must outlive the rules.
  SignalRules(const Knowledge& knowledge, const NameResolver& names,
              const SignatureSet& signatures);

 private:
  friend class SignalMaker;
  struct Name {
    enum class Kind : uint8_t { kService, kFixed, kTemplate };
    Kind kind = Kind::kService;
    std::string fixed;  // kFixed: the component
  };
  struct Rule {
    Name component;
    Name target;  // kFixed and empty: none
    bool has_captures = false;
  };

  const Knowledge& knowledge_;
  const NameResolver& names_;
  const SignatureSet& signatures_;
  std::vector<Rule> rules_;  // by SignatureIndex
};

// How many texts of a key were kept in its newest second.
struct TextBudget {
  TimeUs second = kNoTime;
  int used = 0;
};

// What a maker knows between two blocks, apart from its tally.
struct SignalMakerState {
  PendingRecord pending;
  // By signature index (4 bytes), component, NUL, target.
  std::vector<std::pair<std::string, TextBudget>> texts;
};

class SignalMaker {
 public:
  // All must outlive the maker.
  SignalMaker(const SignalRules& rules, const SignalOptions& options, StreamParser* parser,
              PartitionWriter* writer, Counters* counters);

  // One block: its hits, ordered by line, and the begins of its sampled lines, ascending. A sample
  // gives the time and a sign of life of a line that need not match anything. `scratch`: of the
  // calling thread.
  absl::Status OnBlock(std::string_view block, uint64_t block_offset, const std::vector<Hit>& hits,
                       const std::vector<uint32_t>& samples, MatchScratch* scratch);
  // One message, which is a record of its own at `position` of its stream: the hits of its lines in
  // `block`.
  absl::Status OnMessage(std::string_view block, const Record& record, uint64_t position,
                         const Hit* first, const Hit* last, bool sampled, MatchScratch* scratch);
  // The record being gathered is complete, or is not waited for any longer: what it gave so far is
  // written. Should it go on, what it gave is remembered.
  absl::Status Flush();
  absl::Status End();
  bool holds() const { return pending_.items.size() > pending_.written; }  // Flush would write
  SignalMakerState Save() const;
  void Restore(SignalMakerState state);
  const StreamTally& tally() const { return tally_; }

 private:
  struct Service {
    std::string component;
    uint64_t records = 0;
  };
  struct Line {  // the line under work
    std::string_view text;
    uint64_t offset = 0;
    PendingRecord::Text kept;  // its text in pending_, once it was wanted
    bool is_kept = false;
    bool is_whole = false;     // and that is what it says
    bool is_searched = false;  // secrets_ are those in `text`
  };

  const std::string& Target(std::string_view address);
  void Note(const Record& record);
  bool WhereHolds(const SignatureSpec& spec, const Record& record,
                  const std::string& component) const;
  void MakeSignal(SignatureIndex index, const Record& record, Line* line, MatchScratch* scratch);
  // The line's text, in pending_.
  void KeepText(Line* line);
  // What may be shown of a text, in valid_, clean_ or `text` itself.
  std::string_view Shown(std::string_view text, size_t max_bytes);
  std::string_view ShownCapture(std::string_view text, Line* line);
  const std::vector<Redactor::Span>& Secrets(Line* line);
  std::string_view Expand(std::string_view pattern, std::string_view service);
  bool WantsText(SignatureIndex index, std::string_view component, std::string_view target,
                 TimeUs time);
  absl::Status OnLineHits(const Record& record, const Hit* first, const Hit* last, Line* line,
                          MatchScratch* scratch);
  absl::Status OnSample(const Record& record);
  absl::Status FlushRecord();
  absl::Status Write(const PendingRecord::Item& item);

  const SignalRules& rules_;
  const SignalOptions options_;
  StreamParser* const parser_;
  PartitionWriter* const writer_;
  Counters* const counters_;
  StreamTally tally_;
  PendingRecord pending_;  // written when the next record begins

  WordTable service_names_;                                // as parsed
  std::vector<Service> services_;                          // by number of the name
  uint32_t service_ = WordTable::kNone;                    // of the record under work
  absl::flat_hash_map<std::string, std::string> targets_;  // address -> component
  WordTable text_keys_;                                    // as in SignalMakerState
  std::vector<TextBudget> texts_;                          // by number of the key
  // Scratch.
  SignatureSet::CaptureList captures_;
  std::vector<CaptureView> capture_views_;
  std::string key_, expanded_, valid_, clean_;
  std::vector<Redactor::Span> secrets_;  // of the line under work
  std::vector<Redactor::Span> spans_;
};

}  // namespace culprit
