// The way back from the JSON of a notification.
#include <nlohmann/json.hpp>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sinks/common/message.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : "";
}

TimeUs Time(const Json& json, const char* key) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, Text(json, key), &time, nullptr)) return kNoTime;
  return absl::ToUnixMicros(time);
}

template <typename Use>
void Each(const Json& json, const char* key, Use use) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_array()) return;
  for (const Json& item : *it)
    if (item.is_object()) use(item);
}

}  // namespace

absl::StatusOr<Notification> ReadNotificationJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("incident"))
    return absl::InvalidArgumentError("not the JSON of a notification");
  Notification n;
  n.id = Text(json, "id");
  n.dedup_key = Text(json, "dedup_key");
  const std::string event = Text(json, "event");
  bool known = false;
  for (int i = 0; i <= static_cast<int>(NotifyEvent::kEscalated); ++i) {
    if (event != NotifyEventName(static_cast<NotifyEvent>(i))) continue;
    n.event = static_cast<NotifyEvent>(i);
    known = true;
  }
  if (!known)
    return absl::InvalidArgumentError(absl::StrCat("'", event, "' is no event of a notification"));
  n.time = Time(json, "time");
  if (const auto it = json.find("drill"); it != json.end() && it->is_boolean())
    n.drill = it->get<bool>();
  n.text = Text(json, "text");
  n.url = Text(json, "url");
  n.team = Text(json, "team");
  n.owner = Text(json, "owner");
  Each(json, "contacts", [&](const Json& c) {
    n.contacts.push_back({Text(c, "name"), Text(c, "address")});
  });
  if (const auto it = json.find("labels"); it != json.end() && it->is_object())
    for (const auto& [name, value] : it->items())
      if (value.is_string()) n.labels.emplace_back(name, value.get<std::string>());
  Each(json, "notes", [&](const Json& note) {
    n.notes.push_back({Time(note, "time"), Text(note, "author"), Text(note, "text")});
  });
  Report report;
  if (absl::Status status = ReadIncidentJson(json["incident"].dump(), &report); !status.ok())
    return status;
  n.incident = std::move(report.incidents.front());
  for (const Evidence& e : n.incident.evidence)
    n.evidence_streams.push_back(e.position.partition < report.streams.size()
                                     ? report.streams[e.position.partition].name
                                     : "");
  return n;
}

}  // namespace culprit
