// The one JSON of a notification, and an example of one.
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

Json Time(TimeUs time) { return time == kNoTime ? Json(nullptr) : Json(FormatTime(time)); }

// The incident as in reports, whose evidence names its streams.
std::string IncidentJson(const Notification& n) {
  Incident incident = n.incident;
  Report report;
  for (size_t i = 0; i < incident.evidence.size(); ++i) {
    incident.evidence[i].position.partition = static_cast<PartitionId>(i);
    ReportStream stream;
    if (i < n.evidence_streams.size()) stream.name = n.evidence_streams[i];
    report.streams.push_back(std::move(stream));
  }
  return RenderIncidentJson(incident, report);
}

}  // namespace

std::string NotificationJson(const Notification& n) {
  Json out;
  out["schema"] = "culprit/notification/1";
  out["id"] = n.id;
  out["dedup_key"] = n.dedup_key;
  out["event"] = NotifyEventName(n.event);
  out["time"] = Time(n.time);
  out["drill"] = n.drill;
  out["text"] = n.text;
  out["url"] = n.url;
  out["team"] = n.team;
  out["owner"] = n.owner;
  out["contacts"] = Json::array();
  for (const Contact& c : n.contacts)
    out["contacts"].push_back({{"name", c.name}, {"address", c.address}});
  out["labels"] = Json::object();
  for (const auto& [name, value] : n.labels) out["labels"][name] = value;
  out["notes"] = Json::array();
  for (const IncidentNote& note : n.notes)
    out["notes"].push_back(
        {{"time", Time(note.time)}, {"author", note.author}, {"text", note.text}});
  std::string text = out.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();  // the brace; the incident goes in as it is rendered everywhere
  return text + ",\"incident\":" + IncidentJson(n) + "}";
}

std::string FillJsonTemplate(const std::string& text, const Notification& n) {
  MessageOptions options;
  options.escape = EscapeJson;
  TemplateData data = MessageData(n, options);
  data.Set("json", NotificationJson(n));
  return FillTemplate(text, data);
}

absl::Status CheckMessageTemplate(const std::string& text, TemplateKind kind) {
  const Notification sample = SampleNotification();
  TemplateData known = MessageData(sample, {});
  known.Set("mention", "");
  if (kind == TemplateKind::kJson) known.Set("json", "");
  if (absl::Status status = CheckTemplate(text, known); !status.ok()) return status;
  if (kind == TemplateKind::kText) return absl::OkStatus();
  try {
    const Json parsed = Json::parse(FillJsonTemplate(text, sample));
  } catch (const Json::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("no JSON once it is filled in: ", error.what()));
  }
  return absl::OkStatus();
}

Notification SampleNotification() {
  constexpr TimeUs kOnset = 1'773'479'040'000'000;  // 2026-03-14T09:04:00Z
  Notification n;
  n.id = "INC-20260314T090400Z-75bf3a5c/opened/1";
  n.dedup_key = "culprit/INC-20260314T090400Z-75bf3a5c";
  n.time = kOnset + 13 * kSecondUs;
  n.team = "platform";
  n.contacts = {{"Platform on-call", "U024BE7LH"}};
  n.labels = {{"environment", "production"}};
  n.url = "http://127.0.0.1:9797/incidents/INC-20260314T090400Z-75bf3a5c";
  n.text = "first seen";
  n.owner = "ana";
  n.notes = {{n.time, "ana", "looking"}};
  Incident& i = n.incident;
  i.id = "INC-20260314T090400Z-75bf3a5c";
  i.state = IncidentState::kOpen;
  i.severity = Severity::kCritical;
  i.title = "etcd is down or unreachable: took down api, core";
  i.root.component = "etcd";
  i.root.from = "core";
  i.root.failure_mode = "placeos/etcd-down";
  i.root.title = "etcd is down or unreachable";
  i.root.probability = 0.97;
  i.root.share = 0.97;
  i.confidence = Confidence::kConfirmed;
  i.ties = {"etcd", "core"};
  i.alternatives.resize(1);
  i.alternatives[0].hypothesis.component = "core";
  i.alternatives[0].hypothesis.title = "core is down";
  i.alternatives[0].hypothesis.share = 0.03;
  i.alternatives[0].reason = "It would not explain 'An etcd member was told to stop' at etcd.";
  i.affected = {"api", "core"};
  i.impact = "API requests that execute something fail; triggers fail.";
  i.onset = kOnset;
  i.opened_at = i.paged_at = i.updated_at = n.time;
  i.resolved_at = kNoTime;
  const auto symptom = [&](const char* component, const char* title, uint64_t count) {
    Symptom s;
    s.signature = "etcd/client-unreachable";
    s.title = title;
    s.component = component;
    s.onset = kOnset;
    s.last = n.time;
    s.count = count;
    i.symptoms.push_back(std::move(s));
  };
  symptom("etcd", "An etcd member was told to stop", 2);
  symptom("api", "An etcd client library cannot reach any member", 146);
  const auto line = [&](const char* stream, const char* service, uint64_t offset,
                        const char* text) {
    Evidence e;
    e.position.offset = offset;
    e.position.length = static_cast<uint32_t>(std::string_view(text).size());
    e.time = kOnset;
    e.service = service;
    e.line = text;
    i.evidence.push_back(std::move(e));
    n.evidence_streams.emplace_back(stream);
  };
  line("/var/log/etcd/etcd.log", "etcd", 2263,
       R"({"level":"info","msg":"received signal; shutting down","signal":"terminated"})");
  line("/var/log/api/api.log", "api", 149285,
       "Error connecting to 'etcd:2379': Connection refused (Socket::ConnectError)");
  i.runbook.immediate = {
      {"Check the health of its endpoints.", "etcdctl endpoint health --endpoints etcd:2379"}};
  i.runbook.links = {{"etcd outage", "https://wiki.example.org/etcd"}};
  return n;
}

}  // namespace culprit
