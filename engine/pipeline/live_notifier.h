// The planner (engine/deliver) within the reason half: changes of incidents, actions and routing as
// they stand in the signal log, and time, become rows of the outbox and the journal. A pure
// function of them. One owner thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/deliver/planner.h"
#include "engine/state/live_store.h"

namespace culprit {

class LiveNotifier {
 public:
  LiveNotifier();  // nobody is told of anything, until Route

  // Who is told from here on (EncodeRouting); equal routing changes nothing. Incidents that are on
  // are told to whom they concern now and were not told before. The errors of DecodeRouting and
  // Planner::Make: nothing has changed.
  absl::Status Route(std::string_view routing, TimeUs now);
  // An action (EncodeAction). What came of it is in TakeActed. The errors of DecodeAction.
  absl::Status Act(std::string_view action, TimeUs now);
  void OnChange(LifeEvent event, TellableIncident incident, TimeUs now);
  // What falls due up to `now`; `open`: the incidents that are on, as they are now.
  void PassTime(std::vector<TellableIncident> open, TimeUs now);
  TimeUs next_due() const { return planner_->next_due(); }

  // Rows since Taken.
  void Peek(ReasonCommit* commit) const;
  void Taken();
  // Ids of actions, and what came of them, since the last call.
  std::vector<std::pair<std::string, absl::Status>> TakeActed() {
    return std::exchange(acted_, {});
  }
  const Planner& planner() const { return *planner_; }

  // All but the rows, which are written with it. Read throws CheckpointDamage.
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);

 private:
  void Collect();

  std::string routing_;
  std::unique_ptr<Planner> planner_;
  std::vector<DeliveryRow> deliveries_;
  std::vector<JournalRow> journal_;
  std::vector<std::pair<std::string, absl::Status>> acted_;
};

}  // namespace culprit
