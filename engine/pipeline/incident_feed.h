// Turns what the correlator knows into rows: the newest form of each incident, and one outbox row
// for each change that people are told about. A pure function of the sequence of looks at it.
// One owner thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/incident.h"
#include "engine/correlate/correlator.h"
#include "engine/deliver/life.h"
#include "engine/state/live_store.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class IncidentFeed {
 public:
  // Renders an incident as JSON, with the names of its streams.
  using Render = std::function<std::string(const Incident&)>;

  // What the planner of notifications hears of. More than the outbox: also that an incident no
  // longer comes and goes.
  struct Change {
    LifeEvent event = LifeEvent::kUpdated;
    Incident incident;
  };

  // After each step of the correlator. Changes since the last look, in the order of the rows.
  std::vector<Change> Look(const Correlator& correlator, const Render& render);

  // Adds rows of what changed since Taken, open incidents in their newest form.
  void Peek(const Correlator& correlator, const Render& render, ReasonCommit* commit);
  void Taken();

  size_t open() const { return open_; }  // paged and not over, when last looked

  // What was told: the rows that Peek would give are not part of it, they are written with it.
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);

 private:
  // What was last told of an incident.
  struct Told {
    uint64_t revision = 0;
    std::string summary;  // what people would want to hear of if it changed
    IncidentState state = IncidentState::kSuspected;
    bool flapping = false;
    uint64_t row_hash = 0;   // of the JSON last written
    uint64_t next_hash = 0;  // of the JSON last peeked at
    TimeUs updated = kNoTime;
  };

  void See(const Incident& incident, const Render& render);
  void Forget();
  void Tell(const Incident& incident, LifeEvent event, Told* told, const Render& render);
  void Row(const Incident& incident, Told* told, const Render& render, ReasonCommit* commit);

  std::map<std::string, Told, std::less<>> told_;  // by incident; only those ever paged
  std::vector<OutboxRow> outbox_;
  std::vector<Change> changes_;           // since the last look
  std::map<std::string, Incident> over_;  // ended since Taken
  size_t open_ = 0;
};

}  // namespace culprit
