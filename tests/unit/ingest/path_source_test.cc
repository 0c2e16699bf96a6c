#include "engine/ingest/path_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/packing.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct Outcome {
  std::vector<std::pair<std::string, std::string>>
      streams;                       // DisplayName without the directory, bytes
  std::vector<absl::Status> errors;  // of Read and ForEachStream
  std::vector<StreamInfo> infos;
  std::vector<std::pair<std::string, std::string>> skipped;  // path without the directory, reason
  std::vector<absl::Status> problems;
  absl::Status made;
  std::vector<std::pair<int64_t, int64_t>> progress;  // consumed, size per unit
};

std::string Relative(const std::string& path, const TempDir& dir) {
  return path.rfind(dir.path() + "/", 0) == 0 ? path.substr(dir.path().size() + 1) : path;
}

Outcome ReadAll(const TempDir& dir, const std::vector<std::string>& inputs,
                const IngestOptions& options = {}, size_t read_size = 4096) {
  Outcome out;
  absl::StatusOr<std::unique_ptr<PathSource>> source = MakePathSource(inputs, options);
  out.made = source.status();
  if (!source.ok()) return out;
  for (auto& unit : (*source)->Units()) {
    const absl::Status status = unit->ForEachStream([&](ByteStream& stream) {
      std::string bytes, chunk(read_size, '\0');
      for (;;) {
        absl::StatusOr<size_t> n = stream.Read(chunk.data(), chunk.size());
        if (!n.ok()) out.errors.push_back(n.status());
        if (!n.ok() || *n == 0) break;
        bytes.append(chunk, 0, *n);
      }
      out.streams.emplace_back(Relative(stream.info().DisplayName(), dir), std::move(bytes));
      out.infos.push_back(stream.info());
      return absl::OkStatus();
    });
    if (!status.ok()) out.errors.push_back(status);
    out.progress.emplace_back(unit->consumed_bytes(), unit->size_bytes());
  }
  for (const SkippedInput& s : (*source)->skipped()) {
    out.skipped.emplace_back(Relative(s.path, dir), s.reason);
  }
  out.problems = (*source)->problems();
  return out;
}

std::string Text(int lines, int seed = 1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += "2026-11-21T06:51:05Z service line " + std::to_string(i) + " value " +
            std::to_string(random()) + "\n";
  }
  return text;
}

std::string RandomBytes(size_t n) {
  std::mt19937 random(9);
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(PathSource, ReadsADirectoryInPathOrderWhateverTheNestingAndLeavesOutWhatIsNoLog) {
  TempDir dir;
  dir.Write("b/app.log", "b\n");
  dir.Write("a/z/app.log", "z\n");
  dir.Write("a/app.log.1", "1\n");
  dir.Write("a/empty.log", "");
  dir.Write(".hidden", "no\n");
  dir.Write(".git/config", "no\n");
  dir.Write("a/app.log~", "no\n");
  dir.Write("a/.app.log.swp", "no\n");
  dir.Write("picture.png", "\x89PNG\r\n\x1a\n....");
  dir.Write("case.json", "{\"id\": \"x\", \"expect\": [1, {\"a\": \"}\"}]}\n");
  dir.Write("events.json", "{\"time\": 1, \"msg\": \"a\"}\n{\"time\": 2, \"msg\": \"b\"}\n");
  Outcome out = ReadAll(dir, {dir.path() + "/"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("a/app.log.1", "1\n"), Pair("a/empty.log", ""),
                                       Pair("a/z/app.log", "z\n"), Pair("b/app.log", "b\n"),
                                       Pair("events.json", testing::_)));
  EXPECT_THAT(out.skipped, ElementsAre(Pair(".git", "hidden file"), Pair(".hidden", "hidden file"),
                                       Pair("a/.app.log.swp", "hidden file"),
                                       Pair("a/app.log~", "editor backup"),
                                       Pair("case.json", "one JSON document without log events"),
                                       Pair("picture.png", "binary file (PNG image)")));
  EXPECT_THAT(out.errors, IsEmpty());
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(PathSource, ReadsEveryCompressionByContentWhateverTheName) {
  const std::string text = Text(20000);
  for (const char* filter : {"gzip", "zstd", "xz", "bzip2", "lz4"}) {
    TempDir dir;
    const std::string packed = Compress(filter, text);
    dir.Write("app.txt", packed);
    for (size_t read_size : {size_t{333}, size_t{256 * 1024}}) {
      Outcome out = ReadAll(dir, {dir.path()}, {}, read_size);
      ASSERT_EQ(out.streams.size(), 1u) << filter;
      EXPECT_EQ(out.streams[0].first, "app.txt");
      EXPECT_TRUE(out.streams[0].second == text) << filter;
      EXPECT_THAT(out.errors, IsEmpty()) << filter;
      EXPECT_EQ(out.progress[0].first, out.progress[0].second) << filter;
      EXPECT_EQ(out.progress[0].second, static_cast<int64_t>(packed.size()));
    }
  }
}

TEST(PathSource, ReadsConcatenatedMembersAndFrames) {
  const std::string a = Text(3000, 1), b = Text(3000, 2), c = "end without newline";
  for (const char* filter : {"gzip", "zstd", "xz", "bzip2", "lz4"}) {
    TempDir dir;
    dir.Write("x", Compress(filter, a) + Compress(filter, b) + Compress(filter, c));
    Outcome out = ReadAll(dir, {dir / "x"});
    ASSERT_EQ(out.streams.size(), 1u) << filter;
    EXPECT_TRUE(out.streams[0].second == a + b + c) << filter;
    EXPECT_THAT(out.errors, IsEmpty()) << filter;
  }
}

TEST(PathSource, ReadsWhatBeginsWithASkippableFrame) {
  using std::string_literals::operator""s;
  const std::string skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00"s + "abc";
  TempDir dir;
  dir.Write("x", skippable + Compress("zstd", Text(3000)) + skippable);
  Outcome out = ReadAll(dir, {dir / "x"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("x", Text(3000))));
  EXPECT_THAT(out.errors, IsEmpty());
}

TEST(PathSource, ReadsCompressedEmptyStreams) {
  using std::string_literals::operator""s;
  // As the command line tools write them (libarchive's own writer fails on some).
  const std::string empties[] = {
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"s,  // gzip
      "\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51"s,                              // zstd
      "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x00\x00\x00\x00\x1c\xdf\x44\x21\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"s,  // xz
      "\x42\x5a\x68\x39\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00"s,      // bzip2
      "\x04\x22\x4d\x18\x64\x40\xa7\x00\x00\x00\x00\x05\x5d\xcc\x02"s,  // lz4
  };
  for (const std::string& bytes : empties) {
    TempDir dir;
    dir.Write("x", bytes);
    Outcome out = ReadAll(dir, {dir / "x"});
    EXPECT_THAT(out.streams, ElementsAre(Pair("x", ""))) << bytes;
    EXPECT_THAT(out.errors, IsEmpty()) << bytes;
  }
}

TEST(PathSource, ReadsEveryArchiveInItsOwnOrderWithPackedMembersInside) {
  const std::string text = Text(5000);
  const Members members = {{"logs/", ""},
                           {"logs/b.log", text},
                           {"logs/app.log.1.gz", Compress("gzip", text)},
                           {"logs/a.log", "last\n"},
                           {"logs/.x", "hidden\n"},
                           {"logs/core", std::string("\x7f"
                                                     "ELF\0\0\0\0",
                                                     8)}};
  for (const char* format : {"ustar", "pax", "zip", "7zip", "cpio", "odc"}) {
    for (const char* filter : {"", "gzip", "xz", "zstd"}) {
      const bool plain_only = std::string(format) == "zip" || std::string(format) == "7zip";
      if (plain_only && *filter != '\0') continue;
      TempDir dir;
      dir.Write("x.bin", Pack(format, filter, members));
      Outcome out = ReadAll(dir, {dir / "x.bin"});
      ASSERT_EQ(out.streams.size(), 3u) << format << filter;
      EXPECT_EQ(out.streams[0].first, "x.bin!logs/b.log");
      EXPECT_TRUE(out.streams[0].second == text) << format << filter;
      EXPECT_EQ(out.streams[1].first, "x.bin!logs/app.log.1.gz");
      EXPECT_TRUE(out.streams[1].second == text) << format << filter;
      EXPECT_THAT(out.streams[2], Pair("x.bin!logs/a.log", "last\n"));
      EXPECT_THAT(out.skipped, ElementsAre(Pair("x.bin!logs/.x", "hidden file"),
                                           Pair("x.bin!logs/core", "binary file (ELF program)")));
      EXPECT_THAT(out.errors, IsEmpty()) << format << filter;
      EXPECT_EQ(out.infos[0].modified, 1700000000 * kSecondUs) << format << filter;
      EXPECT_EQ(out.infos[2].partition, 2u);
    }
  }
}

TEST(PathSource, UnpacksArchivesInArchivesToABoundedDepth) {
  TempDir dir;
  std::string inner = Pack("zip", "", {{"deep.log", Text(100)}});
  dir.Write("outer.tgz", Pack("ustar", "gzip", {{"in/inner.zip", inner}, {"top.log", "top\n"}}));
  Outcome out = ReadAll(dir, {dir / "outer.tgz"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("outer.tgz!in/inner.zip!deep.log", Text(100)),
                                       Pair("outer.tgz!top.log", "top\n")));
  std::string onion = "core\n";
  for (int i = 0; i < 8; ++i) onion = Compress("gzip", onion);
  dir.Write("onion.gz", onion);
  out = ReadAll(dir, {dir / "onion.gz"});
  EXPECT_THAT(out.streams, IsEmpty());
  EXPECT_THAT(out.skipped, ElementsAre(Pair("onion.gz", "packed more than 5 times")));
  dir.Write("7z.tar", Pack("ustar", "", {{"a.7z", Pack("7zip", "", {{"x.log", "x\n"}})}}));
  out = ReadAll(dir, {dir / "7z.tar"});
  EXPECT_THAT(
      out.skipped,
      ElementsAre(Pair("7z.tar!a.7z", "7z inside another archive or a pipe; unpack it first")));
}

TEST(PathSource, DeliversATruncatedGzipToItsLastDecodableByteThenSaysSo) {
  const std::string text = Text(2000);
  const std::string packed = Compress("gzip", text);
  for (size_t keep : {packed.size() - 1, packed.size() - 9, packed.size() / 2, size_t{200}}) {
    TempDir dir;
    dir.Write("a.log.gz", packed.substr(0, keep));
    dir.Write("b.log", "still read\n");
    Outcome out = ReadAll(dir, {dir.path()});
    ASSERT_EQ(out.streams.size(), 2u);
    const std::string& got = out.streams[0].second;
    EXPECT_EQ(text.compare(0, got.size(), got), 0);
    // Deflate spends less than the text's own size on it: nothing that was there is kept back.
    EXPECT_GT(got.size(), keep > 1000 ? keep : 0);
    if (keep >= packed.size() - 9) {
      EXPECT_EQ(got.size(), text.size());
    }
    EXPECT_EQ(out.streams[1].second, "still read\n");
    ASSERT_EQ(out.errors.size(), 1u);
    EXPECT_EQ(out.errors[0].code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(out.errors[0].message()),
                AllOf(HasSubstr("a.log.gz"), HasSubstr("truncated"), HasSubstr("Copy")));
  }
}

TEST(PathSource, IgnoresPaddingBehindAGzip) {
  TempDir dir;
  dir.Write("a.gz", Compress("gzip", "text\n") + std::string(512, '\0'));
  Outcome out = ReadAll(dir, {dir / "a.gz"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("a.gz", "text\n")));
  EXPECT_THAT(out.errors, IsEmpty());
}

TEST(PathSource, DeliversWhatComesBeforeDamageOfEveryKind) {
  // Two frames, because lz4 and bzip2 decode whole blocks only (up to 4 MiB); the damage is in the
  // second. libarchive keeps back at most one buffer before it; gzip and zstd (ours) nothing.
  const std::string whole = Text(20000, 1), damaged = Text(20000, 2);
  for (const char* filter : {"gzip", "zstd", "xz", "bzip2", "lz4"}) {
    const std::string first = Compress(filter, whole), second = Compress(filter, damaged);
    for (const bool flip : {false, true}) {
      TempDir dir;
      std::string packed = first + second;
      const size_t at = first.size() + second.size() / 2;
      if (flip) {
        for (size_t i = 0; i < 64; ++i) packed[at + i] ^= 0x55;
      } else {
        packed.resize(at);
      }
      dir.Write("x", packed);
      Outcome out = ReadAll(dir, {dir / "x"});
      ASSERT_EQ(out.streams.size(), 1u) << filter;
      const std::string& got = out.streams[0].second;
      const bool ours = std::string(filter) == "gzip" || std::string(filter) == "zstd";
      const size_t sure = whole.size() - (ours ? 0 : 128 * 1024);
      ASSERT_GE(got.size(), sure) << filter << flip;
      EXPECT_EQ(whole.compare(0, sure, got, 0, sure), 0) << filter << flip;
      ASSERT_EQ(out.errors.size(), 1u) << filter << flip;
      EXPECT_EQ(out.errors[0].code(), absl::StatusCode::kDataLoss) << out.errors[0];
      EXPECT_THAT(std::string(out.errors[0].message()), HasSubstr("/x: ")) << filter;
    }
  }
}

TEST(PathSource, ReadsTheMembersBeforeATruncationAndTheNextMemberAfterADamagedOne) {
  const std::string text = Text(4000);
  TempDir dir;
  std::string tar = Pack("ustar", "", {{"a.log", text}, {"b.log", text}, {"c.log", text}});
  dir.Write("short.tar", tar.substr(0, text.size() * 3 / 2));
  Outcome out = ReadAll(dir, {dir / "short.tar"});
  ASSERT_EQ(out.streams.size(), 2u);
  EXPECT_TRUE(out.streams[0].second == text);
  EXPECT_GT(out.streams[1].second.size(), text.size() / 4);
  EXPECT_EQ(text.compare(0, out.streams[1].second.size(), out.streams[1].second), 0);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors[0].code(), absl::StatusCode::kDataLoss);
  // A gz cut short inside a whole tar ends that member only.
  const std::string gz = Compress("gzip", text);
  dir.Write("inner.tar",
            Pack("ustar", "", {{"a.gz", gz.substr(0, gz.size() / 2)}, {"b.log", "good\n"}}));
  out = ReadAll(dir, {dir / "inner.tar"});
  ASSERT_EQ(out.streams.size(), 2u);
  EXPECT_EQ(out.streams[1].second, "good\n");
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_THAT(std::string(out.errors[0].message()), HasSubstr("inner.tar!a.gz"));
  // Damage that is met before any stream is the unit's status.
  dir.Write("bad.zip", "PK\x03\x04" + std::string(200, 'x'));
  out = ReadAll(dir, {dir / "bad.zip", dir / "inner.tar"});
  EXPECT_EQ(out.streams.size(), 2u);
  ASSERT_EQ(out.errors.size(), 2u);
  EXPECT_THAT(std::string(out.errors[0].message()), HasSubstr("bad.zip"));
}

TEST(PathSource, NamesEachProblemAndReadsTheRest) {
  TempDir dir;
  dir.Write("good.log", "x\n");
  dir.Write("photos/a.png", "\x89PNG\r\n");
  dir.Write("photos/b.png", "\x89PNG\r\n");
  std::filesystem::create_directories(dir / "empty");
  Outcome out = ReadAll(dir, {dir / "good.log", dir / "missing.log", dir / "empty", dir / "photos",
                              dir / "*.nothing", dir / "good.log/x"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("good.log", "x\n")));
  ASSERT_EQ(out.problems.size(), 5u);
  std::vector<std::string> all;
  for (const absl::Status& p : out.problems) {
    EXPECT_EQ(p.code(), absl::StatusCode::kNotFound);
    all.emplace_back(p.message());
  }
  EXPECT_THAT(
      all,
      testing::UnorderedElementsAre(
          HasSubstr("missing.log: no such file"), HasSubstr("*.nothing: no file matches"),
          HasSubstr("good.log/x: no such file"), HasSubstr("empty: no log files in it"),
          AllOf(HasSubstr("photos: nothing to read in it; 2 files left out"), HasSubstr("PNG"))));
  out = ReadAll(dir, {dir / "missing.log"});
  EXPECT_EQ(out.made.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(out.made.message()), HasSubstr("missing.log"));
  EXPECT_EQ(ReadAll(dir, {}).made.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(ReadAll(dir, {""}).made.ok());
  EXPECT_EQ(ReadAll(dir, {dir / "photos/a.png"}).made.code(), absl::StatusCode::kNotFound);
}

TEST(PathSource, ReportsAnUnreadableFile) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  TempDir dir;
  dir.Write("a.log", "x\n");
  chmod(dir.Write("b.log", "y\n").c_str(), 0);
  Outcome out = ReadAll(dir, {dir.path()});
  EXPECT_EQ(out.streams.size(), 1u);
  ASSERT_EQ(out.problems.size(), 1u);
  EXPECT_EQ(out.problems[0].code(), absl::StatusCode::kPermissionDenied);
}

TEST(PathSource, AFileThatVanishesIsAnErrorOfItsUnit) {
  TempDir dir;
  dir.Write("a.log", "x\n");
  auto source = MakePathSource({dir.path()}, {});
  ASSERT_TRUE(source.ok());
  std::filesystem::remove(dir / "a.log");
  auto units = (*source)->Units();
  const absl::Status status = units[0]->ForEachStream([](ByteStream&) { return absl::OkStatus(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.log"));
}

TEST(PathSource, ExpandsGlobs) {
  TempDir dir;
  for (const char* name :
       {"a/app.log", "a/app.txt", "a/b/app.log", "a/b/c/app.log", "d/app.log", ".x/app.log"}) {
    dir.Write(name, "x\n");
  }
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> got;
    for (const auto& [name, bytes] : ReadAll(dir, {dir / pattern}).streams) got.push_back(name);
    return got;
  };
  EXPECT_THAT(names("*/app.log"), ElementsAre("a/app.log", "d/app.log"));
  EXPECT_THAT(names("a/app.*"), ElementsAre("a/app.log", "a/app.txt"));
  EXPECT_THAT(names("[ad]/app.lo?"), ElementsAre("a/app.log", "d/app.log"));
  EXPECT_THAT(names("**/*.log"),
              ElementsAre("a/app.log", "a/b/app.log", "a/b/c/app.log", "d/app.log"));
  EXPECT_THAT(names("**/b/**/app.log"), ElementsAre("a/b/app.log", "a/b/c/app.log"));
  EXPECT_THAT(names("a/**"), ElementsAre("a/app.log", "a/app.txt", "a/b/app.log", "a/b/c/app.log"));
  EXPECT_THAT(names("a*"), ElementsAre("a/app.log", "a/app.txt", "a/b/app.log", "a/b/c/app.log"));
  dir.Write("odd[1].log", "odd\n");
  EXPECT_THAT(names("odd[1].log"), ElementsAre("odd[1].log"));  // it exists: no glob
}

TEST(PathSource, CutsLinkLoopsAndReadsAFileOnce) {
  TempDir dir;
  dir.Write("a/app.log", "x\n");
  std::filesystem::create_directory_symlink(dir.path(), dir / "a/loop");
  std::filesystem::create_symlink("app.log", dir / "a/current.log");
  std::filesystem::create_symlink("nowhere", dir / "a/broken.log");
  std::filesystem::create_symlink("self", dir / "a/self");
  Outcome out = ReadAll(dir, {dir.path(), dir / "a/app.log", dir / "a", dir / "**/*.log"});
  EXPECT_THAT(out.streams, ElementsAre(Pair("a/app.log", "x\n")));
  EXPECT_THAT(out.problems, IsEmpty());
  std::map<std::string, std::string> skipped(out.skipped.begin(), out.skipped.end());
  EXPECT_THAT(skipped["a/current.log"], HasSubstr("the same file as"));
  EXPECT_EQ(skipped["a/broken.log"], "broken symbolic link");
  EXPECT_EQ(skipped["a/self"], "symbolic link to itself");
  EXPECT_EQ(skipped["a/loop"], "directory already read (link or loop)");
}

TEST(PathSource, ReadsANamedPipePackedOrNot) {
  for (const bool packed : {false, true}) {
    TempDir dir;
    const std::string text = Text(5000);
    const std::string bytes =
        packed ? Pack("ustar", "zstd", {{"a.log", text}, {"b.log", "b\n"}}) : text;
    ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(dir / "pipe", std::ios::binary) << bytes; });
    Outcome out = ReadAll(dir, {dir / "pipe"});
    writer.join();
    ASSERT_EQ(out.streams.size(), packed ? 2u : 1u);
    EXPECT_TRUE(out.streams[0].second == text);
    EXPECT_EQ(out.progress[0].second, -1);
    EXPECT_EQ(out.progress[0].first, static_cast<int64_t>(bytes.size()));
  }
}

TEST(PathSource, ReadsStandardInputOnce) {
  const int saved = dup(STDIN_FILENO);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "from stdin\n", 11), 11);
  close(ends[1]);
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  TempDir dir;
  Outcome out = ReadAll(dir, {"-", "-"});
  dup2(saved, STDIN_FILENO);
  close(saved);
  EXPECT_THAT(out.streams, ElementsAre(Pair("-", "from stdin\n")));
  EXPECT_EQ(out.infos[0].modified, kNoTime);
}

TEST(PathSource, StopsWhenTheReaderSaysSo) {
  TempDir dir;
  dir.Write("x.tar", Pack("ustar", "", {{"a.log", "a\n"}, {"b.log", "b\n"}}));
  auto source = MakePathSource({dir.path()}, {});
  ASSERT_TRUE(source.ok());
  int calls = 0;
  const absl::Status status = (*source)->Units()[0]->ForEachStream([&](ByteStream&) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_EQ(status, absl::CancelledError("enough"));
  EXPECT_EQ(calls, 1);
}

TEST(PathSource, SkipsAMemberThatNobodyReads) {
  TempDir dir;
  const std::string text = Text(5000);
  dir.Write("x.tgz", Pack("ustar", "gzip", {{"a.log", text}, {"b.log", text}}));
  auto source = MakePathSource({dir.path()}, {});
  std::vector<std::string> names;
  const absl::Status status = (*source)->Units()[0]->ForEachStream([&](ByteStream& stream) {
    names.push_back(stream.info().member);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(names, ElementsAre("a.log", "b.log"));
}

TEST(PathSource, TranscodesUtf16) {
  TempDir dir;
  const std::u16string text = u"caf\u00e9 \u20ac \U0001F600\r\nend";
  std::string little = "\xff\xfe", big = "\xfe\xff";
  for (char16_t c : text) {
    little += {static_cast<char>(c & 0xff), static_cast<char>(c >> 8)};
    big += {static_cast<char>(c >> 8), static_cast<char>(c & 0xff)};
  }
  dir.Write("big.log", big);
  dir.Write("little.log",
            little + std::string("\x00\xd8x", 3));  // an unpaired surrogate, half a unit
  const std::string utf8 = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\r\nend";
  EXPECT_THAT(
      ReadAll(dir, {dir.path()}, {}, 3).streams,
      ElementsAre(Pair("big.log", utf8), Pair("little.log", utf8 + "\xef\xbf\xbd\xef\xbf\xbd")));
}

TEST(PathSource, TellsBinaryFromTextByRatio) {
  TempDir dir;
  std::string stray = Text(100);
  stray[500] = '\0';
  dir.Write("stray.log", stray);
  dir.Write("hole.log", std::string(3000, '\0') + Text(100));  // copytruncate
  dir.Write("latin1.log", "2026-11-21 06:51:05 caf\xe9 d\xe9j\xe0 \xfc\xf6\xe4\n");
  dir.Write("colours.log", "\x1b[31mERROR\x1b[0m x\n\x1b[32mINFO\x1b[0m y\n");
  dir.Write("random.bin", RandomBytes(20000));
  dir.Write("zeros.bin", std::string(20000, '\0'));
  Outcome out = ReadAll(dir, {dir.path()});
  EXPECT_EQ(out.streams.size(), 4u);
  EXPECT_THAT(out.skipped, ElementsAre(Pair("random.bin", "binary file (not text)"),
                                       Pair("zeros.bin", "binary file (not text)")));
}

TEST(PathSource, ALogThatLooksLikeACpioHeaderIsALog) {
  TempDir dir;
  std::string log;
  for (int i = 0; i < 50; ++i) log += "070707 203615 148 INFO dfs.DataNode: PacketResponder\n";
  dir.Write("hdfs.log", log);
  dir.Write("hdfs.log.gz", Compress("gzip", log));
  Outcome out = ReadAll(dir, {dir.path()});
  EXPECT_THAT(out.streams, ElementsAre(Pair("hdfs.log", log), Pair("hdfs.log.gz", log)));
}

TEST(PathSource, SkipsOnlyJsonThatHoldsNoLogEvents) {
  const std::pair<const char*, bool> cases[] = {
      {"{\"id\": 1}", true},
      {" {\n \"components\": {\"api\": {\"message\": \"deep\"}}\n}\n", true},
      {"[{\"caller\": \"a\", \"callee\": \"b\"}]", true},
      {"[1, 2]", true},
      {"{\"id\": \"a } { b\", \"q\": \"\\\"\"}", true},
      {"{\"id\": 1}\n{\"id\": 2}\n", false},  // JSON lines
      {"{\"MSG\": \"x\"}", false},
      {"{\"events\": [{\"timestamp\": 1, \"message\": \"x\"}]}", false},
      {"{\"messageType\": \"DATA_MESSAGE\", \"logEvents\": []}", false},
      {"[{\"timestamp\": 1, \"message\": \"x\"}]", false},
      {"[{\"@timestamp\": 1}, {\"id\": 2}]", false},
      {"{\"id\": 1", false},
      {"{\"id\": \"x", false},
      {"not json", false},
      {"\xef\xbb\xbf{\"id\": 1}", true},
  };
  for (const auto& [text, skip] : cases) {
    TempDir dir;
    dir.Write("x.json", text);
    EXPECT_EQ(ReadAll(dir, {dir.path()}).streams.empty(), skip) << text;
    dir.Write("x.log", "{\"id\": 1}");  // the rule is for .json only
    EXPECT_FALSE(ReadAll(dir, {dir.path()}).streams.empty());
    EXPECT_EQ(ReadAll(dir, {dir.path()}, {.skip_json_documents = false}).streams.size(), 2u);
  }
  TempDir dir;
  dir.Write("x.tar", Pack("ustar", "", {{"case.json", "{\"id\": 1}"}, {"a.log", "a\n"}}));
  EXPECT_EQ(ReadAll(dir, {dir.path()}).streams.size(), 1u);
  dir.Write("big.json", "{\"id\": \"" + std::string(2 << 20, 'x') + "\"}");
  EXPECT_EQ(ReadAll(dir, {dir / "big.json"}).streams.size(), 1u);
}

TEST(PathSource, UnitsMayBeReadByManyThreads) {
  TempDir dir;
  for (int i = 0; i < 20; ++i) {
    dir.Write("f" + std::to_string(i), Pack("ustar", "gzip", {{"a", Text(200, i)}, {".b", "x"}}));
  }
  auto source = MakePathSource({dir.path()}, {});
  ASSERT_TRUE(source.ok());
  auto units = (*source)->Units();
  std::atomic<size_t> next{0}, bytes{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < units.size();) {
        ASSERT_TRUE(units[i]
                        ->ForEachStream([&](ByteStream& stream) {
                          char buffer[1000];
                          for (;;) {
                            auto n = stream.Read(buffer, sizeof(buffer));
                            if (!n.ok()) return n.status();
                            if (*n == 0) return absl::OkStatus();
                            bytes += *n;
                          }
                        })
                        .ok());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  size_t expected = 0;
  for (int i = 0; i < 20; ++i) expected += Text(200, i).size();
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ((*source)->skipped().size(), 20u);
}

}  // namespace
}  // namespace culprit
