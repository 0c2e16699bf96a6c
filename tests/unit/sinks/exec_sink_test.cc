#include "sinks/exec/exec_sink.h"

#include <gmock/gmock.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "sinks/common/message.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using testing::HasSubstr;

DeliveryResult Exec(const std::string& script, DurationUs timeout = 30 * kSecondUs,
                    const Notification& n = SampleNotification()) {
  ExecSinkConfig c;
  c.command = {"/bin/sh", "-c", script};
  c.timeout = timeout;
  return (*MakeExecSink(c))->Deliver(n);
}

TEST(ExecSink, TheCommandGetsTheNotification) {
  const TempDir dir;
  const std::string file = dir / "told.json";
  const DeliveryResult result = Exec("cat > " + file + "; echo \"$CULPRIT_EVENT\"");
  EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  EXPECT_EQ(result.detail, "opened");
  std::ifstream in(file);
  EXPECT_EQ(nlohmann::json::parse(in)["schema"], "culprit/notification/1");
}

TEST(ExecSink, ExitCodesHaveTheirOutcome) {
  EXPECT_EQ(Exec("exit 78").outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(Exec("exit 127").outcome, DeliveryOutcome::kRejected);
  const DeliveryResult result = Exec("echo the pager is off >&2; exit 75");
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_THAT(result.error, HasSubstr("ended with code 75: the pager is off"));
  EXPECT_EQ(Exec("kill -9 $$").outcome, DeliveryOutcome::kRetry);
  ExecSinkConfig missing;
  missing.command = {"/nonexistent/notify"};
  EXPECT_EQ((*MakeExecSink(missing))->Deliver(SampleNotification()).reason, "not_found");
}

TEST(ExecSink, WhoDoesNotReadOrWritesALotIsNoTrouble) {
  Notification n = SampleNotification();
  n.text = std::string(4 << 20, 'x');  // more than any pipe holds
  EXPECT_EQ(Exec("exec <&-; exit 0", 30 * kSecondUs, n).outcome, DeliveryOutcome::kDelivered);
  const DeliveryResult result = Exec("head -c 5000000 /dev/zero | tr '\\0' y; cat >/dev/null");
  EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  EXPECT_LE(result.detail.size(), 300u);
}

// The command's own children die with it, on a time-out and when it ends.
TEST(ExecSink, TheWholeProcessGroupIsKilled) {
  const TempDir dir;
  const std::string file = dir / "pid";
  const auto gone = [&] {
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    EXPECT_GT(pid, 0);
    for (int i = 0; i < 12'000; ++i) {
      if (kill(pid, 0) != 0) return true;
      std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
      std::string text;
      std::getline(stat, text);
      if (text.find(") Z ") != std::string::npos) return true;  // dead, not yet reaped by init
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  const std::string child = "sleep 600 & echo $! > " + file;
  // Time enough for a slow machine to come to the child.
  EXPECT_EQ(Exec(child + "; wait", 5 * kSecondUs).reason, "timeout");
  EXPECT_TRUE(gone());
  EXPECT_EQ(Exec(child).outcome, DeliveryOutcome::kDelivered);
  EXPECT_TRUE(gone());
}

}  // namespace
}  // namespace culprit
