#include "engine/parse/record_finder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/parse/multiline.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

// The start of the line that ends right before `at` (a line's start, or the end of the text).
size_t LineStartBefore(std::string_view text, size_t at) {
  if (at < 2) return 0;
  const void* newline = memrchr(text.data(), '\n', at - 1);
  return newline == nullptr
             ? 0
             : static_cast<size_t>(static_cast<const char*>(newline) - text.data()) + 1;
}

// The line from `start` to its end right before `at`, another line's start or the text's end.
std::string_view LineBefore(std::string_view text, size_t start, size_t at) {
  const size_t end = at > start && text[at - 1] == '\n' ? at - 1 : at;
  return text.substr(start, end - start);
}

std::string_view LineAt(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return text.substr(at, end == std::string_view::npos ? std::string_view::npos : end - at);
}

// No time has less than six digits.
bool MayHoldTime(std::string_view line) {
  int digits = 0;
  for (char c : line.substr(0, kMaxParsedBytes)) {
    if (IsDigit(c) && ++digits == 6) return true;
  }
  return false;
}

// False: the line is surely not a piece that the next line goes on with (Docker cuts at 16 KiB, CRI
// says "P").
bool MayBePartial(std::string_view line) {
  if (line.size() >= kLeastPartialBytes) return true;
  line = line.substr(0, 64);
  for (size_t at = line.find('P', 1); at != std::string_view::npos; at = line.find('P', at + 1))
    if (line[at - 1] == ' ' && line.substr(at + 1).starts_with(' ')) return true;
  return false;
}

}  // namespace

RecordFinder::RecordFinder(const LineSettings& settings, const RecordBounds& bounds,
                           bool joins_text, bool untimed)
    : bounds_(bounds),
      joins_text_(joins_text),
      untimed_(untimed),
      line_(std::make_unique<LineParser>(settings)),
      head_(std::make_unique<LineParser>(settings)),
      peek_{std::make_unique<LineParser>(settings), std::make_unique<LineParser>(settings)} {}

void RecordFinder::Forget() {
  memo_line_ = no_time_from_ = no_time_to_ = kNone;
  record_known_ = false;
}

void RecordFinder::SetBlock(std::string_view block, uint64_t block_offset) {
  if (block.data() == block_ && block_offset == block_offset_) return;
  block_ = block.data();
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
  if (!line.starts_with('{')) return line_->SurelyStartsRecord(line, before);
  if (head.wrapper_count == 1 && head.wrappers[0] == FormatId::kDocker &&
      line.starts_with(kDockerLine)) {
    return line_->SurelyStartsRecord(line.substr(kDockerLine.size()), before);
  }
  // In a JSON stream: a line that begins as the head does.
  constexpr size_t kSame = 8;
  return head.self_contained && head.wrapper_count == 0 && !joins_text_ &&
         head_line.size() > kSame && line.size() > kSame &&
         head_line.substr(0, kSame) == line.substr(0, kSame);
}

void RecordFinder::Join(std::string_view block, const Head& head, std::string_view head_line) {
  const LineFields& fields = record_.head;
  record_.message = fields.message;
  record_.truncated = !head.in_bounds;
  bool joined = false;
  const auto start_message = [&] {
    if (!joined) message_.assign(fields.message);
    joined = true;
  };
  std::string_view source = head.in_carry ? std::string_view(carry_.bytes) : block;
  bool in_block = !head.in_carry;
  size_t at = head.at + head_line.size() + 1;  // of the next line, in source
  size_t block_end = in_block ? at - 1 : 0;    // of the record, in the block
  size_t lines = 1;
  size_t bytes = head_line.size();
  LineFields previous = fields, next;
  int turn = 0;
  while (head.in_bounds) {
    if (at >= source.size()) {
      if (in_block) break;
      in_block = true;
      source = block;
      at = 0;
    }
    const std::string_view line = LineAt(source, at);
    if (!previous.partial && SurelyStarts(head_line, previous.group, line)) break;
    peek_[turn]->Parse(line, &next);
    if (!Continues(previous, next, joins_text_)) break;
    if (lines + 1 > bounds_.max_lines || bytes + 1 + line.size() > bounds_.max_bytes) {
      record_.truncated = true;
      break;
    }
    start_message();
    if (!previous.partial) message_ += '\n';
    message_.append(next.message);
    ++lines;
    bytes += 1 + line.size();
    at += line.size() + 1;
    if (in_block) block_end = at - 1;
    std::swap(previous, next);
    turn ^= 1;
  }
  if (joined) record_.message = message_;
  AddError();
  if (head.in_carry) {
    text_.assign(carry_.bytes, head.at);
    text_.append(block.substr(0, block_end));
    record_.text = text_;
  } else {
    record_.text = block.substr(head.at, block_end - head.at);
  }
  while (!record_.text.empty() && (record_.text.back() == '\n' || record_.text.back() == '\r')) {
    record_.text.remove_suffix(1);
  }
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
  block_ = nullptr;
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
  const std::string_view line = LineAt(block, at);
  LineFields fields;
  line_->Parse(line, &fields);
  Head head = FindHead(block, at, at + line.size(), fields);
  if (record_known_ && head.in_bounds && head.at == record_head_.at &&
      head.in_carry == record_head_.in_carry) {
    return record_;  // another line of the record just found
  }
  if (!head.in_bounds) head = Head{.at = at, .bytes = line.size()};
  record_known_ = head.in_bounds;
  record_head_ = head;

  // The head's own line says what the record is.
  const std::string_view source = head.in_carry ? std::string_view(carry_.bytes) : block;
  const std::string_view head_line = LineAt(source, head.at);
  if (head.in_carry || head.at != at) {
    head_->Parse(head_line, &fields);
  } else {
    std::swap(head_, line_);
  }
  record_.head = fields;
  record_.head_offset = head.at + (head.in_carry ? carry_.offset : block_offset);
  record_.time_before = kNoTime;
  if (!fields.stamp.known()) {
    record_.time_before = head.in_carry ? carry_.before_head : TimeBefore(block, head.at);
  }
  Join(block, head, head_line);
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
  block_ = nullptr;
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
  block_ = nullptr;
  Forget();
}

}  // namespace culprit
