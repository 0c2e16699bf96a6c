// Alertmanager and e-mail against real servers; skipped where ./dev setup test did not get them.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sinks/alertmanager/alertmanager_sink.h"
#include "sinks/common/message.h"
#include "sinks/email/email_sink.h"
#include "tests/fakes/fake_process.h"
#include "tests/unit/net/certificates.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(Alertmanager, ShowsOneAlertAndForgetsItWhenItIsOver) {
  FakeProcess real("real_alertmanager.py");
  if (real.port() == 0) GTEST_SKIP() << "no prometheus-alertmanager here";
  AlertmanagerSinkConfig c;
  c.url = real.Url("");
  c.labels = {{"cluster name", "eu"}};
  c.http.environment_proxy = false;
  const std::unique_ptr<Sink> sink = *MakeAlertmanagerSink(c);
  const auto alerts = [&] { return Json::parse(real.Get("/api/v2/alerts")); };

  Notification n = SampleNotification();
  n.labels.emplace_back(
      "1 b\xC3\xA4"
      "d \xff",
      "x\ny");
  DeliveryResult result = sink->Deliver(n);
  ASSERT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  n.receipt = result.receipt;
  n.incident.severity = Severity::kWarning;  // would be another alert if labels followed
  n.incident.root.component = "core";
  n.labels.clear();
  result = sink->Deliver(n);
  ASSERT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  ASSERT_EQ(alerts().size(), 1u) << alerts().dump(1);
  const Json alert = alerts()[0];
  EXPECT_EQ(alert["labels"]["incident"], n.incident.id);
  EXPECT_EQ(alert["labels"]["severity"], "critical");
  EXPECT_EQ(alert["labels"]["cluster_name"], "eu");
  EXPECT_EQ(alert["annotations"]["cause"], "core");
  EXPECT_EQ(alert["annotations"]["severity_now"], "warning");
  EXPECT_EQ(sink->resend_every(), kMinuteUs);

  n.event = NotifyEvent::kResolved;
  n.incident.resolved_at = n.incident.onset + kMinuteUs;
  ASSERT_EQ(sink->Deliver(n).outcome, DeliveryOutcome::kDelivered);
  EXPECT_EQ(alerts().size(), 0u) << alerts().dump(1);
}

class EmailTest : public testing::Test {
 protected:
  EmailSinkConfig Config(const FakeProcess& server) {
    EmailSinkConfig c;
    c.server = "127.0.0.1:" + std::to_string(server.port());
    c.from = "culprit@example.org";
    c.to = {"oncall@example.org"};
    return c;
  }
  Json Mail(int n) {
    std::ifstream in(folder_ / (std::to_string(n) + ".json"));
    return Json::parse(in, nullptr, false);
  }
  TempDir folder_;
};

TEST_F(EmailTest, ArrivesAsTextAndHtmlInOneThread) {
  FakeProcess server("real_smtp.py", {folder_.path()});
  if (server.port() == 0) GTEST_SKIP() << "no aiosmtpd here";
  EmailSinkConfig c = Config(server);
  c.mode = SmtpTls::kNone;
  const std::unique_ptr<Sink> sink = *MakeEmailSink(c);
  Notification n = SampleNotification();
  n.contacts = {{"DBA", "dba@example.org"}, {"nobody", "<a@b>\r\nRCPT TO:<evil@x>"}};
  n.incident.title =
      "caf\xC3\xA9 \xE2\x80\xA6 <b>down</b>\r\nBcc: evil@example.org" + std::string(200, 'x');
  DeliveryResult result = sink->Deliver(n);
  ASSERT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  n.event = NotifyEvent::kResolved;
  n.id += "/resolved";
  ASSERT_EQ(sink->Deliver(n).outcome, DeliveryOutcome::kDelivered);

  const Json first = Mail(1);
  const Json second = Mail(2);
  EXPECT_EQ(first["to"], Json({"oncall@example.org", "dba@example.org"}));
  EXPECT_EQ(first["defects"], Json::array());
  EXPECT_LE(first["longest"], 200);
  EXPECT_FALSE(first["headers"].contains("Bcc"));
  EXPECT_THAT(first["headers"]["Subject"].get<std::string>(), HasSubstr("caf\xC3\xA9"));
  EXPECT_EQ(first["headers"]["Subject"], second["headers"]["Subject"]);
  EXPECT_EQ(first["headers"]["References"], second["headers"]["References"]);
  EXPECT_NE(first["headers"]["Message-ID"], second["headers"]["Message-ID"]);
  EXPECT_THAT(first["parts"]["text/plain"].get<std::string>(),
              HasSubstr("$ etcdctl endpoint health"));
  const std::string html = first["parts"]["text/html"];
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;down"));
  EXPECT_THAT(html, Not(HasSubstr("<b>down")));
}

TEST_F(EmailTest, ArrivesThroughStartTlsWithALogin) {
  TestCertificates files;
  FakeProcess server("real_smtp.py",
                     {folder_.path(), files.Path("server.pem"), files.Path("server.key")});
  if (server.port() == 0) GTEST_SKIP() << "no aiosmtpd here";
  EmailSinkConfig c = Config(server);
  c.username = "culprit";
  c.password = Secret("mailpass");
  c.tls.ca_file = files.Path("ca.pem");
  DeliveryResult result = (*MakeEmailSink(c))->Deliver(SampleNotification());
  ASSERT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  EXPECT_EQ(Mail(1)["tls"], true);

  c.password = Secret("wrongpass");
  result = (*MakeEmailSink(c))->Deliver(SampleNotification());
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(result.reason, "auth");
  EXPECT_THAT(result.error, Not(HasSubstr("wrongpass")));
  c.tls.ca_file.clear();
  result = (*MakeEmailSink(c))->Deliver(SampleNotification());
  EXPECT_EQ(result.reason, "certificate") << result.error;
}

TEST_F(EmailTest, TheServersNoHasItsOutcome) {
  FakeProcess server("real_smtp.py", {folder_.path()});
  if (server.port() == 0) GTEST_SKIP() << "no aiosmtpd here";
  EmailSinkConfig c = Config(server);
  c.mode = SmtpTls::kNone;
  const auto to = [&](std::vector<std::string> recipients) {
    c.to = std::move(recipients);
    return (*MakeEmailSink(c))->Deliver(SampleNotification()).outcome;
  };
  EXPECT_EQ(to({"gone@example.org"}), DeliveryOutcome::kRejected);
  EXPECT_EQ(to({"full@example.org"}), DeliveryOutcome::kRetry);
  EXPECT_EQ(to({"gone@example.org", "oncall@example.org"}), DeliveryOutcome::kDelivered);
  c.server = "127.0.0.1:1";
  EXPECT_EQ((*MakeEmailSink(c))->Deliver(SampleNotification()).reason, "refused");
  c.server = "no-such-host.invalid:25";
  EXPECT_EQ((*MakeEmailSink(c))->Deliver(SampleNotification()).reason, "dns");
}

TEST(MailAddress, HoldsNothingThatEndsACommand) {
  EXPECT_TRUE(IsMailAddress("a.b+c@example.org"));
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nDATA", "<a@b>", "a,b@c"})
    EXPECT_FALSE(IsMailAddress(bad)) << bad;
}

}  // namespace
}  // namespace culprit
