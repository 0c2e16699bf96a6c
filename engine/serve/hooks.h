// The way back: what people do in PagerDuty and Slack acts on the incident here. Who asks is known
// by a signature instead of the server's token. Thread-safe.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/secret.h"
#include "engine/serve/backend.h"
#include "engine/serve/hook_payload.h"
#include "engine/serve/message.h"

namespace culprit {

struct HookOptions {
  struct Slack {
    Secret signing_secret;
    std::string api_url;  // what a person alone is told may go there too, besides to slack.com
  };
  std::vector<Slack> slack;
  std::vector<Secret> pagerduty;  // secrets of webhook subscriptions
  // Wall clock; not set: the system's.
  std::function<TimeUs()> clock;
  // POSTs JSON; the error of it, or empty. Not set: over HTTP.
  std::function<std::string(const std::string& url, const std::string& json)> post;
};

// How many requests were refused, by who they say they are from ("slack", "pagerduty") and why:
// not_configured, stale, bad_signature, unreadable.
using HookRefusals = std::map<std::pair<std::string, std::string>, uint64_t>;

class Hooks {
 public:
  // `backend` outlives this.
  Hooks(HookOptions options, const ServeBackend* backend);

  // POST /hooks/slack. Answers at once; what was clicked is done by the answer's `after`, and what
  // went wrong is told to the person alone.
  ServeResponse Slack(const ServeRequest& request);
  // POST /hooks/pagerduty. An answer of 5xx makes PagerDuty send the event again.
  ServeResponse PagerDuty(const ServeRequest& request);
  HookRefusals refusals() const;

 private:
  static constexpr size_t kMostRemembered = 1000;

  void Click(const SlackClick& click, const std::string& api_url) const;
  std::string EvidenceText(const std::string& id) const;
  std::string IncidentOf(const PagerDutyEvent& event);
  // Counts `reason`; says `why` once a minute.
  void Refused(std::string_view who, std::string_view reason, std::string_view why);

  const HookOptions options_;
  const ServeBackend& backend_;
  mutable std::mutex mutex_;
  // PagerDuty's notes name an incident by its id there alone: learnt from the events before them.
  std::map<std::string, std::string> incident_of_;  // guarded by mutex_
  std::deque<std::string> remembered_;              // guarded by mutex_: oldest first
  TimeUs warned_ = kNoTime;                         // guarded by mutex_
  HookRefusals refusals_;                           // guarded by mutex_
};

// Where what a person alone is told may be sent: to Slack, or where the sink's API is.
bool MayAnswerTo(std::string_view url, std::string_view api_url);

}  // namespace culprit
