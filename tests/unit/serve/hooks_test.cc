#include "engine/serve/hooks.h"
#include "engine/base/digest.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/serve/api.h"
#include "engine/serve/hook_signature.h"
#include "tests/fakes/serve_backend.h"

namespace culprit {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = OperatorAction::Kind;

const Secret kSlack("slack-signing-secret");
const Secret kPager("pagerduty-webhook-secret");
constexpr char kAnswerTo[] = "https://hooks.slack.com/actions/T1/2/3";

std::string Percent(const std::string& text) {
  std::string out;
  for (const char c : text)
    absl::StrAppend(&out, "%", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
  return out;
}

class HooksTest : public testing::Test {
 protected:
  HooksTest() {
    HookOptions options;
    options.slack = {{kSlack, "https://slack.com/api"}};
    options.pagerduty = {Secret("another"), kPager};
    options.clock = [this] { return now_; };
    options.post = [this](const std::string& url, const std::string& body) {
      told_.emplace_back(url, json::parse(body));
      return std::string();
    };
    api_ = std::make_unique<Api>(fake_.Make(), Secret("t0ken"), std::move(options));
  }

  ServeRequest Slack(const json& payload) const {
    ServeRequest request;
    request.method = "POST";
    request.path = "/hooks/slack";
    request.host = "culprit.example";
    request.content_type = "application/x-www-form-urlencoded";
    request.body = "payload=" + Percent(payload.dump());
    request.slack_timestamp = std::to_string(now_ / kSecondUs);
    request.slack_signature =
        "v0=" +
        HmacSha256Hex(kSlack, absl::StrCat("v0:", request.slack_timestamp, ":", request.body));
    return request;
  }
  json Click(const std::string& button) const {
    return {{"type", "block_actions"},
            {"user", {{"id", "U1"}, {"name", "ana"}}},
            {"response_url", kAnswerTo},
            {"actions", {{{"action_id", button}, {"value", Id()}, {"action_ts", "1.5"}}}}};
  }
  // Answers, and then does what was clicked.
  int Press(const ServeRequest& request) {
    const ServeResponse response = api_->Handle(request);
    EXPECT_TRUE(fake_.actions.empty() || !response.after) << "the answer waits for nothing";
    if (response.after) response.after();
    return response.status;
  }
  ServeRequest Pager(const json& event) const {
    ServeRequest request;
    request.method = "POST";
    request.path = "/hooks/pagerduty";
    request.host = "culprit.example";
    request.body = json{{"event", event}}.dump();
    request.pagerduty_signature = "v1=" + HmacSha256Hex(kPager, request.body);
    return request;
  }
  json Event(const std::string& type, const std::string& agent = "user_reference") const {
    return {{"id", "E-" + type},
            {"event_type", "incident." + type},
            {"agent", {{"type", agent}, {"summary", "Ana Li"}}},
            {"data", {{"id", "PD1"}, {"incident_key", "culprit/" + Id()}}}};
  }
  json Take(const ServeRequest& request, int status = 200) {
    const ServeResponse response = api_->Handle(request);
    EXPECT_EQ(response.status, status) << response.body;
    return json::parse(response.body);
  }
  std::string Id() const { return fake_.rows[0].id; }

  TimeUs now_ = kFakeNow;
  FakeBackend fake_;
  std::vector<std::pair<std::string, json>> told_;
  std::unique_ptr<Api> api_;
};

TEST_F(HooksTest, SlacksButtonsActAsThePersonWhoPressedThem) {
  EXPECT_EQ(Press(Slack(Click("culprit_ack"))), 200);
  ASSERT_EQ(fake_.actions.size(), 1u);
  EXPECT_EQ(fake_.actions[0].kind, Kind::kAcknowledge);
  EXPECT_EQ(fake_.actions[0].incident, Id());
  EXPECT_EQ(fake_.actions[0].author, "ana");
  fake_.actions.clear();
  EXPECT_EQ(Press(Slack(Click("culprit_resolve"))), 200);
  EXPECT_EQ(fake_.actions.at(0).kind, Kind::kResolve);
  EXPECT_THAT(told_, IsEmpty()) << "the message itself shows it";
  fake_.actions.clear();
  EXPECT_EQ(Press(Slack(Click("culprit_silence_1h"))), 200);
  const OperatorAction silence = fake_.actions.at(0);
  EXPECT_EQ(silence.kind, Kind::kSilence);
  EXPECT_EQ(silence.silence.end, kFakeNow + kHourUs);
  EXPECT_EQ(silence.silence.matchers.at(0).value, Id());
  EXPECT_THAT(told_.at(0).second["text"].get<std::string>(),
              HasSubstr("culprit silence expire " + silence.silence.id));
  EXPECT_EQ(told_[0].first, kAnswerTo);
}

TEST_F(HooksTest, AClickIsTheSameClickWhenItIsSentAgain) {
  Press(Slack(Click("culprit_ack")));
  const std::string id = fake_.actions.at(0).id;
  fake_.actions.clear();
  Press(Slack(Click("culprit_ack")));
  EXPECT_EQ(fake_.actions.at(0).id, id);
  fake_.actions.clear();
  json later = Click("culprit_ack");
  later["actions"][0]["action_ts"] = "2.5";
  Press(Slack(later));
  EXPECT_NE(fake_.actions.at(0).id, id);
}

TEST_F(HooksTest, EvidenceIsShownToThePersonAloneAndStaysText) {
  Incident evil = FakeIncident("INC-evil", IncidentState::kOpen);
  evil.evidence[0].line = "<!channel> ``` & refused\nnext";
  fake_.Add(evil);
  json click = Click("culprit_evidence");
  click["actions"][0]["value"] = "INC-evil";
  EXPECT_EQ(Press(Slack(click)), 200);
  EXPECT_THAT(fake_.actions, IsEmpty());
  const json& said = told_.at(0).second;
  EXPECT_EQ(said["response_type"], "ephemeral");
  EXPECT_EQ(said["replace_original"], false);
  EXPECT_THAT(said["text"].get<std::string>(),
              HasSubstr("&lt;!channel&gt; ''' &amp; refused next"));
  click["actions"][0]["value"] = "INC-none";
  Press(Slack(click));
  EXPECT_THAT(told_.at(1).second["text"].get<std::string>(), HasSubstr("not there any more"));
}

TEST_F(HooksTest, WhatWasNotDoneIsToldToWhoeverClicked) {
  fake_.act_result = absl::FailedPreconditionError("INC-<1> is resolved already");
  Press(Slack(Click("culprit_ack")));
  EXPECT_EQ(told_.at(0).second["text"], "Not done: INC-&lt;1&gt; is resolved already");
}

TEST_F(HooksTest, NothingIsSentWhereNeitherSlackNorTheSinkIs) {
  for (const char* url : {"http://hooks.slack.com/a", "https://hooks.slack.com.evil.example/a",
                          "https://hooks.slack.com@evil.example/a", "http://169.254.169.254/",
                          "https://evil.example/hooks.slack.com", "file:///etc/passwd", ""}) {
    json click = Click("culprit_evidence");
    click["response_url"] = url;
    EXPECT_EQ(Press(Slack(click)), 200) << url;
  }
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_TRUE(MayAnswerTo("http://127.0.0.1:81/x", "http://127.0.0.1:81/api"));
  EXPECT_FALSE(MayAnswerTo("http://127.0.0.1:82/x", "http://127.0.0.1:81/api"));
}

TEST_F(HooksTest, OnlyWhatIsSignedAndFreshIsTaken) {
  ServeRequest request = Slack(Click("culprit_ack"));
  request.body += "+";
  EXPECT_EQ(Press(request), 401);
  request = Slack(Click("culprit_ack"));
  request.slack_signature.clear();
  EXPECT_EQ(Press(request), 401);
  request = Slack(Click("culprit_ack"));
  now_ += 6 * kMinuteUs;
  EXPECT_EQ(Press(request), 401) << "recorded, and sent again later";
  request = Pager(Event("acknowledged"));
  request.pagerduty_signature = "v1=" + HmacSha256Hex(kSlack, request.body);
  Take(request, 401);
  request.pagerduty_signature.clear();
  Take(request, 401);
  // The server's token is no signature.
  request.authorization = "Bearer t0ken";
  Take(request, 401);
  EXPECT_THAT(fake_.actions, IsEmpty());
  // Nor does a signature open anything else.
  request = Pager(Event("acknowledged"));
  request.path = "/api/v1/incidents/x/acknowledge";
  Take(request, 401);
  // And whoever tries is counted.
  ServeRequest scrape;
  scrape.method = "GET";
  scrape.path = "/metrics";
  scrape.host = "culprit.example";
  scrape.authorization = "Bearer t0ken";
  const std::string metrics = api_->Handle(scrape).body;
  for (const char* sample :
       {"{from=\"slack\",reason=\"bad_signature\"} 2", "{from=\"slack\",reason=\"stale\"} 1",
        "{from=\"pagerduty\",reason=\"bad_signature\"} 3"})
    EXPECT_THAT(metrics, HasSubstr(absl::StrCat("culprit_hooks_refused_total", sample)));
}

TEST_F(HooksTest, WithoutASecretThereIsNoHook) {
  Api bare(fake_.Make(), Secret());
  EXPECT_EQ(bare.Handle(Slack(Click("culprit_ack"))).status, 404);
  EXPECT_EQ(bare.Handle(Pager(Event("acknowledged"))).status, 404);
  EXPECT_EQ(Press(Slack({{"type", "view_submission"}})), 400);
  EXPECT_EQ(Press(Slack(Click("another_apps_button"))), 200);
  EXPECT_THAT(fake_.actions, IsEmpty());
}

TEST_F(HooksTest, PagerDutysPeopleActOnTheIncident) {
  EXPECT_EQ(Take(Pager(Event("acknowledged")))["taken"], "incident.acknowledged");
  Take(Pager(Event("resolved")));
  Take(Pager({{"id", "E-note"},
              {"event_type", "incident.annotated"},
              {"agent", {{"type", "user_reference"}, {"summary", "Ana Li"}}},
              {"data", {{"incident", {{"id", "PD1"}}}, {"content", "failing over"}}}}));
  ASSERT_EQ(fake_.actions.size(), 3u);
  EXPECT_EQ(fake_.actions[0].kind, Kind::kAcknowledge);
  EXPECT_EQ(fake_.actions[0].id, "pagerduty:E-acknowledged");
  EXPECT_EQ(fake_.actions[0].incident, Id());
  EXPECT_EQ(fake_.actions[0].author, "Ana Li");
  EXPECT_EQ(fake_.actions[1].kind, Kind::kResolve);
  EXPECT_EQ(fake_.actions[2].kind, Kind::kNote) << "known by the events before it";
  EXPECT_EQ(fake_.actions[2].text, "failing over");
  EXPECT_EQ(fake_.actions[2].incident, Id());
}

TEST_F(HooksTest, TheEchoOfOurOwnEventsDoesNothing) {
  // An acknowledgement from Slack is told to PagerDuty, whose webhook tells it back.
  for (const char* agent : {"service_reference", "inbound_integration_reference", "null"}) {
    json event = Event("acknowledged", agent);
    if (std::string(agent) == "null") event["agent"] = nullptr;
    EXPECT_THAT(Take(Pager(event))["taken"].get<std::string>(), HasSubstr("no person"));
  }
  EXPECT_THAT(fake_.actions, IsEmpty());
}

TEST_F(HooksTest, EventsOfOthersAreTakenAndDoNothing) {
  json event = Event("acknowledged");
  event["data"]["incident_key"] = "nagios/7";
  Take(Pager(event));
  for (const char* type : {"triggered", "unacknowledged", "escalated", "priority_updated"})
    Take(Pager(Event(type)));
  Take(Pager({{"id", "E"}, {"event_type", "pagey.ping"}}));
  Take(Pager({{"id", "E-note"},
              {"event_type", "incident.annotated"},
              {"agent", {{"type", "user_reference"}}},
              {"data", {{"incident", {{"id", "PD-unknown"}}}, {"content", "x"}}}}));
  EXPECT_THAT(fake_.actions, IsEmpty());
  Take(Pager(json::array()), 400);
}

TEST_F(HooksTest, PagerDutySendsAgainOnlyWhatMayStillWork) {
  const auto with = [&](const absl::Status& status) {
    fake_.act_result = status;
    return api_->Handle(Pager(Event("resolved"))).status;
  };
  EXPECT_EQ(with(absl::NotFoundError("x")), 200);
  EXPECT_EQ(with(absl::FailedPreconditionError("x")), 200);
  EXPECT_EQ(with(absl::InvalidArgumentError("x")), 200);
  EXPECT_EQ(with(absl::DeadlineExceededError("x")), 504);
  EXPECT_EQ(with(absl::UnavailableError("x")), 503);
}

}  // namespace
}  // namespace culprit
