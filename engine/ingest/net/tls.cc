#include "engine/ingest/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

absl::Status Invalid(const char* what, const std::string& file) {
  return absl::InvalidArgumentError(absl::StrCat("tls: ", what, " ", file, ": ", TlsErrorText()));
}

int GivePassword(char* buffer, int size, int /*writing*/, void* secret) {
  const std::string& password = static_cast<const Secret*>(secret)->Reveal();
  const size_t n = std::min(password.size(), static_cast<size_t>(std::max(size, 0)));
  std::memcpy(buffer, password.data(), n);
  return static_cast<int>(n);
}

absl::Status LoadKeyPair(const TlsConfig& config, SSL_CTX* context) {
  if (config.cert_file.empty() || config.key_file.empty()) {
    return absl::InvalidArgumentError("tls: needs both cert_file and key_file");
  }
  if (SSL_CTX_use_certificate_chain_file(context, config.cert_file.c_str()) != 1) {
    return Invalid("cannot use cert_file", config.cert_file);
  }
  // Asked even without a password: OpenSSL would otherwise prompt on the terminal.
  SSL_CTX_set_default_passwd_cb(context, &GivePassword);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<Secret*>(&config.key_password));
  const bool loaded =
      SSL_CTX_use_PrivateKey_file(context, config.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  if (!loaded) return Invalid("cannot use key_file", config.key_file);
  if (SSL_CTX_check_private_key(context) != 1) {
    return Invalid("the key does not belong to cert_file", config.cert_file);
  }
  return absl::OkStatus();
}

absl::Status DemandClientCertificate(const std::string& ca_file, SSL_CTX* context) {
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return Invalid("cannot use client_ca_file", ca_file);
  }
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca_file.c_str());
  if (names == nullptr) return Invalid("cannot use client_ca_file", ca_file);
  SSL_CTX_set_client_CA_list(context, names);  // takes it
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

std::string TlsErrorText() {
  std::string text;
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason == nullptr) continue;
    if (!text.empty()) text += "; ";
    text += reason;
  }
  return text.empty() ? "unknown error" : text;
}

absl::StatusOr<TlsContext> MakeServerTls(const TlsConfig& config) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return absl::InternalError(absl::StrCat("tls: ", TlsErrorText()));
  SSL_CTX_set_min_proto_version(
      context.get(), config.min_version == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Sessions would skip the check of a client's certificate that was revoked meanwhile.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionContext[] = "culprit";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof(kSessionContext) - 1);
  CULPRIT_RETURN_IF_ERROR(LoadKeyPair(config, context.get()));
  if (!config.client_ca_file.empty()) {
    CULPRIT_RETURN_IF_ERROR(DemandClientCertificate(config.client_ca_file, context.get()));
  }
  return context;
}

}  // namespace culprit
