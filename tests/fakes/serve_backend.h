// A backend for the HTTP server without a pipeline behind it: values that a test sets.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/serve/backend.h"
#include "sinks/render/render.h"

namespace culprit {

constexpr TimeUs kFakeNow = 1'795'243'865'123'000;  // 2026-11-21T06:51:05.123Z

inline Incident FakeIncident(const std::string& id, IncidentState state) {
  Incident i;
  i.id = id;
  i.state = state;
  i.severity = Severity::kCritical;
  i.title = "etcd is down or unreachable: took down core, api";
  i.root.component = "etcd";
  i.root.failure_mode = "placeos/etcd-down";
  i.root.title = "etcd is down or unreachable";
  i.root.share = 0.97;
  i.confidence = Confidence::kConfirmed;
  i.affected = {"core", "api", "web", "triggers", "source", "dispatch", "staff-api"};
  i.onset = kFakeNow - 200 * kSecondUs;
  i.opened_at = i.onset + kSecondUs;
  i.updated_at = kFakeNow;
  if (state == IncidentState::kResolved) i.resolved_at = kFakeNow;
  i.runbook.immediate.push_back({"Check etcd's health.", "etcdctl endpoint health"});
  i.timeline.push_back({i.onset, "onset", "etcd", "first symptom"});
  Symptom s;
  s.signature = "generic/refused";
  s.title = "connections are refused";
  s.cls = SymptomClass::kRefused;
  s.component = "core";
  s.onset = i.onset;
  s.last = kFakeNow;
  s.count = 45;
  s.path = {"etcd", "core"};
  i.symptoms.push_back(s);
  Evidence e;
  e.position = {0, 10234, 40};
  e.time = i.onset;
  e.service = "core";
  e.line = "dial tcp 10.0.0.5:2379: connection refused </script><script>alert(1)</script>";
  i.evidence.push_back(e);
  return i;
}

class FakeBackend {
 public:
  FakeBackend() {
    stats.now = kFakeNow;
    stats.started = kFakeNow - 3 * kHourUs;
    stats.ready = true;
    stats.bytes = 123'456'789;
    stats.lines = 1'234'567;
    stats.signals = 4321;
    stats.newest = kFakeNow - kSecondUs;
    stats.watermark = kFakeNow - 6 * kSecondUs;
    stats.queue_limit = 64 << 20;
    stats.commits = 7;
    stats.commit_us = 1500;
    stats.scan_reasons.Count(Reason::kLate, 3);
    stats.signature_hits = {{"generic/refused", 4000}, {"nginx/5xx", 300}, {"etcd/slow", 21}};
    SourceStats kafka;
    kafka.name = "kafka-main";
    kafka.health.state = SourceState::kLagging;
    kafka.health.lag = 1200;
    kafka.health.lag_unit = "messages";
    kafka.health.counts = {{"rebalance", 2}};
    kafka.health.last_data = kFakeNow;
    kafka.bytes = 100'000'000;
    kafka.lines = 1'000'000;
    SourceStats files;
    files.name = "files";
    files.health.state = SourceState::kOk;
    files.bytes = 23'456'789;
    files.lines = 234'567;
    stats.sources = {kafka, files};
    reload.at = stats.started;
    Add(FakeIncident("INC-20261121T064745Z-0badcafe", IncidentState::kOpen));
    Add(FakeIncident("INC-20261120T231502Z-00c0ffee", IncidentState::kResolved));
    journal.push_back({rows[0].id, 1, rows[0].onset, "opened", "none", "open", "", ""});
    receipts = {{"slack", DeliveryOutcome::kDelivered, "posted: C024BE91L 1795.1", ""}};
    DestinationStatus slack;
    slack.name = "slack";
    slack.type = "slack";
    slack.delivered = 7;
    slack.delivered_at = kFakeNow;
    DestinationStatus pager;
    pager.name = "pager";
    pager.type = "pagerduty";
    pager.state = DestinationState::kRejected;
    pager.reason = "auth";
    pager.error = "events.pagerduty.com answers 403";
    pager.failed_at = kFakeNow;
    pager.rejected = 1;
    destinations = {slack, pager};
  }

  void Add(const Incident& incident) {
    Report report;
    report.streams.push_back({.name = "/var/log/core.log"});
    rows.push_back({incident.id, 1, std::string(IncidentStateName(incident.state)), incident.onset,
                    incident.updated_at, RenderIncidentJson(incident, report)});
  }

  // Set what is needed first: the server reads from its own threads.
  ServeBackend Make() {
    ServeBackend out;
    out.version = "1.2.3";
    out.stats = [this] {
      const std::lock_guard lock(mutex);
      return stats;
    };
    out.reload_state = [this] {
      const std::lock_guard lock(mutex);
      return reload;
    };
    out.reload = [this] {
      ++reloads;
      const std::lock_guard lock(mutex);
      return reload_result;
    };
    out.incidents = [this](const std::string& state,
                           size_t limit) -> absl::StatusOr<std::vector<IncidentRow>> {
      const std::lock_guard lock(mutex);
      if (!store.ok()) return store;
      std::vector<IncidentRow> found;
      for (const IncidentRow& row : rows)
        if ((state.empty() || row.state == state) && found.size() < limit) found.push_back(row);
      return found;
    };
    out.incident = [this](const std::string& id) -> absl::StatusOr<std::optional<IncidentRow>> {
      const std::lock_guard lock(mutex);
      if (!store.ok()) return store;
      for (const IncidentRow& row : rows)
        if (row.id == id) return row;
      return std::nullopt;
    };
    out.topology = [] { return std::vector<ReportEdge>{{"core", "etcd", false}}; };
    out.tap = [this](size_t limit) -> TapReader {
      return [subscription = tap.Subscribe(limit)](std::vector<TapSignal>* signals) {
        return subscription->Take(signals);
      };
    };
    out.dump = [] { return std::string("{\"dump\":true}\n"); };
    out.act = [this](const OperatorAction& action) { return Act(action); };
    out.silences = [this] {
      const std::lock_guard lock(mutex);
      return silences;
    };
    out.preview =
        [this](
            const std::vector<LabelMatcher>& matchers) -> absl::StatusOr<std::vector<std::string>> {
      const std::lock_guard lock(mutex);
      previewed = matchers;
      if (!act_result.ok()) return act_result;
      return std::vector<std::string>{rows[0].id, "INC-forgotten"};
    };
    out.drill =
        [this](const std::vector<std::string>& sinks) -> absl::StatusOr<std::vector<DrillReceipt>> {
      const std::lock_guard lock(mutex);
      drilled = sinks;
      if (!act_result.ok()) return act_result;
      return receipts;
    };
    out.destinations = [this] {
      const std::lock_guard lock(mutex);
      return destinations;
    };
    out.journal = [this](const std::string& id) -> absl::StatusOr<std::vector<JournalRow>> {
      const std::lock_guard lock(mutex);
      if (!store.ok()) return store;
      std::vector<JournalRow> found;
      for (const JournalRow& row : journal)
        if (row.incident == id) found.push_back(row);
      return found;
    };
    return out;
  }

  // Does what the planner would, as far as the API shows it.
  absl::Status Act(const OperatorAction& action) {
    if (before_act) before_act();
    const std::lock_guard lock(mutex);
    actions.push_back(action);
    if (!act_result.ok()) return act_result;
    using Kind = OperatorAction::Kind;
    if (action.kind == Kind::kSilence) {
      silences.push_back(action.silence);
      if (silences.back().start == kNoTime) silences.back().start = stats.now;
      return absl::OkStatus();
    }
    if (action.kind == Kind::kExpireSilence)
      return std::erase_if(silences, [&](const SilenceSpec& s) { return s.id == action.text; }) > 0
                 ? absl::OkStatus()
                 : absl::NotFoundError("no silence '" + action.text + "' is active");
    const auto event = [&]() -> std::string {
      if (action.kind == Kind::kAcknowledge) return "acknowledged";
      if (action.kind == Kind::kResolve) return "resolved";
      return action.kind == Kind::kMerge ? "merged" : "note";
    }();
    for (const IncidentRow& row : rows) {
      if (row.id != action.incident) continue;
      std::string state = "open";
      uint64_t number = 1;
      for (const JournalRow& before : journal)
        if (before.incident == row.id) state = before.after, number = before.number + 1;
      journal.push_back({row.id, number, stats.now, event, state, event == "note" ? state : event,
                         action.author,
                         action.kind == Kind::kAssign ? "owner: " + action.text : action.text});
      return absl::OkStatus();
    }
    return absl::NotFoundError("no incident " + action.incident);
  }

  std::mutex mutex;
  PipelineStats stats;                          // guarded by mutex
  ReloadState reload;                           // guarded by mutex
  absl::Status reload_result;                   // guarded by mutex
  absl::Status store;                           // guarded by mutex: what reading it gives
  std::vector<IncidentRow> rows;                // guarded by mutex
  absl::Status act_result;                      // guarded by mutex: of actions, previews, drills
  std::vector<OperatorAction> actions;          // guarded by mutex: as they came
  std::vector<SilenceSpec> silences;            // guarded by mutex
  std::vector<LabelMatcher> previewed;          // guarded by mutex
  std::vector<std::string> drilled;             // guarded by mutex
  std::vector<DrillReceipt> receipts;           // guarded by mutex
  std::vector<DestinationStatus> destinations;  // guarded by mutex
  std::vector<JournalRow> journal;              // guarded by mutex
  std::function<void()> before_act;             // set first; may take its time
  std::atomic<int> reloads{0};
  LiveTap tap;
};

inline TapSignal FakeSignal(const std::string& signature, const std::string& component,
                            const std::string& line) {
  TapSignal out;
  out.source = "files";
  out.stream = "/var/log/core.log";
  out.signature = signature;
  out.signal.component = component;
  out.signal.time = kFakeNow;
  out.signal.level = Level::kError;
  out.signal.line = line;
  return out;
}

}  // namespace culprit
