#include "engine/cmd/replay_send.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/delivery.h"
#include "engine/deliver/routing_codec.h"
#include "engine/pipeline/live_notifier.h"
#include "engine/pipeline/live_options.h"
#include "engine/pipeline/tellable.h"
#include "engine/state/sqlite_store.h"

namespace culprit {
namespace {

constexpr DurationUs kPatience = 60 * kSecondUs;  // since something last came of it

struct Change {
  TimeUs time = kNoTime;
  LifeEvent event = LifeEvent::kOpened;
  const Incident* incident = nullptr;
};

std::vector<Change> ChangesOf(const Report& report) {
  std::vector<Change> changes;
  for (const Incident& i : report.incidents) {
    if (i.paged_at == kNoTime) continue;
    changes.push_back({i.paged_at, LifeEvent::kOpened, &i});
    const TimeUs end =
        std::max(i.paged_at, i.resolved_at == kNoTime ? i.updated_at : i.resolved_at);
    if (i.state == IncidentState::kResolved) changes.push_back({end, LifeEvent::kResolved, &i});
    if (i.state == IncidentState::kMerged) changes.push_back({end, LifeEvent::kMerged, &i});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.time < b.time; });
  return changes;
}

absl::StatusOr<ReasonCommit> Plan(const Report& report, DeliverConfig deliver) {
  for (Route& route : deliver.routes) route.group_wait = route.repeat_interval = 0;
  for (Team& team : deliver.teams) team.escalation.clear();
  LiveNotifier notifier;
  CULPRIT_RETURN_IF_ERROR(notifier.Route(EncodeRouting(deliver), 0));
  for (const Change& change : ChangesOf(report)) {
    TellableIncident told = MakeTellable(*change.incident, [&](PartitionId p) {
      return p < report.streams.size() ? report.streams[p].name : std::string();
    });
    if (change.event == LifeEvent::kOpened) told.incident.state = IncidentState::kOpen;
    notifier.OnChange(change.event, std::move(told), change.time);
  }
  ReasonCommit out;
  notifier.Peek(&out);
  return out;
}

// A state of its own, for as long as it takes.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "culprit-send-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path;
};

uint64_t Waiting(const std::vector<DestinationStatus>& all) {
  uint64_t waiting = 0;
  for (const DestinationStatus& d : all) waiting += d.pending;
  return waiting;
}

}  // namespace

absl::Status SendReport(const Report& report, const LiveConfig& config) {
  CULPRIT_ASSIGN_OR_RETURN(const ReasonCommit plan, Plan(report, config.deliver));
  const Scratch scratch;
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<LiveStore> store,
                           OpenSqliteStore({.directory = scratch.path, .sync = false}, nullptr));
  CULPRIT_RETURN_IF_ERROR(store->Commit(plan));
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Delivery> delivery,
                           Delivery::Make(config.sinks, store.get()));
  delivery->Start();
  std::vector<DestinationStatus> status = delivery->status();
  int64_t moved = SteadyNow();
  while (Waiting(status) > 0 && SteadyNow() - moved < kPatience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::vector<DestinationStatus> now = delivery->status();
    if (Waiting(now) != Waiting(status)) moved = SteadyNow();
    status = std::move(now);
  }
  delivery->Stop(SteadyNow());
  bool all = true;
  for (const DestinationStatus& d : delivery->status()) {
    const uint64_t lost = d.pending + d.rejected;
    all = all && lost == 0;
    PrintError(absl::StrCat("sent to ", d.name, ": ", d.delivered,
                            lost == 0 ? "" : absl::StrCat(", not sent: ", lost, ": ", d.error)));
  }
  return all ? absl::OkStatus() : absl::UnavailableError("not all notifications were delivered");
}

}  // namespace culprit
