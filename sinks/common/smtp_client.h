// One message to an SMTP server, over libcurl. A connection each: mail is rare. Any thread.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "engine/base/secret.h"
#include "sinks/common/http_client.h"

namespace culprit {

enum class SmtpTls : uint8_t {
  kStartTls,  // required, usually port 587
  kImplicit,  // from the first byte, usually port 465
  kNone,      // for a server on this machine
};

struct SmtpRequest {
  std::string host;
  int port = 587;
  SmtpTls mode = SmtpTls::kStartTls;
  HttpTls tls;
  std::string username;  // empty: no AUTH
  Secret password;
  std::string from;                     // address of the envelope
  std::vector<std::string> recipients;  // addresses of the envelope
  std::string message;                  // RFC 5322, lines end in \r\n
  std::chrono::milliseconds timeout{30'000};
};

struct SmtpResponse {
  HttpError error = HttpError::kNone;  // kNone: the server has the message, or `status` says no
  int status = 0;                      // the server's last code: 250, 451, 550; 0: none
  bool refused_login = false;
  std::string message;  // of an error: "host:port: what"; no secret in it
};

SmtpResponse SendMail(const SmtpRequest& request);

}  // namespace culprit
