// A forward sender of a test: blocking, with a deadline on every read.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace culprit {

class TestClient {
 public:
  struct Tls {
    bool on = false;
    std::string ca_file, cert_file, key_file;
    int max_version = 0;  // of OpenSSL; 0: any
  };
  explicit TestClient(uint16_t port) : TestClient(port, Tls()) {}
  TestClient(uint16_t port, const Tls& tls);
  ~TestClient();
  // False: the server closed, or refused the TLS handshake.
  bool ok() const;
  // False: the server closed meanwhile.
  bool Send(std::string_view bytes);
  // One MessagePack value; "" if the server closed first. Fails the test after 20 s.
  std::string ReceiveValue();
  // Exactly what came up to `end`.
  std::string ReceiveUntil(std::string_view end);
  // True once the server has closed; reads on until then.
  bool WaitForClose();
  void CloseSending();
  // HELO is awaited, PING is sent; the server's PONG.
  std::string Greet(const std::string& host, const std::string& key, const std::string& user = "",
                    const std::string& password = "");

 private:
  struct Socket;
  bool Fill();
  std::unique_ptr<Socket> socket_;
  std::string received_;
};

std::string Sha512HexForTest(std::string_view text);

}  // namespace culprit
