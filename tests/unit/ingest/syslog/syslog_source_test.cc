#include "engine/ingest/syslog/syslog_source.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/contract/source_contract.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

int Connect(uint16_t port, int type) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) std::abort();
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string Counted(const std::string& text) { return std::to_string(text.size()) + " " + text; }

SyslogConfig LocalConfig() {
  SyslogConfig config;
  config.udp = config.tcp = config.tls_listen = "127.0.0.1:0";
  return config;
}

uint64_t CountOf(const LiveSource& source, std::string_view name) {
  for (const auto& [key, value] : source.health().counts) {
    if (key == name) return value;
  }
  return ~0ULL;
}

// As rsyslog's omfwd: writes, and is told nothing.
class SyslogHarness : public SourceHarness {
 public:
  ~SyslogHarness() override { Stopping(); }
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override {
    return MakeSyslogSource(LocalConfig());
  }
  void Started(LiveSource& source) override {
    fd_ = Connect(static_cast<SyslogSource&>(source).tcp_port(), SOCK_STREAM);
    WaitUntil([&] { return CountOf(source, "connections") == 1; });
  }
  void Stopping() override {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  bool CanRepeat() override { return false; }
  void Send(int begin, int end) override {
    std::string bytes;
    for (int i = begin; i < end; ++i) {
      const std::string text = "<14>1 2026-11-21T06:51:05Z host app - - - " + Record(i);
      bytes += i % 2 == 0 ? Counted(text) : text + "\n";
    }
    SendAll(fd_, bytes);
  }

 private:
  int fd_ = -1;
};

INSTANTIATE_TEST_SUITE_P(Syslog, SourceContract, testing::Values(HarnessFactory([] {
                           return std::make_unique<SyslogHarness>();
                         })));

class Syslog : public testing::Test {
 protected:
  void Start(const SyslogConfig& config = LocalConfig()) {
    auto made = MakeSyslogSource(config);
    ASSERT_TRUE(made.ok()) << made.status();
    source_.reset(static_cast<SyslogSource*>(made->release()));
    const absl::Status started = source_->Start(&sink_, sink_.ResumePoints());
    ASSERT_TRUE(started.ok()) << started;
  }
  bool Lines(size_t n) {
    return WaitUntil([&] { return sink_.LineCount() >= n; });
  }
  ~Syslog() override {
    sink_.Resume();
    if (source_ != nullptr) source_->Stop();
    EXPECT_THAT(sink_.violations(), IsEmpty());
  }
  FakeSink sink_{8};
  std::unique_ptr<SyslogSource> source_;
};

TEST_F(Syslog, TakesDatagramsOfASenderIntoItsStream) {
  Start();
  const int fd = Connect(source_->udp_port(), SOCK_DGRAM);
  SendAll(fd, "<34>Nov 21 06:51:05 db postgres[7]: one\n");
  SendAll(fd, "<34>1 - - - - - - two\nlines");
  SendAll(fd, "\xff\xfe no syslog at all");
  ASSERT_TRUE(Lines(4));
  close(fd);
  EXPECT_THAT(sink_.Lines(),
              ElementsAre("<34>Nov 21 06:51:05 db postgres[7]: one", "<34>1 - - - - - - two",
                          "lines", "\xff\xfe no syslog at all"));
  const auto streams = sink_.streams();
  ASSERT_EQ(streams.size(), 1u);
  EXPECT_EQ(streams.begin()->second.stream.display, "syslog:127.0.0.1");
  EXPECT_EQ(streams.begin()->second.positions.size(), 3u);
}

TEST_F(Syslog, DatagramsThatTheSinkDoesNotTakeAreDroppedAndCounted) {
  SyslogConfig config = LocalConfig();
  config.max_buffered_bytes = 300 << 10;
  config.batch_wait = absl::Milliseconds(1);
  sink_.Hold();
  Start(config);
  const int fd = Connect(source_->udp_port(), SOCK_DGRAM);
  const std::string text = "<34>" + std::string(30'000, 'x');
  int sent = 0;
  while (source_->health().dropped < 5 && sent < 10'000) {
    SendAll(fd, text);
    ++sent;
    // Read before the next comes: else the system may drop it, and not tell before the one behind
    // it.
    ASSERT_TRUE(
        WaitUntil([&] { return CountOf(*source_, "datagrams") >= static_cast<uint64_t>(sent); }));
  }
  close(fd);
  EXPECT_EQ(source_->health().state, SourceState::kPaused);
  sink_.Resume();
  EXPECT_TRUE(WaitUntil([&] {
    return sink_.LineCount() + source_->health().dropped == static_cast<size_t>(sent) &&
           sink_.counters().Get(Reason::kDatagramDropped) == source_->health().dropped;
  })) << sink_.LineCount()
      << " + " << source_->health().dropped << " of " << sent;
}

TEST_F(Syslog, LongMessagesAreCutAndCounted) {
  SyslogConfig config = LocalConfig();
  config.max_message_bytes = 480;
  Start(config);
  const int fd = Connect(source_->tcp_port(), SOCK_STREAM);
  SendAll(fd, Counted("<34>" + std::string(100'000, 'x')) + "<34>next\n");
  ASSERT_TRUE(Lines(2));
  close(fd);
  EXPECT_THAT(sink_.Lines(), ElementsAre("<34>" + std::string(476, 'x'), "<34>next"));
  EXPECT_EQ(sink_.counters().Get(Reason::kLineTruncated), 1u);
}

TEST_F(Syslog, AMessageWithoutItsEndIsTakenWhenTheConnectionEnds) {
  Start();
  const int fd = Connect(source_->tcp_port(), SOCK_STREAM);
  SendAll(fd, "<34>whole\n<34>no newline");
  close(fd);
  ASSERT_TRUE(Lines(2));
  EXPECT_THAT(sink_.Lines(), ElementsAre("<34>whole", "<34>no newline"));
  EXPECT_EQ(CountOf(*source_, "cut_messages"), 1u);
}

TEST_F(Syslog, ConnectionsAreBounded) {
  SyslogConfig config = LocalConfig();
  config.max_connections = 1;
  Start(config);
  const int first = Connect(source_->tcp_port(), SOCK_STREAM);
  ASSERT_TRUE(WaitUntil([&] { return CountOf(*source_, "connections") == 1; }));
  const int second = Connect(source_->tcp_port(), SOCK_STREAM);
  char byte = 0;
  EXPECT_LE(recv(second, &byte, 1, 0), 0);
  EXPECT_EQ(CountOf(*source_, "refused_connections"), 1u);
  SendAll(first, "<34>still here\n");
  EXPECT_TRUE(Lines(1));
  close(first);
  close(second);
}

TEST_F(Syslog, IdleConnectionsAreClosedIfThatIsAskedFor) {
  SyslogConfig config = LocalConfig();
  config.idle_timeout = absl::Milliseconds(20);
  Start(config);
  const int fd = Connect(source_->tcp_port(), SOCK_STREAM);
  char byte = 0;
  EXPECT_LE(recv(fd, &byte, 1, 0), 0);
  EXPECT_EQ(CountOf(*source_, "timeouts"), 1u);
  close(fd);
}

TEST_F(Syslog, SpeaksTlsAndRefusesWhatIsNot) {
  const TestCertificates files;
  SyslogConfig config = LocalConfig();
  config.tls.enabled = true;
  config.tls.cert_file = files.Path("server.pem");
  config.tls.key_file = files.Path("server.key");
  Start(config);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  const int fd = Connect(source_->tls_port(), SOCK_STREAM);
  SSL_set_fd(ssl.get(), fd);
  ASSERT_EQ(SSL_connect(ssl.get()), 1);
  const std::string text = Counted("<34>1 - - - - - - sealed");
  SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
  EXPECT_TRUE(Lines(1));
  const int plain = Connect(source_->tls_port(), SOCK_STREAM);
  SendAll(plain, "<34>in the open, and long enough to be no hello of TLS\n");
  EXPECT_TRUE(WaitUntil([&] { return CountOf(*source_, "failed_tls") == 1; }));
  EXPECT_THAT(sink_.Lines(), ElementsAre("<34>1 - - - - - - sealed"));
  close(plain);
  SSL_shutdown(ssl.get());
  close(fd);
}

TEST(SyslogConfigTest, RefusesWhatCannotWork) {
  SyslogConfig config = LocalConfig();
  config.udp = "nowhere";
  EXPECT_FALSE(MakeSyslogSource(config).ok());
  config = LocalConfig();
  config.max_message_bytes = 1;
  EXPECT_FALSE(MakeSyslogSource(config).ok());
  config = LocalConfig();
  config.udp = config.tcp = "";
  EXPECT_FALSE(MakeSyslogSource(config).ok());
}

}  // namespace
}  // namespace culprit
