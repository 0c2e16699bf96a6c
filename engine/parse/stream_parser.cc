#include "engine/parse/stream_parser.h"

#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/parse/formats.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/multiline.h"
#include "engine/parse/path_service.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kSniffBytes = 64 * 1024;
constexpr size_t kSniffLines = 1000;
constexpr size_t kUntimedLines = 100;
constexpr size_t kNone = SIZE_MAX;

// "docker+json" -> chain; nullopt: a name in it is unknown.
std::optional<std::vector<FormatId>> ParseChain(std::string_view text) {
  std::vector<FormatId> chain;
  if (text.empty() || text == "auto") return chain;
  while (true) {
    const size_t plus = text.find('+');
    const std::optional<FormatId> id = FormatFromName(text.substr(0, plus));
    if (!id) return std::nullopt;
    chain.push_back(*id);
    if (plus == std::string_view::npos) return chain;
    text.remove_prefix(plus + 1);
  }
}

std::string ChainName(const LineFields& fields) {
  std::string name;
  for (size_t i = 0; i < fields.wrapper_count; ++i) {
    name.append(FormatName(fields.wrappers[i]));
    name += '+';
  }
  name.append(FormatName(fields.format));
  return name;
}

}  // namespace

std::vector<std::string_view> FormatNames() {
  std::vector<std::string_view> names(kFormatNames.begin(), kFormatNames.end());
  names.push_back("logback");
  std::sort(names.begin(), names.end());
  return names;
}

std::string ParseOptionsError(const ParseOptions& options) {
  if (!ParseChain(options.input_format)) {
    std::string error = "unknown input format '" + options.input_format + "'; known: auto";
    for (std::string_view name : FormatNames()) error.append(", ").append(name);
    return error + "; chain wrappers with '+', as in docker+json";
  }
  const std::string& rule = options.service_from;
  if (rule.empty() || rule == "record" || rule == "dir" || rule == "file") return {};
  if (rule.starts_with("field:") && rule.size() > 6) return {};
  if (rule.starts_with("path:")) {
    const RE2 regex(rule.substr(5), RE2::Quiet);
    if (!regex.ok()) return "service rule '" + rule + "': " + regex.error();
    if (regex.NumberOfCapturingGroups() != 1) {
      return "service rule '" + rule + "': expected exactly one group";
    }
    return {};
  }
  return "unknown service rule '" + rule +
         "'; expected record, dir, file, field:<json key> or path:<regex with one group>";
}

class StreamParser::Impl {
 public:
  Impl(const StreamInfo& info, const ParseOptions& options, Counters* counters)
      : info_(info), options_(options), counters_(counters) {
    if (std::optional<std::vector<FormatId>> chain = ParseChain(options_.input_format)) {
      settings_.forced = *chain;
    }
    options_.max_record_lines = std::max<size_t>(options_.max_record_lines, 1);
    SetServiceRule();
    ApplySettings();
  }

  void Sniff(std::string_view head);
  void Parse(std::string_view block, uint64_t block_offset, std::string_view line, Record* record);
  void EndBlock(std::string_view block, uint64_t block_offset);

  std::string_view format_name() const { return format_name_; }
  std::string ExplainFormat() const;
  std::string ExplainService() const;

 private:
  // What stands before the current block: the tail of the last record, its place, the last time.
  struct Carry {
    std::string bytes;           // from the head of the last record to the block's end
    uint64_t offset = 0;         // of bytes[0]
    bool whole = true;           // false: the head is further back than the bounds; last line only
    TimeUs last_time = kNoTime;  // of the nearest line with a time
    TimeUs before_head = kNoTime;  // of the nearest line with a time before bytes[0]
  };
  // Where a record starts, looking back from one of its lines.
  struct Head {
    bool in_bounds = false;
    bool in_carry = false;
    size_t at = 0;     // offset of the head line in the block, or in carry_.bytes
    size_t lines = 1;  // from the head line to the asking line, both counted
    size_t bytes = 0;  // from the head line to the end of the asking line
  };

  LineSettings Settings() const {
    LineSettings settings;
    settings.zone = options_.zone;
    settings.reference = info_.modified;
    return settings;
  }
  void ApplySettings() {
    main_ = std::make_unique<LineParser>(settings_);
    for (auto& peek : peek_) peek = std::make_unique<LineParser>(settings_);
  }
  void SetServiceRule();
  Head FindHead(std::string_view block, size_t at, size_t end, const LineFields& fields);
  TimeUs TimeBefore(std::string_view block, size_t at);
  TimeUs AssumedTime() const {
    if (first_time_ != kNoTime) return first_time_;
    return info_.modified != kNoTime ? info_.modified : 0;
  }
  void SetBlock(std::string_view block, uint64_t block_offset);
  void Resolve(const LineFields& fields, Record* record) const;

  StreamInfo info_;
  ParseOptions options_;
  Counters* counters_;
  LineSettings settings_ = Settings();
  // Rebuilt when the settings change. Two to look at two neighbours at a time.
  std::unique_ptr<LineParser> main_, peek_[2];
  bool joins_text_ = false;
  std::string format_name_ = "plain";
  std::string why_format_ = "nothing was looked at yet";
  TimeUs first_time_ = kNoTime;
  bool untimed_ = false;  // the first lines hold no time: none is searched for
  bool kernel_clock_ = false, year_inferred_ = false, zone_assumed_ = false;
  bool service_from_record_ = true;
  PathService path_;
  std::string rule_;
  size_t record_services_ = 0, sniffed_ = 0;
  std::string sniffed_service_;

  Carry carry_;
  const char* block_ = nullptr;
  uint64_t block_offset_ = 0;
  // Memory of work done in this block; saves time, changes no result.
  size_t memo_line_ = kNone;  // offset of the last line whose head is known
  Head memo_head_;
  size_t no_time_from_ = kNone, no_time_to_ = kNone;  // no line in between has a time
  TimeUs time_before_ = kNoTime;                      // and this is the newest time before it
  std::string text_, message_;
};

void StreamParser::Impl::SetServiceRule() {
  const std::string& rule = options_.service_from;
  path_ = ServiceFromPath(info_);
  if (!options_.service.empty()) {
    path_.service = options_.service;
    path_.rule = "the option that fixes it";
    service_from_record_ = false;
  } else if (rule == "dir" || rule == "file") {
    path_ = rule == "dir" ? ServiceFromDirectory(info_) : ServiceFromFile(info_);
    service_from_record_ = false;
  } else if (rule.starts_with("field:")) {
    settings_.service_key = rule.substr(6);
  } else if (rule.starts_with("path:")) {
    const RE2 regex(rule.substr(5), RE2::Quiet);
    std::string name;
    if (regex.ok() && regex.NumberOfCapturingGroups() == 1 &&
        RE2::PartialMatch(info_.DisplayName(), regex, &name) && !name.empty()) {
      path_.service = name;
      path_.rule = "the path rule '" + rule.substr(5) + "'";
      service_from_record_ = false;
    }
  }
  if (path_.service.empty()) {
    path_.service = "unknown";
    path_.rule = "nothing: neither record nor path names one";
  }
  if (path_.instance == path_.service) path_.instance.clear();
}

void StreamParser::Impl::Sniff(std::string_view head) {
  std::map<std::string, size_t> votes;
  std::map<FormatId, size_t> inner_votes;
  std::map<std::string, size_t> services;
  size_t heads = 0, open_heads = 0, floated = 0, others = 0, lines = 0;
  settings_.floating_time = true;
  ApplySettings();
  std::string_view rest = head.substr(0, kSniffBytes);
  if (rest.size() < head.size()) {
    const size_t cut = rest.rfind('\n');
    if (cut != std::string_view::npos) rest = rest.substr(0, cut + 1);
  }
  while (!rest.empty() && lines < kSniffLines) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    ++lines;
    LineFields fields;
    main_->Parse(line, &fields);
    if (fields.stamp.format == TimeFormat::kKernel && fields.wrapper_count == 0) {
      // A kernel clock counts from boot: assume that the first line was written at the file's time.
      if (!kernel_clock_) settings_.boot = AssumedTime() - (fields.stamp.time - settings_.boot);
      kernel_clock_ = true;
    } else if (fields.stamp.known()) {
      if (first_time_ == kNoTime) first_time_ = fields.stamp.time;
      year_inferred_ = year_inferred_ || !fields.stamp.has_year;
      zone_assumed_ = zone_assumed_ || !fields.stamp.zoned;
    }
    if (fields.shape != Shape::kHead && fields.wrapper_count == 0) {
      others += fields.shape == Shape::kText;
      continue;
    }
    ++votes[ChainName(fields)];
    if (!fields.service.empty()) ++services[std::string(fields.service)];
    if (fields.shape != Shape::kHead) {
      others += fields.shape == Shape::kText;
      continue;
    }
    ++heads;
    ++inner_votes[fields.format];
    if (!fields.self_contained) ++open_heads;
    floated += fields.floated;
  }
  size_t best = 0;
  for (const auto& [name, count] : votes) {
    if (count > best) {
      best = count;
      format_name_ = name;
    }
  }
  size_t most = 0;
  for (const auto& [id, count] : inner_votes) {
    if (count > most) {
      most = count;
      settings_.guess = id;
    }
  }
  for (const auto& [name, count] : services) {
    if (count > record_services_) {
      record_services_ = count;
      sniffed_service_ = name;
    }
  }
  sniffed_ = lines;
  untimed_ = lines >= kUntimedLines && first_time_ == kNoTime && !kernel_clock_;
  joins_text_ = open_heads > 0 && 2 * open_heads >= heads && open_heads * 10 >= others;
  settings_.floating_time = !untimed_ && (heads == 0 || 2 * floated > heads);
  ApplySettings();
  why_format_ =
      std::to_string(best) + " of the first " + std::to_string(lines) + " lines are of it";
}

void StreamParser::Impl::SetBlock(std::string_view block, uint64_t block_offset) {
  if (block.data() == block_ && block_offset == block_offset_) return;
  block_ = block.data();
  block_offset_ = block_offset;
  memo_line_ = no_time_from_ = no_time_to_ = kNone;
}

namespace {

// The start of the line that ends right before `at` (at > 0: at is a line's start).
size_t LineStartBefore(std::string_view text, size_t at) {
  if (at < 2) return 0;
  const void* newline = memrchr(text.data(), '\n', at - 1);
  return newline == nullptr
             ? 0
             : static_cast<size_t>(static_cast<const char*>(newline) - text.data()) + 1;
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
  return line.size() >= kLeastPartialBytes || Contains(line.substr(0, 64), " P ");
}

}  // namespace

StreamParser::Impl::Head StreamParser::Impl::FindHead(std::string_view block, size_t at, size_t end,
                                                      const LineFields& fields) {
  Head head{.in_bounds = true, .in_carry = false, .at = at, .lines = 1, .bytes = end - at};
  // Two parsers take turns: the rule looks at two neighbours at a time.
  LineFields current = fields, previous;
  int turn = 0;
  while (true) {
    std::string_view before;
    size_t start = 0;
    if (!head.in_carry && head.at > 0) {
      start = LineStartBefore(block, head.at);
      before = LineAt(block, start);
    } else if (!head.in_carry) {
      if (carry_.bytes.empty()) break;
      start = LineStartBefore(carry_.bytes, carry_.bytes.size());
      before = LineAt(carry_.bytes, start);
    } else {
      if (head.at == 0) {
        if (!carry_.whole) head.in_bounds = false;
        break;
      }
      start = LineStartBefore(carry_.bytes, head.at);
      before = LineAt(carry_.bytes, start);
    }
    if (current.shape == Shape::kHead && !current.repeats && !MayBePartial(before)) {
      break;
    }
    peek_[turn]->Parse(before, &previous);
    if (!Continues(previous, current, joins_text_)) break;
    if (head.in_carry) {
      head.bytes += head.at - start;
    } else if (head.at > 0) {
      head.bytes += head.at - start;
    } else {
      head.bytes += carry_.bytes.size() - start;
      head.in_carry = true;
    }
    head.at = start;
    ++head.lines;
    if (!head.in_carry && start == memo_line_) {
      head.lines += memo_head_.lines - 1;
      head.bytes += memo_head_.bytes - (LineAt(block, start).size());
      head.at = memo_head_.at;
      head.in_carry = memo_head_.in_carry;
      head.in_bounds = memo_head_.in_bounds;
      if (!head.in_bounds) break;
      if (head.lines > options_.max_record_lines || head.bytes > options_.max_record_bytes) {
        head.in_bounds = false;
      }
      break;
    }
    if (head.lines > options_.max_record_lines || head.bytes > options_.max_record_bytes) {
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

TimeUs StreamParser::Impl::TimeBefore(std::string_view block, size_t at) {
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

void StreamParser::Impl::Resolve(const LineFields& fields, Record* record) const {
  record->level = fields.level;
  record->service = service_from_record_ && !fields.service.empty()
                        ? fields.service
                        : std::string_view(path_.service);
  record->instance = !fields.instance.empty() ? fields.instance : std::string_view(path_.instance);
}

void StreamParser::Impl::Parse(std::string_view block, uint64_t block_offset, std::string_view line,
                               Record* record) {
  *record = Record{};
  SetBlock(block, block_offset);
  const size_t at = static_cast<size_t>(line.data() - block.data());
  line = LineAt(block, at);
  const size_t end = at + line.size();
  LineFields fields;
  main_->Parse(line, &fields);
  Head head = FindHead(block, at, end, fields);
  if (!head.in_bounds) {
    counters_->Count(Reason::kRecordTruncated);
    record->truncated = true;
    head = Head{.in_bounds = false, .in_carry = false, .at = at, .lines = 1, .bytes = line.size()};
  }
  // The head's own line says what the record is.
  const std::string_view source = head.in_carry ? std::string_view(carry_.bytes) : block;
  const std::string_view head_line = LineAt(source, head.at);
  if (head.in_carry || head.at != at) main_->Parse(head_line, &fields);
  record->head_offset = head.in_carry ? carry_.offset + head.at : block_offset + head.at;
  Resolve(fields, record);

  if (fields.stamp.known()) {
    record->time = fields.stamp.time;
    record->time_origin = fields.stamp.dated ? TimeOrigin::kParsed : TimeOrigin::kAssumed;
  } else {
    record->time = head.in_carry ? carry_.before_head : TimeBefore(block, head.at);
    record->time_origin = TimeOrigin::kInherited;
    if (record->time == kNoTime) {
      record->time = AssumedTime();
      record->time_origin = TimeOrigin::kAssumed;
    }
  }
  if (record->time_origin == TimeOrigin::kInherited) counters_->Count(Reason::kTimeInherited);
  if (record->time_origin == TimeOrigin::kAssumed) counters_->Count(Reason::kTimeAssumed);

  // Join what follows the head, within the bounds.
  record->message = fields.message;
  message_.clear();
  bool joined = false;
  size_t lines = 1;
  size_t text_end = head.at + head_line.size();  // in source
  LineFields previous = fields, next;
  std::string_view where = source;
  int turn = 0;
  size_t consumed = text_end + 1;
  size_t bytes = head_line.size();
  bool in_block = !head.in_carry;
  size_t block_end = head.in_carry ? 0 : text_end;
  bool partial = fields.partial;
  // In a JSON stream: a line that begins as its head does. From Docker: one with a time in front.
  const auto looks_like_head = [&](std::string_view line_to_check) {
    constexpr std::string_view kDockerLine = "{\"log\":\"";
    if (fields.wrapper_count == 1 && fields.wrappers[0] == FormatId::kDocker &&
        line_to_check.starts_with(kDockerLine)) {
      return main_->SurelyStartsRecord(line_to_check.substr(kDockerLine.size()));
    }
    return fields.self_contained && fields.wrapper_count == 0 && !joins_text_ &&
           head_line.size() > 8 && line_to_check.size() > 8 && head_line[0] == '{' &&
           head_line.substr(0, 8) == line_to_check.substr(0, 8);
  };
  while (head.in_bounds) {
    if (consumed >= where.size()) {
      if (in_block) break;
      in_block = true;
      where = block;
      consumed = 0;
    }
    const std::string_view next_line = LineAt(where, consumed);
    // Most lines start a record: seen without parsing them.
    if (!previous.partial && (looks_like_head(next_line) || main_->SurelyStartsRecord(next_line)))
      break;
    peek_[turn]->Parse(next_line, &next);
    if (!Continues(previous, next, joins_text_)) break;
    if (lines + 1 > options_.max_record_lines ||
        bytes + 1 + next_line.size() > options_.max_record_bytes) {
      record->truncated = true;
      counters_->Count(Reason::kRecordTruncated);
      break;
    }
    if (!joined) message_.assign(fields.message);
    joined = true;
    if (!partial) message_ += '\n';
    message_.append(next.message);
    partial = next.partial;
    ++lines;
    bytes += 1 + next_line.size();
    if (in_block) block_end = consumed + next_line.size();
    consumed += next_line.size() + 1;
    std::swap(previous, next);
    turn ^= 1;
  }
  if (!fields.error.empty() && !Contains(record->message, fields.error)) {
    if (!joined) message_.assign(fields.message);
    joined = true;
    message_.append(": ").append(fields.error);
  }
  if (joined) record->message = message_;
  if (head.in_carry) {
    text_.assign(carry_.bytes, head.at);
    text_.append(block.substr(0, block_end));
    record->text = text_;
  } else {
    record->text = block.substr(head.at, block_end - head.at);
  }
  while (!record->text.empty() && (record->text.back() == '\n' || record->text.back() == '\r')) {
    record->text.remove_suffix(1);
  }
  if (!simdjson::validate_utf8(line.data(), line.size())) counters_->Count(Reason::kInvalidUtf8);
}

void StreamParser::Impl::EndBlock(std::string_view block, uint64_t block_offset) {
  if (block.empty()) return;
  SetBlock(block, block_offset);
  const size_t size = block.size();
  const size_t last = LineStartBefore(block, size);
  const std::string_view line = LineAt(block, last);
  LineFields fields;
  main_->Parse(line, &fields);
  const Head head = FindHead(block, last, last + line.size(), fields);
  const TimeUs time = TimeBefore(block, size);
  if (!head.in_bounds || !head.in_carry) {
    carry_.before_head = TimeBefore(block, head.in_bounds ? head.at : last);
  }
  if (!head.in_bounds) {
    carry_.bytes.assign(block.substr(last, kMaxParsedBytes));
    carry_.offset = block_offset + last;
    carry_.whole = false;
  } else if (head.in_carry) {
    carry_.bytes.erase(0, head.at);
    carry_.offset += head.at;
    carry_.bytes.append(block);
  } else {
    carry_.bytes.assign(
        block.substr(head.at, std::max(kMaxParsedBytes, options_.max_record_bytes)));
    carry_.offset = block_offset + head.at;
    carry_.whole = true;
  }
  carry_.last_time = time;
  block_ = nullptr;
  memo_line_ = no_time_from_ = no_time_to_ = kNone;
}

std::string StreamParser::Impl::ExplainFormat() const {
  std::string out = "Format " + format_name_ + ": " + why_format_ + ".";
  if (zone_assumed_) {
    out += " Times without a zone are read as " + std::string(options_.zone.name()) + ".";
  }
  if (year_inferred_) {
    out += info_.modified == kNoTime
               ? " Times without a year: no file time is known to infer it from."
               : " Times without a year take the latest year that is not after the file's time.";
  }
  if (first_time_ == kNoTime) out += " No time was found in the first lines.";
  out += joins_text_ ? " Lines without a head continue the record before them."
                     : " Only indented and stack trace lines continue a record.";
  return out;
}

std::string StreamParser::Impl::ExplainService() const {
  if (service_from_record_ && record_services_ > 0) {
    return "Service from the record, where it names one (" + std::to_string(record_services_) +
           " of the first " + std::to_string(sniffed_) + " lines say '" + sniffed_service_ +
           "'); else '" + path_.service + "' from " + path_.rule + ".";
  }
  return "Service '" + path_.service + "' from " + path_.rule + ".";
}

StreamParser::StreamParser(const StreamInfo& info, const ParseOptions& options, Counters* counters)
    : impl_(std::make_unique<Impl>(info, options, counters)) {}
StreamParser::~StreamParser() = default;
void StreamParser::Sniff(std::string_view head) { impl_->Sniff(head); }
void StreamParser::Parse(std::string_view block, uint64_t block_offset, std::string_view line,
                         Record* record) {
  impl_->Parse(block, block_offset, line, record);
}
void StreamParser::EndBlock(std::string_view block, uint64_t block_offset) {
  impl_->EndBlock(block, block_offset);
}
std::string_view StreamParser::format_name() const { return impl_->format_name(); }
std::string StreamParser::ExplainFormat() const { return impl_->ExplainFormat(); }
std::string StreamParser::ExplainService() const { return impl_->ExplainService(); }

}  // namespace culprit
