// Checkpoints (ROOT_CAUSE 7, invariant 7): saved and restored at any slice, it goes on as if
// nothing had happened; damage is refused; other packs keep what they still know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/checkpoint.h"
#include "tests/unit/correlate/cascade_driver.h"

namespace culprit {
namespace {

using ::testing::Contains;
using testing::Driver;
using testing::kLead;
using testing::KnowledgeBuilder;

// web -> api -> {db, cache}; worker -> db; with failure modes of two packs, one not active at
// first.
KnowledgeBuilder Shop() {
  KnowledgeBuilder k;
  k.Signature("s/crash", SymptomClass::kCrash)
      .Signature("s/oom", SymptomClass::kResource)
      .Signature("s/5xx", SymptomClass::kServerError)
      .Signature("s/refused", SymptomClass::kRefused)
      .Signature("s/jam", SymptomClass::kSelfError)
      .Signature("s/login", SymptomClass::kOther)
      .Signature("s/weak", SymptomClass::kSelfError, true);
  k.Depends("web", {"api"}).Depends("api", {"db", "cache"}).Depends("worker", {"db"});
  k.Mode(testing::ModeSpec("m/db-down", "db", ModeKind::kDown,
                           {{"s/login", "api", .8, kHourUs}, {"s/crash", "", .5, kHourUs}},
                           {"s/jam"}));
  k.Mode(testing::ModeSpec("m/jam", "worker", ModeKind::kFaulty, {{"s/jam", "", .5, kHourUs}}));
  FailureModeSpec cut =
      testing::ModeSpec("m/cut", "db", ModeKind::kLink, {{"s/refused", "api", .9, kHourUs}});
  cut.from = "api";
  k.Mode(cut);
  const uint32_t late = k.Pack("late");
  k.Depends("mail", {"queue"}, late);
  FailureModeSpec full =
      testing::ModeSpec("late/full", "queue", ModeKind::kSlow, {{"s/oom", "", .8, kHourUs}});
  full.pack = late;
  k.Mode(full);
  return k;
}

// An incident that resolves and flaps, a second fault, silence, a weak burst, a pack that becomes
// active, a target nobody declared, and repeats of one key in a paged incident.
void Fill(Driver& d) {
  d.Alive({"web", "api", "worker", "cache", "mail", "queue"});
  for (int n = 0; n < 3; ++n) {
    const double at = 20 + n * 450;
    d.Add("s/crash", "db", at, "", 40);
    d.Add("s/refused", "api", at + 1, "db", 40);
    d.Add("s/login", "api", at + 2, "", 40);
    d.Add("s/5xx", "web", at + 3, "", 40);
  }
  d.Add("s/oom", "queue", 60, "", 500);
  d.Add("s/refused", "mail", 62, "queue", 500);
  for (int n = 0; n < 4; ++n) d.Add("s/jam", "worker", 70 + n * 130, "", 61, 5);
  d.Add("s/refused", "api", 80, "ext:10.0.0.1:99", 30);
  d.Add("", "cache", 300, "", 100);
  d.Add("s/weak", "stranger", 310, "", 20, 500);
  d.Add("s/5xx", "api", 700, "", 20);
}

// Both run slice by slice; `restarted` goes through a checkpoint after each.
void ExpectTheSame(Driver whole, Driver restarted, double seconds, int each = 1) {
  for (int t = 1; t <= seconds; ++t) {
    whole.Run(t);
    restarted.Run(t);
    const absl::Status status = restarted.Restart();
    ASSERT_TRUE(status.ok()) << status << " at " << t;
    ASSERT_TRUE(restarted.correlator().Save() == whole.correlator().Save()) << "at " << t;
    if (t % each == 0) {
      ASSERT_EQ(testing::Text(restarted.correlator()), testing::Text(whole.correlator())) << t;
      ASSERT_EQ(restarted.correlator().next_due(), whole.correlator().next_due()) << t;
    }
  }
  whole.correlator().Finish(Driver::At(seconds + 7));
  restarted.correlator().Finish(Driver::At(seconds + 7));
  EXPECT_EQ(testing::Text(restarted.correlator()), testing::Text(whole.correlator()));
}

TEST(CorrelatorState, RestartedAtEverySliceItSaysTheSame) {
  for (int64_t looks : {8, 1}) {
    CorrelatorOptions options;
    options.looks_per_second = looks;
    options.looks_saved = looks == 8 ? 12000 : 40;
    Driver whole(Shop().Build(), options), restarted(Shop().Build(), options);
    for (Driver* d : {&whole, &restarted}) Fill(*d);
    ExpectTheSame(whole, restarted, 1500, 5);
  }
}

TEST(CorrelatorState, RestartedAtEverySliceOfACascadeItSaysTheSame) {
  for (uint64_t seed = 900; seed < 906; ++seed) {
    testing::CascadeOptions cascade;
    cascade.components = 40;
    cascade.noise = 3;
    cascade.two_faults = .5;
    const auto simulated = testing::Simulate(seed, cascade);
    ExpectTheSame(testing::DriveCascade(simulated), testing::DriveCascade(simulated), kLead + 160,
                  3);
  }
}

TEST(CorrelatorState, BeforeAnythingHappened) {
  Driver whole(Shop().Build()), restarted(Shop().Build());
  ASSERT_TRUE(restarted.Restart().ok());
  for (Driver* d : {&whole, &restarted}) {
    Fill(*d);
    d->Run(100);
  }
  EXPECT_EQ(testing::Text(restarted.correlator()), testing::Text(whole.correlator()));
}

TEST(CorrelatorState, ConfirmedRootsAreKept) {
  Driver whole(Shop().Build()), restarted(Shop().Build());
  for (Driver* d : {&whole, &restarted}) {
    Fill(*d);
    d->Run(30);
    d->correlator().ConfirmRoot("m/db-down", "db");
    d->correlator().ConfirmRoot("m/db-down", "db");
    d->correlator().ConfirmRoot("generic/faulty", "api");
  }
  ASSERT_TRUE(restarted.Restart().ok());
  for (Driver* d : {&whole, &restarted}) d->Run(100);
  EXPECT_EQ(testing::Text(restarted.correlator()), testing::Text(whole.correlator()));
}

TEST(CorrelatorState, WithOtherPacksWhatTheyKnowIsKept) {
  Driver d(Shop().Build());
  Fill(d);
  d.Run(50);
  const auto before = d.correlator().Incidents();
  ASSERT_EQ(before.at(0).root.failure_mode, "m/db-down");
  const size_t bursts = d.correlator().last_evaluation().evidence.items().size();

  // One signature fewer, one more in front of all (every index moves), no failure mode of the db.
  KnowledgeBuilder other;
  other.Signature("a/new", SymptomClass::kCrash)
      .Signature("s/crash", SymptomClass::kCrash)
      .Signature("s/5xx", SymptomClass::kServerError)
      .Signature("s/refused", SymptomClass::kRefused)
      .Signature("s/jam", SymptomClass::kSelfError)
      .Signature("s/oom", SymptomClass::kResource)
      .Signature("s/weak", SymptomClass::kSelfError, true);
  other.Depends("web", {"api"}).Depends("api", {"db", "cache"}).Depends("worker", {"db"});
  ASSERT_TRUE(d.Restart(other.Build()).ok());
  EXPECT_EQ(d.counters().Get(Reason::kSignatureGone), 1u);
  const auto after = d.correlator().Incidents();
  ASSERT_EQ(after.size(), before.size());
  EXPECT_EQ(after[0].id, before[0].id);
  EXPECT_EQ(after[0].root.component, "db");
  EXPECT_EQ(after[0].root.failure_mode, "generic/down");
  EXPECT_EQ(after[0].symptoms.size(), before[0].symptoms.size() - 1);
  EXPECT_EQ(d.correlator().last_evaluation().evidence.items().size(), bursts - 1);
  for (const Symptom& s : after[0].symptoms) EXPECT_NE(s.signature, "s/login");
}

TEST(CorrelatorState, WithMorePacksOpenIncidentsAreJudgedAnew) {
  KnowledgeBuilder plain;
  plain.Signature("s/crash", SymptomClass::kCrash).Signature("s/jam", SymptomClass::kSelfError);
  plain.Depends("api", {"db"});
  Driver d(plain.Build());
  d.Add("s/crash", "db", 20);
  d.Add("s/jam", "db", 20.5);
  d.Run(30);
  ASSERT_EQ(d.correlator().Incidents().at(0).root.failure_mode, "generic/down");
  FailureModeSpec mode =
      testing::ModeSpec("m/db-down", "db", ModeKind::kDown,
                        {{"s/crash", "", .95, kHourUs}, {"s/jam", "", .95, kHourUs}});
  ASSERT_TRUE(d.Restart(plain.Mode(mode).Build()).ok());
  EXPECT_EQ(d.correlator().Incidents().at(0).root.failure_mode, "m/db-down");
  EXPECT_EQ(d.correlator().last_evaluation().now, Driver::At(30));
}

TEST(CorrelatorState, DamageIsRefusedAndChangesNothing) {
  Driver d(Shop().Build());
  Fill(d);
  d.Run(90);
  const std::string bytes = d.correlator().Save();
  Driver other(Shop().Build());
  Fill(other);
  other.Run(40);
  const std::string before = testing::Text(other.correlator());
  Correlator& target = other.correlator();
  EXPECT_EQ(target.Restore("").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(target.Restore(SealCheckpoint("detector", 1, "")).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(target.Restore(SealCheckpoint("correlator", 99, "")).code(),
            absl::StatusCode::kFailedPrecondition);
  std::string_view content;
  ASSERT_TRUE(OpenCheckpoint(bytes, "correlator", 1, &content).ok());
  for (size_t n = 0; n < content.size(); n += 1 + n / 50) {
    EXPECT_FALSE(target.Restore(SealCheckpoint("correlator", 1, content.substr(0, n))).ok()) << n;
  }
  EXPECT_FALSE(target.Restore(bytes + "x").ok());
  EXPECT_EQ(testing::Text(target), before);
}

// Any byte may be wrong: refused, or taken and gone on with.
TEST(CorrelatorState, WrongBytesNeverBreakIt) {
  Driver d(Shop().Build());
  Fill(d);
  d.Run(90);
  std::string_view content;
  const std::string bytes = d.correlator().Save();
  ASSERT_TRUE(OpenCheckpoint(bytes, "correlator", 1, &content).ok());
  const auto knowledge = Shop().Build();
  size_t taken = 0;
  for (size_t at = 0; at < content.size(); ++at) {
    std::string wrong(content);
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << at % 8));
    Counters counters;
    Correlator next(knowledge, {}, &counters);
    if (!next.Restore(SealCheckpoint("correlator", 1, wrong)).ok()) continue;
    ++taken;
    next.AdvanceTo(next.last_evaluation().now + 60 * kSecondUs);
    next.Incidents();
    next.Save();
  }
  EXPECT_GT(taken, 0u);
}

}  // namespace
}  // namespace culprit
