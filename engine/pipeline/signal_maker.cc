#include "engine/pipeline/signal_maker.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr size_t kLookBeyond = 1024;  // of a text's bound: a secret that it would cut
constexpr size_t kLeastSecret = 4;    // shorter captures are part of anything
constexpr size_t kMaxRemembered =
    1 << 16;  // services, addresses and keys per stream; then the memory starts anew

constexpr size_t kMaxSavedTexts = 1024;  // budgets of the newest seconds

bool IsTemplate(std::string_view text) { return text.find('{') != std::string_view::npos; }

}  // namespace

SignalRules::SignalRules(const Knowledge& knowledge, const NameResolver& names,
                         const SignatureSet& signatures)
    : knowledge_(knowledge), names_(names), signatures_(signatures) {
  const auto name = [&](const std::string& pattern) {
    if (pattern == "{service}") return Name{Name::Kind::kService, ""};
    if (IsTemplate(pattern)) return Name{Name::Kind::kTemplate, ""};
    return Name{Name::Kind::kFixed, pattern.empty() ? "" : names.Service(pattern)};
  };
  for (size_t i = 0; i < knowledge.signatures.size(); ++i) {
    const SignatureSpec& spec = knowledge.signatures[i];
    Rule& rule = rules_.emplace_back();
    rule.component = name(spec.component);
    rule.target = name(spec.target);
    // An address is resolved in another way than a service's own name.
    if (rule.target.kind == Name::Kind::kService) rule.target.kind = Name::Kind::kTemplate;
    rule.has_captures = signatures.HasCaptures(static_cast<SignatureIndex>(i));
  }
}

SignalMaker::SignalMaker(const SignalRules& rules, const SignalOptions& options,
                         StreamParser* parser, PartitionWriter* writer, Counters* counters)
    : rules_(rules), options_(options), parser_(parser), writer_(writer), counters_(counters) {}

// The component of a captured address. Valid until the next call.
const std::string& SignalMaker::Target(std::string_view address) {
  const auto found = targets_.find(ToAbsl(address));
  if (found != targets_.end()) return found->second;
  if (targets_.size() >= kMaxRemembered) targets_.clear();
  return targets_.emplace(std::string(address), rules_.names_.Target(address)).first->second;
}

// The record under work from here on.
void SignalMaker::Note(const Record& record) {
  if (!service_names_.Is(service_, record.service)) {
    if (services_.size() >= kMaxRemembered) {
      service_names_.Clear();
      services_.clear();
    }
    bool added = false;
    service_ = service_names_.FindOrAdd(record.service, &added);
    if (added) services_.push_back({.component = rules_.names_.Service(record.service)});
  }
  ++services_[service_].records;
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

// "{host}:{port}" with captures filled in; a group that took no part reads as empty, and what is
// left over of its separator is cut off. Valid until the next call.
std::string_view SignalMaker::Expand(std::string_view pattern, std::string_view service) {
  std::string& out = expanded_;
  out.clear();
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
    for (const auto& [group, text] : captures_) {
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

// A key's lines beyond the first few of a second add to its count, not to what can be shown.
bool SignalMaker::WantsText(SignatureIndex index, std::string_view component,
                            std::string_view target, TimeUs time) {
  const size_t size = sizeof(index) + component.size() + 1 + target.size();
  if (key_.size() < size) key_.resize(2 * size);
  char* out = key_.data();
  std::memcpy(out, &index, sizeof(index));
  out = std::copy(component.begin(), component.end(), out + sizeof(index));
  *out++ = '\0';
  std::copy(target.begin(), target.end(), out);
  if (texts_.size() >= kMaxRemembered) {
    text_keys_.Clear();
    texts_.clear();
  }
  bool added = false;
  const uint32_t number = text_keys_.FindOrAdd({key_.data(), size}, &added);
  if (added) texts_.emplace_back();
  TextBudget& budget = texts_[number];
  const TimeUs second = time / kSecondUs;
  if (budget.second != second) budget = {second, 0};
  return ++budget.used <= options_.texts_per_key_and_second;
}

const std::vector<Redactor::Span>& SignalMaker::Secrets(Line* line) {
  if (!line->is_searched && options_.redactor != nullptr)
    options_.redactor->Find(line->text.substr(0, options_.max_line_bytes + kLookBeyond), &secrets_);
  line->is_searched = true;
  return secrets_;
}

void SignalMaker::KeepText(Line* line) {
  std::string_view text = line->text;
  if (!Secrets(line).empty()) {
    clean_ = ReplaceSpans(text, secrets_);
    text = clean_;
  }
  const std::string_view shown = ValidUtf8(text, options_.max_line_bytes, &valid_);
  line->kept = pending_.Keep(shown);
  line->is_kept = true;
  line->is_whole = shown.size() == line->text.size() &&
                   (shown.data() == line->text.data() || shown == line->text);
}

std::string_view SignalMaker::Shown(std::string_view text, size_t max_bytes) {
  if (options_.redactor != nullptr) {
    const std::string_view seen = text.substr(0, max_bytes + kLookBeyond);
    options_.redactor->Find(seen, &spans_);
    if (!spans_.empty()) {
      clean_ = ReplaceSpans(seen, spans_);
      text = clean_;
    }
  }
  return ValidUtf8(text, max_bytes, &valid_);
}

// A capture may be the secret without the words around it that give it away: it is compared with
// what is secret in its line.
std::string_view SignalMaker::ShownCapture(std::string_view text, Line* line) {
  for (const Redactor::Span& span : Secrets(line)) {
    const std::string_view secret = line->text.substr(span.begin, span.end - span.begin);
    const bool inside = text.size() >= kLeastSecret && secret.find(text) != std::string_view::npos;
    if (!inside && text.find(secret) == std::string_view::npos) continue;
    clean_.assign("[REDACTED:").append(span.name).append("]");
    return clean_;
  }
  return Shown(text, options_.max_line_bytes);
}

void SignalMaker::MakeSignal(SignatureIndex index, const Record& record, Line* line,
                             MatchScratch* scratch) {
  using Kind = SignalRules::Name::Kind;
  const SignatureSpec& spec = rules_.knowledge_.signatures[index];
  const SignalRules::Rule& rule = rules_.rules_[index];
  captures_.clear();
  bool captured = !rule.has_captures;
  const auto capture = [&] {
    if (!captured) rules_.signatures_.Captures(index, line->text, *scratch, &captures_);
    captured = true;
  };
  const std::string_view own = services_[service_].component;
  PendingRecord::Item item;
  item.signature = index;
  item.offset = line->offset;
  item.length = static_cast<uint32_t>(line->text.size());
  item.time = record.time;
  item.time_origin = record.time_origin;
  item.level = record.level;
  const auto resolve = [&](const SignalRules::Name& name, const std::string& pattern) {
    if (name.kind == Kind::kService) return own;
    if (name.kind == Kind::kFixed) return std::string_view(name.fixed);
    capture();
    return std::string_view(Target(Expand(pattern, record.service)));
  };
  std::string_view component = resolve(rule.component, spec.component);
  if (component.empty()) component = own;
  item.component = pending_.Keep(component);  // resolving the target may end the view
  std::string_view target = resolve(rule.target, spec.target);
  if (target == pending_.View(item.component)) target = {};
  item.target = pending_.Keep(target);
  item.service = pending_.Keep(record.service);
  item.instance = pending_.Keep(record.instance);
  if (spec.by_template)
    item.message = pending_.Keep(
        Shown(record.message.empty() ? line->text : record.message, options_.max_message_bytes));
  if (WantsText(index, pending_.View(item.component), pending_.View(item.target), record.time)) {
    if (!line->is_kept) KeepText(line);
    item.line = line->kept;
    // Cut, cleaned or repaired, the line would say something else later.
    if (!options_.late_captures || !line->is_whole) capture();
    item.first_capture = static_cast<uint32_t>(pending_.captures.size());
    item.captures = static_cast<uint32_t>(captures_.size());
    for (const auto& [name, text] : captures_) {
      const PendingRecord::Text kept_name = pending_.Keep(name);
      pending_.captures.emplace_back(kept_name, pending_.Keep(ShownCapture(text, line)));
    }
    if (line->text.size() > options_.max_line_bytes) counters_->Count(Reason::kEvidenceTruncated);
  }
  pending_.items.push_back(item);
}

absl::Status SignalMaker::OnBlock(std::string_view block, uint64_t block_offset,
                                  const std::vector<Hit>& hits,
                                  const std::vector<uint32_t>& samples, MatchScratch* scratch) {
  Record record;
  size_t hit = 0;
  size_t sample = 0;
  while (hit < hits.size() || sample < samples.size()) {
    const bool is_hit =
        hit < hits.size() && (sample == samples.size() || hits[hit].line_begin <= samples[sample]);
    const uint32_t begin = is_hit ? hits[hit].line_begin : samples[sample];
    const size_t end =
        is_hit ? hits[hit].line_end : std::min(block.find('\n', begin), block.size());
    Line line{.text = block.substr(begin, end - begin), .offset = block_offset + begin};
    parser_->Parse(block, block_offset, line.text, &record);
    Note(record);
    if (record.head_offset != pending_.head) {
      CULPRIT_RETURN_IF_ERROR(FlushRecord());
      pending_.head = record.head_offset;
    }
    if (sample < samples.size() && samples[sample] == begin) {
      ++sample;
      CULPRIT_RETURN_IF_ERROR(OnSample(record));
    }
    if (!is_hit) continue;
    size_t last = hit;
    while (last < hits.size() && hits[last].line_begin == begin) ++last;
    const auto by_template = [&](const Hit& h) {
      return rules_.knowledge_.signatures[h.signature].by_template;
    };
    if (std::any_of(hits.begin() + static_cast<ptrdiff_t>(hit),
                    hits.begin() + static_cast<ptrdiff_t>(last), by_template))
      parser_->ReadText(&record);
    CULPRIT_RETURN_IF_ERROR(
        OnLineHits(record, hits.data() + hit, hits.data() + last, &line, scratch));
    hit = last;
  }
  return absl::OkStatus();
}

absl::Status SignalMaker::OnLineHits(const Record& record, const Hit* first, const Hit* last,
                                     Line* line, MatchScratch* scratch) {
  const bool inside = record.time >= options_.since && record.time < options_.until;
  for (const Hit* hit = first; hit != last; ++hit) {
    if (!inside) {
      counters_->Count(Reason::kOutsideRange);
      continue;
    }
    const SignatureIndex index = hit->signature;
    if (!WhereHolds(rules_.knowledge_.signatures[index], record, services_[service_].component)) {
      counters_->Count(Reason::kWhereFailed);
      continue;
    }
    if (pending_.Has(index)) {
      counters_->Count(Reason::kDuplicateInRecord);
      continue;
    }
    MakeSignal(index, record, line, scratch);
  }
  return absl::OkStatus();
}

absl::Status SignalMaker::Write(const PendingRecord::Item& item) {
  capture_views_.clear();
  for (uint32_t i = 0; i < item.captures; ++i) {
    const auto& [name, text] = pending_.captures[item.first_capture + i];
    capture_views_.emplace_back(pending_.View(name), pending_.View(text));
  }
  SignalView view;
  view.signature = item.signature;
  view.offset = item.offset;
  view.length = item.length;
  view.time = item.time;
  view.time_origin = item.time_origin;
  view.level = item.level;
  view.component = pending_.View(item.component);
  view.target = pending_.View(item.target);
  view.service = pending_.View(item.service);
  view.instance = pending_.View(item.instance);
  view.line = pending_.View(item.line);
  view.message = pending_.View(item.message);
  view.captures = capture_views_;
  return writer_->Append(view);
}

absl::Status SignalMaker::FlushRecord() {
  CULPRIT_RETURN_IF_ERROR(Flush());
  pending_.Clear();
  return absl::OkStatus();
}

absl::Status SignalMaker::Flush() {
  if (pending_.items.size() == pending_.written) return absl::OkStatus();
  const auto weak = [&](const PendingRecord::Item& item) {
    return rules_.knowledge_.signatures[item.signature].weak;
  };
  const bool strong = !std::all_of(pending_.items.begin(), pending_.items.end(), weak);
  const auto done = pending_.items.begin() + static_cast<ptrdiff_t>(pending_.written);
  bool weak_taken = std::any_of(pending_.items.begin(), done, weak);
  for (auto it = done; it != pending_.items.end(); ++it) {
    const PendingRecord::Item& item = *it;
    ++pending_.written;
    if (weak(item) && (strong || std::exchange(weak_taken, true))) {
      counters_->Count(Reason::kWeakSuppressed);
      continue;
    }
    ++tally_.signals;
    CULPRIT_RETURN_IF_ERROR(Write(item));
  }
  return absl::OkStatus();
}

absl::Status SignalMaker::OnMessage(std::string_view block, const Record& record, uint64_t position,
                                    const Hit* first, const Hit* last, bool sampled,
                                    MatchScratch* scratch) {
  Note(record);
  CULPRIT_RETURN_IF_ERROR(FlushRecord());
  pending_.head = position;
  if (sampled) CULPRIT_RETURN_IF_ERROR(OnSample(record));
  while (first != last) {
    const Hit* next = first;
    while (next != last && next->line_begin == first->line_begin) ++next;
    Line line{.text = block.substr(first->line_begin, first->line_end - first->line_begin),
              .offset = position};
    CULPRIT_RETURN_IF_ERROR(OnLineHits(record, first, next, &line, scratch));
    first = next;
  }
  return FlushRecord();
}

SignalMakerState SignalMaker::Save() const {
  SignalMakerState state{.pending = pending_, .texts = {}};
  for (uint32_t i = 0; i < texts_.size(); ++i)
    state.texts.emplace_back(std::string(text_keys_.Text(i)), texts_[i]);
  std::sort(state.texts.begin(), state.texts.end(), [](const auto& a, const auto& b) {
    return a.second.second != b.second.second ? a.second.second > b.second.second
                                              : a.first < b.first;
  });
  if (state.texts.size() > kMaxSavedTexts) state.texts.resize(kMaxSavedTexts);
  return state;
}

void SignalMaker::Restore(SignalMakerState state) {
  pending_ = std::move(state.pending);
  text_keys_.Clear();
  texts_.clear();
  for (const auto& [key, budget] : state.texts) {
    bool added = false;
    text_keys_.FindOrAdd(key, &added);
    if (added) texts_.push_back(budget);
  }
}

absl::Status SignalMaker::OnSample(const Record& record) {
  const bool timed = record.time_origin == TimeOrigin::kParsed ||
                     (options_.mark_assumed && record.time_origin == TimeOrigin::kAssumed);
  if (!timed || record.time < options_.since || record.time >= options_.until)
    return absl::OkStatus();
  return writer_->Append(MarkView{record.time, services_[service_].component});
}

absl::Status SignalMaker::End() {
  CULPRIT_RETURN_IF_ERROR(FlushRecord());
  pending_.head = UINT64_MAX;
  uint64_t best = 0;
  for (uint32_t i = 0; i < services_.size(); ++i) {
    const uint64_t records = services_[i].records;
    const std::string_view name = service_names_.Text(i);
    if (records < best || (records == best && name > tally_.service)) continue;
    best = records;
    tally_.service = name;
  }
  return absl::OkStatus();
}

}  // namespace culprit
