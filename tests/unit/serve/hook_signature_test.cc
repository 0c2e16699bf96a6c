#include "engine/serve/hook_signature.h"

#include <gtest/gtest.h>

#include "engine/base/digest.h"
#include "engine/serve/hook_payload.h"

namespace culprit {
namespace {

TEST(HookSignature, PagerDutysMayBeOneOfSeveral) {
  const Secret secret("s3cret");
  const std::string good = "v1=" + HmacSha256Hex(secret, "{}");
  const std::string other = "v1=" + HmacSha256Hex(Secret("old"), "{}");
  for (const std::string& header :
       {good, good + "," + other, other + "," + good, other + ", " + good + " ", "," + good})
    EXPECT_TRUE(PagerDutySigned(header, "{}", secret)) << header;
  for (const std::string& header :
       {std::string(), std::string("v1="), other, good.substr(3), good.substr(0, good.size() - 1),
        good + "0", "v0=" + good.substr(3), "V1=" + good.substr(3),
        std::string(",,,,,,,,,") + good})
    EXPECT_FALSE(PagerDutySigned(header, "{}", secret)) << header;
  EXPECT_FALSE(PagerDutySigned(good, "{} ", secret));
  EXPECT_FALSE(PagerDutySigned("v1=" + HmacSha256Hex(Secret(), "{}"), "{}", Secret()))
      << "no secret opens no door";
}

TEST(HookSignature, SlacksCoversTimestampAndBody) {
  // The example of Slack's documentation.
  const Secret secret("8f742231b10e8888abcd99yyyzzz85a5");
  const std::string body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&"
      "channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&"
      "command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F"
      "T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
      "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
  const std::string signature =
      "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
  EXPECT_TRUE(SlackSigned(signature, "1531420618", body, secret));
  EXPECT_FALSE(SlackSigned(signature, "1531420619", body, secret));
  EXPECT_FALSE(SlackSigned(signature, "1531420618", body + "&", secret));
  EXPECT_FALSE(SlackSigned(signature.substr(3), "1531420618", body, secret));
  EXPECT_FALSE(SlackSigned("", "1531420618", body, secret));
  EXPECT_FALSE(SlackSigned("v0=" + HmacSha256Hex(Secret(), "v0:1:"), "1", "", Secret()));
}

TEST(HookSignature, WhatIsOlderThanFiveMinutesIsNotTaken) {
  const TimeUs now = 1'000'000 * kSecondUs;
  for (const char* good : {"1000000", "999700", "1000300"})
    EXPECT_TRUE(SlackFresh(good, now)) << good;
  for (const char* bad : {"", "999699", "1000301", "x", "1000000x", " 1000000", "-1", "1e6",
                          "99999999999999999999", "9223372036854775807"})
    EXPECT_FALSE(SlackFresh(bad, now)) << bad;
}

TEST(HookPayload, PagerDutysEventsAreRead) {
  const auto event = ReadPagerDutyEvent(R"({"event":{"id":"E1","event_type":"incident.acknowledged",
      "resource_type":"incident","occurred_at":"2026-11-21T06:51:05.123Z",
      "agent":{"id":"P1","summary":"Ana\nLi","type":"user_reference"},"client":null,
      "data":{"id":"PGR0VU2","type":"incident","incident_key":"culprit/INC-1","status":"acknowledged"}}})");
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, PagerDutyEvent::Kind::kAcknowledged);
  EXPECT_EQ(event->id, "E1");
  EXPECT_TRUE(event->by_person);
  EXPECT_EQ(event->person, "Ana Li");
  EXPECT_EQ(IncidentOfDedupKey(event->incident_key), "INC-1");
  const auto note = ReadPagerDutyEvent(R"({"event":{"id":"E2","event_type":"incident.annotated",
      "agent":null,"data":{"incident":{"id":"PGR0VU2","type":"incident_reference"},
      "id":"PWL7QXS","content":"one\ntwo\u0007","trimmed":false,"type":"incident_note"}}})");
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->kind, PagerDutyEvent::Kind::kAnnotated);
  EXPECT_EQ(note->incident_id, "PGR0VU2");
  EXPECT_EQ(note->text, "one\ntwo");
  EXPECT_FALSE(note->by_person);
  const auto ping =
      ReadPagerDutyEvent(R"({"event":{"id":"E3","event_type":"pagey.ping","data":{}}})");
  ASSERT_TRUE(ping.ok());
  EXPECT_EQ(ping->kind, PagerDutyEvent::Kind::kOther);
  for (const char* bad : {"", "[]", "{", "{\"event\":7}", "{\"event\":{}}",
                          R"({"event":{"event_type":"incident.resolved"}})"})
    EXPECT_FALSE(ReadPagerDutyEvent(bad).ok()) << bad;
  EXPECT_EQ(IncidentOfDedupKey("culprit2/INC-1"), "");
  EXPECT_EQ(IncidentOfDedupKey("culprit/"), "");
}

TEST(HookPayload, SlacksClicksAreRead) {
  const auto click = ReadSlackClick(
      "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%2C%22name"
      "%22%3A%22ana%22%7D%2C%22response_url%22%3A%22https%3A%2F%2Fhooks.slack.com%2Factions%2F1%22%"
      "2C"
      "%22actions%22%3A%5B%7B%22action_id%22%3A%22culprit_ack%22%2C%22value%22%3A%22INC-1%22%2C"
      "%22action_ts%22%3A%221548426417.840180%22%7D%5D%7D");
  ASSERT_TRUE(click.ok()) << click.status();
  EXPECT_EQ(click->button, SlackClick::Button::kAcknowledge);
  EXPECT_EQ(click->incident, "INC-1");
  EXPECT_EQ(click->person, "ana");
  EXPECT_EQ(click->id, "slack:U1:culprit_ack:1548426417.840180");
  EXPECT_EQ(click->response_url, "https://hooks.slack.com/actions/1");
  for (const char* bad :
       {"", "payload", "payload=%", "payload=%7B%7D", "x=1", "payload=7",
        "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%5D%7D"})
    EXPECT_FALSE(ReadSlackClick(bad).ok()) << bad;
}

}  // namespace
}  // namespace culprit
