// Rotation by the real logrotate, and by chance: every line exactly once, whatever happens.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
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

// Every file begins with another line, and that is long enough to tell which.
std::string Line(int n) { return absl::StrCat("line ", n, " ", std::string(16 + n % 37, 'x')); }

// How often each line arrived.
std::map<std::string, int> Arrived(const Tailing& t) {
  std::map<std::string, int> times;
  for (const std::string& line : t.sink_.Lines()) ++times[line];
  return times;
}

// All lines up to `n` once, those in `may_be_lost` at most once, nothing else.
void ExpectExactlyOnce(const Tailing& t, int n, const std::set<int>& may_be_lost) {
  std::map<std::string, int> times = Arrived(t);
  std::string wrong;
  for (int i = 0; i < n; ++i) {
    const auto it = times.find(Line(i));
    const int got = it == times.end() ? 0 : it->second;
    if (it != times.end()) times.erase(it);
    if (got == 1 || (got == 0 && may_be_lost.count(i) > 0)) continue;
    absl::StrAppend(&wrong, i, " (", got, " times) ");
  }
  for (const auto& [line, got] : times) absl::StrAppend(&wrong, "never written: ", line, " ");
  if (wrong.empty()) return;
  absl::StrAppend(&wrong, "\n");
  for (const auto& [key, s] : t.sink_.streams()) {
    absl::StrAppend(&wrong, key, " ", s.stream.display, s.ended ? " ended" : "", ": ",
                    s.bytes.substr(0, s.bytes.find('\n')), " .. ", s.end, "\n");
  }
  ADD_FAILURE() << wrong;
}

class Logrotate : public testing::TestWithParam<std::string> {};

// Copytruncate: lines that are written while logrotate runs may be lost; here none are.
TEST_P(Logrotate, LosesNothingAndRepeatsNothing) {
  if (std::system("PATH=$PATH:/usr/sbin:/sbin command -v logrotate >/dev/null") != 0) {
    GTEST_SKIP() << "no logrotate";
  }
  for (const std::string glob : {"logs/app.log*", "logs/app.log"}) {
    const TempDir dir;
    dir.Write("conf",
              absl::StrCat(dir / "logs/app.log", " {\n  rotate 50\n  size 1\n", GetParam(), "}\n"));
    fs::create_directories(dir / "logs");
    fs::permissions(dir / "logs", fs::perms::owner_all);
    Tailing t(QuickConfig({dir / glob}));
    int n = 0;
    const auto write = [&](int lines) {
      for (int end = n + lines; n < end; ++n) Append(dir / "logs/app.log", Line(n) + "\n");
    };
    write(10);
    t.Start();
    for (int round = 0; round < 12; ++round) {
      write(20);
      // A file that is outside of the glob before it was ever seen in it cannot be known.
      if (round % 3 == 0 || glob.back() != '*') {
        ASSERT_TRUE(t.Waits(n));
      }
      // A whole rotation may happen while culprit is away.
      const bool away = round % 4 == 1;
      if (away) {
        ASSERT_TRUE(t.Waits(n - 5));
        t.Kill();
      }
      write(3);
      Shell(absl::StrCat("PATH=$PATH:/usr/sbin:/sbin logrotate -f -s ", dir / "state", " ",
                         dir / "conf"));
      if (away) {
        t.Start();
        ASSERT_TRUE(t.Waits(n));
      }
    }
    write(5);
    EXPECT_TRUE(t.Waits(n)) << t.sink_.LineCount() << " of " << n;
    t.Shutdown();
    ExpectExactlyOnce(t, n, {});
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Logrotate,
                         testing::Values("create\n", "copytruncate\n", "create\ncompress\n",
                                         "create\ncompress\ndelaycompress\n",
                                         "copytruncate\ncompress\n",
                                         "copytruncate\ncompress\ndelaycompress\n"));

// A world of one log and its rotations, in which anything may happen at any time.
class World {
 public:
  World(const TempDir& dir, unsigned seed) : dir_(dir), random_(seed) {}

  int Pick(int n) { return static_cast<int>(random_() % n); }
  std::string Old(int k) const { return absl::StrCat(dir_ / "app.log", ".", k); }

  // Whole lines, in writes that may end inside of one.
  void Write(int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i) text += Line(next_++) + "\n";
    const size_t cut = text.size() > 1 ? Pick(static_cast<int>(text.size())) : 0;
    Append(dir_ / "app.log", text.substr(0, cut));
    Append(dir_ / "app.log", text.substr(cut));
  }
  void Shift() {
    for (int k = 30; k >= 1; --k) {
      for (const char* packed : {"", ".gz"}) {
        if (fs::exists(Old(k) + packed)) fs::rename(Old(k) + packed, Old(k + 1) + packed);
      }
    }
  }
  void RenameAndCreate() {
    Shift();
    if (fs::exists(dir_ / "app.log")) fs::rename(dir_ / "app.log", Old(1));
    if (Pick(2) == 0) Append(dir_ / "app.log", "");
  }
  void CopyTruncate() {
    if (!fs::exists(dir_ / "app.log")) return;
    Shift();
    fs::copy_file(dir_ / "app.log", Old(1));
    if (Pick(4) == 0) {  // what copytruncate is known to lose
      const int from = next_;
      Write(1 + Pick(3));
      for (int i = from; i < next_; ++i) may_be_lost_.insert(i);
    }
    fs::resize_file(dir_ / "app.log", 0);
  }
  void Compress() {
    for (int k = 1 + Pick(3); k <= 30; ++k) {
      if (fs::exists(Old(k))) {
        Shell("gzip " + Old(k));
        return;
      }
    }
  }
  int next() const { return next_; }
  const std::set<int>& may_be_lost() const { return may_be_lost_; }

 private:
  const TempDir& dir_;
  std::mt19937 random_;
  int next_ = 0;
  std::set<int> may_be_lost_;
};

void LiveThrough(unsigned seed, TailConfig::Watch watch) {
  const TempDir dir;
  World world(dir, seed);
  TailConfig config = QuickConfig({dir / "app.log*"});
  config.watch = watch;
  config.max_open_files = 1 + world.Pick(8);
  // Nothing may be let go while a slow machine still looks for it.
  config.rotate_wait = 5 * kSecondUs;
  Tailing t(config, 1 + world.Pick(8));
  t.Start();
  std::string history;
  for (int step = 0; step < 60; ++step) {
    const int what = world.Pick(10);
    absl::StrAppend(&history, world.next(), ":", what, " ");
    switch (what) {
      case 0:
        world.RenameAndCreate();
        break;
      case 1:
        world.CopyTruncate();
        break;
      case 2:
        world.Compress();
        break;
      case 3:
        t.Kill();
        if (world.Pick(2) == 0) world.Write(world.Pick(50));
        if (world.Pick(3) == 0) world.RenameAndCreate();
        if (world.Pick(3) == 0) world.Compress();
        if (world.Pick(3) == 0) t.sink_.Hold();
        t.Start();
        break;
      case 4:
        t.sink_.Resume();
        t.Shutdown();
        if (world.Pick(3) == 0) world.CopyTruncate();
        t.Start();
        break;
      case 5:
        t.sink_.Hold();
        break;
      case 6:
        t.sink_.Release(world.Pick(4));
        break;
      case 7:
        t.sink_.Resume();
        t.Waits(world.next() - world.may_be_lost().size());
        break;
      default:
        world.Write(1 + world.Pick(100));
    }
  }
  t.sink_.Resume();
  const auto all_arrived = [&] {
    const std::map<std::string, int> times = Arrived(t);
    for (int i = 0; i < world.next(); ++i) {
      if (!times.contains(Line(i)) && !world.may_be_lost().contains(i)) return false;
    }
    return true;
  };
  EXPECT_TRUE(WaitUntil(all_arrived));
  // Once more, so that what comes too often has come.
  world.RenameAndCreate();
  world.Write(1);
  EXPECT_TRUE(WaitUntil(all_arrived));
  t.Shutdown();
  ExpectExactlyOnce(t, world.next(), world.may_be_lost());
  if (testing::Test::HasFailure()) ADD_FAILURE() << history;
}

TEST(Rotation, EveryLineArrivesOnceWhateverHappens) {
  unsigned first = 1, count = 12;
  if (const char* seeds = std::getenv("CULPRIT_TAIL_SEEDS"); seeds != nullptr) {  // "1 60"
    sscanf(seeds, "%u %u", &first, &count);  // NOLINT(cert-err34-c)
  }
  for (unsigned seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    LiveThrough(seed, seed % 4 == 0 ? TailConfig::Watch::kPoll : TailConfig::Watch::kInotify);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace culprit
