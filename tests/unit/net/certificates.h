// Certificates made by openssl(1) for a test, in a directory that goes with it.
#pragma once
#include <string>

#include "tests/unit/temp_dir.h"

namespace culprit {

class TestCertificates {
 public:
  TestCertificates();  // makes ca.pem, server.pem, server.key, client.pem, client.key, stranger.*
  // `name` in the directory. The server's certificate is for localhost and 127.0.0.1;
  // "stranger" is signed by itself; "elsewhere" is for another host; "expired" is over already;
  // "locked.key" is server.key under the password "open sesame".
  std::string Path(const std::string& name) const { return directory_ / name; }

 private:
  void Run(const std::string& arguments) const;
  const TempDir directory_;
};

}  // namespace culprit
