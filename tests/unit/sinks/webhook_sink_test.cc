#include "sinks/webhook/webhook_sink.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "sinks/common/message.h"
#include "tests/fakes/fake_process.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

TEST(Webhook, SignsWhatItSends) {
  FakeProcess fake("any_receiver.py", {"--ok-body", "{}"});
  WebhookSinkConfig c;
  c.url = Secret(fake.Url("/hook"));
  c.signing_secret = Secret("shared");
  c.headers = {{"X-Api-Key", Secret("key")}};
  c.method = "PUT";
  ASSERT_EQ((*MakeWebhookSink(c))->Deliver(SampleNotification()).outcome,
            DeliveryOutcome::kDelivered);
  const Json request = Json::parse(fake.Requests())[0];
  EXPECT_EQ(request["method"], "PUT");
  EXPECT_EQ(request["headers"]["x-api-key"], "key");
  EXPECT_EQ(request["headers"]["idempotency-key"], SampleNotification().id);
  const std::string signature = request["headers"]["x-culprit-signature"];
  const int64_t time = std::stoll(signature.substr(2));
  EXPECT_EQ(signature,
            "t=" + std::to_string(time) + ",v1=" +
                WebhookSignature(c.signing_secret, time, request["body"].get<std::string>()));
  const Json body = Json::parse(request["body"].get<std::string>());
  EXPECT_EQ(body["schema"], "culprit/notification/1");
  EXPECT_EQ(body["incident"]["evidence"][0]["file"], "/var/log/etcd/etcd.log");
}

// Reference: hmac of the Python standard library.
TEST(Webhook, TheSignatureIsAnHmac) {
  EXPECT_EQ(WebhookSignature(Secret("Jefe"), 1, "what do ya want for nothing?"),
            "a9049465ce89cfb8e9aac62333abda66f80e3403f51f57f6bae3c3a4485eca38");
}

TEST(Webhook, ABodyOfOnesOwnIsJsonWhateverTheLogSays) {
  Notification n = SampleNotification();
  n.incident.title = "\"},\\ \n\t\x01\xff{{severity}}";
  WebhookSinkConfig c;
  c.url = Secret("http://127.0.0.1:1/");
  c.body =
      R"({"text": "{{title}}", "proof": [{{#proof}}"{{line}}",{{/proof}}""], "all": {{{json}}} })";
  const std::unique_ptr<Sink> sink = *MakeWebhookSink(c);
  const Json body = Json::parse(WebhookBody(c.body, n));
  EXPECT_THAT(body["text"].get<std::string>(), HasSubstr("{{severity}}"));
  EXPECT_EQ(body["all"]["incident"]["id"], n.incident.id);
  c.body = R"({"text": {{title}}})";
  EXPECT_THAT(std::string(MakeWebhookSink(c).status().message()), HasSubstr("no JSON"));
  c.body = "{\n\"text\": \"{{titel}}\"}";
  EXPECT_THAT(std::string(MakeWebhookSink(c).status().message()),
              HasSubstr("line 2: 'titel' is not known"));
}

TEST(Webhook, ShowsItsOwnCertificate) {
  TestCertificates files;
  FakeProcess fake("any_receiver.py",
                   {"--ok-body", "{}", "--cert", files.Path("server.pem"), "--key",
                    files.Path("server.key"), "--client-ca", files.Path("ca.pem")});
  WebhookSinkConfig c;
  c.url = Secret(fake.Url("/", "https"));
  c.http.tls.ca_file = files.Path("ca.pem");
  EXPECT_NE((*MakeWebhookSink(c))->Deliver(SampleNotification()).outcome,
            DeliveryOutcome::kDelivered);
  c.http.tls.cert_file = files.Path("client.pem");
  c.http.tls.key_file = files.Path("client.key");
  const DeliveryResult result = (*MakeWebhookSink(c))->Deliver(SampleNotification());
  EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
}

}  // namespace
}  // namespace culprit
