// Who is told of what, and when: routes, teams, silences, mute times, maintenance windows. Plain
// structs which the configuration file fills in; all names are resolved by their reader.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/knowledge.h"
#include "engine/core/sink.h"
#include "engine/core/symptom.h"
#include "engine/core/time.h"

namespace culprit {

// `label op value`, as in Alertmanager: = != =~ !~. A label may have several values (`affected`):
// = and =~ want one that fits, != and !~ want none that does. Regular expressions are anchored.
struct LabelMatcher {
  enum class Op : uint8_t { kEqual, kNotEqual, kMatches, kMatchesNot };
  std::string label;
  Op op = Op::kEqual;
  std::string value;
};

// `component="etcd"`, `severity=critical`, `affected=~"shop-.*"`. InvalidArgument: what is wrong.
absl::StatusOr<LabelMatcher> ParseMatcher(std::string_view text);

// A stretch of the week that comes again: from `begin` up to `end` on each of `days`; an end not
// behind the begin is on the next day.
struct MuteTime {
  std::string name;
  std::string zone = "UTC";   // IANA name
  uint8_t days = 0x7f;        // bit 0: Monday
  int begin_minutes = 0;      // since local midnight
  int end_minutes = 24 * 60;  // not included
};

struct EscalationStep {
  DurationUs after = 10 * kMinuteUs;  // unacknowledged for so long since it was first told
  std::string contact;                // of the team, addressed as well from then on; or empty
  std::vector<std::string> sinks;     // told as well from then on
};

struct Team {
  std::string name;
  std::vector<std::string> components;     // it owns incidents whose root is one of these; "*": any
  std::vector<Contact> contacts;           // the first is on duty, others come in by escalation
  std::vector<EscalationStep> escalation;  // ascending by `after`
};

// Empty lists: any. All of them must fit.
struct RouteMatch {
  std::vector<Severity> severities;
  std::vector<std::string> components;  // of the root
  std::vector<std::string> teams;       // that own it
  std::vector<std::string> packs;       // of the failure mode
  std::vector<LabelMatcher> labels;
};

struct Route {
  RouteMatch match;
  std::vector<std::string> sinks;
  std::string team;                             // addressed instead of the owner
  bool go_on = false;                           // `continue`: later routes are looked at as well
  DurationUs group_wait = 30 * kSecondUs;       // before the first message
  DurationUs group_interval = 5 * kMinuteUs;    // between updates
  DurationUs repeat_interval = 4 * kHourUs;     // while nobody has it; 0: never
  DurationUs digest_interval = 30 * kMinuteUs;  // between digests of a flapping incident
  std::vector<std::string> mute_times;          // names
  FileLine where;
};

struct SilenceSpec {
  std::string id;
  std::vector<LabelMatcher> matchers;  // all must fit; at least one
  TimeUs start = kNoTime;              // included
  TimeUs end = kNoTime;                // not included
  std::string author;
  std::string comment;
};

// Mutes every incident whose root is one of the components: what they explain.
struct MaintenanceWindow {
  std::string name;
  std::vector<std::string> components;
  TimeUs start = kNoTime;  // either a stretch of time
  TimeUs end = kNoTime;    // not included
  std::string during;      // or the name of a mute time that comes again
};

struct DeliverConfig {
  std::vector<Route> routes;  // the first that fits, and on while it says `continue`
  std::vector<Team> teams;    // the first that owns the root
  std::vector<MuteTime> mute_times;
  std::vector<SilenceSpec> silences;
  std::vector<MaintenanceWindow> maintenance;
  std::vector<std::pair<std::string, std::string>> labels;  // of every incident
  std::string url;  // of this culprit as people reach it; an incident is at <url>/incidents/<id>
};

}  // namespace culprit
