#include "engine/serve/hook_payload.h"

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/serve/message.h"
#include "sinks/common/text.h"

namespace culprit {
namespace {

using Json = nlohmann::json;

constexpr size_t kIdBytes = 300;
constexpr size_t kNameBytes = 200;
constexpr size_t kTextBytes = 8000;
constexpr std::string_view kDedupPrefix = "culprit/";

const Json& At(const Json& json, const char* name) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto it = json.find(name);
  return it == json.end() ? kNone : *it;
}

// One line, bounded; empty if it is no text.
std::string Word(const Json& json, size_t max_bytes) {
  if (!json.is_string()) return "";
  return CutBytes(OneLine(json.get_ref<const std::string&>()), max_bytes);
}

// Without control characters, but with its lines.
std::string Prose(const Json& json) {
  if (!json.is_string()) return "";
  return CutBytes(Escaped(json.get_ref<const std::string&>(), EscapeNothing), kTextBytes);
}

}  // namespace

std::string IncidentOfDedupKey(std::string_view key) {
  return key.starts_with(kDedupPrefix) ? std::string(key.substr(kDedupPrefix.size())) : "";
}

absl::StatusOr<PagerDutyEvent> ReadPagerDutyEvent(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  const Json& event = At(json, "event");
  PagerDutyEvent out;
  out.type = Word(At(event, "event_type"), kNameBytes);
  out.id = Word(At(event, "id"), kIdBytes);
  if (out.type.empty())
    return absl::InvalidArgumentError("no event: expected {\"event\": {\"event_type\": ...}}");
  if (out.type == "incident.acknowledged") out.kind = PagerDutyEvent::Kind::kAcknowledged;
  if (out.type == "incident.resolved") out.kind = PagerDutyEvent::Kind::kResolved;
  if (out.type == "incident.annotated") out.kind = PagerDutyEvent::Kind::kAnnotated;
  const Json& agent = At(event, "agent");
  out.by_person = At(agent, "type") == "user_reference";
  out.person = Word(At(agent, "summary"), kNameBytes);
  if (out.person.empty()) out.person = "somebody in PagerDuty";
  const Json& data = At(event, "data");
  if (out.kind == PagerDutyEvent::Kind::kAnnotated) {
    out.incident_id = Word(At(At(data, "incident"), "id"), kIdBytes);
    out.text = Prose(At(data, "content"));
  } else {
    out.incident_id = Word(At(data, "id"), kIdBytes);
    out.incident_key = Word(At(data, "incident_key"), kIdBytes);
  }
  if (out.id.empty() && out.kind != PagerDutyEvent::Kind::kOther)
    return absl::InvalidArgumentError("the event has no id");
  return out;
}

absl::StatusOr<SlackClick> ReadSlackClick(std::string_view body) {
  std::map<std::string, std::string> form;
  if (!ParseForm(body, &form) || !form.contains("payload"))
    return absl::InvalidArgumentError("no click: expected a form with the field 'payload'");
  const Json json = Json::parse(form.at("payload"), nullptr, false);
  const Json& actions = At(json, "actions");
  if (At(json, "type") != "block_actions" || !actions.is_array() || actions.empty())
    return absl::InvalidArgumentError("no click: expected block_actions with an action");
  const Json& action = actions.front();
  const std::string button = Word(At(action, "action_id"), kNameBytes);
  SlackClick out;
  if (button == "culprit_ack") out.button = SlackClick::Button::kAcknowledge;
  if (button == "culprit_resolve") out.button = SlackClick::Button::kResolve;
  if (button == "culprit_silence_1h") out.button = SlackClick::Button::kSilence;
  if (button == "culprit_evidence") out.button = SlackClick::Button::kEvidence;
  out.incident = Word(At(action, "value"), kIdBytes);
  const Json& user = At(json, "user");
  for (const char* name : {"name", "username", "id"})
    if (out.person.empty()) out.person = Word(At(user, name), kNameBytes);
  if (out.person.empty()) out.person = "somebody in Slack";
  out.response_url = Word(At(json, "response_url"), 2000);
  // Two people may click at once; one person's click is known by its time.
  out.id = absl::StrCat("slack:", Word(At(user, "id"), kNameBytes), ":", button, ":",
                        Word(At(action, "action_ts"), kNameBytes));
  return out;
}

}  // namespace culprit
