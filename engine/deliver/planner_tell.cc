// Planner: from an event in an incident's life to messages.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/views.h"
#include "engine/deliver/planner.h"

namespace culprit {
namespace {

constexpr size_t kMaxNotes = 200;  // newest are kept

NotifyEvent NotifyOf(LifeEvent event) {
  switch (event) {
    case LifeEvent::kOpened:
      return NotifyEvent::kOpened;
    case LifeEvent::kAcknowledged:
      return NotifyEvent::kAcknowledged;
    case LifeEvent::kNote:
      return NotifyEvent::kNote;
    case LifeEvent::kResolved:
      return NotifyEvent::kResolved;
    case LifeEvent::kReopened:
      return NotifyEvent::kReopened;
    case LifeEvent::kMerged:
      return NotifyEvent::kMerged;
    case LifeEvent::kSplit:
      return NotifyEvent::kSplit;
    case LifeEvent::kFlapping:
      return NotifyEvent::kFlapping;
    default:
      return NotifyEvent::kUpdated;
  }
}

}  // namespace

Planner::Summary Planner::SummaryOf(const Incident& i) {
  return {.root = absl::StrCat(i.root.component, " ", i.root.failure_mode),
          .title = i.root.title,
          .confidence = std::string(ConfidenceName(i.confidence)),
          .severity = static_cast<uint8_t>(i.severity),
          .affected = i.affected};
}

std::string Planner::Difference(const Summary& before, const Summary& now) {
  std::vector<std::string> parts;
  if (before.root != now.root)
    parts.push_back(absl::StrCat("root cause is now: ", now.title.empty() ? now.root : now.title,
                                 " (was: ", before.title.empty() ? before.root : before.title,
                                 ")"));
  if (before.confidence != now.confidence)
    parts.push_back(absl::StrCat("confidence ", before.confidence, " -> ", now.confidence));
  if (before.severity != now.severity)
    parts.push_back(
        absl::StrCat("severity ", ToAbsl(SeverityName(static_cast<Severity>(before.severity))),
                     " -> ", ToAbsl(SeverityName(static_cast<Severity>(now.severity)))));
  const auto missing = [](const std::vector<std::string>& from,
                          const std::vector<std::string>& in) {
    std::vector<std::string> out;
    for (const std::string& name : from)
      if (std::find(in.begin(), in.end(), name) == in.end()) out.push_back(name);
    return out;
  };
  if (const auto more = missing(now.affected, before.affected); !more.empty())
    parts.push_back(absl::StrCat("also affected: ", absl::StrJoin(more, ", ")));
  if (const auto fewer = missing(before.affected, now.affected); !fewer.empty())
    parts.push_back(absl::StrCat("no longer affected: ", absl::StrJoin(fewer, ", ")));
  return absl::StrJoin(parts, "; ");
}

void Planner::Happen(Known* k, LifeEvent event, std::string_view author, std::string_view text) {
  const LifeState from = k->life.state;
  // Before the state changes: a first opening waits, a destination that is found later does not.
  if (Follow(from, event).telling != Telling::kIgnored && !IsOver(Follow(from, event).next))
    FindTargets(k);
  const Transition t = k->life.Apply(event);
  if (t.telling == Telling::kIgnored) return;
  if (k->notes.size() > kMaxNotes) k->notes.erase(k->notes.begin(), k->notes.end() - kMaxNotes);
  if (event == LifeEvent::kReopened) {
    k->owner.clear();
    k->by_hand = false;
    k->now.incident.merged_into.clear();
  }
  if (t.restart) {
    k->clock = now_;
    k->steps.clear();
    std::erase_if(k->targets, [](const auto& target) {
      return target.second.by_escalation && !target.second.known;
    });
  }
  Journal(k, LifeEventName(event), from, author, text);
  // What a mute covers from the first moment on is not told first.
  if (event != LifeEvent::kMuted && event != LifeEvent::kUnmuted) CheckMute(k);
  Carry(k, event, t.telling, text);
}

// An event that is news replaces an update that waits: its message carries both.
void Planner::Hold(NotifyEvent event, Target* t) {
  if (!t->pending.has_value() || t->pending == NotifyEvent::kUpdated ||
      t->pending == NotifyEvent::kFlapping)
    t->pending = event;
}

void Planner::Carry(Known* k, LifeEvent event, Telling telling, std::string_view text) {
  const NotifyEvent notify = NotifyOf(event);
  if (telling == Telling::kClose) {
    Close(k, notify, text);
    return;
  }
  const bool muted = k->life.state == LifeState::kMuted;
  for (auto& [destination, t] : k->targets) {
    switch (telling) {
      case Telling::kBounded:
        if (!t.pending.has_value()) {
          t.pending = notify;
          t.due = std::max(now_, t.last == kNoTime ? now_ : t.last + t.group_interval);
        }
        break;
      case Telling::kDigest:
        if (!t.pending.has_value()) {
          t.pending = NotifyEvent::kFlapping;
          t.due = t.last == kNoTime ? now_ : std::max(now_, t.last + t.digest_interval);
        }
        break;
      case Telling::kCatchUp:
        if (t.known && k->life.acknowledged && t.told_owner != k->owner)
          Hold(NotifyEvent::kAcknowledged, &t);
        if (t.pending.has_value()) t.due = std::max(t.due, now_);
        break;
      case Telling::kAtOnce: {
        if (event == LifeEvent::kReopened) {
          t.pending = t.known || t.last != kNoTime ? NotifyEvent::kReopened : NotifyEvent::kOpened;
          t.due = now_;
          break;
        }
        if (muted) break;
        if (t.pending == NotifyEvent::kOpened) {
          t.due = now_;
          Flush(k, destination, &t);
          if (event == LifeEvent::kAcknowledged) break;  // was told with it
        }
        if (!t.known) break;
        if (TargetMuted(t)) {
          Hold(notify, &t);
          t.due = now_;
        } else {
          // It carries all there is, an update that waits as well.
          if (t.pending == NotifyEvent::kUpdated || t.pending == NotifyEvent::kFlapping)
            t.pending.reset();
          Tell(k, destination, &t, notify, text);
        }
        break;
      }
      default:
        break;
    }
    if (!muted && t.pending.has_value() && t.due <= now_) Flush(k, destination, &t);
  }
}

void Planner::Close(Known* k, NotifyEvent event, std::string_view text) {
  const bool muted = !k->muted_by.empty();
  for (auto& [destination, t] : k->targets) {
    // Over before its wait was: it is told all the same, unless another incident speaks for it.
    if (!t.known && t.pending.has_value() && event == NotifyEvent::kResolved && !muted &&
        !TargetMuted(t))
      Tell(k, destination, &t, NotifyEvent::kOpened, "");
    t.pending.reset();
    if (!t.known) continue;
    Tell(k, destination, &t, event, text);
    t.known = false;
  }
  k->muted_by.clear();
}

void Planner::Flush(Known* k, const std::string& destination, Target* t) {
  if (TargetMuted(*t)) return;
  const NotifyEvent event = *t->pending;
  t->pending.reset();
  const Summary now = SummaryOf(k->now.incident);
  std::string text;
  if (t->last != kNoTime) text = Difference(t->told, now);
  if (event == NotifyEvent::kUpdated && now == t->told) return;  // as it was after all
  if (event == NotifyEvent::kFlapping ||
      (event == NotifyEvent::kReopened && k->now.incident.flapping))
    text = absl::StrCat("came back ", k->now.incident.flaps, " times; held open");
  if (event == NotifyEvent::kOpened && !k->now.incident.split_from.empty())
    text = absl::StrCat("split from ", k->now.incident.split_from);
  Tell(k, destination, t, event, text);
  // Somebody has it already: the receiver stops ringing.
  if (event == NotifyEvent::kOpened && k->life.acknowledged)
    Tell(k, destination, t, NotifyEvent::kAcknowledged, "");
}

void Planner::Tell(Known* k, const std::string& destination, Target* t, NotifyEvent event,
                   std::string_view text) {
  const std::string& id = k->now.incident.id;
  PlannedNotification planned;
  planned.destination = destination;
  planned.revision = ++k->revision;
  Notification& n = planned.notification;
  n.id = absl::StrCat(id, "/", ToAbsl(NotifyEventName(event)), "/", k->revision, "/", destination);
  n.dedup_key = absl::StrCat("culprit/", id);
  n.event = event;
  n.time = now_;
  n.incident = k->now.incident;
  // People may have closed what reasoning still holds open.
  if (event == NotifyEvent::kResolved) {
    n.incident.state = IncidentState::kResolved;
    if (n.incident.resolved_at == kNoTime) n.incident.resolved_at = now_;
  } else if (event == NotifyEvent::kMerged) {
    n.incident.state = IncidentState::kMerged;
  }
  n.team = t->team;
  if (const Team* team = TeamOf(t->team); team != nullptr) {
    const auto steps = k->steps.find(t->team);
    const size_t taken = steps == k->steps.end() ? 0 : steps->second;
    if (!team->contacts.empty()) n.contacts.push_back(team->contacts.front());
    for (size_t i = 0; i < taken && i < team->escalation.size(); ++i)
      for (const Contact& contact : team->contacts)
        if (contact.name == team->escalation[i].contact &&
            std::none_of(n.contacts.begin(), n.contacts.end(),
                         [&](const Contact& c) { return c.name == contact.name; }))
          n.contacts.push_back(contact);
  }
  for (const Evidence& e : n.incident.evidence)
    n.evidence_streams.push_back(
        e.position.partition < k->now.streams.size() ? k->now.streams[e.position.partition] : "");
  n.labels = config_.labels;
  n.owner = k->owner;
  n.notes = k->notes;
  n.text = std::string(text);
  if (!config_.url.empty()) n.url = absl::StrCat(config_.url, "/incidents/", id);
  t->known = true;
  t->last = now_;
  t->told_owner = k->owner;
  t->told = SummaryOf(k->now.incident);
  out_.notifications.push_back(std::move(planned));
}

void Planner::Journal(Known* k, std::string_view event, LifeState from, std::string_view author,
                      std::string_view text) {
  out_.journal.push_back({.incident = k->now.incident.id,
                          .number = ++k->journal,
                          .time = now_,
                          .event = std::string(event),
                          .from = from,
                          .to = k->life.state,
                          .author = std::string(author),
                          .text = std::string(text)});
}

}  // namespace culprit
