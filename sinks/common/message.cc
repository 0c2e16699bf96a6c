#include "sinks/common/message.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "engine/base/views.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr size_t kShownNames = 6;    // of a list in a sentence
constexpr size_t kShownItems = 5;    // of a list of items
constexpr size_t kNameUnits = 120;   // of a component, a title, a place
constexpr size_t kTitleUnits = 300;  // of an incident

// Values as one medium wants them.
class Writer {
 public:
  explicit Writer(const MessageOptions& options) : options_(options) {}
  std::string Line(std::string_view text, size_t units) const {
    return Escape(CutUnits(OneLine(text), units));
  }
  std::string Prose(std::string_view text) const {
    return Escape(CutUnits(text, options_.prose_units));
  }
  // Only what a browser opens without running anything, and nothing that ends a link.
  std::string Url(const std::string& url) const {
    if (!url.starts_with("https://") && !url.starts_with("http://")) return "";
    return Line(
        absl::StrReplaceAll(
            url,
            {{" ", "%20"}, {"|", "%7C"}, {"<", "%3C"}, {">", "%3E"}, {"\"", "%22"}, {"'", "%27"}}),
        2000);
  }
  std::string Time(TimeUs time) const {
    if (time == kNoTime) return "";
    return options_.format_time == nullptr ? FormatMoment(time) : options_.format_time(time);
  }
  std::string Names(const std::vector<std::string>& names) const {
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min(names.size(), kShownNames); ++i)
      shown.push_back(Line(names[i], kNameUnits));
    std::string out = absl::StrJoin(shown, ", ");
    if (names.size() > kShownNames)
      absl::StrAppend(&out, " and ", names.size() - kShownNames, " more");
    return out;
  }

 private:
  std::string Escape(std::string text) const {
    if (options_.prepare != nullptr) text = options_.prepare(std::move(text));
    return Escaped(text, options_.escape);
  }
  const MessageOptions& options_;
};

std::string StatusOf(const Notification& n) {
  const Incident& i = n.incident;
  if (i.state == IncidentState::kMerged || n.event == NotifyEvent::kMerged)
    return i.merged_into.empty() ? "merged" : "merged into " + i.merged_into;
  if (i.state == IncidentState::kResolved || n.event == NotifyEvent::kResolved) {
    if (i.resolved_at == kNoTime || i.onset == kNoTime) return "resolved";
    return "resolved after " + FormatSpan(i.resolved_at - i.onset);
  }
  if (i.flapping) return "flapping";
  if (!n.owner.empty()) return "acknowledged by " + n.owner;
  return "open";
}

std::string EventText(const Notification& n) {
  const auto by = [&](const char* what) {
    return n.owner.empty() ? std::string(what) : absl::StrCat(what, " by ", n.owner);
  };
  switch (n.event) {
    case NotifyEvent::kAcknowledged:
      return by("acknowledged");
    case NotifyEvent::kNote:
      return n.notes.empty() ? "note" : "note by " + n.notes.back().author;
    case NotifyEvent::kRepeat:
      return "still open, nobody has taken it";
    case NotifyEvent::kEscalated:
      return "escalated: nobody has taken it in time";
    case NotifyEvent::kResolved:
    case NotifyEvent::kMerged:
      return StatusOf(n);
    case NotifyEvent::kSplit:
      return n.incident.split_from.empty() ? "split" : "split from " + n.incident.split_from;
    case NotifyEvent::kFlapping:
      return absl::StrCat("flapping: came back ", n.incident.flaps, " times");
    default:
      return std::string(NotifyEventName(n.event));
  }
}

// The root's first two lines, then the first one of somebody else.
std::vector<size_t> ProofOf(const Incident& incident, size_t most) {
  std::vector<size_t> chosen;
  std::set<std::string> services;
  const size_t own = most > 2 ? most - 1 : most;
  for (size_t i = 0; i < incident.evidence.size() && chosen.size() < most; ++i) {
    const Evidence& e = incident.evidence[i];
    if (e.line.empty() || (chosen.size() >= own && services.count(e.service) > 0)) continue;
    chosen.push_back(i);
    services.insert(e.service);
  }
  return chosen;
}

std::string FileName(std::string_view stream) {
  const size_t slash = stream.rfind('/');
  return std::string(slash == std::string_view::npos ? stream : stream.substr(slash + 1));
}

void AddProof(const Notification& n, const MessageOptions& options, const Writer& write,
              TemplateData* data) {
  std::vector<TemplateData> proof;
  for (const size_t index : ProofOf(n.incident, options.proof_lines)) {
    const Evidence& e = n.incident.evidence[index];
    const std::string stream =
        index < n.evidence_streams.size() ? n.evidence_streams[index] : std::string(e.service);
    TemplateData item;
    item.Set("clock", FormatClock(e.time));
    item.Set("service", write.Line(e.service, kNameUnits));
    item.Set("place", write.Line(absl::StrCat(FileName(stream), ":", e.position.offset), 120));
    item.Set("path", write.Line(absl::StrCat(stream, ":", e.position.offset), 400));
    item.Set("line", write.Line(e.line, options.proof_units));
    item.Set("said", write.Line(SaidBy(e.line), options.proof_units));
    proof.push_back(std::move(item));
  }
  data->lists.emplace_back("proof", std::move(proof));
}

void AddExplained(const Incident& incident, const Writer& write, TemplateData* data) {
  uint64_t lines = 0;
  std::vector<std::string> components;
  std::vector<TemplateData> items;
  for (const Symptom& s : incident.symptoms) {
    lines += s.count;
    if (std::find(components.begin(), components.end(), s.component) == components.end())
      components.push_back(s.component);
    if (s.component == incident.root.component || items.size() >= kShownItems) continue;
    TemplateData item;
    item.Set("component", write.Line(s.component, kNameUnits));
    item.Set("title", write.Line(s.title, kNameUnits));
    item.Set("count", absl::StrCat(s.count));
    items.push_back(std::move(item));
  }
  data->lists.emplace_back("explains", std::move(items));
  data->Set("explained",
            incident.symptoms.empty()
                ? ""
                : absl::StrCat(Counted(incident.symptoms.size(), "burst"), ", ",
                               Counted(lines, "line"), " in ", write.Names(components)));
}

void AddRunbook(const Runbook& runbook, const Writer& write, TemplateData* data) {
  std::vector<TemplateData> steps;
  for (const auto* part : {&runbook.immediate, &runbook.diagnose, &runbook.resolve})
    for (const RunbookStep& step : *part) {
      if (steps.size() >= kShownItems) break;
      TemplateData item;
      item.Set("say", write.Prose(step.say));
      item.Set("run", write.Prose(step.run));
      steps.push_back(std::move(item));
    }
  data->Set("first_step", steps.empty() ? "" : steps[0].values[0].second);
  data->Set("first_command", steps.empty() ? "" : steps[0].values[1].second);
  data->lists.emplace_back("steps", std::move(steps));
  std::vector<TemplateData> links;
  for (const RunbookLink& link : runbook.links) {
    if (links.size() >= kShownItems) break;
    TemplateData item;
    item.Set("title", write.Line(link.title, kNameUnits));
    item.Set("url", write.Url(link.url));
    links.push_back(std::move(item));
  }
  data->lists.emplace_back("links", std::move(links));
}

void AddDoubt(const Incident& incident, const Writer& write, TemplateData* data) {
  data->SetIf("inconclusive", incident.confidence == Confidence::kInconclusive);
  std::vector<TemplateData> items;
  for (const Alternative& a : incident.alternatives) {
    if (items.size() >= 3) break;
    TemplateData item;
    item.Set("name", write.Line(AlternativeName(a, incident), kNameUnits));
    item.Set("reason", write.Prose(a.reason));
    items.push_back(std::move(item));
  }
  data->lists.emplace_back("alternatives", std::move(items));
  data->Set("candidates", write.Names(incident.ties));
}

void AddPeople(const Notification& n, const Writer& write, TemplateData* data) {
  data->Set("team", write.Line(n.team, kNameUnits));
  data->Set("owner", write.Line(n.owner, kNameUnits));
  std::vector<std::string> names;
  std::vector<TemplateData> contacts;
  for (const Contact& c : n.contacts) {
    names.push_back(c.name);
    TemplateData item;
    item.Set("name", write.Line(c.name, kNameUnits));
    item.Set("address", write.Line(c.address, kNameUnits));
    contacts.push_back(std::move(item));
  }
  data->Set("on_call", write.Names(names));
  data->lists.emplace_back("contacts", std::move(contacts));
  std::vector<TemplateData> notes;
  const size_t first = n.notes.size() > kShownItems ? n.notes.size() - kShownItems : 0;
  for (size_t i = first; i < n.notes.size(); ++i) {
    TemplateData item;
    item.Set("clock", FormatClock(n.notes[i].time));
    item.Set("author", write.Line(n.notes[i].author, kNameUnits));
    item.Set("text", write.Prose(n.notes[i].text));
    notes.push_back(std::move(item));
  }
  data->lists.emplace_back("notes", std::move(notes));
  std::vector<TemplateData> labels;
  for (const auto& [name, value] : n.labels) {
    TemplateData item;
    item.Set("name", write.Line(name, kNameUnits));
    item.Set("value", write.Line(value, kNameUnits));
    labels.push_back(std::move(item));
  }
  data->lists.emplace_back("labels", std::move(labels));
}

}  // namespace

std::string FormatMoment(TimeUs time) {
  if (time == kNoTime) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

std::string SaidBy(const std::string& line) {
  constexpr const char* kNames[] = {"msg", "message", "error", "err"};
  const size_t start = line.find_first_not_of(' ');
  if (start != std::string::npos && line[start] == '{') {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object())
      for (const char* name : kNames)
        if (const auto found = json.find(name); found != json.end() && found->is_string() &&
                                                !found->get_ref<const std::string&>().empty())
          return found->get<std::string>();
    return line;
  }
  for (const char* name : kNames) {
    const std::string key = absl::StrCat(" ", name, "=\"");
    const size_t at = line.find(key);
    if (at == std::string::npos) continue;
    const size_t from = at + key.size();
    size_t end = from;
    while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
    if (end > from && end < line.size()) return line.substr(from, end - from);
  }
  return line;
}

std::string MarkOf(const Notification& n) {
  if (IsOver(n)) return "\u2705";
  if (!n.owner.empty()) return "\U0001F440";
  constexpr const char* kMarks[] = {"\U0001F535", "\U0001F7E1", "\U0001F7E0", "\U0001F534"};
  return kMarks[static_cast<size_t>(n.incident.severity)];
}

bool IsOver(const Notification& n) {
  return n.event == NotifyEvent::kResolved || n.event == NotifyEvent::kMerged ||
         n.incident.state == IncidentState::kResolved || n.incident.state == IncidentState::kMerged;
}

TemplateData MessageData(const Notification& n, const MessageOptions& options) {
  const Writer write(options);
  const Incident& i = n.incident;
  TemplateData data;
  data.Set("id", write.Line(i.id, kNameUnits));
  data.Set("notification_id", write.Line(n.id, kTitleUnits));
  data.Set("dedup_key", write.Line(n.dedup_key, kTitleUnits));
  data.Set("event", std::string(NotifyEventName(n.event)));
  data.Set("event_text", write.Line(EventText(n), kTitleUnits));
  data.Set("status", write.Line(StatusOf(n), kTitleUnits));
  data.SetIf("over", IsOver(n));
  data.SetIf("drill", n.drill);
  data.Set("mark", MarkOf(n));
  data.Set("severity", std::string(SeverityName(i.severity)));
  data.Set("title", write.Line(absl::StrCat(n.drill ? "[DRILL] " : "", i.title), kTitleUnits));
  data.Set("component", write.Line(i.root.component, kNameUnits));
  data.Set("from", write.Line(i.root.from, kNameUnits));
  data.Set("cause", write.Line(i.root.title, kTitleUnits));
  data.Set("failure_mode", write.Line(i.root.failure_mode, kNameUnits));
  data.Set("confidence", std::string(ConfidenceName(i.confidence)));
  data.Set("share", Percent(i.root.share));
  data.Set("since", write.Time(i.onset));
  data.Set("until", write.Time(i.resolved_at));
  const TimeUs until = i.resolved_at == kNoTime ? n.time : i.resolved_at;
  data.Set("lasted", i.onset == kNoTime || until == kNoTime || until < i.onset
                         ? ""
                         : FormatSpan(until - i.onset));
  data.Set("now", write.Time(n.time));
  data.Set("impact", write.Prose(i.impact));
  data.Set("affected", write.Names(i.affected));
  data.Set("text", write.Prose(n.text));
  data.Set("url", write.Url(n.url));
  AddProof(n, options, write, &data);
  AddExplained(i, write, &data);
  AddRunbook(i.runbook, write, &data);
  AddDoubt(i, write, &data);
  AddPeople(n, write, &data);
  return data;
}

}  // namespace culprit
