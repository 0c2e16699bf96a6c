#include "tests/contract/sink_contract.h"

#include "sinks/all_sinks.h"

namespace culprit {
namespace {

constexpr char kPath[] = "/services/T0SECRET/B0SECRET/s3cr3tPathOfTheWebhook";

SinkCase SlackWebhook() {
  return {"SlackWebhook",
          [](const std::string& base, const HttpSinkOptions& http) {
            SlackSinkConfig c;
            c.webhook_url = Secret(base + kPath);
            c.http = http;
            return *MakeSink(c);
          },
          "ok",
          {"s3cr3tPathOfTheWebhook", "B0SECRET", "T0SECRET"}};
}

SinkCase SlackBot() {
  return {"SlackBot",
          [](const std::string& base, const HttpSinkOptions& http) {
            SlackSinkConfig c;
            c.bot_token = Secret("xoxb-s3cr3t-t0ken");
            c.channel = "C024BE91L";
            c.api_url = base + "/api";
            c.http = http;
            return *MakeSink(c);
          },
          R"({"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"})",
          {"xoxb-s3cr3t-t0ken"}};
}

SinkCase PagerDuty() {
  return {"PagerDuty",
          [](const std::string& base, const HttpSinkOptions& http) {
            PagerDutySinkConfig c;
            c.routing_key = Secret("0123456789abcdef0123456789abcdef");
            c.url = base + "/v2/enqueue";
            c.http = http;
            return *MakeSink(c);
          },
          R"({"status":"success","message":"Event processed","dedup_key":"k"})",
          {"0123456789abcdef0123456789abcdef"}};
}

SinkCase Webhook() {
  return {"Webhook",
          [](const std::string& base, const HttpSinkOptions& http) {
            WebhookSinkConfig c;
            c.url = Secret(base + kPath + "?key=s3cr3tQuery");
            c.signing_secret = Secret("s3cr3tSigning");
            c.headers = {{"X-Api-Key", Secret("s3cr3tHeader")}};
            c.http = http;
            return *MakeSink(c);
          },
          "{}",
          {"s3cr3tPathOfTheWebhook", "s3cr3tQuery", "s3cr3tSigning", "s3cr3tHeader"}};
}

SinkCase Alertmanager() {
  return {"Alertmanager",
          [](const std::string& base, const HttpSinkOptions& http) {
            AlertmanagerSinkConfig c;
            c.url = base;
            c.token = Secret("s3cr3tBearer");
            c.http = http;
            return *MakeSink(c);
          },
          "{}",
          {"s3cr3tBearer"},
          false};  // the moment at which the alert ends unless it is sent again moves on
}

SinkCase Opsgenie() {
  return {"Opsgenie",
          [](const std::string& base, const HttpSinkOptions& http) {
            OpsgenieSinkConfig c;
            c.url = base;
            c.api_key = Secret("s3cr3tGenieKey");
            c.http = http;
            return *MakeSink(c);
          },
          R"({"result":"Request will be processed"})",
          {"s3cr3tGenieKey"}};
}

INSTANTIATE_TEST_SUITE_P(All, SinkContract,
                         testing::Values(SlackWebhook(), SlackBot(), PagerDuty(), Webhook(),
                                         Alertmanager(), Opsgenie()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace culprit
