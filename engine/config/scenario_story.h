// The part of a scenario that is about people: who is told of what and when, what they do, and what
// is expected of it. Format: patterns/README.md.
#pragma once
#include <string>
#include <vector>

#include "engine/core/time.h"
#include "engine/deliver/deliver_config.h"
#include "engine/deliver/planner.h"

namespace culprit {

// A line that comes again and again; `{time}` in it is the moment.
struct ScenarioLine {
  std::string stream;
  DurationUs from = 0;  // since the start
  DurationUs every = kSecondUs;
  DurationUs lasts = 0;  // the first one comes in any case
  std::string line;
};

struct ScenarioAct {
  DurationUs at = 0;
  // `incident` and `into` are components: of the newest incident with that root. A silence's end is
  // since `at`.
  OperatorAction action;
  FileLine where;
};

// A notification, or an event of the journal, which come in this order.
struct ExpectedWord {
  std::string sink;  // notifications only
  std::string event;
  std::string incident;                // component of its root; empty: any
  std::string author;                  // journal only; empty: any
  DurationUs at = -1;                  // -1: any time
  DurationUs within = 10 * kSecondUs;  // of `at`
  std::vector<std::string> text;       // each is in the message, or in the journal's text
  FileLine where;
};

struct ScenarioStory {
  bool told = false;  // there is a `delivery`
  TimeUs start = kNoTime;
  DurationUs until = 0;  // since the start; 0: ten minutes behind the last line
  std::vector<ScenarioLine> lines;
  DeliverConfig delivery;
  std::vector<ScenarioAct> people;
  std::vector<ExpectedWord> notifications;  // all of them
  std::vector<ExpectedWord> journal;        // some of it
};

}  // namespace culprit
