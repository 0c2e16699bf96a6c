#include "tests/unit/net/certificates.h"

#include <cstdlib>
#include <fstream>

namespace culprit {

void TestCertificates::Run(const std::string& arguments) const {
  const std::string command =
      "cd " + directory_.path() + " && openssl " + arguments + " >>log 2>&1";
  if (std::system(command.c_str()) != 0) {  // NOLINT(cert-env33-c): a test's own tool
    std::ifstream log(Path("log"));
    std::string text((std::istreambuf_iterator<char>(log)), {});
    fprintf(stderr, "openssl %s failed:\n%s\n", arguments.c_str(), text.c_str());
    std::abort();
  }
}

TestCertificates::TestCertificates() {
  const std::string curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  Run("req -x509 " + curve + " -days 30 -subj /CN=ca -keyout ca.key -out ca.pem");
  Run("req -x509 " + curve + " -days 30 -subj /CN=stranger -keyout stranger.key -out stranger.pem");
  std::ofstream(Path("server.ext")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
  std::ofstream(Path("elsewhere.ext")) << "subjectAltName=DNS:elsewhere.example.org\n";
  std::ofstream(Path("client.ext")) << "extendedKeyUsage=clientAuth\n";
  for (const std::string who : {"server", "client", "elsewhere"}) {
    Run("req " + curve + " -subj /CN=" + who + " -keyout " + who + ".key -out " + who + ".csr");
    Run("x509 -req -days 30 -CA ca.pem -CAkey ca.key -CAcreateserial -in " + who +
        ".csr -extfile " + who + ".ext -out " + who + ".pem");
  }
  // Zero days: valid until the moment it was made.
  std::filesystem::copy_file(Path("server.key"), Path("expired.key"));
  Run("x509 -req -days 0 -CA ca.pem -CAkey ca.key -CAcreateserial -in server.csr -extfile "
      "server.ext -out expired.pem");
  Run("pkey -in server.key -aes128 -passout 'pass:open sesame' -out locked.key");
}

}  // namespace culprit
