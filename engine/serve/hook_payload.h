// What PagerDuty and Slack send when a person did something there. Pure functions on what strangers
// wrote: bounded, never trusted further than its signature.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace culprit {

// PagerDuty's V3 webhooks.
struct PagerDutyEvent {
  enum class Kind : uint8_t { kOther, kAcknowledged, kResolved, kAnnotated };
  Kind kind = Kind::kOther;
  std::string type;  // "incident.acknowledged"
  std::string id;    // of the event: equal when it is sent again
  // By a person. Otherwise by a service, by our own events too: their echo is not to come back.
  bool by_person = false;
  std::string person;
  std::string incident_id;   // PagerDuty's
  std::string incident_key;  // our dedup key; kAnnotated: not there
  std::string text;          // kAnnotated: the note
};
// InvalidArgument: no event.
absl::StatusOr<PagerDutyEvent> ReadPagerDutyEvent(std::string_view body);

// A click on a button of a message in Slack.
struct SlackClick {
  enum class Button : uint8_t { kOther, kAcknowledge, kResolve, kSilence, kEvidence };
  Button button = Button::kOther;
  std::string id;  // of the click
  std::string incident;
  std::string person;
  std::string response_url;  // takes what is to be said to the person alone
};
// Of the form's field `payload`. InvalidArgument: none there, or no click.
absl::StatusOr<SlackClick> ReadSlackClick(std::string_view body);

// "culprit/<incident>" -> "<incident>"; empty: another program's.
std::string IncidentOfDedupKey(std::string_view key);

}  // namespace culprit
