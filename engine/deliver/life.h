// The life of an incident as people see it: which state follows from which event, and what that
// does to notifications. One table, also in README.md; the planner follows it and nothing else.
// Pure values.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace culprit {

enum class LifeState : uint8_t {
  kNone,          // not known yet
  kOpen,          // on, nobody has it
  kAcknowledged,  // on, somebody has it
  kFlapping,      // on, comes and goes: held open
  kMuted,         // on, but a silence or a maintenance window covers it
  kResolved,
  kMerged,  // part of another incident
  kLast = kMerged,
};
constexpr size_t kLifeStates = static_cast<size_t>(LifeState::kLast) + 1;
constexpr std::string_view LifeStateName(LifeState state) {
  constexpr std::string_view kNames[] = {"none",  "open",     "acknowledged", "flapping",
                                         "muted", "resolved", "merged"};
  return kNames[static_cast<size_t>(state)];
}

enum class LifeEvent : uint8_t {
  kOpened,
  kUpdated,
  kAcknowledged,
  kNote,
  kResolved,
  kReopened,
  kMerged,
  kSplit,     // another incident was taken out of this one
  kFlapping,  // it comes and goes, or did so again
  kCalmed,    // it no longer does
  kMuted,     // a silence or maintenance window began
  kUnmuted,   // ... ended
  kLast = kUnmuted,
};
constexpr size_t kLifeEvents = static_cast<size_t>(LifeEvent::kLast) + 1;
constexpr std::string_view LifeEventName(LifeEvent event) {
  constexpr std::string_view kNames[] = {"opened",   "updated",  "acknowledged", "note",
                                         "resolved", "reopened", "merged",       "split",
                                         "flapping", "calmed",   "muted",        "unmuted"};
  return kNames[static_cast<size_t>(event)];
}

// What an event does to notifications.
enum class Telling : uint8_t {
  kIgnored,  // cannot happen in this state: nothing changes
  kNothing,  // changes or is written down, nobody is told
  kWait,     // told when group_wait is over
  kBounded,  // told as soon as group_interval has passed since the last message
  kDigest,   // told in a digest, at most one per digest_interval
  kAtOnce,   // told now
  kClose,    // told now, also while muted, wherever the opening was told
  kCatchUp,  // what was held back while muted is told now, in one message
};
constexpr std::string_view TellingName(Telling telling) {
  constexpr std::string_view kNames[] = {"-",      "nothing", "group_wait", "group_interval",
                                         "digest", "at once", "close",      "catch up"};
  return kNames[static_cast<size_t>(telling)];
}

struct Transition {
  LifeState next = LifeState::kNone;
  Telling telling = Telling::kIgnored;
  bool restart = false;  // repeats and escalation begin anew
};

// The table. kUnmuted leads to kOpen here: Life knows whether somebody has it.
Transition Follow(LifeState state, LifeEvent event);

// While nobody has it, people are reminded; a flapping one has its digest instead.
constexpr bool Repeats(LifeState state) { return state == LifeState::kOpen; }
constexpr bool Escalates(LifeState state) {
  return state == LifeState::kOpen || state == LifeState::kFlapping;
}
constexpr bool IsOver(LifeState state) {
  return state == LifeState::kResolved || state == LifeState::kMerged;
}

// One incident's place in the table, with what a mute hides.
struct Life {
  LifeState state = LifeState::kNone;
  bool acknowledged = false;
  bool flapping = false;

  // The transition that was taken; its `next` is the state now.
  Transition Apply(LifeEvent event);
};

}  // namespace culprit
