#include "engine/pipeline/incident_feed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/checkpoint.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr size_t kMaxTold = 20'000;  // over or not; then those that are over go, oldest first

uint64_t Hash(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  return h;
}

std::string SummaryOf(const Incident& i) {
  return absl::StrCat(i.root.component, "\n", i.root.failure_mode, "\n",
                      ToAbsl(ConfidenceName(i.confidence)), "\n", static_cast<int>(i.severity),
                      "\n", absl::StrJoin(i.affected, ","));
}

bool Over(IncidentState state) {
  return state == IncidentState::kResolved || state == IncidentState::kMerged;
}

}  // namespace

void IncidentFeed::Tell(const Incident& incident, LifeEvent event, Told* told,
                        const Render& render) {
  changes_.push_back({event, incident});
  outbox_.push_back({.incident = incident.id,
                     .event = std::string(LifeEventName(event)),
                     .revision = ++told->revision,
                     .time = incident.updated_at,
                     .json = render(incident)});
}

void IncidentFeed::See(const Incident& incident, const Render& render) {
  const auto [it, added] = told_.try_emplace(incident.id);
  Told& told = it->second;
  std::string summary = SummaryOf(incident);
  const LifeEvent over =
      incident.state == IncidentState::kMerged ? LifeEvent::kMerged : LifeEvent::kResolved;
  if (added) {
    Tell(incident, LifeEvent::kOpened, &told, render);
    if (Over(incident.state)) Tell(incident, over, &told, render);
  } else if (incident.state != told.state) {
    Tell(incident, Over(incident.state) ? over : LifeEvent::kReopened, &told, render);
  } else if (incident.flapping && !told.flapping) {
    Tell(incident, LifeEvent::kFlapping, &told, render);
  } else if (summary != told.summary) {
    Tell(incident, LifeEvent::kUpdated, &told, render);
  } else if (!incident.flapping && told.flapping) {
    changes_.push_back({LifeEvent::kUpdated, incident});
  }
  told.state = incident.state;
  told.flapping = incident.flapping;
  told.summary = std::move(summary);
  told.updated = incident.updated_at;
  if (Over(incident.state)) over_[incident.id] = incident;
}

std::vector<IncidentFeed::Change> IncidentFeed::Look(const Correlator& correlator,
                                                     const Render& render) {
  std::vector<std::string> open;
  for (const Incident& incident : correlator.OpenIncidents()) {
    if (incident.paged_at == kNoTime) continue;
    over_.erase(incident.id);
    See(incident, render);
    open.push_back(incident.id);
  }
  open_ = open.size();
  std::sort(open.begin(), open.end());
  std::vector<std::string> ended;
  for (const auto& [id, told] : told_)
    if (!Over(told.state) && !std::binary_search(open.begin(), open.end(), id)) ended.push_back(id);
  // One that was opened and ended within one step is told as well.
  const auto& finished = correlator.finished();
  for (auto it = finished.rbegin(); it != finished.rend(); ++it) {
    const Incident& incident = it->value;
    const bool known = told_.contains(incident.id);
    if (known && std::find(ended.begin(), ended.end(), incident.id) == ended.end()) {
      // Behind here everything has been seen, unless something told of is still to be found.
      if (ended.empty()) break;
      continue;
    }
    if (incident.paged_at == kNoTime) continue;
    See(incident, render);
    std::erase(ended, incident.id);
  }
  if (told_.size() > kMaxTold) Forget();
  return std::exchange(changes_, {});
}

void IncidentFeed::Forget() {
  std::vector<std::pair<TimeUs, std::string>> gone;
  for (const auto& [id, told] : told_)
    if (Over(told.state)) gone.emplace_back(told.updated, id);
  std::sort(gone.begin(), gone.end());
  gone.resize(std::min(gone.size(), told_.size() - kMaxTold + kMaxTold / 10));
  for (const auto& [time, id] : gone) told_.erase(id);
}

void IncidentFeed::Row(const Incident& incident, Told* told, const Render& render,
                       ReasonCommit* commit) {
  std::string json = render(incident);
  const uint64_t hash = Hash(json);
  if (hash == told->row_hash) return;
  told->next_hash = hash;
  commit->incidents.push_back({.id = incident.id,
                               .revision = told->revision,
                               .state = std::string(IncidentStateName(incident.state)),
                               .onset = incident.onset,
                               .updated = incident.updated_at,
                               .json = std::move(json)});
}

void IncidentFeed::Peek(const Correlator& correlator, const Render& render, ReasonCommit* commit) {
  if (open_ > 0) {
    for (const Incident& incident : correlator.OpenIncidents()) {
      const auto it = told_.find(incident.id);
      if (it != told_.end() && incident.paged_at != kNoTime)
        Row(incident, &it->second, render, commit);
    }
  }
  for (const auto& [id, incident] : over_)
    if (const auto it = told_.find(id); it != told_.end())
      Row(incident, &it->second, render, commit);
  commit->outbox.insert(commit->outbox.end(), outbox_.begin(), outbox_.end());
}

void IncidentFeed::Taken() {
  over_.clear();
  outbox_.clear();
  for (auto& [id, told] : told_) told.row_hash = told.next_hash;
}

void IncidentFeed::Write(CheckpointWriter& ar) const {
  ar.Varint(told_.size());
  for (const auto& [id, told] : told_) {
    ar(id, told.revision, told.summary, Choice(told.state, IncidentState::kRelated), told.flapping,
       told.updated);
  }
  ar(static_cast<uint64_t>(open_));
}

void IncidentFeed::Read(CheckpointReader& ar) {
  told_.clear();
  for (size_t n = ar.Count(); n > 0; --n) {
    std::string id;
    Told told;
    ar(id, told.revision, told.summary, Choice(told.state, IncidentState::kRelated), told.flapping,
       told.updated);
    told_.emplace(std::move(id), std::move(told));
  }
  uint64_t open = 0;
  ar(open);
  open_ = open;
}

}  // namespace culprit
