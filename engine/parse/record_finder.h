// Finds and joins the record that a line belongs to, looking back and forth in its block and back
// into the memory of the blocks before it. Not thread-safe; one per stream. What it returns depends
// on bytes and positions alone (stream_parser.h says how); its memos only save time.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/parse/fields.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/record_carry.h"

namespace culprit {

struct RecordBounds {
  size_t max_lines = 256;
  size_t max_bytes = 64 * 1024;
};

// Views hold until the next Find or EndBlock.
struct FoundRecord {
  LineFields head;               // what the head line says
  uint64_t head_offset = 0;      // in the stream
  TimeUs time_before = kNoTime;  // only if the head has no time: of the nearest line with one
  bool truncated = false;
  // Of ReadText and FindWhole.
  std::string_view text;     // head line to last joined line, raw
  std::string_view message;  // joined
};

class RecordFinder {
 public:
  // `untimed`: no time is inherited in this stream.
  RecordFinder(const LineSettings& settings, const RecordBounds& bounds, bool joins_text,
               bool untimed);

  // `at`: where the line starts in `block`. The reference holds until the next call.
  const FoundRecord& Find(std::string_view block, uint64_t block_offset, size_t at);
  // The record that Find found last, with its texts.
  const FoundRecord& ReadText();
  // One record, whatever its lines look like. Knows of no other lines and remembers nothing.
  const FoundRecord& FindWhole(std::string_view message);
  void EndBlock(std::string_view block, uint64_t block_offset);
  // Where the block's last record begins, which lines to come may continue; 0: in the block or
  // before it.
  size_t TailBegin(std::string_view block, uint64_t block_offset);

  const RecordCarry& carry() const { return carry_; }
  void set_carry(RecordCarry carry);

 private:
  // Where a record starts, looking back from one of its lines.
  struct Head {
    bool in_bounds = false;
    bool in_carry = false;
    size_t at = 0;     // offset of the head line in the block, or in carry_.bytes
    size_t lines = 1;  // from the head line to the asking line, both counted
    size_t bytes = 0;  // from the head line to the end of the asking line
  };

  void SetBlock(std::string_view block, uint64_t block_offset);
  void Forget();
  Head FindHead(std::string_view block, size_t at, size_t end, const LineFields& fields);
  TimeUs TimeBefore(std::string_view block, size_t at);
  class LinesBehind;
  void FindEnd(std::string_view head_line);
  void AddError();
  bool SurelyStarts(std::string_view head_line, std::string_view before, std::string_view line);

  const RecordBounds bounds_;
  const bool joins_text_;
  const bool untimed_;
  // Of the asked line, of the head (owns the views in record_), of the line at ahead_at_, and two
  // neighbours.
  std::unique_ptr<LineParser> line_, head_, ahead_, peek_[2];
  LineFields fields_, ahead_fields_, peeked_[2];  // of line_, ahead_ and peek_
  RecordCarry carry_;                             // what stands before the current block
  FoundRecord record_;
  std::string text_, message_;

  // The block that the memos are about.
  std::string_view block_;
  uint64_t block_offset_ = 0;
  static constexpr size_t kNone = SIZE_MAX;
  size_t memo_line_ = kNone;  // offset of the last line whose head is known
  Head memo_head_;
  size_t no_time_from_ = kNone, no_time_to_ = kNone;  // no line in between has a time
  TimeUs time_before_ = kNoTime;                      // and this is the newest time before it
  size_t ahead_at_ = kNone;                           // the line behind the last record
  Head record_head_;                                  // of record_
  size_t record_lines_ = 1;
  size_t record_end_ = 0;      // where the line behind it begins in the block
  bool record_known_ = false;  // all its lines up to there have that head
};

}  // namespace culprit
