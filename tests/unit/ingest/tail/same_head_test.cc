// Files that begin with the same text (a banner, a header line): their heads tell nothing.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/tail/tail_test_util.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;

void Shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

constexpr int kBannerLines = 100;
std::string Banner() {
  std::string banner;
  for (int i = 0; i < kBannerLines; ++i)
    absl::StrAppend(&banner, "banner, the same each time ", i, "\n");
  return banner;
}

// One generation after the other, each a banner and lines of its own.
class SameHead : public testing::Test {
 public:
  void Write(const std::string& name, int lines) {
    std::string text = fs::exists(dir_ / name) && fs::file_size(dir_ / name) > 0 ? "" : Banner();
    if (!text.empty()) ++banners_;
    for (int i = 0; i < lines; ++i) absl::StrAppend(&text, "line ", next_++, "\n");
    Append(dir_ / name, text);
  }
  void Shift() {
    for (int k = 20; k >= 0; --k) {
      for (const std::string packed : {"", ".gz"}) {
        const std::string from = k == 0 ? "app.log" : absl::StrCat("app.log.", k);
        if (k == 0 && copytruncate_) continue;
        if (fs::exists(dir_ / (from + packed))) {
          fs::rename(dir_ / (from + packed), dir_ / absl::StrCat("app.log.", k + 1, packed));
        }
      }
    }
    if (copytruncate_) {
      fs::copy_file(dir_ / "app.log", dir_ / "app.log.1");
      fs::resize_file(dir_ / "app.log", 0);
    }
  }
  size_t written() const { return static_cast<size_t>(next_ + banners_ * kBannerLines); }
  void ExpectOnce(const Tailing& t) {
    std::vector<std::string> lines = t.Sorted();
    EXPECT_EQ(lines.size(), written());
    lines.erase(std::remove_if(lines.begin(), lines.end(),
                               [](const std::string& line) { return line.starts_with("banner"); }),
                lines.end());
    std::vector<std::string> wanted;
    for (int i = 0; i < next_; ++i) wanted.push_back(absl::StrCat("line ", i));
    std::sort(wanted.begin(), wanted.end());
    std::vector<std::string> wrong;
    std::set_symmetric_difference(lines.begin(), lines.end(), wanted.begin(), wanted.end(),
                                  std::back_inserter(wrong));
    EXPECT_THAT(wrong, testing::IsEmpty());
    if (wrong.empty()) return;
    for (const auto& [key, s] : t.sink_.streams()) {
      const size_t own = s.bytes.find("line ");
      ADD_FAILURE() << key << " " << s.stream.display << " from " << s.begin << ": "
                    << (own == std::string::npos ? "" : s.bytes.substr(own));
    }
  }
  const TempDir dir_;
  bool copytruncate_ = false;
  int next_ = 0, banners_ = 0;
};

TEST_F(SameHead, AllThatIsThereAtTheFirstStartIsRead) {
  for (const char* name : {"app.log.4", "app.log.3", "app.log.2", "app.log.1", "app.log"}) {
    Write(name, 10);
  }
  Shell("gzip " + dir_ / "app.log.4" + " " + dir_ / "app.log.3");
  Tailing t(QuickConfig({dir_ / "app.log*"}));
  t.Start();
  ASSERT_TRUE(t.Waits(written()));
  t.Shutdown();
  ExpectOnce(t);
}

TEST_F(SameHead, RotatedAndCompressedWhileFollowedAndWhileAway) {
  for (const bool copytruncate : {false, true}) {
    copytruncate_ = copytruncate;
    fs::remove_all(dir_ / "");
    fs::create_directories(dir_ / "");
    next_ = banners_ = 0;
    TailConfig config = QuickConfig({dir_ / "app.log*"});
    config.max_open_files = 2;
    Tailing t(config);
    t.Start();
    for (int round = 0; round < 12; ++round) {
      Write("app.log", 5 + round);
      ASSERT_TRUE(t.Waits(written())) << round;
      const bool away = round % 3 == 1;
      if (away) t.Kill();
      Write("app.log", 3);
      if (!away) {
        ASSERT_TRUE(t.Waits(written())) << round;
      }
      Shift();
      if (round % 2 == 1) Shell("gzip " + dir_ / "app.log.1");
      if (round % 4 == 3) Shell("gzip " + dir_ / "app.log.2");
      if (away) t.Start();
    }
    Write("app.log", 1);
    ASSERT_TRUE(t.Waits(written()));
    t.Shutdown();
    ExpectOnce(t);
  }
}

// Two files, both closed, become two compressed files: only the text behind the head tells which.
TEST_F(SameHead, WhichCompressedFileIsWhichShowsWhenItIsRead) {
  Write("app.log.1", 20);
  Write("app.log", 30);
  Tailing t(QuickConfig({dir_ / "app.log*"}));
  t.Start();
  ASSERT_TRUE(t.Waits(written()));
  t.Kill();
  Write("app.log.1", 7);
  Write("app.log", 8);
  Shift();
  Shell("gzip " + dir_ / "app.log.1" + " " + dir_ / "app.log.2");
  t.Start();
  ASSERT_TRUE(t.Waits(written()));
  ASSERT_TRUE(WaitUntil([&] { return t.source_->health().lag == 0; }));
  t.Shutdown();
  ExpectOnce(t);
}

// Nothing was read of either: what is the copy's is read once, from wherever.
TEST_F(SameHead, TruncatedBeforeAnythingWasRead) {
  Write("app.log", 20);
  Tailing t(QuickConfig({dir_ / "app.log*"}), 1);
  t.sink_.Hold();
  t.Start();
  ASSERT_TRUE(WaitUntil([&] { return t.sink_.pushed() >= 1; }));
  copytruncate_ = true;
  Shift();
  Write("app.log", 30);
  t.sink_.Resume();
  ASSERT_TRUE(t.Waits(written()));
  t.Shutdown();
  ExpectOnce(t);
}

}  // namespace
}  // namespace culprit
