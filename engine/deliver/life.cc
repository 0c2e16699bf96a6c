#include "engine/deliver/life.h"

namespace culprit {
namespace {

using S = LifeState;
using T = Telling;

constexpr Transition kNo{};  // ignored

// By event (rows) and state: none, open, acknowledged, flapping, muted, resolved, merged.
constexpr Transition kTable[kLifeEvents][kLifeStates] = {
    // opened
    {{S::kOpen, T::kWait, true}, kNo, kNo, kNo, kNo, kNo, kNo},
    // updated
    {kNo,
     {S::kOpen, T::kBounded},
     {S::kAcknowledged, T::kBounded},
     {S::kFlapping, T::kDigest},
     {S::kMuted, T::kBounded},
     kNo,
     kNo},
    // acknowledged
    {kNo,
     {S::kAcknowledged, T::kAtOnce},
     {S::kAcknowledged, T::kAtOnce},
     {S::kAcknowledged, T::kAtOnce},
     {S::kMuted, T::kNothing},
     kNo,
     kNo},
    // note
    {kNo,
     {S::kOpen, T::kAtOnce},
     {S::kAcknowledged, T::kAtOnce},
     {S::kFlapping, T::kAtOnce},
     {S::kMuted, T::kNothing},
     {S::kResolved, T::kNothing},
     {S::kMerged, T::kNothing}},
    // resolved
    {kNo,
     {S::kResolved, T::kClose},
     {S::kResolved, T::kClose},
     {S::kResolved, T::kClose},
     {S::kResolved, T::kClose},
     kNo,
     kNo},
    // reopened
    {kNo, kNo, kNo, kNo, kNo, {S::kOpen, T::kAtOnce, true}, {S::kOpen, T::kAtOnce, true}},
    // merged
    {kNo,
     {S::kMerged, T::kClose},
     {S::kMerged, T::kClose},
     {S::kMerged, T::kClose},
     {S::kMerged, T::kClose},
     kNo,
     kNo},
    // split
    {kNo,
     {S::kOpen, T::kAtOnce},
     {S::kAcknowledged, T::kAtOnce},
     {S::kFlapping, T::kAtOnce},
     {S::kMuted, T::kNothing},
     {S::kResolved, T::kNothing},
     {S::kMerged, T::kNothing}},
    // flapping
    {kNo,
     {S::kFlapping, T::kAtOnce},
     {S::kAcknowledged, T::kNothing},
     {S::kFlapping, T::kDigest},
     {S::kMuted, T::kNothing},
     kNo,
     kNo},
    // calmed
    {kNo,
     kNo,
     {S::kAcknowledged, T::kNothing},
     {S::kOpen, T::kBounded},
     {S::kMuted, T::kNothing},
     kNo,
     kNo},
    // muted
    {kNo,
     {S::kMuted, T::kNothing},
     {S::kMuted, T::kNothing},
     {S::kMuted, T::kNothing},
     kNo,
     kNo,
     kNo},
    // unmuted
    {kNo, kNo, kNo, kNo, {S::kOpen, T::kCatchUp, true}, kNo, kNo},
};

}  // namespace

Transition Follow(LifeState state, LifeEvent event) {
  Transition t = kTable[static_cast<size_t>(event)][static_cast<size_t>(state)];
  if (t.telling == Telling::kIgnored) t.next = state;
  return t;
}

Transition Life::Apply(LifeEvent event) {
  Transition t = Follow(state, event);
  if (t.telling == Telling::kIgnored) return t;
  switch (event) {
    case LifeEvent::kOpened:
    case LifeEvent::kReopened:
      acknowledged = flapping = false;
      break;
    case LifeEvent::kAcknowledged:
      acknowledged = true;
      break;
    case LifeEvent::kFlapping:
      flapping = true;
      break;
    case LifeEvent::kCalmed:
      flapping = false;
      break;
    case LifeEvent::kUnmuted:
      if (acknowledged)
        t.next = LifeState::kAcknowledged;
      else if (flapping)
        t.next = LifeState::kFlapping;
      break;
    default:
      break;
  }
  state = t.next;
  return t;
}

}  // namespace culprit
