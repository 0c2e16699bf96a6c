// E-mail over SMTP: plain text and HTML, one thread per incident in the reader's mail program. One
// thread at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/smtp_client.h"

namespace culprit {

struct EmailSinkConfig {
  std::string name = "email";
  std::string server;  // host:587
  SmtpTls mode = SmtpTls::kStartTls;
  HttpTls tls;
  std::string username;  // empty: no login
  Secret password;
  std::string from;             // address
  std::vector<std::string> to;  // addresses; contacts with an address get it as well
  std::string subject;          // template, plain text; empty: built in
  std::string text;             // template of the plain part
  std::string html;             // template of the HTML part
  DurationUs timeout = 30 * kSecondUs;
};

// InvalidArgument: no server, sender or recipient.
absl::StatusOr<std::unique_ptr<Sink>> MakeEmailSink(const EmailSinkConfig& config);

// True for "name@host": no blanks, controls, or characters with a meaning in an envelope.
bool IsMailAddress(std::string_view text);

}  // namespace culprit
