// What a mail server may do at each step of a message, and what it means for the delivery.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "sinks/common/message.h"
#include "sinks/email/email_sink.h"
#include "tests/fakes/fake_process.h"

namespace culprit {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class EmailFaults : public testing::Test {
 protected:
  EmailSinkConfig Config() {
    EmailSinkConfig c;
    c.server = "127.0.0.1:" + fake.Get("/port");
    c.from = "culprit@example.org";
    c.to = {"oncall@example.org"};
    c.mode = SmtpTls::kNone;
    return c;
  }
  DeliveryResult Deliver(const Json& rule, EmailSinkConfig c) {
    fake.Forget();
    if (!rule.is_null()) fake.Order(Json{{"rules", {rule}}}.dump());
    return (*MakeEmailSink(c))->Deliver(SampleNotification());
  }
  size_t Taken() { return Json::parse(fake.Get("/mails")).size(); }
  FakeProcess fake{"any_smtp.py"};
};

TEST_F(EmailFaults, EveryAnswerHasItsOutcomeAtEveryStep) {
  const EmailSinkConfig c = Config();
  for (const char* phase : {"greeting", "mail", "rcpt", "data", "body"}) {
    for (const int code : {421, 450, 451, 452, 454, 500, 501, 503, 530, 535, 550, 552, 554}) {
      const DeliveryResult result = Deliver({{"path", std::string("smtp:") + phase},
                                             {"reply", std::to_string(code) + " because"},
                                             {"times", 9}},
                                            c);
      EXPECT_EQ(result.outcome, code < 500 ? DeliveryOutcome::kRetry : DeliveryOutcome::kRejected)
          << phase << " " << code << ": " << result.error;
      EXPECT_FALSE(result.error.empty());
      EXPECT_FALSE(result.reason.empty());
    }
  }
  EXPECT_EQ(Taken(), 0u);
  EXPECT_EQ(Deliver(nullptr, c).outcome, DeliveryOutcome::kDelivered);
  EXPECT_EQ(Taken(), 1u);
}

TEST_F(EmailFaults, BrokenAndSilentConnectionsAreTriedAgain) {
  EmailSinkConfig c = Config();
  for (const char* phase : {"greeting", "ehlo", "mail", "rcpt", "data", "body"}) {
    for (const char* how : {"reset", "close", "silent"}) {
      c.timeout = how == std::string("silent") ? kSecondUs / 5 : 30 * kSecondUs;
      const DeliveryResult result =
          Deliver({{"path", std::string("smtp:") + phase}, {how, true}, {"times", 9}}, c);
      EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry) << phase << " " << how << result.error;
      // A reset right after the connection was made may still count as none.
      const std::string reason = result.reason == "unreachable" ? "cut" : result.reason;
      EXPECT_EQ(reason, how == std::string("silent") ? "timeout" : "cut")
          << phase << " " << how << ": " << result.error;
    }
  }
}

TEST_F(EmailFaults, WithoutEncryptionNothingIsSaid) {
  EmailSinkConfig c = Config();
  c.mode = SmtpTls::kStartTls;
  c.username = "culprit";
  c.password = Secret("mailpass");
  const DeliveryResult result = Deliver(nullptr, c);
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "tls") << result.error;
  EXPECT_THAT(result.error, Not(HasSubstr("mailpass")));
  EXPECT_EQ(Taken(), 0u);
}

}  // namespace
}  // namespace culprit
