// Certificates made by openssl(1) for a test, in a directory that goes with it.
#pragma once
#include <filesystem>
#include <string>

namespace culprit {

class TestCertificates {
 public:
  TestCertificates();  // makes ca.pem, server.pem, server.key, client.pem, client.key, stranger.*
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;
  // `name` in the directory. The server's certificate is for localhost and 127.0.0.1;
  // "stranger" is signed by itself; "elsewhere" is for another host; "expired" is over already;
  // "locked.key" is server.key under the password "open sesame".
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

 private:
  void Run(const std::string& arguments) const;
  std::filesystem::path directory_;
};

}  // namespace culprit
