#include "tests/unit/forward/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>

#include "engine/ingest/forward/msgpack_reader.h"
#include "gtest/gtest.h"
#include "tests/unit/forward/pack.h"

namespace culprit {

struct TestClient::Socket {
  int fd = -1;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> ssl{nullptr, &SSL_free};
  bool ok = false;
};

TestClient::TestClient(uint16_t port, const Tls& tls) : socket_(std::make_unique<Socket>()) {
  Socket& s = *socket_;
  signal(SIGPIPE, SIG_IGN);
  s.fd = socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{.tv_sec = 120, .tv_usec = 0};
  setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(s.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s.ok = connect(s.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  if (!s.ok || !tls.on) return;
  s.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(s.context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_locations(s.context.get(), tls.ca_file.c_str(), nullptr);
  if (tls.max_version != 0) SSL_CTX_set_max_proto_version(s.context.get(), tls.max_version);
  if (!tls.cert_file.empty()) {
    SSL_CTX_use_certificate_chain_file(s.context.get(), tls.cert_file.c_str());
    SSL_CTX_use_PrivateKey_file(s.context.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM);
  }
  s.ssl.reset(SSL_new(s.context.get()));
  SSL_set_fd(s.ssl.get(), s.fd);
  s.ok = SSL_connect(s.ssl.get()) == 1;
}

TestClient::~TestClient() {
  socket_->ssl.reset();
  close(socket_->fd);
}

bool TestClient::ok() const { return socket_->ok; }

bool TestClient::Send(std::string_view bytes) {
  while (socket_->ok && !bytes.empty()) {
    const auto n = socket_->ssl
                       ? SSL_write(socket_->ssl.get(), bytes.data(),
                                   static_cast<int>(std::min<size_t>(bytes.size(), 1 << 20)))
                       : send(socket_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return socket_->ok;
}

bool TestClient::Fill() {
  char buffer[65536];
  const auto n = socket_->ssl ? SSL_read(socket_->ssl.get(), buffer, sizeof(buffer))
                              : recv(socket_->fd, buffer, sizeof(buffer), 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    ADD_FAILURE() << "nothing came in two minutes";
  if (n <= 0) return false;
  received_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string TestClient::ReceiveValue() {
  MsgpackScanner scanner(1 << 20);
  while (socket_->ok && scanner.Scan(received_) != MsgpackState::kOk) {
    if (!Fill()) return "";
  }
  std::string value = received_.substr(0, scanner.end());
  received_.erase(0, scanner.end());
  return value;
}

std::string TestClient::ReceiveUntil(std::string_view end) {
  while (received_.find(end) == std::string::npos) {
    if (!Fill()) return "";
  }
  const size_t size = received_.find(end) + end.size();
  std::string text = received_.substr(0, size);
  received_.erase(0, size);
  return text;
}

bool TestClient::WaitForClose() {
  while (socket_->ok && Fill()) {
  }
  return true;
}

void TestClient::CloseSending() { shutdown(socket_->fd, SHUT_WR); }

std::string Sha512HexForTest(std::string_view text) {
  unsigned char digest[64];
  EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha512(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    char two[3];
    snprintf(two, sizeof(two), "%02x", byte);
    hex += two;
  }
  return hex;
}

std::string TestClient::Greet(const std::string& host, const std::string& key,
                              const std::string& user, const std::string& password) {
  const std::string helo = ReceiveValue();
  MsgpackCursor cursor(helo);
  uint64_t n = 0;
  std::string_view word, name, nonce, auth;
  if (!cursor.ReadArray(&n) || !cursor.ReadText(&word) || word != "HELO" || !cursor.ReadMap(&n) ||
      !cursor.ReadText(&name) || !cursor.ReadText(&nonce) || !cursor.ReadText(&name) ||
      !cursor.ReadText(&auth)) {
    ADD_FAILURE() << "no HELO";
    return "";
  }
  const std::string salt = "salt of the client";
  Send(ArrayOf(6) + Pack(std::string("PING"), host, salt,
                         Sha512HexForTest(salt + host + std::string(nonce) + key), user,
                         Sha512HexForTest(std::string(auth) + user + password)));
  return ReceiveValue();
}

}  // namespace culprit
