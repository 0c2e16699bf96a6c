#include "engine/parse/record_finder.h"

#include <algorithm>
#include <utility>

#include "engine/parse/block_lines.h"
#include "engine/parse/multiline.h"
#include "engine/parse/text.h"

namespace culprit {

RecordFinder::RecordFinder(const LineSettings& settings, const RecordBounds& bounds,
                           bool joins_text, bool untimed)
    : bounds_(bounds), joins_text_(joins_text), untimed_(untimed) {
  const std::shared_ptr<StampReader> stamps = MakeStampReader(settings);
  for (std::unique_ptr<LineParser>* parser : {&line_, &head_, &ahead_, &peek_[0], &peek_[1]})
    *parser = std::make_unique<LineParser>(settings, stamps);
}

void RecordFinder::Forget() {
  memo_line_ = no_time_from_ = no_time_to_ = ahead_at_ = kNone;
  record_known_ = false;
}

void RecordFinder::SetBlock(std::string_view block, uint64_t block_offset) {
  if (block.data() == block_.data() && block_offset == block_offset_) {
    if (block.size() != block_.size()) {  // what is known of lines holds, of the record's end not
      record_known_ = false;
      ahead_at_ = kNone;
    }
    block_ = block;
    return;
  }
  block_ = block;
  block_offset_ = block_offset;
  Forget();
}

RecordFinder::Head RecordFinder::FindHead(std::string_view block, size_t at, size_t end,
                                          const LineFields& fields) {
  Head head{.in_bounds = true, .in_carry = false, .at = at, .lines = 1, .bytes = end - at};
  // Most lines are heads behind whole lines.
  if (at > 0 && fields.shape == Shape::kHead && !fields.repeats &&
      !MayBePartial(LineBefore(block, LineStartBefore(block, at), at))) {
    memo_line_ = at;
    memo_head_ = head;
    return head;
  }
  LineFields current = fields, previous;
  int turn = 0;
  while (true) {
    // The line before the current one: in the block, else at the end of the carry.
    const bool to_carry = head.in_carry || head.at == 0;
    const std::string_view source = to_carry ? std::string_view(carry_.bytes) : block;
    const size_t from = to_carry && !head.in_carry ? source.size() : head.at;
    if (from == 0) {
      if (head.in_carry && !carry_.whole) head.in_bounds = false;
      break;
    }
    const size_t start = LineStartBefore(source, from);
    const std::string_view before = LineBefore(source, start, from);
    if (current.shape == Shape::kHead && !current.repeats && !MayBePartial(before)) break;
    peek_[turn]->Parse(before, &previous);
    if (!Continues(previous, current, joins_text_)) break;
    head.bytes += from - start;
    head.in_carry = to_carry;
    head.at = start;
    ++head.lines;
    if (!head.in_carry && start == memo_line_) {
      // The way on from here is known.
      const size_t shared = before.size();
      head.lines += memo_head_.lines - 1;
      head.bytes += memo_head_.bytes - shared;
      head.at = memo_head_.at;
      head.in_carry = memo_head_.in_carry;
      head.in_bounds = memo_head_.in_bounds && head.lines <= bounds_.max_lines &&
                       head.bytes <= bounds_.max_bytes;
      break;
    }
    if (head.lines > bounds_.max_lines || head.bytes > bounds_.max_bytes) {
      head.in_bounds = false;
      break;
    }
    std::swap(current, previous);
    turn ^= 1;
  }
  memo_line_ = at;
  memo_head_ = head;
  return head;
}

TimeUs RecordFinder::TimeBefore(std::string_view block, size_t at) {
  if (untimed_) return kNoTime;
  size_t cursor = at;
  LineFields fields;
  TimeUs time = carry_.last_time;
  size_t from = 0;
  while (cursor > 0) {
    if (no_time_to_ != kNone && cursor <= no_time_to_ && cursor >= no_time_from_) {
      time = time_before_;
      from = no_time_from_;
      break;
    }
    const size_t start = LineStartBefore(block, cursor);
    const std::string_view line = LineAt(block, start);
    fields.stamp = Stamp{};
    if (MayHoldTime(line)) peek_[0]->Parse(line, &fields);
    if (fields.stamp.known()) {
      time = fields.stamp.time;
      from = cursor;
      break;
    }
    cursor = start;
  }
  no_time_from_ = from;
  no_time_to_ = at;
  time_before_ = time;
  return time;
}

// True: `line`, behind a line of the group `before` that is not partial, surely does not continue
// the record of `head_line`. Most lines start a record: seen without parsing them.
bool RecordFinder::SurelyStarts(std::string_view head_line, std::string_view before,
                                std::string_view line) {
  constexpr std::string_view kDockerLine = "{\"log\":\"";
  const LineFields& head = record_.head;
  if (!line.starts_with('{')) return line_->SurelyStartsRecord(line, before, false);
  if (head.wrapper_count == 1 && head.wrappers[0] == FormatId::kDocker &&
      line.starts_with(kDockerLine)) {
    return line_->SurelyStartsRecord(line.substr(kDockerLine.size()), before, true);
  }
  // In a JSON stream: a line that begins as the head does.
  constexpr size_t kSame = 8;
  return head.self_contained && head.wrapper_count == 0 && !joins_text_ &&
         head_line.size() > kSame && line.size() > kSame &&
         head_line.substr(0, kSame) == line.substr(0, kSame);
}

// The lines behind a record's head: to the end of the carry, if it is there, then those of the
// block.
class RecordFinder::LinesBehind {
 public:
  LinesBehind(std::string_view carry, std::string_view block, const Head& head, size_t head_size)
      : block_(block),
        source_(head.in_carry ? carry : block),
        in_block_(!head.in_carry),
        at_(head.at + head_size + 1) {}
  // False: there is none.
  bool Peek(std::string_view* line) {
    if (at_ >= source_.size()) {
      if (in_block_) return false;
      in_block_ = true;
      source_ = block_;
      at_ = 0;
    }
    *line = LineAt(source_, at_);
    return true;
  }
  void Take(std::string_view line) { at_ += line.size() + 1; }
  // Of the line to come; 0 where it is in the carry.
  size_t at_in_block() const { return in_block_ ? at_ : 0; }

 private:
  std::string_view block_, source_;
  bool in_block_;
  size_t at_;
};

// Where the record of record_head_ ends, and whether it was cut there.
void RecordFinder::FindEnd(std::string_view head_line) {
  static constexpr LineFields kIndented = {.shape = Shape::kTrace};
  LinesBehind lines(carry_.bytes, block_, record_head_, head_line.size());
  const LineFields* previous = &record_.head;
  std::string_view line;
  size_t bytes = head_line.size();
  int turn = 0;
  record_lines_ = 1;
  record_.truncated = !record_known_;
  while (record_known_ && lines.Peek(&line)) {
    if (IsIndented(line)) {
      previous = &kIndented;
    } else {
      if (!previous->partial && SurelyStarts(head_line, previous->group, line)) break;
      LineFields& fields = peeked_[turn];
      peek_[turn]->Parse(line, &fields);
      if (!Continues(*previous, fields, joins_text_)) {
        // Often the line that is asked for next.
        std::swap(peek_[turn], ahead_);
        ahead_fields_ = fields;
        ahead_at_ =
            line.data() == block_.data() + lines.at_in_block() ? lines.at_in_block() : kNone;
        break;
      }
      previous = &fields;
      turn ^= 1;
    }
    if (record_lines_ + 1 > bounds_.max_lines || bytes + 1 + line.size() > bounds_.max_bytes) {
      record_.truncated = true;
      break;
    }
    ++record_lines_;
    bytes += 1 + line.size();
    lines.Take(line);
  }
  record_end_ = lines.at_in_block();
}

const FoundRecord& RecordFinder::ReadText() {
  const std::string_view source = record_head_.in_carry ? std::string_view(carry_.bytes) : block_;
  std::string_view line = LineAt(source, record_head_.at);
  LinesBehind lines(carry_.bytes, block_, record_head_, line.size());
  record_.message = record_.head.message;
  if (record_lines_ > 1) message_.assign(record_.message);
  bool partial = record_.head.partial;
  for (size_t i = 1; i < record_lines_ && lines.Peek(&line); ++i) {
    peek_[0]->Parse(line, &peeked_[0]);
    if (!partial) message_ += '\n';
    message_.append(peeked_[0].message);
    partial = peeked_[0].partial;
    lines.Take(line);
  }
  if (record_lines_ > 1) record_.message = message_;
  AddError();
  if (record_head_.in_carry) {
    text_.assign(carry_.bytes, record_head_.at);
    text_.append(block_.substr(0, record_end_));
    record_.text = text_;
  } else {
    record_.text = block_.substr(record_head_.at, record_end_ - record_head_.at);
  }
  while (!record_.text.empty() && (record_.text.back() == '\n' || record_.text.back() == '\r')) {
    record_.text.remove_suffix(1);
  }
  return record_;
}

// The error that the head names in a field of its own belongs to the message.
void RecordFinder::AddError() {
  const std::string_view error = record_.head.error;
  if (error.empty() || Contains(record_.message, error)) return;
  if (record_.message.data() != message_.data()) message_.assign(record_.message);
  message_.append(": ").append(error);
  record_.message = message_;
}

const FoundRecord& RecordFinder::FindWhole(std::string_view message) {
  block_ = {};
  Forget();
  while (!message.empty() && (message.back() == '\n' || message.back() == '\r'))
    message.remove_suffix(1);
  record_.truncated = message.size() > bounds_.max_bytes;
  message = message.substr(0, bounds_.max_bytes);
  const std::string_view head_line = LineAt(message, 0);
  LineFields fields;
  head_->Parse(head_line, &fields);
  record_.head = fields;
  record_.head_offset = 0;
  record_.time_before = kNoTime;
  record_.text = message;
  record_.message = record_.head.message;
  if (head_line.size() < message.size()) {
    message_.assign(record_.message).append(message.substr(head_line.size()));
    record_.message = message_;
  }
  AddError();
  return record_;
}

const FoundRecord& RecordFinder::Find(std::string_view block, uint64_t block_offset, size_t at) {
  SetBlock(block, block_offset);
  // Another line of the record just found.
  if (record_known_ && at < record_end_ && (record_head_.in_carry || at >= record_head_.at))
    return record_;
  const std::string_view line = LineAt(block, at);
  LineFields& fields = fields_;
  if (at == ahead_at_) {
    std::swap(line_, ahead_);
    fields = ahead_fields_;
    ahead_at_ = kNone;
  } else {
    line_->Parse(line, &fields);
  }
  Head head = FindHead(block, at, at + line.size(), fields);
  if (record_known_ && head.in_bounds && head.at == record_head_.at &&
      head.in_carry == record_head_.in_carry) {
    return record_;
  }
  if (!head.in_bounds) head = Head{.at = at, .bytes = line.size()};
  record_known_ = head.in_bounds;
  record_head_ = head;

  // The head's own line says what the record is.
  const std::string_view source = head.in_carry ? std::string_view(carry_.bytes) : block;
  const std::string_view head_line = LineAt(source, head.at);
  if (head.in_carry || head.at != at) {
    head_->Parse(head_line, &record_.head);
  } else {
    std::swap(head_, line_);
    record_.head = fields;
  }
  record_.head_offset = head.at + (head.in_carry ? carry_.offset : block_offset);
  record_.time_before = kNoTime;
  if (!record_.head.stamp.known()) {
    record_.time_before = head.in_carry ? carry_.before_head : TimeBefore(block, head.at);
  }
  record_.text = record_.message = {};
  FindEnd(head_line);
  return record_;
}

size_t RecordFinder::TailBegin(std::string_view block, uint64_t block_offset) {
  SetBlock(block, block_offset);
  const size_t last = LineStartBefore(block, block.size());
  const std::string_view line = LineAt(block, last);
  LineFields fields;
  line_->Parse(line, &fields);
  const Head head = FindHead(block, last, last + line.size(), fields);
  if (!head.in_bounds) return last;
  return head.in_carry ? 0 : head.at;
}

void RecordFinder::set_carry(RecordCarry carry) {
  carry_ = std::move(carry);
  block_ = {};
  Forget();
}

void RecordFinder::EndBlock(std::string_view block, uint64_t block_offset) {
  if (block.empty()) return;
  SetBlock(block, block_offset);
  const size_t last = LineStartBefore(block, block.size());
  const std::string_view line = LineAt(block, last);
  LineFields fields;
  line_->Parse(line, &fields);
  const Head head = FindHead(block, last, last + line.size(), fields);
  const TimeUs time = TimeBefore(block, block.size());
  if (!head.in_bounds || !head.in_carry) {
    carry_.before_head = TimeBefore(block, head.in_bounds ? head.at : last);
  }
  const size_t most = std::max(kMaxParsedBytes, bounds_.max_bytes);
  if (!head.in_bounds) {
    carry_.bytes.assign(block.substr(last, most));
    carry_.offset = block_offset + last;
    carry_.whole = false;
  } else if (head.in_carry) {
    carry_.bytes.erase(0, head.at);
    carry_.offset += head.at;
    carry_.bytes.append(block);
  } else {
    carry_.bytes.assign(block.substr(head.at, most));
    carry_.offset = block_offset + head.at;
    carry_.whole = true;
  }
  carry_.last_time = time;
  block_ = {};
  Forget();
}

}  // namespace culprit
