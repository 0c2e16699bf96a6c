#include "engine/ingest/net/tls.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { files_ = new TestCertificates; }
  static void TearDownTestSuite() { delete files_; }
  static TlsConfig Config() {
    TlsConfig config;
    config.enabled = true;
    config.cert_file = files_->Path("server.pem");
    config.key_file = files_->Path("server.key");
    return config;
  }
  static std::string Error(const TlsConfig& config) {
    return std::string(MakeServerTls(config).status().message());
  }
  static TestCertificates* files_;
};
TestCertificates* Tls::files_ = nullptr;

TEST_F(Tls, TakesACertificateAndItsKey) { EXPECT_TRUE(MakeServerTls(Config()).ok()); }

TEST_F(Tls, OpensAnEncryptedKeyWithItsPassword) {
  TlsConfig config = Config();
  config.key_file = files_->Path("locked.key");
  config.key_password = Secret("open sesame");
  EXPECT_TRUE(MakeServerTls(config).ok());
  config.key_password = Secret("wrong-password");
  EXPECT_THAT(Error(config), HasSubstr("locked.key"));
  EXPECT_THAT(Error(config), Not(HasSubstr("wrong-password")));
  config.key_password = Secret();
  EXPECT_THAT(Error(config), HasSubstr("locked.key"));
}

TEST_F(Tls, SaysWhichFileIsWrong) {
  TlsConfig config = Config();
  config.cert_file = "/nowhere/cert.pem";
  EXPECT_THAT(Error(config), HasSubstr("/nowhere/cert.pem"));
  config = Config();
  config.key_file = files_->Path("client.key");
  EXPECT_THAT(Error(config), HasSubstr("client.key"));
  config = Config();
  config.client_ca_file = files_->Path("server.key");
  EXPECT_THAT(Error(config), HasSubstr("client_ca_file"));
  config = Config();
  config.key_file.clear();
  EXPECT_THAT(Error(config), HasSubstr("needs both"));
}

TEST(SecretTest, MatchesOnlyItself) {
  const Secret secret("sesame");
  EXPECT_TRUE(secret.Matches("sesame"));
  EXPECT_FALSE(secret.Matches("sesamE"));
  EXPECT_FALSE(secret.Matches("sesam"));
  EXPECT_FALSE(secret.Matches(""));
}

TEST(SecretTest, CopiesAndIsReplaced) {
  Secret secret("one");
  const Secret copy = secret;
  secret = Secret("two");
  EXPECT_EQ(copy.Reveal(), "one");
  EXPECT_EQ(secret.Reveal(), "two");
  secret = Secret();
  EXPECT_TRUE(secret.empty());
}

}  // namespace
}  // namespace culprit
