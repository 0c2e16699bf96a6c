// What people do, over the API: acknowledge, resolve, note, assign, merge; silences; drills; how
// the destinations are; an incident's journal. Thread-safe; what changes something waits until it
// is done.
#pragma once
#include <string>

#include "engine/serve/backend.h"
#include "engine/serve/message.h"

namespace culprit {

class Operations {
 public:
  // `backend` outlives this.
  explicit Operations(const ServeBackend* backend) : backend_(*backend) {}

  ServeResponse Acknowledge(const ServeRequest& request, const std::string& id) const;
  ServeResponse Resolve(const ServeRequest& request, const std::string& id) const;
  ServeResponse Note(const ServeRequest& request, const std::string& id) const;
  ServeResponse Assign(const ServeRequest& request, const std::string& id) const;
  ServeResponse Merge(const ServeRequest& request, const std::string& id) const;
  ServeResponse Journal(const std::string& id) const;
  ServeResponse Silences() const;
  ServeResponse AddSilence(const ServeRequest& request) const;
  ServeResponse ExpireSilence(const ServeRequest& request, const std::string& id) const;
  ServeResponse PreviewSilence(const ServeRequest& request) const;
  ServeResponse Drill(const ServeRequest& request) const;
  ServeResponse Destinations() const;

 private:
  ServeResponse Act(const ServeRequest& request, OperatorAction action, const char* done) const;

  const ServeBackend& backend_;
};

// Of an action: from the request's path and Idempotency-Key, else a random one.
std::string ActionId(const ServeRequest& request);
// Short, equal for equal actions.
std::string SilenceIdOf(const std::string& action_id);
// From when on "for 1h" counts: the clock, or the newest event where logs are ahead of it.
TimeUs SilenceStart(const PipelineStats& stats);

}  // namespace culprit
