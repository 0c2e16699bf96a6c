// A process that is killed (SIGKILL) after each sending and before writing it down, for every kind
// of sink: the next process sends again, and the receiver shows what an undisturbed run shows.
#include <gmock/gmock.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "engine/deliver/destination.h"
#include "engine/pipeline/delivery_outbox.h"
#include "sinks/all_sinks.h"
#include "sinks/common/message.h"
#include "tests/fakes/fake_process.h"
#include "tests/unit/state/store_test_support.h"

namespace culprit {
namespace {

using Json = nlohmann::json;

constexpr TimeUs kNow = 1'790'000'000 * kSecondUs;

// Dies when what was sent is to be written down for the `nth` time, from 1; 0: never.
class DeadlyOutbox : public DeliveryOutbox {
 public:
  DeadlyOutbox(LiveStore* store, int nth) : DeliveryOutbox(store), left_(nth) {}
  absl::Status Delivered(const std::string& destination, const PendingDelivery& delivery,
                         const DeliveryResult& result, TimeUs now) override {
    if (--left_ == 0) raise(SIGKILL);
    return DeliveryOutbox::Delivered(destination, delivery, result, now);
  }

 private:
  int left_;
};

struct Receiver {
  std::string name;
  std::string script;  // of tests/fakes; empty: none is needed
  std::vector<std::string> arguments;
  // The sink that speaks to it; `folder` for what it keeps on disk.
  std::function<AnySinkConfig(const FakeProcess* fake, const std::string& folder)> config;
  // What people, or a program that knows ids, find there.
  std::function<std::string(const FakeProcess* fake, const std::string& folder)> shown;

  friend void PrintTo(const Receiver& r, std::ostream* out) { *out << r.name; }
};

// The story of two incidents, as the reason half writes it.
void WriteStory(LiveStore* store) {
  const std::pair<const char*, NotifyEvent> story[] = {
      {"INC-1", NotifyEvent::kOpened},       {"INC-2", NotifyEvent::kOpened},
      {"INC-1", NotifyEvent::kAcknowledged}, {"INC-1", NotifyEvent::kNote},
      {"INC-2", NotifyEvent::kResolved},     {"INC-1", NotifyEvent::kResolved}};
  ReasonCommit commit;
  uint64_t revision = 0;
  for (const auto& [incident, event] : story) {
    Notification n = SampleNotification();
    n.event = event;
    n.incident.id = incident;
    n.incident.title = std::string(incident) + " is down";
    n.dedup_key = "culprit/" + n.incident.id;
    n.owner.clear();
    n.notes.clear();
    n.text = "said " + std::to_string(++revision);
    n.id = n.incident.id + "/" + std::string(NotifyEventName(event)) + "/" +
           std::to_string(revision) + "/it";
    if (event == NotifyEvent::kResolved) {
      n.incident.state = IncidentState::kResolved;
      n.incident.resolved_at = n.incident.onset + kMinuteUs;
    }
    commit.deliveries.push_back({.notification = n.id,
                                 .destination = "it",
                                 .incident = n.incident.id,
                                 .event = std::string(NotifyEventName(event)),
                                 .revision = revision,
                                 .time = n.time,
                                 .json = NotificationJson(n)});
  }
  ASSERT_TRUE(store->Commit(commit).ok());
}

// One process. True: it came to the end; else it was killed.
bool OneProcess(const std::string& state, const std::function<AnySinkConfig()>& config,
                int kill_at) {
  const pid_t child = fork();
  if (child == 0) {
    auto store = OpenSqliteStore(OptionsFor(state), nullptr);
    auto sink = MakeSink(config());
    if (!store.ok() || !sink.ok()) _exit(1);
    DeadlyOutbox outbox(store->get(), kill_at);
    Destination destination("it", std::move(*sink), &outbox, {}, 1);
    TimeUs now = kNow;
    for (int i = 0; i < 1000 && !(*store)->PendingDeliveries("it", 1)->empty(); ++i)
      now = std::max(now, destination.Step(now));
    _exit((*store)->PendingDeliveries("it", 1)->empty() ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return true;
}

class KilledSender : public testing::TestWithParam<Receiver> {
 protected:
  // What is shown in the end. `kill`: a process dies after each sending.
  std::optional<std::string> Play(bool kill) {
    ScratchDirectory directory;
    std::unique_ptr<FakeProcess> fake;
    if (!GetParam().script.empty()) {
      fake = std::make_unique<FakeProcess>(GetParam().script, GetParam().arguments);
      if (fake->port() == 0) return std::nullopt;
    }
    WriteStory(MustOpen(OptionsFor(directory.state())).get());
    const auto config = [&] { return GetParam().config(fake.get(), directory.path()); };
    int runs = 1;
    for (int at = kill ? 1 : 0; runs < 50 && !OneProcess(directory.state(), config, at); ++runs)
      at = 2;
    EXPECT_EQ(runs, kill ? 7 : 1);
    return GetParam().shown(fake.get(), directory.path());
  }
};

TEST_P(KilledSender, LosesNothingAndTheReceiverShowsNothingTwice) {
  const std::optional<std::string> undisturbed = Play(false);
  if (!undisturbed.has_value()) GTEST_SKIP() << "no such receiver here";
  EXPECT_NE(*undisturbed, "");
  EXPECT_EQ(*undisturbed, *Play(true));
}

// Text of all messages as they stand in the channel, without what Slack counts.
std::string SlackShown(const FakeProcess* fake, const std::string&) {
  std::string out;
  const Json state = Json::parse(fake->Get("/_state"));
  for (const Json& message : state["messages"]) {
    const std::string text = message.dump();
    if (text.find("may stand above already") != std::string::npos) continue;  // says that it is one
    out += message.value("text", "") + (message.contains("thread_ts") ? " (thread)\n" : "\n");
    if (message.contains("blocks")) out += message["blocks"].dump() + "\n";
  }
  return out;
}

std::string Page(const FakeProcess* fake, const std::string&) {
  // Opsgenie shows how often an alert was created: what was repeated is counted and not shown.
  return std::regex_replace(fake->Get("/"), std::regex(" · x[0-9]+"), "");
}

// Each once, in the order in which they first came.
std::string Once(const std::vector<std::string>& ids) {
  std::set<std::string> seen;
  std::string out;
  for (const std::string& id : ids)
    if (seen.insert(id).second) out += id + "\n";
  return out;
}

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

const HttpSinkOptions kNoProxy = {.environment_proxy = false};

Receiver Slack(const std::string& name, bool bot) {
  return {name,
          "slack.py",
          {"--rate", "0"},
          [bot](const FakeProcess* fake, const std::string&) {
            SlackSinkConfig c;
            if (bot) {
              c.bot_token = Secret("xoxb-fake-token-0123456789");
              c.channel = "C024BE91L";
              c.api_url = fake->Url("/api");
            } else {
              c.webhook_url =
                  Secret(fake->Url("/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"));
            }
            c.http = kNoProxy;
            return c;
          },
          SlackShown};
}

INSTANTIATE_TEST_SUITE_P(
    All, KilledSender,
    testing::Values(
        Slack("SlackBot", true), Slack("SlackWebhook", false),
        Receiver{"PagerDuty",
                 "pagerduty.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   PagerDutySinkConfig c;
                   c.routing_key = Secret("0123456789abcdef0123456789abcdef");
                   c.url = fake->Url("/v2/enqueue");
                   c.http = kNoProxy;
                   return c;
                 },
                 Page},
        Receiver{"Opsgenie",
                 "opsgenie.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   OpsgenieSinkConfig c;
                   c.api_key = Secret("fake-genie-key-0123456789");
                   c.url = fake->Url("");
                   c.http = kNoProxy;
                   return c;
                 },
                 Page},
        Receiver{"Alertmanager",
                 "real_alertmanager.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   AlertmanagerSinkConfig c;
                   c.url = fake->Url("");
                   c.http = kNoProxy;
                   return c;
                 },
                 // It answers with what is on: nothing in the end.
                 [](const FakeProcess* fake, const std::string&) {
                   return fake->Get("/api/v2/alerts");
                 }},
        Receiver{"Webhook",
                 "any_receiver.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   WebhookSinkConfig c;
                   c.url = Secret(fake->Url("/hook"));
                   c.http = kNoProxy;
                   return c;
                 },
                 [](const FakeProcess* fake, const std::string&) {
                   std::vector<std::string> ids;
                   for (const Json& request : Json::parse(fake->Requests()))
                     ids.push_back(request["headers"]["idempotency-key"]);
                   return Once(ids);
                 }},
        Receiver{"Email",
                 "any_smtp.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   EmailSinkConfig c;
                   c.server = "127.0.0.1:" + fake->Get("/port");
                   c.mode = SmtpTls::kNone;
                   c.from = "culprit@example.org";
                   c.to = {"oncall@example.org"};
                   return c;
                 },
                 [](const FakeProcess* fake, const std::string&) {
                   std::vector<std::string> ids;
                   for (const Json& mail : Json::parse(fake->Get("/mails")))
                     ids.push_back(mail["id"]);
                   return Once(ids);
                 }},
        Receiver{"Kafka",
                 "real_kafka.py",
                 {},
                 [](const FakeProcess* fake, const std::string&) {
                   KafkaSinkConfig c;
                   c.brokers = Json::parse(fake->Get("/state"))["bootstrap"];
                   c.topic = "incidents";
                   return c;
                 },
                 [](const FakeProcess* fake, const std::string&) {
                   std::vector<std::string> ids;
                   for (const Json& m : Json::parse(fake->Get("/messages?topic=incidents")))
                     ids.push_back(m["id"]);
                   return Once(ids);
                 }},
        Receiver{"File",
                 "",
                 {},
                 [](const FakeProcess*, const std::string& folder) {
                   FileSinkConfig c;
                   c.path = folder + "/incidents.jsonl";
                   return c;
                 },
                 [](const FakeProcess*, const std::string& folder) {
                   std::string out;
                   for (const std::string& line : Lines(folder + "/incidents.jsonl"))
                     out += line + "\n";
                   return out;
                 }},
        Receiver{
            "Exec",
            "",
            {},
            [](const FakeProcess*, const std::string& folder) {
              ExecSinkConfig c;
              c.command = {"/bin/sh", "-c", "echo \"$CULPRIT_NOTIFICATION\" >>" + folder + "/ids"};
              return c;
            },
            [](const FakeProcess*, const std::string& folder) {
              return Once(Lines(folder + "/ids"));
            }},
        Receiver{"Stdout",
                 "",
                 {},
                 // Made in the process that is killed: its standard output is a file.
                 [](const FakeProcess*, const std::string& folder) {
                   FILE* out = std::freopen((folder + "/out").c_str(), "a", stdout);
                   if (out == nullptr) _exit(3);
                   StdoutSinkConfig c;
                   c.format = "jsonl";
                   return c;
                 },
                 [](const FakeProcess*, const std::string& folder) {
                   std::vector<std::string> ids;
                   for (const std::string& line : Lines(folder + "/out"))
                     ids.push_back(Json::parse(line)["id"]);
                   return Once(ids);
                 }}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace culprit
