// What logger(1) and rsyslog send, taken by the source.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/ingest/syslog/syslog_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;

class RealSenders : public testing::Test {
 protected:
  RealSenders() : source_(Config()) { EXPECT_TRUE(source_.Start(&sink_, {}).ok()); }
  ~RealSenders() override { source_.Stop(); }
  static SyslogConfig Config() {
    SyslogConfig config;
    config.udp = config.tcp = "127.0.0.1:0";
    return config;
  }
  static int Run(const std::string& command) {
    return std::system(command.c_str());  // NOLINT(cert-env33-c): a test's own tool
  }
  std::string Logger(const std::string& arguments) const {
    return "logger -n 127.0.0.1 -t shop " + arguments;
  }
  bool Lines(size_t n) {
    return WaitUntil([&] { return sink_.LineCount() >= n; });
  }
  FakeSink sink_{8};
  SyslogSource source_;
  TempDir directory_;
};

TEST_F(RealSenders, LoggerOverUdpAndTcpInBothFormsAndFramings) {
  if (Run("command -v logger >/dev/null") != 0) GTEST_SKIP() << "no logger(1)";
  const std::string udp = " -d -P " + std::to_string(source_.udp_port());
  const std::string tcp = " -T -P " + std::to_string(source_.tcp_port());
  size_t n = 0;
  for (const std::string& how : {udp + " --rfc3164 ", udp + " --rfc5424 ", tcp + " --rfc3164 ",
                                 tcp + " --rfc5424 --octet-count ", tcp + " --rfc5424 "}) {
    ASSERT_EQ(Run(Logger(how + "-p daemon.err 'disk failure 7'")), 0) << how;
    ASSERT_TRUE(Lines(++n)) << how;
  }
  const std::vector<std::string> lines = sink_.Lines();
  for (const std::string& line : lines) {
    EXPECT_THAT(line, ContainsRegex("^<27>.*shop.*disk failure 7$"));
  }
}

TEST_F(RealSenders, RsyslogForwardsWithCountsAndWithNewlines) {
  const std::string source(CULPRIT_SOURCE_DIR);
  const std::string peers = source + "/build/peers";
  std::string program = peers + "/usr/sbin/rsyslogd";
  std::string modules = peers + "/usr/lib/x86_64-linux-gnu/rsyslog";
  if (!std::filesystem::exists(program)) {
    program = "/usr/sbin/rsyslogd";
    modules = "/usr/lib/x86_64-linux-gnu/rsyslog";
  }
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "no rsyslogd: ./dev setup test";
  const std::string directory = directory_.path();
  const std::string tcp = std::to_string(source_.tcp_port());
  std::ofstream(directory + "/rsyslog.conf")
      << "global(workDirectory=\"" << directory << "\")\n"
      << "module(load=\"imuxsock\" SysSock.Use=\"off\")\n"
      << "input(type=\"imuxsock\" Socket=\"" << directory << "/log\" RateLimit.Interval=\"0\")\n"
      << "if $programname != 'shop' then stop\n"
      << "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" << tcp
      << "\" protocol=\"tcp\" TCP_Framing=\"octet-counted\" "
         "template=\"RSYSLOG_SyslogProtocol23Format\")\n"
      << "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" << tcp << "\" protocol=\"tcp\")\n"
      << "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" << source_.udp_port()
      << "\" protocol=\"udp\")\n";
  const std::string config = directory + "/rsyslog.conf", pid_file = directory + "/pid";
  std::vector<std::string> arguments = {program, "-n", "-f", config, "-i", pid_file, "-M", modules};
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  setenv("LD_LIBRARY_PATH", (peers + "/usr/lib/x86_64-linux-gnu").c_str(), 1);
  pid_t pid = 0;
  ASSERT_EQ(posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ), 0);
  unsetenv("LD_LIBRARY_PATH");
  EXPECT_TRUE(WaitUntil([&] { return std::filesystem::exists(directory + "/log"); }));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(
        Run("logger -u " + directory + "/log -t shop 'payment " + std::to_string(i) + " failed'"),
        0);
  }
  EXPECT_TRUE(Lines(60)) << sink_.LineCount();
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
  std::vector<size_t> seen(20);
  size_t newer = 0;
  for (const std::string& line : sink_.Lines()) {
    EXPECT_THAT(line, ContainsRegex("^<13>.*shop.*payment [0-9]+ failed$"));
    newer += line.starts_with("<13>1 ");
    for (size_t i = 0; i < seen.size(); ++i) {
      seen[i] += line.find("payment " + std::to_string(i) + " failed") != std::string::npos;
    }
  }
  EXPECT_EQ(newer, 20u);
  EXPECT_THAT(seen, testing::Each(3u));
}

}  // namespace
}  // namespace culprit
