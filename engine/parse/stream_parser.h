// Turns physical lines into Records: time, level, service, message, joined stack traces.
//
// One StreamParser per stream, used by one thread at a time. It reuses its scratch: once warm it
// allocates nothing per record.
//
// What a result depends on. Only matched and sampled lines are asked for, so nothing may depend on
// which lines were asked before:
//   - Sniff() fixes the stream's format, whether free text continues a record, and the path rules,
//     from the first 64 KiB of the stream's first block. Nothing else is learnt later.
//   - A record is its head line and the continuation lines behind it, at most max_record_lines
//     lines and max_record_bytes bytes. Whether a line continues the line before it is decided from
//     those two lines alone. A line beyond the bounds is a record of its own with its own offset
//     (counted record_truncated); so is the record that was cut.
//   - A head without a time of its own takes the time of the nearest earlier line in the stream
//     that has one (kInherited). Inside the block it is searched for backwards; beyond the block's
//     start the memory that EndBlock() kept gives it. Before the first time of the stream: the
//     first time that Sniff() saw, else StreamInfo::modified, else 0 (kAssumed).
// So time, origin, level, service, instance and head_offset are the same whatever lines are asked
// and wherever the block borders are (borders are line borders). text and message hold what the
// blocks up to this one hold: lines of the next block are not joined.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/counters.h"
#include "engine/core/record.h"
#include "engine/parse/record_carry.h"

namespace culprit {

struct ParseOptions {
  // Empty or "auto": detect. Else one of FormatNames(), or a chain of them from the outside in:
  // "docker+json". Lines that are not of that format are read as plain text.
  std::string input_format;
  absl::TimeZone zone = absl::UTCTimeZone();  // for times without a zone
  // Where the service comes from: "" (record, else path), "record", "dir", "file",
  // "field:<json key>", "path:<RE2 with one group>".
  std::string service_from;
  std::string service;  // fixed service for all records; empty: none
  size_t max_record_lines = 256;
  size_t max_record_bytes = 64 * 1024;
};

// All names that ParseOptions::input_format takes, sorted.
std::vector<std::string_view> FormatNames();

// Empty if the options are usable, else what is wrong with them (unknown format, bad regex).
std::string ParseOptionsError(const ParseOptions& options);

// All that a parser knows of its stream between two blocks: what Sniff found, and what the next
// block needs of those before. A parser made with the same stream and options goes on from it.
struct StreamParserState {
  bool sniffed = false;
  std::string format_name;
  uint8_t guess = 0;  // FormatId
  bool floating_time = true;
  bool epoch_time = true;
  bool joins_text = false;
  bool untimed = false;
  bool kernel_clock = false;
  TimeUs boot = 0;
  TimeUs first_time = kNoTime;
  RecordCarry carry;
};

class StreamParser {
 public:
  // `counters` must outlive the parser. Unusable options count as defaults.
  StreamParser(const StreamInfo& info, const ParseOptions& options, Counters* counters);
  ~StreamParser();
  StreamParser(const StreamParser&) = delete;
  StreamParser& operator=(const StreamParser&) = delete;

  // Decides format and rules from the stream's first block (whole lines; looks at up to 64 KiB).
  // Call once, before the first Parse. Without it: plain text with free text not joined.
  void Sniff(std::string_view head);

  // Parses the record that `line` belongs to. `line` is a physical line inside `block` (with or
  // without its end of line); `block` starts at stream offset `block_offset`, at a line's start.
  // Views in *record hold until the next call. Lines come in increasing order. text and message
  // stay empty: few need them, and ReadText gives them.
  void Parse(std::string_view block, uint64_t block_offset, std::string_view line, Record* record);

  // Fills text and message of *record, which the last Parse gave; its block is still there.
  void ReadText(Record* record);

  // The block is done: keeps its last record and its last time for the next block. Blocks must come
  // in order and without gaps.
  void EndBlock(std::string_view block, uint64_t block_offset);

  // Live streams grow: where the last record of the block begins. Lines to come may continue it;
  // what is before it is done. Offset in `block`.
  size_t TailBegin(std::string_view block, uint64_t block_offset);

  // A message of an envelope (Kafka, forward, ...): one record, whatever its lines look like. Where
  // it names no time or service itself, those of the envelope hold (kNoTime, empty: not known).
  void ParseMessage(std::string_view message, TimeUs time, std::string_view service,
                    Record* record);

  // Live streams: of records before any time is known, instead of the file's time (kAssumed).
  void set_assumed_time(TimeUs time);

  // Of the newest line of all blocks so far that has a time; kNoTime: none has.
  TimeUs last_time() const;

  StreamParserState Save() const;
  // Between two blocks. What Explain... say is not restored.
  void Restore(const StreamParserState& state);

  std::string_view format_name() const;  // from the outside in: "docker+log4j", "json", "plain"
  std::string ExplainFormat() const;     // sentences: why this format, zone, year rule
  std::string ExplainService() const;    // sentence: which rule gives the service

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace culprit
