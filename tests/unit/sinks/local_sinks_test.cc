// The sinks that stay on this machine: file, standard output.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGPIPE
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sinks/all_sinks.h"
#include "sinks/common/message.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(FileSink, EveryNotificationIsOneLineOfJsonAndOldFilesGo) {
  const TempDir folder;
  FileSinkConfig c;
  c.path = folder / "incidents.jsonl";
  c.keep = 2;
  const size_t one = NotificationJson(SampleNotification()).size() + 1;
  c.max_bytes = one * 2;
  const std::unique_ptr<Sink> sink = *MakeSink(c);
  for (int i = 0; i < 9; ++i)
    ASSERT_EQ(sink->Deliver(SampleNotification()).outcome, DeliveryOutcome::kDelivered);
  for (const char* name : {"incidents.jsonl", "incidents.jsonl.1", "incidents.jsonl.2"})
    for (const std::string& line : Lines(folder / name))
      EXPECT_EQ(Json::parse(line)["schema"], "culprit/notification/1");
  EXPECT_EQ(Lines(folder / "incidents.jsonl").size(), 1u);
  EXPECT_EQ(Lines(folder / "incidents.jsonl.2").size(), 2u);
  EXPECT_FALSE(fs::exists(folder / "incidents.jsonl.3"));
}

TEST(FileSink, AFileThatWasMovedAwayIsMadeAnew) {
  const TempDir folder;
  FileSinkConfig c;
  c.path = folder / "a";
  c.line = R"({"t": "{{title}}"})";
  const std::unique_ptr<Sink> sink = *MakeSink(c);
  sink->Deliver(SampleNotification());
  fs::rename(c.path, folder / "b");
  sink->Deliver(SampleNotification());
  EXPECT_EQ(Lines(c.path).size(), 1u);
  EXPECT_TRUE(Json::accept(Lines(c.path)[0]));
}

TEST(FileSink, APlaceThatCannotBeWrittenIsTriedAgain) {
  for (const char* path : {"/nonexistent/incidents.jsonl", "/proc", "/dev/full"}) {
    FileSinkConfig c;
    c.path = path;
    const DeliveryResult result = (*MakeSink(c))->Deliver(SampleNotification());
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry) << path;
    EXPECT_EQ(result.reason, "disk");
    EXPECT_THAT(result.error, HasSubstr(path));
  }
}

TEST(StdoutSink, WhoeverTakesNothingNowMayLaterAndWhoeverIsGoneNever) {
  const int kept = dup(STDOUT_FILENO);
  const auto into = [&](int fd) {
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    const DeliveryResult result = (*MakeSink(StdoutSinkConfig{}))->Deliver(SampleNotification());
    dup2(kept, STDOUT_FILENO);
    return result.outcome;
  };
  EXPECT_EQ(into(open("/dev/full", O_WRONLY)), DeliveryOutcome::kRetry);
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(into(ends[1]), DeliveryOutcome::kRejected);
  signal(SIGPIPE, SIG_DFL);
  close(kept);
}

TEST(StdoutSink, SaysWhatATiredPersonNeeds) {
  testing::internal::CaptureStdout();
  (*MakeSink(StdoutSinkConfig{}))->Deliver(SampleNotification());
  const std::string text = testing::internal::GetCapturedStdout();
  for (const char* part :
       {"etcd is down", "CONFIRMED 97 %", "2026-03-14 09:04:00 UTC", "/var/log/etcd/etcd.log:2263",
        "received signal; shutting down", "$ etcdctl endpoint health", "An etcd client library"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("\n\n\n")));
}

}  // namespace
}  // namespace culprit
