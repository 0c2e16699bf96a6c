// Who may send, and what becomes of those who send nonsense: each is refused with a reason, and
// everybody else goes on.
#include <openssl/ssl.h>

#include "tests/unit/forward/server_fixture.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ForwardSecurity : public ForwardServer {
 protected:
  static void SetUpTestSuite() { files_ = new TestCertificates; }
  static void TearDownTestSuite() { delete files_; }
  void UseTls(bool mutual) {
    config_.tls.enabled = true;
    config_.tls.cert_file = files_->Path("server.pem");
    config_.tls.key_file = files_->Path("server.key");
    if (mutual) config_.tls.client_ca_file = files_->Path("ca.pem");
  }
  static TestClient::Tls ClientTls(const std::string& who = "") {
    TestClient::Tls tls{.on = true, .ca_file = files_->Path("ca.pem")};
    if (!who.empty()) {
      tls.cert_file = files_->Path(who + ".pem");
      tls.key_file = files_->Path(who + ".key");
    }
    return tls;
  }
  // A sender that does everything right still gets through.
  void ExpectGoesOn(TestClient& client) {
    client.Send(MessageMode("fine", "x", "fine"));
    EXPECT_EQ(client.ReceiveValue(), Ack("fine"));
  }
  static TestCertificates* files_;
};
TestCertificates* ForwardSecurity::files_ = nullptr;

TEST_F(ForwardSecurity, TheSharedKeyOpens) {
  config_.shared_key = Secret("sesame");
  config_.self_hostname = "aggregator";
  Start();
  TestClient client = Connect();
  const std::string pong = client.Greet("web-1", "sesame");
  EXPECT_THAT(pong, HasSubstr("aggregator"));
  client.Send(MessageMode("a", "x", "c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_THAT(StreamOf("forward:a@web-1").positions, SizeIs(1)) << "its own name for itself";
}

TEST_F(ForwardSecurity, TheServerProvesThatItKnowsTheKeyToo) {
  config_.shared_key = Secret("sesame");
  config_.self_hostname = "aggregator";
  Start();
  TestClient client = Connect();
  const std::string helo = client.ReceiveValue();
  const std::string nonce = helo.substr(helo.find("nonce") + 7, 16);
  client.Send(ArrayOf(6) + Pack(std::string("PING"), std::string("h"), std::string("s"),
                                Sha512HexForTest("sh" + nonce + "sesame"), std::string(),
                                std::string()));
  EXPECT_EQ(client.ReceiveValue(),
            ArrayOf(5) + Pack(std::string("PONG"), true, std::string(), std::string("aggregator"),
                              Sha512HexForTest("saggregator" + nonce + "sesame")));
}

TEST_F(ForwardSecurity, AWrongKeyIsToldAndClosed) {
  config_.shared_key = Secret("sesame");
  Start();
  TestClient client = Connect();
  const std::string pong = client.Greet("web-1", "guess");
  EXPECT_THAT(pong, HasSubstr("shared key mismatch"));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(Count("refused_handshakes"), 1U);
  TestClient right = Connect();
  right.Greet("web-2", "sesame");
  ExpectGoesOn(right);
}

TEST_F(ForwardSecurity, WithoutPingNothingIsTaken) {
  config_.shared_key = Secret("sesame");
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "x", "c1"));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_THAT(sink_.Lines(), SizeIs(0));
  EXPECT_EQ(Count("refused_handshakes"), 1U);
}

TEST_F(ForwardSecurity, UsersNeedTheirPassword) {
  config_.shared_key = Secret("sesame");
  config_.users = {{"ann", Secret("a")}, {"bob", Secret("b")}};
  Start();
  TestClient ann = Connect();
  ann.Greet("h", "sesame", "ann", "a");
  ExpectGoesOn(ann);
  for (const auto& [user, password] :
       {std::pair("ann", "b"), std::pair("eve", "a"), std::pair("", "")}) {
    TestClient client = Connect();
    EXPECT_THAT(client.Greet("h", "sesame", user, password),
                HasSubstr("username/password mismatch"));
    EXPECT_TRUE(client.WaitForClose());
  }
}

TEST_F(ForwardSecurity, SpeaksTls) {
  UseTls(false);
  config_.shared_key = Secret("sesame");
  Start();
  TestClient client(source_->port(), ClientTls());
  client.Greet("h", "sesame");
  std::string entries;
  for (int i = 0; i < 20'000; ++i) entries += Entry(Pack(5), std::to_string(i));
  client.Send(Packed("a", entries, "c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_THAT(sink_.Lines(), SizeIs(20'000));
}

TEST_F(ForwardSecurity, MutualTlsAsksForACertificate) {
  UseTls(true);
  Start();
  TestClient known(source_->port(), ClientTls("client"));
  ExpectGoesOn(known);
  for (const std::string who : {"", "stranger"}) {
    TestClient client(source_->port(), ClientTls(who));
    client.Send(MessageMode("a", "x", "c1"));
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_TRUE(UntilCount("failed_tls", 2));
  EXPECT_THAT(sink_.Lines(), SizeIs(1));
}

TEST_F(ForwardSecurity, OldTlsAndPlainTextAreRefused) {
  UseTls(false);
  config_.tls.min_version = TlsVersion::k13;
  Start();
  TestClient::Tls old = ClientTls();
  old.max_version = TLS1_2_VERSION;
  EXPECT_FALSE(TestClient(source_->port(), old).ok());
  TestClient plain = Connect();
  plain.Send(MessageMode("a", "x", "c1"));
  EXPECT_TRUE(plain.WaitForClose());
  EXPECT_TRUE(UntilCount("failed_tls", 2));
  TestClient fine(source_->port(), ClientTls());
  ExpectGoesOn(fine);
}

TEST_F(ForwardSecurity, GarbageIsClosedAndWhatCameBeforeIsTaken) {
  Start();
  TestClient bystander = Connect();
  for (const std::string& garbage :
       {std::string("\xc1 garbage"), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("{\"log\": \"no forward message\"}"),
        std::string("[\"unfinished\" }]") + std::string(3, ']'),
        std::string("[[[[[") + std::string(200, '[')}) {
    TestClient client = Connect();
    client.Send(garbage);
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_EQ(Count("garbage") + Count("bad_messages"), 5U);
  TestClient mixed = Connect();
  mixed.Send(MessageMode("a", "before", "c1") + "\xc1");
  EXPECT_EQ(mixed.ReceiveValue(), Ack("c1"));
  EXPECT_TRUE(mixed.WaitForClose());
  ExpectGoesOn(bystander);
}

TEST_F(ForwardSecurity, AMessageThatIsNoneIsKeptAsADeadLetter) {
  Start();
  TestClient client = Connect();
  client.Send(ArrayOf(2) + Pack(1, 2));
  EXPECT_TRUE(client.WaitForClose());
  const std::vector<DeadLetter> letters = sink_.dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "bad_message");
  EXPECT_THAT(letters[0].detail, HasSubstr("the tag is no string"));
  EXPECT_EQ(letters[0].bytes, ArrayOf(2) + Pack(1, 2));
  EXPECT_THAT(letters[0].stream, HasSubstr("127.0.0.1:"));
}

TEST_F(ForwardSecurity, MessagesThatAreTooLongAreRefusedAtTheirHead) {
  config_.max_message_bytes = 100'000;
  Start();
  TestClient client = Connect();
  client.Send(ArrayOf(2) + Pack(std::string("t")) + std::string("\xc6\x40\x00\x00\x00", 5));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(Count("too_large"), 1U);
  ASSERT_THAT(sink_.dead_letters(), SizeIs(1));
  EXPECT_EQ(sink_.dead_letters()[0].reason, "message_too_large");
  TestClient json = Connect();
  json.Send("[\"" + std::string(200'000, 'x'));
  EXPECT_TRUE(json.WaitForClose());
  EXPECT_EQ(Count("too_large"), 2U);
}

TEST_F(ForwardSecurity, BombsAreDeadLettersAndTheSenderIsDone) {
  config_.max_decompressed_bytes = 1 << 20;
  Start();
  TestClient client = Connect();
  client.Send(
      Packed("a", Gzip(Entry(Pack(5), "first") + std::string(64 << 20, '\0')), "bomb", "gzip"));
  EXPECT_EQ(client.ReceiveValue(), Ack("bomb")) << "or it would be sent for ever";
  EXPECT_THAT(sink_.Lines(), SizeIs(1));
  EXPECT_FALSE(sink_.dead_letters().empty());
  ExpectGoesOn(client);
}

TEST_F(ForwardSecurity, WhoOpensAndSaysNothingIsClosed) {
  config_.shared_key = Secret("sesame");
  config_.handshake_timeout = absl::Milliseconds(100);
  Start();
  TestClient client = Connect();
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(Count("timeouts"), 1U);
  Stop();
  UseTls(false);
  Start();
  TestClient silent = Connect();
  EXPECT_TRUE(silent.WaitForClose());
  EXPECT_EQ(Count("timeouts"), 1U);
}

TEST_F(ForwardSecurity, WhoDoesNotEndAMessageIsClosed) {
  config_.message_timeout = absl::Milliseconds(100);
  Start();
  TestClient client = Connect();
  ExpectGoesOn(client);
  client.Send(MessageMode("a", "x", "c1").substr(0, 5));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(Count("timeouts"), 1U);
}

TEST_F(ForwardSecurity, ASilentConnectionStaysUnlessToldOtherwise) {
  config_.message_timeout = absl::Milliseconds(50);
  config_.idle_timeout = absl::Seconds(2);  // a slow sender still gets to its first message
  Start();
  TestClient client = Connect();
  ExpectGoesOn(client);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(Count("timeouts"), 1U);
}

TEST_F(ForwardSecurity, ConnectionsAboveTheBoundAreClosed) {
  config_.max_connections = 2;
  Start();
  TestClient one = Connect();
  ExpectGoesOn(one);
  {
    TestClient two = Connect();
    ExpectGoesOn(two);
    TestClient three = Connect();
    EXPECT_TRUE(three.WaitForClose());
    EXPECT_EQ(Count("refused_connections"), 1U);
    ExpectGoesOn(one);
  }
  ASSERT_TRUE(WaitUntil([&] {
    TestClient next = Connect();
    next.Send(MessageMode("a", "x", "c1"));
    return next.ReceiveValue() == Ack("c1");
  }));
}

TEST_F(ForwardSecurity, UnfinishedMessagesShareTheirMemory) {
  config_.max_buffered_bytes = 1 << 20;
  config_.threads = 2;
  Start();
  const std::string chunk = Packed("a", [] {
    std::string all;
    for (int i = 0; i < 20'000; ++i) all += Entry(Pack(5), std::string(100, 'x'));
    return all;
  }());
  ASSERT_GT(chunk.size(), 2U << 20);
  std::vector<std::thread> senders;
  for (int s = 0; s < 6; ++s) {
    senders.emplace_back([&] {
      TestClient client(source_->port());
      for (int i = 0; i < 3; ++i) client.Send(chunk);
      client.Send(
          MessageMode("end", "x", "c" + std::to_string(reinterpret_cast<uintptr_t>(&client))));
      EXPECT_NE(client.ReceiveValue(), "");
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(WaitUntil([&] { return sink_.LineCount() >= 6 * 3 * 20'000 + 6; }));
}

TEST_F(ForwardSecurity, MetricsAndTracesAreAcknowledgedAndLeftOut) {
  Start();
  TestClient client = Connect();
  client.Send(ArrayOf(3) + Pack(std::string("t")) + Bin("cmetrics") + MapOf(2) +
              Pack(std::string("chunk"), std::string("c1"), std::string("fluent_signal"), 1));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_EQ(Count("not_logs"), 1U);
  EXPECT_THAT(sink_.dead_letters(), SizeIs(0));
}

}  // namespace
}  // namespace culprit
