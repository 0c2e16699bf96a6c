#include "engine/parse/stream_parser.h"

#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <map>

#include "engine/parse/formats.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/path_service.h"
#include "engine/parse/record_finder.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kSniffBytes = 64 * 1024;
constexpr size_t kSniffLines = 1000;
constexpr size_t kUntimedLines = 100;

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
    SetServiceRule();
    MakeFinder();
  }

  void Sniff(std::string_view head);
  void Parse(std::string_view block, uint64_t block_offset, std::string_view line, Record* record);
  void ReadText(Record* record) {
    const FoundRecord& found = finder_->ReadText();
    record->text = found.text;
    record->message = found.message;
  }
  void EndBlock(std::string_view block, uint64_t block_offset);
  size_t TailBegin(std::string_view block, uint64_t block_offset) {
    return finder_->TailBegin(block, block_offset);
  }
  void ParseMessage(std::string_view message, TimeUs time, std::string_view service,
                    Record* record);
  void set_assumed_time(TimeUs time) { assumed_time_ = time; }
  TimeUs last_time() const { return finder_->carry().last_time; }
  StreamParserState Save() const;
  void Restore(const StreamParserState& state);

  std::string_view format_name() const { return format_name_; }
  std::string ExplainFormat() const;
  std::string ExplainService() const;

 private:
  LineSettings Settings() const {
    LineSettings settings;
    settings.zone = options_.zone;
    settings.reference = info_.modified;
    return settings;
  }
  void MakeFinder() {
    finder_ = std::make_unique<RecordFinder>(
        settings_,
        RecordBounds{.max_lines = std::max<size_t>(options_.max_record_lines, 1),
                     .max_bytes = options_.max_record_bytes},
        joins_text_, untimed_);
  }
  void SetServiceRule();
  TimeUs AssumedTime() const {
    if (first_time_ != kNoTime) return first_time_;
    if (assumed_time_ != kNoTime) return assumed_time_;
    return info_.modified != kNoTime ? info_.modified : 0;
  }
  void Resolve(const LineFields& fields, Record* record) const;

  StreamInfo info_;
  ParseOptions options_;
  Counters* counters_;
  LineSettings settings_ = Settings();
  std::unique_ptr<RecordFinder> finder_;  // rebuilt when the settings change
  bool joins_text_ = false;
  std::string format_name_ = "plain";
  std::string why_format_ = "nothing was looked at yet";
  TimeUs first_time_ = kNoTime;
  TimeUs assumed_time_ = kNoTime;
  bool untimed_ = false;  // the first lines hold no time: none is searched for
  bool kernel_clock_ = false, year_inferred_ = false, zone_assumed_ = false;
  bool service_from_record_ = true;
  PathService path_;
  std::string rule_;
  size_t record_services_ = 0, sniffed_ = 0;
  std::string sniffed_service_;
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
  size_t heads = 0, open_heads = 0, floated = 0, epochs = 0, others = 0, lines = 0;
  settings_.floating_time = true;
  LineParser parser(settings_);
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
    parser.Parse(line, &fields);
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
    epochs += fields.stamp.format == TimeFormat::kEpoch;
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
  // Where lines begin with real times, a number in front is something else (a lease, an id).
  settings_.epoch_time = 10 * epochs >= heads;
  MakeFinder();
  why_format_ =
      std::to_string(best) + " of the first " + std::to_string(lines) + " lines are of it";
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
  const FoundRecord& found =
      finder_->Find(block, block_offset, static_cast<size_t>(line.data() - block.data()));
  *record = Record{};
  record->head_offset = found.head_offset;
  record->truncated = found.truncated;
  Resolve(found.head, record);
  if (found.head.stamp.known()) {
    record->time = found.head.stamp.time;
    record->time_origin = found.head.stamp.dated ? TimeOrigin::kParsed : TimeOrigin::kAssumed;
  } else if (found.time_before != kNoTime) {
    record->time = found.time_before;
    record->time_origin = TimeOrigin::kInherited;
  } else {
    record->time = AssumedTime();
    record->time_origin = TimeOrigin::kAssumed;
  }
  if (found.truncated) counters_->Count(Reason::kRecordTruncated);
  if (record->time_origin == TimeOrigin::kInherited) counters_->Count(Reason::kTimeInherited);
  if (record->time_origin == TimeOrigin::kAssumed) counters_->Count(Reason::kTimeAssumed);
  if (!simdjson::validate_utf8(line.data(), line.size())) counters_->Count(Reason::kInvalidUtf8);
}

void StreamParser::Impl::ParseMessage(std::string_view message, TimeUs time,
                                      std::string_view service, Record* record) {
  const FoundRecord& found = finder_->FindWhole(message);
  *record = Record{};
  record->text = found.text;
  record->message = found.message;
  record->truncated = found.truncated;
  Resolve(found.head, record);
  if (service_from_record_ && found.head.service.empty() && !service.empty())
    record->service = service;
  record->time_origin = TimeOrigin::kParsed;
  if (found.head.stamp.known() && found.head.stamp.dated) {
    record->time = found.head.stamp.time;
  } else if (time != kNoTime) {
    record->time = time;
  } else {
    record->time = found.head.stamp.known() ? found.head.stamp.time : AssumedTime();
    record->time_origin = TimeOrigin::kAssumed;
  }
  if (found.truncated) counters_->Count(Reason::kRecordTruncated);
  if (record->time_origin == TimeOrigin::kAssumed) counters_->Count(Reason::kTimeAssumed);
  if (!simdjson::validate_utf8(message.data(), message.size()))
    counters_->Count(Reason::kInvalidUtf8);
}

StreamParserState StreamParser::Impl::Save() const {
  return {.sniffed = sniffed_ > 0,
          .format_name = format_name_,
          .guess = static_cast<uint8_t>(settings_.guess),
          .floating_time = settings_.floating_time,
          .epoch_time = settings_.epoch_time,
          .joins_text = joins_text_,
          .untimed = untimed_,
          .kernel_clock = kernel_clock_,
          .boot = settings_.boot,
          .first_time = first_time_,
          .carry = finder_->carry()};
}

void StreamParser::Impl::Restore(const StreamParserState& state) {
  format_name_ = state.format_name;
  settings_.guess = static_cast<FormatId>(std::min<size_t>(state.guess, kFormatNames.size() - 1));
  settings_.floating_time = state.floating_time;
  settings_.epoch_time = state.epoch_time;
  settings_.boot = state.boot;
  joins_text_ = state.joins_text;
  untimed_ = state.untimed;
  kernel_clock_ = state.kernel_clock;
  first_time_ = state.first_time;
  sniffed_ = state.sniffed ? 1 : 0;
  MakeFinder();
  finder_->set_carry(state.carry);
}

void StreamParser::Impl::EndBlock(std::string_view block, uint64_t block_offset) {
  finder_->EndBlock(block, block_offset);
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
void StreamParser::ReadText(Record* record) { impl_->ReadText(record); }
void StreamParser::EndBlock(std::string_view block, uint64_t block_offset) {
  impl_->EndBlock(block, block_offset);
}
size_t StreamParser::TailBegin(std::string_view block, uint64_t block_offset) {
  return impl_->TailBegin(block, block_offset);
}
void StreamParser::ParseMessage(std::string_view message, TimeUs time, std::string_view service,
                                Record* record) {
  impl_->ParseMessage(message, time, service, record);
}
void StreamParser::set_assumed_time(TimeUs time) { impl_->set_assumed_time(time); }
TimeUs StreamParser::last_time() const { return impl_->last_time(); }
StreamParserState StreamParser::Save() const { return impl_->Save(); }
void StreamParser::Restore(const StreamParserState& state) { impl_->Restore(state); }
std::string_view StreamParser::format_name() const { return impl_->format_name(); }
std::string StreamParser::ExplainFormat() const { return impl_->ExplainFormat(); }
std::string StreamParser::ExplainService() const { return impl_->ExplainService(); }

}  // namespace culprit
