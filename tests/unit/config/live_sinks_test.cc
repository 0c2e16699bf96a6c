#include <gmock/gmock.h>

#include "engine/config/interpolate.h"
#include "engine/config/live_config.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSource[] = "sources: [ { tail: { include: /var/log/*.log } } ]\n";

absl::StatusOr<LiveConfig> Read(const std::string& sinks) {
  const Environment none = [](const std::string&) { return std::nullopt; };
  return ParseLiveConfig(kSource + ("sinks:\n" + sinks), "culprit.yaml", none);
}

std::string ErrorOf(const std::string& sinks) {
  const absl::StatusOr<LiveConfig> config = Read(sinks);
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(LiveSinks, EveryKindIsReadAndCanBeMade) {
  const absl::StatusOr<LiveConfig> config = Read(R"(
  - slack: { name: ops, bot_token: xoxb-1, channel: C024BE91L, signing_secret: sign, buttons: false, title: "{{title}}" }
  - pagerduty: { routing_key: 0123456789abcdef0123456789abcdef, webhook_secret: hook, severities: { warning: info } }
  - webhook: { url: "https://example.org/a?b=c", signing_secret: s, headers: { X-Key: k }, timeout: 3s }
  - alertmanager: { url: "http://am:9093/", labels: { cluster: eu }, resend_every: 30s }
  - opsgenie: { api_key: k, priorities: { critical: P2 }, tags: [culprit] }
  - email: { server: "mail:25", encryption: none, from: a@b.org, to: [c@d.org] }
  - kafka: { brokers: [a:1, b:2], topic: incidents, sasl: { username: u, password: p } }
  - file: { path: /tmp/x.jsonl, max_bytes: 1MiB, keep: 2, line: '{"t": "{{title}}"}' }
  - exec: { command: [/bin/true, --now], timeout: 1s }
  - stdout:
)");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->sinks.size(), 10u);
  EXPECT_EQ(SinkName(config->sinks[0].config), "ops");
  EXPECT_EQ(SinkName(config->sinks[9].config), "stdout");
  EXPECT_EQ(config->sinks[1].where.line, 5);
  EXPECT_EQ(std::get<PagerDutySinkConfig>(config->sinks[1].config).severities[1], "info");
  EXPECT_TRUE(
      std::get<PagerDutySinkConfig>(config->sinks[1].config).webhook_secret.Matches("hook"));
  EXPECT_TRUE(std::get<SlackSinkConfig>(config->sinks[0].config).signing_secret.Matches("sign"));
  EXPECT_EQ(std::get<WebhookSinkConfig>(config->sinks[2].config).http.timeout, 3 * kSecondUs);
  EXPECT_EQ(std::get<AlertmanagerSinkConfig>(config->sinks[3].config).url, "http://am:9093");
  EXPECT_EQ(std::get<OpsgenieSinkConfig>(config->sinks[4].config).priorities[3], "P2");
  EXPECT_EQ(std::get<KafkaSinkConfig>(config->sinks[6].config).brokers, "a:1,b:2");
}

TEST(LiveSinks, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ErrorOf("  - slak: { webhook_url: x }"),
              HasSubstr("culprit.yaml:3: sinks: unknown kind 'slak'; did you mean 'slack'?"));
  EXPECT_THAT(ErrorOf("  - pagerduty:\n      routing_key: k\n      severities: { warning: panic }"),
              HasSubstr("culprit.yaml:5: sink pagerduty: severities: 'warning' is 'panic'; "
                        "expected one of info, warning, error, critical"));
  EXPECT_THAT(ErrorOf("  - pagerduty: { routing_key: k, severities: { fatal: error } }"),
              HasSubstr("unknown key 'fatal'"));
  EXPECT_THAT(ErrorOf("  - slack: { bot_token: t }"), HasSubstr("needs 'channel'"));
  EXPECT_THAT(ErrorOf("  - slack: {}"), HasSubstr("culprit.yaml:3: sink slack: give"));
  EXPECT_THAT(ErrorOf("  - file: { path: a }\n  - file: { path: b }"),
              HasSubstr("culprit.yaml:4: two sinks are called 'file'"));
  EXPECT_THAT(
      ErrorOf("  - email: { server: s, username: u, encryption: none, from: a@b, to: c@d }"),
      HasSubstr("a password is not sent without encryption"));
}

TEST(LiveSinks, AWrongUrlIsNamedAndNotRepeated) {
  for (const char* url :
       {"hooks.slack.com/s3cret", "https:///s3cret", "ftp://host/s3cret", "https://host/s3 cret"}) {
    const std::string error = ErrorOf(std::string("  - slack: { webhook_url: \"") + url + "\" }");
    EXPECT_THAT(error, HasSubstr("culprit.yaml:3: sink slack: 'webhook_url' is no URL")) << url;
    EXPECT_THAT(error, Not(HasSubstr("s3")));
  }
}

TEST(LiveSinks, TheWayBackNeedsAServer) {
  const std::string slack = "  - slack: { webhook_url: https://h/x, signing_secret: s3cret }\n";
  EXPECT_EQ(ErrorOf(slack), "");
  EXPECT_EQ(ErrorOf(slack + "serve: { listen: '' }\n"),
            "culprit.yaml:3: sink slack: 'signing_secret' needs 'serve.listen': what people do "
            "comes in there");
  EXPECT_THAT(ErrorOf("  - pagerduty: { name: p, routing_key: k, webhook_secret: s3cret }\n"
                      "serve: { listen: '' }\n"),
              HasSubstr("sink p: 'webhook_secret' needs"));
}

TEST(LiveSinks, TemplatesAreChecked) {
  EXPECT_THAT(ErrorOf("  - slack:\n      webhook_url: https://h/x\n      body: |\n        fine\n"
                      "        {{#impact}}never closed"),
              HasSubstr("culprit.yaml:5: sink slack: 'body': line 2: "));
  EXPECT_THAT(ErrorOf("  - stdout: { text: \"{{impct}}\" }"),
              HasSubstr("line 1: 'impct' is not known"));
  EXPECT_THAT(ErrorOf("  - stdout: { text: \"{{> part}}\" }"), HasSubstr("not supported"));
  EXPECT_THAT(ErrorOf("  - webhook: { url: \"https://h/x\", body: '{\"a\": {{title}}}' }"),
              HasSubstr("'body': no JSON once it is filled in"));
  EXPECT_THAT(ErrorOf("  - stdout: { text_file: /nonexistent/t.mustache }"),
              HasSubstr("cannot be read"));
}

TEST(LiveSinks, TemplatesCanStandInFiles) {
  const TempDir dir;
  const std::string file = dir.Write("message.mustache", "{{title}}\n{{oops}}\n");
  EXPECT_THAT(ErrorOf("  - stdout: { text_file: " + file + " }"),
              HasSubstr(file + ": line 2: 'oops' is not known"));
  dir.Write("message.mustache", "{{title}}\n");
  const absl::StatusOr<LiveConfig> config = Read("  - stdout: { text_file: " + file + " }");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(std::get<StdoutSinkConfig>(config->sinks[0].config).text, "{{title}}\n");
}

}  // namespace
}  // namespace culprit
