// Seam: where an incident is told to. A Sink turns one notification into one attempt to deliver it
// and says what came of it. Sinks do not loop, sleep, queue or deduplicate: engine/deliver does.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/incident.h"

namespace culprit {

enum class NotifyEvent : uint8_t {
  kOpened,
  kUpdated,  // root, confidence, severity or extent changed
  kAcknowledged,
  kNote,  // a person wrote something
  kResolved,
  kReopened,
  kMerged,  // explained away by another incident
  kSplit,
  kFlapping,   // held open; at most one digest per period
  kRepeat,     // still open, not acknowledged, repeat_interval is over
  kEscalated,  // not acknowledged in time: another contact
};
constexpr std::string_view NotifyEventName(NotifyEvent event) {
  constexpr std::string_view kNames[] = {"opened",   "updated",  "acknowledged", "note",
                                         "resolved", "reopened", "merged",       "split",
                                         "flapping", "repeat",   "escalated"};
  return kNames[static_cast<size_t>(event)];
}

struct Contact {
  std::string name;     // "Database on-call"
  std::string address;  // as the sink understands it: e-mail, Slack user or group id, phone, text
};

// Something that happened to the incident, for history and threads; oldest first.
struct IncidentNote {
  TimeUs time = kNoTime;
  std::string author;
  std::string text;
};

struct Notification {
  std::string id;  // of the outbox row: equal for every attempt, never for two notifications
  std::string
      dedup_key;  // of the incident at the receiver: equal over its whole life, <= 255 bytes
  NotifyEvent event = NotifyEvent::kOpened;
  TimeUs time = kNoTime;  // event time of what is told
  Incident incident;      // as it is now
  // The stream or file that each of incident.evidence stands in, by position; shorter: not known.
  std::vector<std::string> evidence_streams;
  std::string team;
  std::vector<Contact> contacts;  // whom to address now, first is on duty; after escalations more
  std::vector<std::pair<std::string, std::string>> labels;
  std::string owner;  // who acknowledged
  std::vector<IncidentNote> notes;
  std::string text;  // what this event adds: the note, why it was merged, what changed
  std::string url;   // of the incident on culprit's own page; may be empty
  bool drill = false;
  // What the sink gave back for this incident at this destination last time (DeliveryResult), and
  // whether the receiver knows the incident.
  std::string receipt;
  // An attempt at this very notification may have reached the receiver without our learning of it
  // (time-out, cut connection, crash). A sink whose receiver does not collapse repeats looks there.
  bool maybe_sent = false;
};

enum class DeliveryOutcome : uint8_t {
  kDelivered,
  kRetry,     // may work later: 408, 429, 5xx, time-out, refused, DNS
  kRejected,  // never will: 400, 401, 403, 404, 410, certificate not trusted
};
constexpr std::string_view DeliveryOutcomeName(DeliveryOutcome outcome) {
  constexpr std::string_view kNames[] = {"delivered", "retry", "rejected"};
  return kNames[static_cast<size_t>(outcome)];
}

struct DeliveryResult {
  DeliveryOutcome outcome = DeliveryOutcome::kDelivered;
  DurationUs retry_after = 0;  // kRetry: as the receiver asked for; 0: it did not
  std::string error;           // for operators; never holds a secret (URL paths of webhooks are)
  std::string reason;          // snake_case label: auth, rate_limited, timeout, refused, dns, tls,
                               // server_error, client_error, too_large, ...
  std::string receipt;  // replaces Notification::receipt of later ones (channel and ts, alert id)
  std::string detail;   // for `culprit drill`: what the receiver answered, short
};

// Used by its destination's own thread; may block up to its time-out (default 10 s).
class Sink {
 public:
  virtual ~Sink() = default;
  virtual DeliveryResult Deliver(const Notification& notification) = 0;
  // The message as it would be sent, for people: JSON, MIME text, ... Sends nothing.
  virtual std::string Preview(const Notification& notification) const = 0;
  virtual std::string_view type() const = 0;  // "slack"
  // Sinks whose receiver forgets (Alertmanager): every this long the last notification of each
  // incident that is not over is delivered again. 0: never.
  virtual DurationUs resend_every() const { return 0; }
};

}  // namespace culprit
