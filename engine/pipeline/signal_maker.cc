#include "engine/pipeline/signal_maker.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/base/utf8.h"

namespace culprit {
namespace {

constexpr size_t kMaxRemembered =
    1 << 16;  // services and keys per stream; then the memory starts anew

bool IsTemplate(std::string_view text) { return text.find('{') != std::string_view::npos; }

// "{host}:{port}" with captures filled in; a group that took no part reads as empty, and what is
// left over of its separator is cut off.
std::string Expand(std::string_view pattern, const SignatureSet::CaptureList& captures,
                   std::string_view service) {
  std::string out;
  bool any = false;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    out.append(pattern.substr(0, open));
    if (open == std::string_view::npos) break;
    const size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    if (name == "service") {
      out.append(service);
      any = true;
    }
    for (const auto& [group, text] : captures) {
      if (group != name || text.empty()) continue;
      out.append(text);
      any = true;
      break;
    }
    pattern.remove_prefix(close + 1);
  }
  if (!any) return "";
  while (!out.empty() && (out.back() == ':' || out.back() == '/')) out.pop_back();
  if (!out.empty() && out.front() == ':') out.insert(0, "localhost");
  return out;
}

}  // namespace

SignalMaker::SignalMaker(const Knowledge& knowledge, const NameResolver& names,
                         const SignatureSet& signatures, const SignalOptions& options,
                         MatchScratch* scratch, Counters* counters)
    : knowledge_(knowledge),
      names_(names),
      signatures_(signatures),
      options_(options),
      scratch_(scratch),
      counters_(counters) {}

void SignalMaker::Begin(StreamParser* parser, PartitionWriter* writer) {
  parser_ = parser;
  writer_ = writer;
  tally_ = StreamTally();
  votes_.clear();
  texts_.clear();
}

const std::string& SignalMaker::Component(std::string_view service) {
  key_.assign(service);
  const auto found = components_.find(key_);
  if (found != components_.end()) return found->second;
  if (components_.size() >= kMaxRemembered) components_.clear();
  return components_.emplace(key_, names_.Service(service)).first->second;
}

void SignalMaker::Note(const Record& record) {
  if (votes_.size() >= kMaxRemembered) votes_.clear();
  key_.assign(record.service);
  ++votes_[key_];
  if (record.time_origin == TimeOrigin::kAssumed) return;
  if (tally_.first_time == kNoTime || record.time < tally_.first_time)
    tally_.first_time = record.time;
  if (tally_.last_time == kNoTime || record.time > tally_.last_time) tally_.last_time = record.time;
}

bool SignalMaker::WhereHolds(const SignatureSpec& spec, const Record& record,
                             const std::string& component) const {
  const auto holds = [](const auto& allowed, const auto& value) {
    return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
  };
  return holds(spec.where_levels, record.level) &&
         (holds(spec.where_services, component) || holds(spec.where_services, record.service));
}

// A key's lines beyond the first few of a second add to its count, not to what can be shown.
bool SignalMaker::WantsText(const Signal& signal) {
  key_.assign(reinterpret_cast<const char*>(&signal.signature), sizeof(signal.signature));
  key_.append(signal.component).push_back('\0');
  key_.append(signal.target);
  if (texts_.size() >= kMaxRemembered) texts_.clear();
  TextBudget& budget = texts_[key_];
  const TimeUs second = signal.time / kSecondUs;
  if (budget.second != second) budget = {second, 0};
  return ++budget.used <= options_.texts_per_key_and_second;
}

void SignalMaker::MakeSignal(SignatureIndex index, std::string_view line, const Record& record,
                             uint64_t offset, Signal* signal) {
  const SignatureSpec& spec = knowledge_.signatures[index];
  const std::string& component = Component(record.service);
  signal->signature = index;
  signal->position = {0, offset, static_cast<uint32_t>(line.size())};
  signal->time = record.time;
  signal->time_origin = record.time_origin;
  signal->level = record.level;
  signal->service.assign(record.service);
  signal->instance.assign(record.instance);

  captures_.clear();
  bool captured = false;
  const auto capture = [&] {
    if (!captured) signatures_.Captures(index, line, *scratch_, &captures_);
    captured = true;
  };
  if (spec.component == "{service}") {
    signal->component = component;
  } else if (!IsTemplate(spec.component)) {
    signal->component = names_.Service(spec.component);
  } else {
    capture();
    signal->component = names_.Target(Expand(spec.component, captures_, record.service));
    if (signal->component.empty()) signal->component = component;
  }
  if (!spec.target.empty()) {
    if (IsTemplate(spec.target)) {
      capture();
      signal->target = names_.Target(Expand(spec.target, captures_, record.service));
    } else {
      signal->target = names_.Service(spec.target);
    }
    if (signal->target == signal->component) signal->target.clear();
  }
  if (spec.by_template)
    signal->message =
        ToValidUtf8(record.message.empty() ? line : record.message, options_.max_message_bytes);
  if (!WantsText(*signal)) return;
  capture();
  for (const auto& [name, text] : captures_)
    signal->captures.emplace_back(std::string(name), ToValidUtf8(text, options_.max_line_bytes));
  signal->line = ToValidUtf8(line, options_.max_line_bytes);
  if (line.size() > options_.max_line_bytes) counters_->Count(Reason::kEvidenceTruncated);
}

absl::Status SignalMaker::OnBlock(std::string_view block, uint64_t block_offset,
                                  const std::vector<Hit>& hits,
                                  const std::vector<uint32_t>& samples) {
  Record record;
  size_t hit = 0;
  size_t sample = 0;
  while (hit < hits.size() || sample < samples.size()) {
    const bool is_hit =
        hit < hits.size() && (sample == samples.size() || hits[hit].line_begin <= samples[sample]);
    const uint32_t begin = is_hit ? hits[hit].line_begin : samples[sample];
    const size_t end =
        is_hit ? hits[hit].line_end : std::min(block.find('\n', begin), block.size());
    const std::string_view line = block.substr(begin, end - begin);
    parser_->Parse(block, block_offset, line, &record);
    Note(record);
    if (record.head_offset != pending_head_) {
      CULPRIT_RETURN_IF_ERROR(FlushRecord());
      pending_head_ = record.head_offset;
    }
    if (sample < samples.size() && samples[sample] == begin) {
      ++sample;
      CULPRIT_RETURN_IF_ERROR(OnSample(record));
    }
    if (!is_hit) continue;
    size_t last = hit;
    while (last < hits.size() && hits[last].line_begin == begin) ++last;
    CULPRIT_RETURN_IF_ERROR(
        OnLineHits(line, block_offset + begin, record, hits.data() + hit, hits.data() + last));
    hit = last;
  }
  return absl::OkStatus();
}

absl::Status SignalMaker::OnLineHits(std::string_view line, uint64_t offset, const Record& record,
                                     const Hit* first, const Hit* last) {
  const bool inside = record.time >= options_.since && record.time < options_.until;
  for (const Hit* hit = first; hit != last; ++hit) {
    if (!inside) {
      counters_->Count(Reason::kOutsideRange);
      continue;
    }
    const SignatureIndex index = hit->signature;
    if (!WhereHolds(knowledge_.signatures[index], record, Component(record.service))) {
      counters_->Count(Reason::kWhereFailed);
      continue;
    }
    const bool again = std::any_of(pending_.begin(), pending_.end(),
                                   [&](const Signal& s) { return s.signature == index; });
    if (again) {
      counters_->Count(Reason::kDuplicateInRecord);
      continue;
    }
    MakeSignal(index, line, record, offset, &pending_.emplace_back());
  }
  return absl::OkStatus();
}

absl::Status SignalMaker::FlushRecord() {
  const bool strong = std::any_of(pending_.begin(), pending_.end(), [&](const Signal& s) {
    return !knowledge_.signatures[s.signature].weak;
  });
  bool weak_taken = false;
  for (const Signal& signal : pending_) {
    const bool weak = knowledge_.signatures[signal.signature].weak;
    if (weak && (strong || weak_taken)) {
      counters_->Count(Reason::kWeakSuppressed);
      continue;
    }
    weak_taken |= weak;
    ++tally_.signals;
    CULPRIT_RETURN_IF_ERROR(writer_->Append(signal));
  }
  pending_.clear();
  return absl::OkStatus();
}

absl::Status SignalMaker::OnSample(const Record& record) {
  if (record.time_origin != TimeOrigin::kParsed || record.time < options_.since ||
      record.time >= options_.until)
    return absl::OkStatus();
  Mark mark;
  mark.time = record.time;
  mark.component = Component(record.service);
  return writer_->Append(mark);
}

absl::Status SignalMaker::End() {
  CULPRIT_RETURN_IF_ERROR(FlushRecord());
  pending_head_ = UINT64_MAX;
  uint64_t best = 0;
  for (const auto& [service, count] : votes_) {
    if (count < best || (count == best && service > tally_.service)) continue;
    best = count;
    tally_.service = service;
  }
  return absl::OkStatus();
}

}  // namespace culprit
