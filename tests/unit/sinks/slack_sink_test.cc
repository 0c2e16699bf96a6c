#include "sinks/slack/slack_sink.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "sinks/common/message.h"
#include "sinks/slack/slack_message.h"
#include "tests/fakes/fake_process.h"

namespace culprit {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr char kHook[] = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX";

Notification Fresh() {
  Notification n = SampleNotification();
  n.owner.clear();
  n.notes.clear();
  n.text.clear();
  return n;
}

Notification After(Notification n, NotifyEvent event, const std::string& receipt) {
  n.event = event;
  n.id += "/" + std::string(NotifyEventName(event));
  n.receipt = receipt;
  if (event == NotifyEvent::kAcknowledged) n.owner = "ana";
  if (event == NotifyEvent::kResolved) {
    n.incident.state = IncidentState::kResolved;
    n.incident.resolved_at = n.incident.onset + 4 * kMinuteUs;
  }
  return n;
}

class SlackTest : public testing::Test {
 protected:
  std::unique_ptr<Sink> Bot() {
    SlackSinkConfig c;
    c.bot_token = Secret("xoxb-fake-token-0123456789");
    c.channel = "C024BE91L";
    c.signing_secret = Secret("signs-clicks");
    c.api_url = fake.Url("/api");
    c.http.environment_proxy = false;
    return *MakeSlackSink(c);
  }
  std::unique_ptr<Sink> Hook(SlackSinkConfig c = {}) {
    c.webhook_url = Secret(fake.Url(kHook));
    c.http.environment_proxy = false;
    return *MakeSlackSink(c);
  }
  Json State() { return Json::parse(fake.Get("/_state")); }
  DeliveryResult Good(Sink& sink, const Notification& n) {
    const DeliveryResult result = sink.Deliver(n);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
    return result;
  }

  FakeProcess fake{"slack.py", {"--rate", "0"}};
};

TEST_F(SlackTest, ButtonsAreThereWhenSomebodyListens) {
  const auto buttons = [&](const char* secret, bool wanted) {
    SlackSinkConfig c;
    c.signing_secret = Secret(secret);
    c.buttons = wanted;
    return Hook(c)->Preview(Fresh()).find("culprit_ack") != std::string::npos;
  };
  EXPECT_TRUE(buttons("s", true));
  EXPECT_FALSE(buttons("s", false));
  EXPECT_FALSE(buttons("", true));
  SlackSinkConfig c;
  c.signing_secret = Secret("s");
  Good(*Hook(c), Fresh());
  EXPECT_THAT(State()["messages"][0]["blocks"].dump(), HasSubstr("culprit_silence_1h"));
}

TEST_F(SlackTest, ABotKeepsOneMessageAndTellsTheRestInItsThread) {
  const std::unique_ptr<Sink> sink = Bot();
  const std::string receipt = Good(*sink, Fresh()).receipt;
  EXPECT_THAT(receipt, testing::MatchesRegex("C024BE91L [0-9]+\\.[0-9]+"));
  // Another process goes on from the receipt.
  const std::unique_ptr<Sink> later = Bot();
  EXPECT_EQ(Good(*later, After(Fresh(), NotifyEvent::kUpdated, receipt)).receipt, receipt);
  EXPECT_EQ(Good(*later, After(Fresh(), NotifyEvent::kAcknowledged, receipt)).receipt, receipt);
  EXPECT_EQ(Good(*later, After(Fresh(), NotifyEvent::kResolved, receipt)).receipt, receipt);
  const Json messages = State()["messages"];
  ASSERT_EQ(messages.size(), 3u);  // one in the channel, two in its thread
  EXPECT_FALSE(messages[0].contains("thread_ts"));
  EXPECT_THAT(messages[0].dump(), HasSubstr("resolved after 4 min"));
  EXPECT_THAT(messages[0].dump(), Not(HasSubstr("culprit_ack")));
  EXPECT_EQ(messages[1]["thread_ts"], messages[0]["ts"]);
  EXPECT_THAT(messages[1].dump(), HasSubstr("acknowledged by ana"));
  EXPECT_EQ(messages[2]["thread_ts"], messages[0]["ts"]);
}

TEST_F(SlackTest, WhatACrashLeftOpenIsFoundAndNotPostedTwice) {
  const std::unique_ptr<Sink> sink = Bot();
  fake.Order(R"({"rules": [{"path": "/api/chat.postMessage", "late": true, "reset": true}]})");
  EXPECT_EQ(sink->Deliver(Fresh()).outcome, DeliveryOutcome::kRetry);
  Notification again = Fresh();
  again.maybe_sent = true;
  const std::string receipt = Good(*sink, again).receipt;
  ASSERT_EQ(State()["messages"].size(), 1u);

  fake.Order(R"({"rules": [{"path": "/api/chat.postMessage", "late": true, "reset": true}]})");
  Notification note = After(Fresh(), NotifyEvent::kNote, receipt);
  EXPECT_EQ(sink->Deliver(note).outcome, DeliveryOutcome::kRetry);
  note.maybe_sent = true;
  Good(*sink, note);
  EXPECT_EQ(State()["messages"].size(), 2u);
}

TEST_F(SlackTest, AMessageThatSomebodyDeletedIsPostedAnew) {
  const std::unique_ptr<Sink> sink = Bot();
  const Notification n = After(Fresh(), NotifyEvent::kNote, "C024BE91L 1.000001");
  EXPECT_NE(Good(*sink, n).receipt, n.receipt);
}

TEST_F(SlackTest, WhatSlackRefusesInAnAnswerOf200HasItsOutcome) {
  const auto outcome = [&](const std::string& error) {
    fake.Order(
        R"({"rules": [{"path": "/api/", "status": 200, "body": "{\"ok\":false,\"error\":\")" +
        error + R"(\"}"}]})");
    return Bot()->Deliver(Fresh());
  };
  EXPECT_EQ(outcome("channel_not_found").outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(outcome("token_revoked").reason, "auth");
  EXPECT_EQ(outcome("ratelimited").outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(outcome("internal_error").outcome, DeliveryOutcome::kRetry);
  fake.Order(R"({"rules": [{"path": "/api/", "status": 200, "body": "<html>maintenance"}]})");
  EXPECT_EQ(Bot()->Deliver(Fresh()).outcome, DeliveryOutcome::kRetry);
}

TEST_F(SlackTest, ALayoutThatSlackRefusesDoesNotLoseThePage) {
  fake.Order(
      R"({"rules": [{"path": "/api/", "status": 200, "body": "{\"ok\":false,\"error\":\"invalid_blocks\"}"}]})");
  Good(*Bot(), Fresh());
  EXPECT_THAT(State()["messages"][0]["text"].get<std::string>(), HasSubstr("etcd is down"));
  fake.Order(R"({"rules": [{"path": "/services/", "status": 400, "body": "invalid_blocks"}]})");
  Good(*Hook(), Fresh());
  EXPECT_EQ(State()["messages"].size(), 2u);
}

TEST_F(SlackTest, TheRateLimitIsHonoured) {
  FakeProcess strict("slack.py", {"--rate", "1"});
  SlackSinkConfig c;
  c.webhook_url = Secret(strict.Url(kHook));
  c.http.environment_proxy = false;
  const std::unique_ptr<Sink> sink = *MakeSlackSink(c);
  DeliveryResult result;
  for (int i = 0; i < 20 && result.outcome == DeliveryOutcome::kDelivered; ++i)
    result = sink->Deliver(Fresh());
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "rate_limited");
  EXPECT_EQ(result.retry_after, kSecondUs);
}

// Everything that a log can say, in every place that shows log text.
Notification Hostile(const std::string& text) {
  Notification n = Fresh();
  Incident& i = n.incident;
  i.title = text;
  i.root.component = text;
  i.root.title = text;
  i.impact = text;
  i.affected = {text, text};
  i.confidence = Confidence::kInconclusive;
  i.ties = {text};
  i.alternatives[0].reason = text;
  i.alternatives[0].hypothesis.title = text;
  for (Symptom& s : i.symptoms) s.title = s.component = text;
  for (Evidence& e : i.evidence) e.line = e.service = text;
  i.runbook.immediate[0] = {text, text};
  i.runbook.links[0] = {text, "javascript:alert(1)"};
  n.evidence_streams = {text, text};
  n.text = text;
  n.notes = {{n.time, text, text}};
  n.team = text;
  n.contacts = {{text, text}};
  return n;
}

TEST_F(SlackTest, LogTextPingsNobodyAndBreaksNoBlock) {
  const std::string texts[] = {
      "<!channel> <!here> <@U024BE7LH> <!subteam^S024BE7LH> @here @channel #general",
      "``` <!channel> ``` `a` *b* _c_ ~d~ ````",
      "&lt;!channel&gt; &amp; <http://evil|click> mailto:a@b.c",
      std::string("\x00\x01\xff\xfe\xc3 \xF0\x9F\x94\xA5 \xE2\x80\xAE", 14),
      std::string(20'000, '<'),
      std::string(20'000, 'x'),
      std::string(5'000, '\n') + "end",
      std::string(9'000, '`'),
  };
  const std::unique_ptr<Sink> bot = Bot();
  const std::unique_ptr<Sink> hook = Hook();
  for (const std::string& text : texts) {
    const Notification n = Hostile(text);
    const std::string receipt = Good(*bot, n).receipt;
    Good(*bot, After(n, NotifyEvent::kNote, receipt));
    Good(*hook, n);
    Good(*hook, After(n, NotifyEvent::kUpdated, ""));
  }
  const Json state = State();
  EXPECT_EQ(state["pings"], Json::array());
  for (const Json& message : state["messages"])
    EXPECT_TRUE(message.contains("blocks")) << "the layout was refused: " << message.dump();
}

// Pieces that mean something to Slack, or to who cuts texts, put together by chance.
std::string Soup(std::mt19937* random) {
  static const std::vector<std::string> kPieces = {"<!channel>",
                                                   "<@U024BE7LH>",
                                                   "<!subteam^S024BE7LH>",
                                                   "@here",
                                                   "@channel",
                                                   "#general",
                                                   "```",
                                                   "`",
                                                   "*",
                                                   "_",
                                                   "~",
                                                   ">",
                                                   "<",
                                                   "&",
                                                   "&lt;",
                                                   "&amp;",
                                                   "&#60;!channel>",
                                                   "|",
                                                   "<http://evil|click>",
                                                   "http://evil/<!here>",
                                                   "mailto:a@b.c",
                                                   "\n",
                                                   "\n\n",
                                                   " ",
                                                   "x",
                                                   "{{title}}",
                                                   "{{#proof}}",
                                                   "\\",
                                                   "\"",
                                                   "\xff",
                                                   "\xc3",
                                                   "\xed\xa0\x80",
                                                   "\xF0\x9F\x94\xA5",
                                                   "\xE2\x80\xAE",
                                                   "\xE2\x80\x8B",
                                                   std::string(1, '\0'),
                                                   "\x1b[31m",
                                                   "<!date^1^{date}|x>"};
  std::string out;
  const size_t pieces = 1 + (*random)() % 40;
  for (size_t i = 0; i < pieces; ++i) {
    const std::string& piece = kPieces[(*random)() % kPieces.size()];
    const size_t times = (*random)() % 20 == 0 ? 1 + (*random)() % 4000 : 1;
    for (size_t k = 0; k < times; ++k) out += piece;
  }
  return out;
}

TEST_F(SlackTest, NoTextByChancePingsOrBreaksABlock) {
  std::mt19937 random(20261121);
  const std::unique_ptr<Sink> bot = Bot();
  const std::unique_ptr<Sink> hook = Hook();
  for (int i = 0; i < 60; ++i) {
    const Notification n = Hostile(Soup(&random));
    const NotifyEvent event = static_cast<NotifyEvent>(i % 11);
    const std::string receipt = Good(*bot, n).receipt;
    Good(*bot, After(n, event, receipt));
    Good(*hook, After(n, event, ""));
    ASSERT_FALSE(HasFailure()) << "case " << i;
  }
  const Json state = State();
  EXPECT_EQ(state["pings"], Json::array());
  for (const Json& message : state["messages"])
    EXPECT_TRUE(message.contains("blocks")) << "the layout was refused: " << message.dump();
}

TEST_F(SlackTest, TheOnCallIsPinged) {
  Good(*Hook(), Fresh());
  EXPECT_EQ(State()["pings"], Json({"@U024BE7LH"}));
}

TEST_F(SlackTest, EverythingFitsHoweverLongItIs) {
  SlackSinkConfig c;
  c.body = "{{#proof}}{{line}}\n\n{{impact}}\n\n{{/proof}}";
  for (int i = 0; i < 60; ++i) c.body += "```{{impact}} {{first_step}}```\n\n";
  Notification n = Hostile(std::string(3'000, '&'));
  Good(*Hook(c), n);
  const Json message = State()["messages"][0];
  ASSERT_TRUE(message.contains("blocks"));
  EXPECT_LE(message["blocks"].size(), kSlackBlocks);
  EXPECT_LE(message["blocks"].dump().size(), kSlackMessageBytes);
  EXPECT_THAT(message["blocks"].dump(), HasSubstr("left out"));
}

TEST_F(SlackTest, OwnTemplatesAreUsed) {
  SlackSinkConfig c;
  c.title = "{{severity}}: {{component}}";
  c.body = "see {{first_command}}";
  Good(*Hook(c), Fresh());
  const std::string message = State()["messages"][0].dump();
  EXPECT_THAT(message, HasSubstr("critical: etcd"));
  EXPECT_THAT(message, HasSubstr("see etcdctl endpoint health"));
}

// For tests/clients/slack_types_test.py, against the types that Slack publishes (@slack/types).
TEST_F(SlackTest, WritesPayloadsForTheTypeCheck) {
  const char* path = std::getenv("CULPRIT_SLACK_PAYLOADS");  // NOLINT(concurrency-mt-unsafe)
  if (path == nullptr) return;
  std::ofstream out(path);
  const SlackPlace post{"C024BE91L", "", ""};
  const SlackPlace edit{"C024BE91L", "1.000001", ""};
  const SlackPlace thread{"C024BE91L", "", "1.000001"};
  SlackSinkConfig config;
  for (int event = 0; event <= static_cast<int>(NotifyEvent::kEscalated); ++event) {
    Notification bare;
    bare.incident.id = "INC-1";
    for (Notification n : {bare, Fresh(), Hostile("<!channel> ``` &lt; \xff \n\n")}) {
      n = After(std::move(n), static_cast<NotifyEvent>(event), "");
      out << SlackPayload(n, config, SlackForm::kFull, post, true) << "\n"
          << SlackPayload(n, config, SlackForm::kFull, edit, true) << "\n"
          << SlackPayload(n, config, SlackForm::kThread, thread, true) << "\n"
          << SlackPayload(n, config, SlackForm::kFull, {}, false) << "\n"
          << SlackPayload(n, config, SlackForm::kShort, {}, false) << "\n"
          << SlackPlainPayload(n, config, SlackForm::kFull, edit) << "\n";
    }
  }
}

}  // namespace
}  // namespace culprit
