// An incident's life as the pages show it: who has it, and what people may do. Pure functions.
#pragma once
#include <string>
#include <vector>

#include "engine/core/incident.h"
#include "engine/state/live_store.h"

namespace culprit {

// Out of an incident's journal, oldest first.
struct DeskLife {
  std::string state;  // as LifeStateName; empty: nothing is written down
  std::string owner;  // empty: nobody has it
  std::string text;   // of what led to the state: who muted it, ...
  std::string author;
  TimeUs since = kNoTime;  // in this state
};
DeskLife LifeOf(const std::vector<JournalRow>& journal);

// "ana has it", "muted".
std::string LifeHeadline(const DeskLife& life, const Incident& incident);

// What goes into the incident's page, besides what every report shows: style, data, script. `acts`:
// there are buttons; `user`: who asks, empty if that is not known.
std::string DeskHead();
std::string DeskTail(const Incident& incident, const std::vector<JournalRow>& journal, bool acts,
                     const std::string& user);

}  // namespace culprit
