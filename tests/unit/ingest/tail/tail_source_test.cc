// One thing that happens to files per test.
#include "engine/ingest/tail/tail_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/tail/tail_test_util.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

void Rename(const std::string& from, const std::string& to) {
  ASSERT_EQ(rename(from.c_str(), to.c_str()), 0) << from;
}
void Shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

TEST(TailSource, RefusesWhatCannotWork) {
  EXPECT_FALSE(MakeTailSource(TailConfig()).ok());
  TailConfig config = QuickConfig({"/tmp/*.log"});
  config.max_line_bytes = 4 * kLiveBatchBytes;
  EXPECT_FALSE(MakeTailSource(config).ok());
  config = QuickConfig({"-"});
  EXPECT_FALSE(MakeTailSource(config).ok());
}

TEST(TailSource, BytesAndOffsetsAreThoseOfTheFile) {
  const TempDir dir;
  Append(dir / "a.log", "one\ntwo\r\n\nfour\n");
  Tailing t(QuickConfig({dir / "*.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(4));
  Append(dir / "a.log", "fi");
  Append(dir / "a.log", "ve\nsi");
  ASSERT_TRUE(t.Waits(5));
  const auto streams = t.sink_.streams();
  ASSERT_EQ(streams.size(), 1u);
  const FakeSink::Stream& s = streams.begin()->second;
  EXPECT_EQ(s.bytes, "one\ntwo\r\n\nfour\nfive\n");
  EXPECT_EQ(s.begin, 0u);
  EXPECT_EQ(s.end, s.bytes.size());
  EXPECT_EQ(s.stream.display, dir / "a.log");
  EXPECT_EQ(s.stream.path, dir / "a.log");
}

TEST(TailSource, ALargeFileComesWholeAndInBlocks) {
  const TempDir dir;
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += "line " + std::to_string(i) + " of many\n";
  dir.Write("a.log", text);
  Tailing t(QuickConfig({dir / "a.log"}), 4);
  t.Start();
  ASSERT_TRUE(WaitUntil([&] { return t.sink_.ByteCount() == text.size(); }));
  const auto streams = t.sink_.streams();
  EXPECT_EQ(streams.begin()->second.bytes, text);
  EXPECT_GE(streams.begin()->second.batches, text.size() / kLiveBatchBytes);
}

TEST(TailSource, StartsAtTheEndOnlyInWhatWasThereFirst) {
  const TempDir dir;
  Append(dir / "old.log", "old\nhalf");
  TailConfig config = QuickConfig({dir / "*.log"});
  config.start_at = TailConfig::StartAt::kEnd;
  Tailing t(config);
  t.Start();
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 1; }));
  Append(dir / "new.log", "new\n");
  ASSERT_TRUE(t.Waits(1));
  t.Kill();
  // Its end is where it was then, not where it is at the next start.
  Append(dir / "old.log", " more\n");
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  EXPECT_THAT(t.Sorted(), ElementsAre("half more", "new"));
}

TEST(TailSource, OldFilesAreFollowedFromTheirEnd) {
  const TempDir dir;
  Append(dir / "old.log", "old\n");
  Append(dir / "new.log", "new\n");
  Shell("touch -d '2 days ago' " + dir / "old.log");
  TailConfig config = QuickConfig({dir / "*.log"});
  config.ignore_older = kDayUs;
  Tailing t(config);
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  Append(dir / "old.log", "fresh\n");
  ASSERT_TRUE(t.Waits(2));
  EXPECT_THAT(t.Sorted(), ElementsAre("fresh", "new"));
}

TEST(TailSource, ExcludesByNameAndByPath) {
  const TempDir dir;
  dir.Write("a/app.log", "a\n");
  dir.Write("a/debug.log", "no\n");
  dir.Write("b/app.log", "no\n");
  dir.Write("c/d/app.log", "d\n");
  TailConfig config = QuickConfig({dir / "**/*.log"});
  config.exclude = {"debug*", "*/b/*"};
  Tailing t(config);
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  // New files in directories that did not exist.
  dir.Write("e/f/app.log", "f\n");
  ASSERT_TRUE(t.Waits(3));
  EXPECT_THAT(t.Sorted(), ElementsAre("a", "d", "f"));
}

TEST(TailSource, ReadsARenamedFileToItsEndThoughTheGlobDoesNotNameIt) {
  const TempDir dir;
  Tailing t(QuickConfig({dir / "app.log"}));
  Append(dir / "app.log", "1\n");
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  const int old = open((dir / "app.log").c_str(), O_WRONLY | O_APPEND);
  Rename(dir / "app.log", dir / "app.log.1");
  Append(dir / "app.log", "2\n");
  ASSERT_TRUE(t.Waits(2));
  ASSERT_EQ(write(old, "3\n4", 3), 3);  // its writer has not noticed
  close(old);
  ASSERT_TRUE(t.Waits(4));  // a last line that nobody will complete
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 1; }));
  EXPECT_THAT(t.Sorted(), ElementsAre("1", "2", "3", "4"));
}

TEST(TailSource, FindsARenamedFileAgainAfterARestart) {
  const TempDir dir;
  Tailing t(QuickConfig({dir / "app.log"}));
  Append(dir / "app.log", "1\n");
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  t.Kill();
  Append(dir / "app.log", "2\n");
  Rename(dir / "app.log", dir / "app.log.1");
  Append(dir / "app.log", "3\n");
  t.Start();
  ASSERT_TRUE(t.Waits(3));
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 1; }));
  EXPECT_THAT(t.Sorted(), ElementsAre("1", "2", "3"));
}

TEST(TailSource, ADeletedFileIsReadOnThroughItsDescriptor) {
  const TempDir dir;
  Append(dir / "app.log", "1\n");
  Tailing t(QuickConfig({dir / "app.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  const int writer = open((dir / "app.log").c_str(), O_WRONLY | O_APPEND);
  fs::remove(dir / "app.log");
  ASSERT_EQ(write(writer, "2\n", 2), 2);
  ASSERT_TRUE(t.Waits(2));
  close(writer);
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 0; }));
  EXPECT_EQ(t.sink_.counters().Get(Reason::kUnreadLost), 0u);
}

TEST(TailSource, ATruncatedFileIsReadFromItsBeginHoweverLongItIsAgain) {
  const TempDir dir;
  Append(dir / "app.log", "one\ntwo\n");
  Tailing t(QuickConfig({dir / "app.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  // Truncated and longer than before, between two looks.
  dir.Write("app.log", "three\nfour\nfive\nsix\n");
  ASSERT_TRUE(t.Waits(6));
  dir.Write("app.log", "7\n");  // shorter
  ASSERT_TRUE(t.Waits(7));
  t.Kill();
  dir.Write("app.log", "eight is longer\n");
  t.Start();
  ASSERT_TRUE(t.Waits(8));
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 1; }));
  EXPECT_EQ(t.sink_.Lines().size(), 8u);
  EXPECT_EQ(t.sink_.counters().Get(Reason::kUnreadLost), 0u);
}

TEST(TailSource, WhatATruncationTookUnreadIsCounted) {
  const TempDir dir;
  Append(dir / "app.log", "one\nhalf a line");
  Tailing t(QuickConfig({dir / "app.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  ASSERT_TRUE(WaitUntil([&] { return t.source_->health().lag == 11; }));
  dir.Write("app.log", "2\n");
  ASSERT_TRUE(t.Waits(2));
  ASSERT_TRUE(WaitUntil([&] { return t.Open() == 1; }));
  EXPECT_EQ(t.sink_.counters().Get(Reason::kUnreadLost), 1u);
  ASSERT_EQ(t.sink_.dead_letters().size(), 1u);
  EXPECT_EQ(t.sink_.dead_letters()[0].reason, "unread_lost");
  EXPECT_THAT(t.sink_.dead_letters()[0].detail, HasSubstr("11 bytes"));
}

TEST(TailSource, ACopyIsNotReadAgainAndGivesWhatTruncationTook) {
  const TempDir dir;
  Append(dir / "app.log", "1\n2\nhalf");
  Tailing t(QuickConfig({dir / "app.log*"}));
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  fs::copy_file(dir / "app.log", dir / "app.log.1");
  dir.Write("app.log", "3\n");
  ASSERT_TRUE(t.Waits(4));
  EXPECT_THAT(t.Sorted(), ElementsAre("1", "2", "3", "half"));
  t.Kill();
  Append(dir / "app.log", "4\n");
  t.Start();
  ASSERT_TRUE(t.Waits(5));
  EXPECT_EQ(t.sink_.LineCount(), 5u);
}

TEST(TailSource, WhatWasCopiedAndTruncatedMeanwhileIsReadFromTheCopy) {
  for (const char* glob : {"app.log*", "app.log"}) {
    const TempDir dir;
    std::string old;
    for (int i = 0; i < 300; ++i) old += "old line " + std::to_string(i) + "\n";
    Append(dir / "app.log", old);
    Tailing t(QuickConfig({dir / glob}));
    t.Start();
    ASSERT_TRUE(t.Waits(300));
    t.Kill();
    Append(dir / "app.log", "last\n");
    fs::copy_file(dir / "app.log", dir / "app.log.1");
    dir.Write("app.log", "new\n");
    t.Start();
    ASSERT_TRUE(t.Waits(302)) << glob;
    t.Shutdown();
    EXPECT_EQ(t.sink_.LineCount(), 302u) << glob;
  }
}

TEST(TailSource, TheRestOfACompressedFileIsReadFromIt) {
  for (const char* tool : {"gzip", "xz", "zstd -q --rm"}) {
    for (const char* glob : {"app.log*", "app.log"}) {
      const TempDir dir;
      std::string old;
      for (int i = 0; i < 20'000; ++i) old += "old line " + std::to_string(i) + "\n";
      Append(dir / "app.log", old);
      Tailing t(QuickConfig({dir / glob}));
      t.Start();
      ASSERT_TRUE(t.Waits(20'000));
      t.Kill();
      Append(dir / "app.log", "last");
      Rename(dir / "app.log", dir / "app.log.1");
      Shell(std::string(tool) + " " + dir / "app.log.1");
      Append(dir / "app.log", "new\n");
      t.Start();
      ASSERT_TRUE(t.Waits(20'002)) << tool << " " << glob;
      t.Kill();
      Append(dir / "app.log", "newer\n");
      t.Start();  // known now
      ASSERT_TRUE(t.Waits(20'003));
      t.Shutdown();
      EXPECT_EQ(t.sink_.LineCount(), 20'003u) << tool << " " << glob;
    }
  }
}

TEST(TailSource, ACompressedFileOfItsOwnIsReadOnce) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "packed line " + std::to_string(i) + "\n";
  dir.Write("x.log", text + "end");
  Shell("gzip " + dir / "x.log");
  dir.Write("utf.log", std::string("\xff\xfeo\0k\0\n\0", 8));
  Shell("gzip " + dir / "utf.log");
  Tailing t(QuickConfig({dir / "*"}));
  t.Start();
  ASSERT_TRUE(t.Waits(100'002));
  ASSERT_TRUE(t.sink_.Settle());
  t.Kill();
  Append(dir / "y.log", "y\n");
  t.Start();
  ASSERT_TRUE(t.Waits(100'003));
  t.Kill();
  // Moved on by the next rotation.
  Rename(dir / "x.log.gz", dir / "x.log.2.gz");
  Append(dir / "y.log", "z\n");
  t.Start();
  ASSERT_TRUE(t.Waits(100'004));
  t.Shutdown();
  EXPECT_EQ(t.sink_.LineCount(), 100'004u);
}

TEST(TailSource, ACutCompressedFileIsReadAsFarAsItGoes) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919 % 50'021) + " packed\n";
  dir.Write("x.log", text);
  Shell("gzip " + dir / "x.log");
  const auto size = fs::file_size(dir / "x.log.gz");
  fs::resize_file(dir / "x.log.gz", size / 2);
  Tailing t(QuickConfig({dir / "*"}));
  t.Start();
  ASSERT_TRUE(WaitUntil([&] { return !t.sink_.dead_letters().empty(); }));
  EXPECT_EQ(t.sink_.dead_letters()[0].reason, "damaged_file");
  EXPECT_EQ(t.sink_.counters().Get(Reason::kUnreadableInput), 1u);
  EXPECT_GT(t.sink_.LineCount(), 10'000u);
  const std::string read = t.sink_.streams().begin()->second.bytes;
  EXPECT_EQ(read.substr(0, read.size() - 10), text.substr(0, read.size() - 10));
}

TEST(TailSource, Utf16GrowsToo) {
  const TempDir dir;
  const auto wide = [](const std::string& s) {
    std::string out;
    for (const char c : s) out += {c, '\0'};
    return out;
  };
  Append(dir / "a.log", "\xff\xfe" + wide("one\ntw"));
  Tailing t(QuickConfig({dir / "*.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  t.Kill();
  Append(dir / "a.log", wide("o\n\xe9\n").substr(0, 7));
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  Append(dir / "a.log", std::string("\0", 1));
  ASSERT_TRUE(t.Waits(3));
  EXPECT_EQ(t.sink_.streams().begin()->second.bytes, "one\ntwo\n\xc3\xa9\n");
}

TEST(TailSource, LongLinesAreCutAndCounted) {
  const TempDir dir;
  TailConfig config = QuickConfig({dir / "*.log"});
  config.max_line_bytes = 1000;
  Append(dir / "a.log", "one\n" + std::string(1000, 'a') + "\n" + std::string(50'000, 'b'));
  Tailing t(config);
  t.Start();
  ASSERT_TRUE(t.Waits(3));
  t.Kill();  // in the middle of what is dropped
  Append(dir / "a.log", std::string(5000, 'b') + "\ntwo\n");
  t.Start();
  ASSERT_TRUE(t.Waits(4));
  EXPECT_EQ(t.sink_.streams().begin()->second.bytes,
            "one\n" + std::string(1000, 'a') + "\n" + std::string(1000, 'b') + "\ntwo\n");
  EXPECT_EQ(t.sink_.counters().Get(Reason::kLineTruncated), 1u);
}

TEST(TailSource, TheLongestLineFitsIntoOneBatch) {
  const TempDir dir;
  const TailConfig config = QuickConfig({dir / "*.log"});
  Append(dir / "a.log", std::string(config.max_line_bytes, 'a') + "\n" +
                            std::string(config.max_line_bytes + 1, 'b') + "\nend\n");
  Tailing t(config);
  t.Start();
  ASSERT_TRUE(t.Waits(3));
  EXPECT_EQ(t.sink_.Lines()[0].size(), config.max_line_bytes);
  EXPECT_EQ(t.sink_.Lines()[1].size(), config.max_line_bytes);
  EXPECT_EQ(t.sink_.counters().Get(Reason::kLineTruncated), 1u);
}

TEST(TailSource, HolesAndUnwrittenSpaceAreNoText) {
  const TempDir dir;
  Append(dir / "app.log", std::string(50'000, 'x') + "\n");
  Tailing t(QuickConfig({dir / "*.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  // A writer without O_APPEND goes on at its old place.
  const int fd = open((dir / "app.log").c_str(), O_WRONLY);
  ASSERT_EQ(ftruncate(fd, 0), 0);
  ASSERT_EQ(pwrite(fd, "two\n", 4, 50'001), 4);
  ASSERT_TRUE(t.Waits(2));
  // Space is allocated ahead, and written later.
  ASSERT_EQ(ftruncate(fd, 100'000), 0);
  ASSERT_EQ(pwrite(fd, "three\n", 6, 50'005), 6);
  ASSERT_TRUE(t.Waits(3));
  close(fd);
  const std::vector<std::string> lines = t.Sorted();
  EXPECT_EQ(lines[0], "three");
  EXPECT_EQ(lines[1], "two");
}

TEST(TailSource, ALinkThatShowsAnotherFileIsAnotherFile) {
  const TempDir dir;
  dir.Write("pods/a/0.log", "a1\n");
  dir.Write("pods/b/0.log", "b1\n");
  fs::create_directories(dir / "containers");
  fs::create_symlink(dir / "pods/a/0.log", dir / "containers/x.log");
  Tailing t(QuickConfig({dir / "containers/*.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  Append(dir / "pods/a/0.log", "a2\n");  // seen where it is, not where the link is
  ASSERT_TRUE(t.Waits(2));
  fs::create_symlink(dir / "pods/b/0.log", dir / "containers/.new");
  Rename(dir / "containers/.new", dir / "containers/x.log");
  Append(dir / "pods/a/0.log", "a3\n");
  ASSERT_TRUE(t.Waits(4));
  // As the kubelet rotates: the target is renamed and made anew.
  Append(dir / "pods/b/0.log", "b2\n");
  Rename(dir / "pods/b/0.log", dir / "pods/b/0.log.20260101-000000");
  dir.Write("pods/b/0.log", "b3\n");
  ASSERT_TRUE(t.Waits(6));
  EXPECT_THAT(t.Sorted(), ElementsAre("a1", "a2", "a3", "b1", "b2", "b3"));
  for (const auto& [key, s] : t.sink_.streams())
    EXPECT_THAT(s.stream.path, HasSubstr("containers"));
}

TEST(TailSource, AnInodeThatIsUsedAgainIsAnotherFile) {
  const TempDir dir;
  Tailing t(QuickConfig({dir / "*.log"}));
  t.Start();
  std::vector<std::string> wanted;
  for (int i = 0; i < 20; ++i) {
    // The same length and, but for the number, the same content.
    const std::string line = "the same line " + std::to_string(100 + i);
    const std::string path = dir / ("n" + std::to_string(i) + ".log");
    Append(path, line + "\n");
    wanted.push_back(line);
    ASSERT_TRUE(t.Waits(wanted.size()));
    if (i % 4 == 3) t.Kill();
    fs::remove(path);
    if (i % 4 == 3) t.Start();
  }
  EXPECT_EQ(t.Sorted(), wanted);
}

TEST(TailSource, ADiskWithAnotherNumberIsStillTheSame) {
  // Everything is copied away and back: other inodes, same content.
  const TempDir dir;
  fs::create_directories(dir / "logs");
  Tailing t(QuickConfig({dir / "logs/*.log"}));
  for (int i = 0; i < 5; ++i) {
    Append(dir / ("logs/s" + std::to_string(i) + ".log"), "server " + std::to_string(i) + " up\n");
  }
  t.Start();
  ASSERT_TRUE(t.Waits(5));
  t.Kill();
  Shell("cp -a " + dir / "logs" + " " + dir / "copy && rm -rf " + dir / "logs" + " && mv " +
        dir / "copy" + " " + dir / "logs");
  Append(dir / "logs/s3.log", "more\n");
  t.Start();
  ASSERT_TRUE(t.Waits(6));
  t.Shutdown();
  EXPECT_EQ(t.sink_.LineCount(), 6u);
}

TEST(TailSource, AnUnreadableFileDoesNotStopTheOthers) {
  const TempDir dir;
  Append(dir / "a.log", "a\n");
  // A link to itself cannot be opened, not even by root; a directory without rights not by others.
  fs::create_symlink(dir / "loop.log", dir / "loop.log");
  fs::create_directories(dir / "closed");
  Append(dir / "closed/b.log", "b\n");
  Tailing t(QuickConfig({dir / "a.log", dir / "loop.log", dir / "closed/b.log"}));
  t.Start();
  ASSERT_TRUE(t.Waits(2));
  ASSERT_TRUE(WaitUntil([&] { return !t.source_->health().detail.empty(); }));
  EXPECT_EQ(t.source_->health().state, SourceState::kOk);
  fs::remove(dir / "loop.log");
  Append(dir / "loop.log", "readable now\n");
  ASSERT_TRUE(t.Waits(3));
}

TEST(TailSource, NothingReadableAtAllIsFailing) {
  const TempDir dir;
  fs::create_symlink(dir / "loop.log", dir / "loop.log");
  Tailing t(QuickConfig({dir / "loop.log"}));
  t.Start();
  ASSERT_TRUE(WaitUntil([&] { return t.source_->health().state == SourceState::kFailing; }));
  EXPECT_THAT(t.source_->health().detail, HasSubstr("loop.log"));
}

TEST(TailSource, BinaryFilesAndArchivesAreLeftOutAndCounted) {
  const TempDir dir;
  dir.Write("a.bin", std::string("\x7f"
                                 "ELF\1\2\0\0",
                                 8) +
                         std::string(100, '\1'));
  dir.Write("b.log", "text\n");
  Tailing t(QuickConfig({dir / "*"}));
  t.Start();
  ASSERT_TRUE(t.Waits(1));
  ASSERT_TRUE(WaitUntil([&] { return t.Count("skipped_files") == 1; }));
}

size_t OpenBelow(const std::string& directory) {
  size_t n = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.compare(0, directory.size(), directory) == 0) ++n;
  }
  return n;
}

TEST(TailSource, TwoThousandFilesWithFewDescriptors) {
  const TempDir dir;
  constexpr int kFiles = 2000;
  const auto path = [&](int i) {
    return dir / (std::to_string(i % 7) + "/app" + std::to_string(i) + "x.log");
  };
  for (int i = 0; i < kFiles; ++i) {
    dir.Write(std::to_string(i % 7) + "/app" + std::to_string(i) + "x.log",
              "file " + std::to_string(i) + " first\n");
  }
  TailConfig config = QuickConfig({dir / "*/*.log"});
  config.max_open_files = 50;
  Tailing t(config);
  t.Start();
  size_t most = 0;
  ASSERT_TRUE(WaitUntil([&] {
    most = std::max(most, OpenBelow(dir.path()));
    return t.sink_.LineCount() == kFiles;
  }));
  for (int i = 0; i < kFiles; ++i) Append(path(i), "second\n");
  ASSERT_TRUE(WaitUntil([&] {
    most = std::max(most, OpenBelow(dir.path()));
    return t.sink_.LineCount() == 2 * kFiles;
  }));
  EXPECT_LE(most, 52u);  // one being looked at, one directory
  EXPECT_EQ(t.sink_.streams().size(), static_cast<size_t>(kFiles));
  EXPECT_EQ(t.source_->health().streams, kFiles);
}

TEST(TailSource, NoFileWaitsForABigOne) {
  const TempDir dir;
  dir.Write("big.log", std::string(200, 'b') + "\n");
  std::string big;
  for (int i = 0; i < 400'000; ++i) big += "a line of the big one, which goes on and on\n";
  dir.Write("big.log", big);
  dir.Write("small.log", "small\n");
  Tailing t(QuickConfig({dir / "*.log"}), 2);
  t.sink_.Hold();
  t.Start();
  // A turn each: the announcements, a block of big.log, then small.log.
  for (int i = 0; i < 5; ++i) {
    t.sink_.Release(1);
    ASSERT_TRUE(WaitUntil([&] { return t.sink_.committed() == static_cast<size_t>(i) + 1; }));
  }
  bool small = false;
  for (const auto& [key, s] : t.sink_.streams()) small = small || s.bytes == "small\n";
  EXPECT_TRUE(small);
  t.sink_.Resume();
  ASSERT_TRUE(t.Waits(400'001));
}

}  // namespace
}  // namespace culprit
