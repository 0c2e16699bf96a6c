// A planner on virtual time, with words for what happens.
#pragma once
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/checkpoint.h"
#include "engine/deliver/planner.h"

namespace culprit {

inline Incident MakeIncident(const std::string& id, const std::string& component = "etcd",
                             Severity severity = Severity::kCritical) {
  Incident i;
  i.id = id;
  i.state = IncidentState::kOpen;
  i.severity = severity;
  i.root.component = component;
  i.root.failure_mode = component + "/down";
  i.root.title = component + " is down";
  i.title = i.root.title;
  i.confidence = Confidence::kLikely;
  i.affected = {"core"};
  return i;
}

inline DeliverConfig SimpleConfig() {
  DeliverConfig config;
  config.routes.push_back({.sinks = {"slack"}});
  return config;
}

// Only what these tests put into an incident.
inline IncidentCodec TestCodec() {
  return {.encode =
              [](const TellableIncident& t) {
                const Incident& i = t.incident;
                std::string out =
                    absl::StrCat(i.id, "\n", i.root.component, "\n", static_cast<int>(i.severity),
                                 "\n", static_cast<int>(i.confidence), "\n", i.flaps, "\n",
                                 i.merged_into, "\n", i.split_from, "\n", i.flapping ? 1 : 0, "\n",
                                 static_cast<int>(i.state), "\n", i.resolved_at);
                for (const std::string& a : i.affected) absl::StrAppend(&out, "\n", a);
                return out;
              },
          .decode = [](std::string_view text) -> std::optional<TellableIncident> {
            std::vector<std::string> f = absl::StrSplit(std::string(text), '\n');
            if (f.size() < 10) return std::nullopt;
            TellableIncident t;
            t.incident = MakeIncident(f[0], f[1], static_cast<Severity>(std::stoi(f[2])));
            t.incident.confidence = static_cast<Confidence>(std::stoi(f[3]));
            t.incident.flaps = std::stoi(f[4]);
            t.incident.merged_into = f[5];
            t.incident.split_from = f[6];
            t.incident.flapping = f[7] == "1";
            t.incident.state = static_cast<IncidentState>(std::stoi(f[8]));
            t.incident.resolved_at = std::stoll(f[9]);
            t.incident.affected.assign(f.begin() + 10, f.end());
            return t;
          }};
}

class World {
 public:
  explicit World(DeliverConfig config) : config_(std::move(config)) { planner_ = New(); }

  TimeUs now = 1'000'000 * kSecondUs;

  void Change(LifeEvent event, Incident incident) {
    planner_->OnChange({.event = event, .now = {.incident = std::move(incident)}}, now);
  }
  absl::Status Act(OperatorAction::Kind kind, const std::string& incident,
                   const std::string& author = "ann", const std::string& text = "",
                   const std::string& into = "") {
    return planner_->Act(
        {.kind = kind, .incident = incident, .author = author, .text = text, .into = into}, now);
  }
  absl::Status Silence(const std::string& id, std::vector<LabelMatcher> matchers,
                       DurationUs length) {
    return planner_->Act(
        {.kind = OperatorAction::Kind::kSilence,
         .author = "ann",
         .silence = {.id = id, .matchers = std::move(matchers), .end = now + length}},
        now);
  }
  void Pass(DurationUs time) {
    now += time;
    planner_->PassTime(now);
  }
  // "slack opened INC-1", since the last call.
  std::vector<std::string> Told() {
    PlanOutput out = planner_->Take();
    for (const JournalEntry& e : out.journal) journal.push_back(e);
    std::vector<std::string> words;
    for (const PlannedNotification& p : out.notifications) {
      words.push_back(absl::StrCat(p.destination, " ",
                                   std::string(NotifyEventName(p.notification.event)), " ",
                                   p.notification.incident.id));
      all.push_back(p);
    }
    return words;
  }
  // Goes on with a planner made from what was saved.
  void Restart() {
    Told();
    const std::string bytes = Save();
    planner_ = New();
    const absl::Status s = ReadCheckpoint(
        bytes, "p", 1, [&](CheckpointReader& ar) { planner_->Read(ar, TestCodec()); });
    EXPECT_TRUE(s.ok()) << s;
  }
  std::string Save() const {
    return WriteCheckpoint("p", 1, [&](CheckpointWriter& ar) { planner_->Write(ar, TestCodec()); });
  }
  LifeState State(const std::string& id) const { return planner_->FindLife(id)->state; }
  Planner& planner() { return *planner_; }
  const PlannedNotification& last() const { return all.back(); }

  std::vector<PlannedNotification> all;
  std::vector<JournalEntry> journal;

 private:
  std::unique_ptr<Planner> New() {
    absl::StatusOr<std::unique_ptr<Planner>> out = Planner::Make(config_);
    EXPECT_TRUE(out.ok()) << out.status();
    return *std::move(out);
  }
  const DeliverConfig config_;
  std::unique_ptr<Planner> planner_;
};

}  // namespace culprit
