// Whatever happens in whatever order: bounds hold for each incident at each destination, and it
// makes no difference how time is cut into steps or whether the state was saved in between.
#include <map>
#include <random>
#include <set>

#include "planner_testing.h"

namespace culprit {
namespace {

using Kind = OperatorAction::Kind;

DeliverConfig Config() {
  DeliverConfig config;
  config.mute_times.push_back(
      {.name = "nights", .zone = "America/New_York", .begin_minutes = 22 * 60, .end_minutes = 360});
  config.teams.push_back({.name = "db",
                          .components = {"etcd"},
                          .contacts = {{"Ann", "a"}, {"Bob", "b"}},
                          .escalation = {{.after = 10 * kMinuteUs, .contact = "Bob"},
                                         {.after = 30 * kMinuteUs, .sinks = {"managers"}}}});
  config.routes.push_back(
      {.match = {.severities = {Severity::kCritical}}, .sinks = {"pager"}, .go_on = true});
  config.routes.push_back({.sinks = {"mail"}, .mute_times = {"nights"}});
  config.maintenance.push_back({.name = "m", .components = {"nats"}, .during = "nights"});
  return config;
}

// One random step; the same for equal states of `rng`.
void Step(World* w, std::mt19937* rng) {
  const auto pick = [&](uint32_t n) { return (*rng)() % n; };
  const std::string id = absl::StrCat("INC-", pick(4));
  const char* const components[] = {"etcd", "nats", "core"};
  Incident i =
      MakeIncident(id, components[pick(3)], pick(2) == 0 ? Severity::kCritical : Severity::kError);
  for (uint32_t k = pick(4); k > 0; --k) i.affected.push_back(absl::StrCat("s", pick(5)));
  i.flapping = pick(4) == 0;
  if (pick(8) == 0) i.split_from = absl::StrCat("INC-", pick(4));
  switch (pick(9)) {
    case 0:
      return w->Change(LifeEvent::kOpened, i);
    case 1:
    case 2:
      return w->Change(LifeEvent::kUpdated, i);
    case 3:
      return w->Change(LifeEvent::kResolved, i);
    case 4:
      return w->Change(LifeEvent::kReopened, i);
    case 5:
      return w->Change(i.flapping ? LifeEvent::kFlapping : LifeEvent::kMerged, i);
    case 6:
      (void)w->Act(static_cast<Kind>(pick(5)), id, pick(2) == 0 ? "ann" : "bob", "text",
                   absl::StrCat("INC-", pick(4)));
      return;
    case 7:
      (void)w->Silence(absl::StrCat("S", pick(3)),
                       {{"component", LabelMatcher::Op::kEqual, components[pick(3)]}},
                       pick(120) * kMinuteUs);
      return;
    default:
      (void)w->planner().Act({.kind = Kind::kExpireSilence, .text = absl::StrCat("S", pick(3))},
                             w->now);
  }
}

TEST(PlannerProperty, BoundsHoldForEachIncidentAndDestination) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    std::mt19937 rng(seed);
    World w(Config());
    for (int n = 0; n < 150; ++n) {
      Step(&w, &rng);
      w.Pass((rng() % 40) * kMinuteUs);
    }
    w.Told();
    std::map<std::pair<std::string, std::string>, std::pair<bool, TimeUs>> known;
    std::set<std::string> ids;
    std::map<std::string, uint64_t> revisions;
    for (const PlannedNotification& p : w.all) {
      const Notification& n = p.notification;
      EXPECT_TRUE(ids.insert(n.id).second) << n.id;
      EXPECT_EQ(p.revision, ++revisions[n.incident.id]);
      auto& [told, last] =
          known.try_emplace({n.incident.id, p.destination}, false, 0).first->second;
      switch (n.event) {
        case NotifyEvent::kOpened:
        case NotifyEvent::kReopened:
          EXPECT_FALSE(told) << seed << " " << n.id;
          told = true;
          break;
        case NotifyEvent::kEscalated:
          told = true;  // may be the first that this destination hears
          break;
        case NotifyEvent::kResolved:
        case NotifyEvent::kMerged:
          EXPECT_TRUE(told) << seed << " " << n.id;
          told = false;
          break;
        case NotifyEvent::kUpdated:
          EXPECT_GE(n.time - last, 5 * kMinuteUs) << seed << " " << n.id;
          [[fallthrough]];
        default:
          EXPECT_TRUE(told) << seed << " " << n.id;
      }
      last = n.time;
    }
    for (const auto& [at, state] : known)
      EXPECT_FALSE(state.first && IsOver(w.State(at.first))) << seed << " " << at.first;
  }
}

TEST(PlannerProperty, StepsOfTimeAndRestartsMakeNoDifference) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 rng(seed);
    std::mt19937 again(seed);
    World whole(Config());
    World cut(Config());
    for (int n = 0; n < 80; ++n) {
      Step(&whole, &rng);
      Step(&cut, &again);
      const DurationUs time = (rng() % 40) * kMinuteUs;
      again();
      whole.Pass(time);
      for (int i = 0; i < 4; ++i) cut.Pass(time / 4);
      if (n % 7 == 0) cut.Restart();
    }
    whole.Told();
    cut.Told();
    ASSERT_EQ(whole.all.size(), cut.all.size()) << seed;
    for (size_t i = 0; i < whole.all.size(); ++i) {
      EXPECT_EQ(whole.all[i].notification.id, cut.all[i].notification.id) << seed;
      EXPECT_EQ(whole.all[i].notification.time, cut.all[i].notification.time) << seed;
      EXPECT_EQ(whole.all[i].notification.text, cut.all[i].notification.text) << seed;
    }
    EXPECT_EQ(whole.Save(), cut.Save());
  }
}

}  // namespace
}  // namespace culprit
