// TLS of the servers that take logs (forward, HTTP, syslog): one configuration, one way to make
// OpenSSL's context of it.
#pragma once
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/secret.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace culprit {

enum class TlsVersion : unsigned char { k12, k13 };

struct TlsConfig {
  // Off: the server speaks plain text, and everything below is ignored.
  bool enabled = false;
  // PEM: the server's certificate, followed by those that lead to its root.
  std::string cert_file;
  // PEM: the certificate's private key.
  std::string key_file;
  // Of an encrypted key_file; empty if it is not encrypted.
  Secret key_password;
  // PEM: who may sign certificates of clients. Set: a client without a valid one is refused (mutual
  // TLS). Empty: clients need none.
  std::string client_ca_file;
  // Older versions are refused.
  TlsVersion min_version = TlsVersion::k12;
};

struct TlsContextDeleter {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

// Context of a server. The files are read now, once. InvalidArgument names the file and what is
// wrong: unreadable, no PEM, wrong password, key that does not belong to the certificate.
absl::StatusOr<TlsContext> MakeServerTls(const TlsConfig& config);

// OpenSSL's reason for the last failure on this thread, for messages; clears its queue.
std::string TlsErrorText();

}  // namespace culprit
