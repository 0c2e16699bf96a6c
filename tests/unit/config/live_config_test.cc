#include "engine/config/live_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "engine/config/interpolate.h"
#include "engine/config/pack_loader.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Environment Of(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::string ErrorOf(const std::string& yaml, const Environment& environment = Of({})) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(yaml, "culprit.yaml", environment);
  return config.ok() ? "" : std::string(config.status().message());
}

constexpr char kTail[] = "sources: [ { tail: { include: /var/log/*.log } } ]\n";

TEST(LiveConfig, TheLeastThatWorks) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(kTail, "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->sources.size(), 1u);
  EXPECT_EQ(SourceName(config->sources[0]), "tail");
  EXPECT_THAT(std::get<TailConfig>(config->sources[0].config).include,
              ElementsAre("/var/log/*.log"));
  EXPECT_EQ(config->serve.listen, "127.0.0.1:9797");
}

TEST(LiveConfig, RoutesSpeakOfItsSinks) {
  const std::string sinks =
      std::string(kTail) + "sinks: [ { stdout: {} }, { file: { path: a } } ]\n";
  const absl::StatusOr<LiveConfig> all = ParseLiveConfig(sinks, "culprit.yaml", Of({}));
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->deliver.routes.size(), 1u);
  EXPECT_THAT(all->deliver.routes[0].sinks, ElementsAre("stdout", "file"));
  EXPECT_THAT(ErrorOf(sinks + "routes: [ { sinks: [stdout, fil] } ]\n"),
              HasSubstr("culprit.yaml:3: route: no sink is called 'fil'; did you mean 'file'?"));
}

TEST(LiveConfig, EveryKeyOfASourceIsTaken) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(R"(
state: { directory: /tmp/s, log_bytes: 2GiB, log_age: 3d, checkpoint_every: 2s }
time: { lateness: 10s, idle_after: 1m }
serve: { listen: "0.0.0.0:80", token: t }
workers: 3
queue_bytes: 16MiB
packs: [mine]
sources:
  - kafka:
      name: orders
      brokers: [a:1, b:2]
      topics: [logs, "^app-.*"]
      start_at: latest
      service_from: header:svc
      include: [key, header:trace]
      tls: { ca_file: /ca }
      sasl: { mechanism: SCRAM-SHA-256, username: u, password: "p$$w" }
      properties: { fetch.min.bytes: 1024 }
      timezone: Europe/Berlin
)",
                                                            "/etc/culprit/culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state.log_bytes, uint64_t{2} << 30);
  EXPECT_EQ(config->state.log_age, 3 * kDayUs);
  EXPECT_EQ(config->time.lateness, 10 * kSecondUs);
  EXPECT_THAT(config->packs, ElementsAre("/etc/culprit/mine"));
  const auto& kafka = std::get<KafkaConfig>(config->sources[0].config);
  EXPECT_EQ(kafka.brokers, "a:1,b:2");
  EXPECT_THAT(kafka.topics, ElementsAre("logs", "^app-.*"));
  EXPECT_TRUE(kafka.tls);
  EXPECT_EQ(kafka.sasl_mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(kafka.password.Reveal(), "p$w");
  EXPECT_EQ(kafka.properties.at("fetch.min.bytes"), "1024");
  EXPECT_EQ(config->sources[0].lines.timezone, "Europe/Berlin");
}

TEST(LiveConfig, SyslogTakesItsKeys) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(R"(
sources:
  - syslog: { udp: "0.0.0.0:514", tcp: "", max_message_bytes: 8KiB, batch_wait: 10ms, threads: 2,
              tls: { cert_file: c.pem, key_file: k.pem } }
)",
                                                            "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  const auto& syslog = std::get<SyslogConfig>(config->sources[0].config);
  EXPECT_EQ(syslog.udp, "0.0.0.0:514");
  EXPECT_EQ(syslog.tcp, "");
  EXPECT_TRUE(syslog.tls.enabled);
  EXPECT_EQ(syslog.max_message_bytes, 8192u);
  EXPECT_EQ(syslog.batch_wait, absl::Milliseconds(10));
  EXPECT_EQ(syslog.threads, 2);
}

TEST(LiveConfig, SilentStreamsAreWaitedForByKind) {
  const std::string sources =
      "sources:\n"
      "  - tail: { include: a }\n"
      "  - forward: { listen: '127.0.0.1:0' }\n"
      "  - kafka: { brokers: 'a:1', topics: t }\n"
      "  - syslog: { udp: '127.0.0.1:0' }\n"
      "  - stdin: { idle_after: 3s }\n";
  const auto idle = [](const std::string& yaml) {
    std::vector<DurationUs> out;
    const absl::StatusOr<LiveConfig> config = ParseLiveConfig(yaml, "culprit.yaml", Of({}));
    EXPECT_TRUE(config.ok()) << config.status();
    if (config.ok())
      for (const SourceConfig& source : config->sources)
        out.push_back(source.idle_after / kSecondUs);
    return out;
  };
  EXPECT_THAT(idle(sources), ElementsAre(10, 75, 20, 10, 3));
  EXPECT_THAT(idle("time: { idle_after: 1m }\n" + sources), ElementsAre(60, 60, 60, 60, 60));
  EXPECT_THAT(ErrorOf("sources:\n  - tail: { include: a, idle_after: 5 }\n"),
              HasSubstr("culprit.yaml:2: source tail: 'idle_after' must be a duration"));
}

TEST(LiveConfig, HttpTakesItsKeys) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(
      "sources: [ { http: { listen: '[::]:80', token: t, max_body_bytes: 1MiB, idle_timeout: 5s } "
      "} ]",
      "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  const auto& http = std::get<HttpConfig>(config->sources[0].config);
  EXPECT_EQ(http.listen, "[::]:80");
  EXPECT_TRUE(http.token.Matches("t"));
  EXPECT_EQ(http.max_body_bytes, 1u << 20);
  EXPECT_EQ(http.idle_timeout, absl::Seconds(5));
  EXPECT_THAT(ErrorOf("sources: [ { http: { username: u } } ]\n"), HasSubstr("go together"));
}

TEST(LiveConfig, StdinTakesItsKeys) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(
      "sources: [ { stdin: { name: pipe, batch_wait: 10ms, max_line_bytes: 4KiB, service: db } } ]",
      "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  const auto& pipe = std::get<StdinConfig>(config->sources[0].config);
  EXPECT_EQ(SourceName(config->sources[0]), "pipe");
  EXPECT_EQ(pipe.batch_wait, 10'000);
  EXPECT_EQ(pipe.max_line_bytes, 4096u);
  EXPECT_EQ(config->sources[0].lines.service, "db");
}

TEST(LiveConfig, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ErrorOf("sources: []\n"), HasSubstr("'sources' is required"));
  EXPECT_THAT(
      ErrorOf(std::string(kTail) + "worker: 3\n"),
      HasSubstr("culprit.yaml:2: configuration: unknown key 'worker'; did you mean 'workers'?"));
  EXPECT_THAT(ErrorOf("sources:\n  - kafak: {}\n"),
              HasSubstr("culprit.yaml:2: sources: unknown kind 'kafak'; did you mean 'kafka'?"));
  EXPECT_THAT(
      ErrorOf("sources:\n  - tail: { include: x, quiet_after: 30 }\n"),
      HasSubstr("culprit.yaml:2: source tail: 'quiet_after' must be a duration with a unit"));
  EXPECT_THAT(ErrorOf(std::string(kTail) + "queue_bytes: 64\n"), HasSubstr("size with a unit"));
  EXPECT_THAT(ErrorOf("sources:\n  - kafka: { brokers: [a:1] }\n"),
              HasSubstr("'topics' is required"));
  EXPECT_THAT(ErrorOf(std::string(kTail) + "serve: { listen: \"0.0.0.0:80\" }\n"),
              HasSubstr("beyond loopback a 'token'"));
  EXPECT_THAT(ErrorOf("sources:\n  - tail: { include: a }\n  - tail: { include: b }\n"),
              HasSubstr("culprit.yaml:3: two sources are called 'tail'"));
  EXPECT_THAT(ErrorOf("sources: [ { tail: { include: a, timezone: Mars } } ]\n"),
              HasSubstr("timezone 'Mars'"));
}

TEST(LiveConfig, VariablesAreFilledIn) {
  std::string out;
  std::string error;
  const Environment environment = Of({{"A", "1"}, {"EMPTY", ""}});
  const auto value = [&](const std::string& text) {
    return Interpolate(text, environment, &out, &error) ? out : "error: " + error;
  };
  EXPECT_EQ(value("x${A}y${A}"), "x1y1");
  EXPECT_EQ(value("${B:-two}"), "two");
  EXPECT_EQ(value("${EMPTY:-two}"), "two");
  EXPECT_EQ(value("${EMPTY}"), "");
  EXPECT_EQ(value("$$A costs $5 $(x)"), "$A costs $5 $(x)");
  EXPECT_THAT(value("${B}"), HasSubstr("variable B is not set"));
  EXPECT_THAT(value("${B:?the broker's address}"), HasSubstr("variable B: the broker's address"));
  EXPECT_THAT(value("${A"), HasSubstr("without '}'"));
  EXPECT_THAT(value("${A:+x}"), HasSubstr("expected ${VAR}"));
  EXPECT_THAT(ErrorOf("sources:\n  - tail:\n      include: ${LOGS}\n"),
              HasSubstr("culprit.yaml:3: variable LOGS is not set"));
}

TEST(LiveConfig, SecretsComeFromFilesAndAreNotRepeated) {
  const std::string path = ::testing::TempDir() + "/live_config_secret";
  std::ofstream(path) << "s3cret\n";
  const std::string yaml =
      "sources:\n  - kafka: { brokers: a:1, topics: t, sasl: { username: u, password_file: " +
      path + " } }\n";
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(yaml, "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(std::get<KafkaConfig>(config->sources[0].config).password.Reveal(), "s3cret");
  std::remove(path.c_str());
  EXPECT_THAT(ErrorOf(yaml), HasSubstr("'password_file'"));
  const std::string both = ErrorOf(
      "sources:\n  - kafka: { brokers: a:1, topics: t, sasl: { username: u, password: s3cret, "
      "password_file: /x } }\n");
  EXPECT_THAT(both, HasSubstr("not both"));
  EXPECT_THAT(both, Not(HasSubstr("s3cret")));
}

TEST(LiveConfig, RedactionRulesAreTried) {
  const absl::StatusOr<LiveConfig> config = ParseLiveConfig(
      std::string(kTail) + "redact: { ips: true, rules: [ { name: pin, regex: 'pin=(\\d+)' } ] }\n",
      "culprit.yaml", Of({}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->redact.secrets);
  EXPECT_TRUE(config->redact.ips);
  EXPECT_EQ(config->redact.rules[0].regex, "pin=(\\d+)");
  EXPECT_THAT(ErrorOf(std::string(kTail) + "redact:\n  rules:\n    - { name: x, regex: '(' }\n"),
              HasSubstr("culprit.yaml:4: redaction rule 'x'"));
}

TEST(LiveConfig, ChangedKeysAreNamedWhateverTheirForm) {
  const auto parse = [](const std::string& text, const std::string& level) {
    return *ParseLiveConfig(text, "culprit.yaml", Of({{"LEVEL", level}}));
  };
  const std::string text = "sources:\n  - tail: { include: [a.log] }\nlog: { level: '${LEVEL}' }\n";
  const LiveConfig before = parse(text, "info");
  EXPECT_THAT(ChangedSections(before, parse("# a comment\n" + text, "info")), IsEmpty());
  EXPECT_THAT(ChangedSections(before, parse(text, "debug")), ElementsAre("log"));
  EXPECT_THAT(
      ChangedSections(before, parse("sources:\n  - tail: { include: [b.log] }\nworkers: 2\n", "")),
      ElementsAre("log", "sources", "workers"));
}

TEST(LiveConfig, StartersAreFine) {
  ASSERT_EQ(Starters().size(), 4u);
  for (const auto& [name, text] : Starters()) {
    const absl::StatusOr<LiveConfig> config = ParseLiveConfig(text, name + ".yaml", Of({}));
    EXPECT_TRUE(config.ok()) << config.status();
  }
}

}  // namespace
}  // namespace culprit
