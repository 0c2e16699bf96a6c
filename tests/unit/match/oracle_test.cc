// Scan finds what ScanSlow finds: on generated patterns and texts always, on signature lists and
// log files named by the environment where they are.
#include <re2/re2.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "engine/match/subject.h"
#include "tests/unit/match/match_testing.h"
#include "tests/unit/match/pattern_generator.h"
#include "tests/unit/match/sample_signatures.h"

namespace culprit {
namespace {

TEST(Oracle, GeneratedPatternsOnGeneratedTexts) {
  MatchScratch scratch;
  size_t patterns = 0;
  size_t hits = 0;
  for (uint64_t seed = 0; seed < 250; ++seed) {
    PatternGenerator generator(seed);
    std::vector<std::string> regexes;
    while (regexes.size() < 1 + seed % 30) {
      std::string regex = generator.Pattern();
      if (RE2(regex, RE2::Quiet).ok()) regexes.push_back(std::move(regex));
    }
    const auto set = BuildSet(regexes);
    patterns += regexes.size();
    for (int round = 0; round < 3; ++round) {
      hits += ExpectSameHits(*set, generator.Text(60), scratch);
      if (HasFailure()) {
        std::string all;
        for (size_t i = 0; i < regexes.size(); ++i)
          all += std::to_string(i) + ": " + regexes[i] + "\n";
        FAIL() << "seed " << seed << "\n" << all;
      }
    }
  }
  EXPECT_GT(patterns, 3500u);
  EXPECT_GT(hits, 10000u);
}

// The groups that took part in one search of the whole line.
std::vector<std::pair<std::string, std::string>> CapturesBySearch(const RE2& regex,
                                                                  std::string_view subject) {
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  std::vector<std::pair<std::string, std::string>> out;
  if (!regex.Match({subject.data(), subject.size()}, 0, subject.size(), RE2::UNANCHORED,
                   groups.data(), static_cast<int>(groups.size())))
    return out;
  for (const auto& [number, name] : regex.CapturingGroupNames()) {
    const re2::StringPiece& group = groups[static_cast<size_t>(number)];
    if (group.data() != nullptr) out.emplace_back(name, std::string(group.data(), group.size()));
  }
  return out;
}

TEST(Oracle, CapturesAreThoseOfOneSearch) {
  MatchScratch scratch;
  size_t compared = 0;
  for (uint64_t seed = 1000; seed < 1100; ++seed) {
    PatternGenerator generator(seed);
    std::vector<std::string> regexes;
    for (int tries = 0; tries < 200 && regexes.size() < 12; ++tries) {
      std::string regex = generator.Pattern();
      if (regex.find("(?P<n>") == std::string::npos || !RE2(regex, RE2::Quiet).ok()) continue;
      regexes.push_back(std::move(regex));
    }
    const auto set = BuildSet(regexes);
    std::vector<std::unique_ptr<RE2>> compiled;
    for (const std::string& regex : regexes) compiled.push_back(std::make_unique<RE2>(regex));
    const std::string text = generator.Text(60);
    const PaddedBlock block(text);
    std::vector<Hit> hits;
    set->ScanSlow(block.view(), scratch, &hits);
    for (const Hit& hit : hits) {
      const std::string_view line =
          block.view().substr(hit.line_begin, hit.line_end - hit.line_begin);
      std::string decoded;
      const auto expected = CapturesBySearch(*compiled[hit.signature], Subject(line, &decoded));
      SignatureSet::CaptureList captures;
      ASSERT_TRUE(set->Captures(hit.signature, line, scratch, &captures));
      const std::vector<std::pair<std::string, std::string>> found(captures.begin(),
                                                                   captures.end());
      ASSERT_EQ(found, expected) << regexes[hit.signature] << "\non |" << line << "|";
      compared += expected.size();
    }
  }
  EXPECT_GT(compared, 1000u);
}

// The sample lines at every alignment and in every wrapping.
TEST(Oracle, SampleSignaturesOnTheirLines) {
  const auto set = BuildSet(SampleSignatures());
  MatchScratch scratch;
  std::string text;
  std::mt19937_64 random(1);
  for (int shift = 0; shift < 64; ++shift) {
    for (size_t i = 0; i < SampleLines().size(); ++i) {
      text += std::string(random() % 24, 'x') + SampleLines()[i];
      if (random() % 5 == 0) text += '\r';
      text += '\n';
    }
  }
  EXPECT_GE(ExpectSameHits(*set, text, scratch), SampleLines().size() * 40);
}

TEST(Oracle, EachSampleLineIsFoundBySomeSignature) {
  MatchScratch scratch;
  for (size_t i = 0; i < SampleLines().size(); ++i) {
    const auto set = BuildSet({SampleSignatures()[i]});
    EXPECT_EQ(ExpectSameHits(*set, SampleLines()[i], scratch), 1u) << SampleSignatures()[i];
    EXPECT_EQ(ExpectSameHits(*set, "\n" + SampleLines()[i] + "\n\n", scratch), 1u);
  }
}

std::string ReadSome(const std::filesystem::path& path, size_t limit) {
  std::ifstream in(path, std::ios::binary);
  std::string text(limit, '\0');
  in.read(text.data(), static_cast<std::streamsize>(limit));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

// Regexes of a tab-separated list: name, regex, sample line.
void LoadList(const std::filesystem::path& path, std::vector<std::string>* regexes,
              std::string* lines) {
  std::ifstream in(path);
  std::string line;
  while (std::getline(in, line)) {
    const size_t a = line.find('\t');
    const size_t b = line.find('\t', a + 1);
    ASSERT_NE(b, std::string::npos) << path;
    regexes->push_back(line.substr(a + 1, b - a - 1));
    *lines += line.substr(b + 1) + "\n";
  }
}

std::vector<std::vector<std::string>> SignatureLists(std::string* lines) {
  std::vector<std::vector<std::string>> lists = {SampleSignatures()};
  for (const std::string& line : SampleLines()) *lines += line + "\n";
  if (const char* dir = std::getenv("CULPRIT_SHARED_DIR")) {
    for (const char* name : {"sigs60.tsv", "sigs500.tsv"}) {
      const auto path = std::filesystem::path(dir) / "prototype/scan" / name;
      if (!std::filesystem::exists(path)) continue;
      lists.emplace_back();
      LoadList(path, &lists.back(), lines);
    }
  }
  return lists;
}

TEST(Oracle, SignatureListsOnTheirOwnLines) {
  std::string lines;
  MatchScratch scratch;
  for (const auto& list : SignatureLists(&lines)) {
    const auto set = BuildSet(list);
    EXPECT_GT(ExpectSameHits(*set, lines, scratch), 60u);
  }
}

// Files below CULPRIT_DATA_DIR: a slice of each, all of it judged both ways.
TEST(Oracle, SignatureListsOnLogFiles) {
  const char* dir = std::getenv("CULPRIT_DATA_DIR");
  if (dir == nullptr) GTEST_SKIP() << "CULPRIT_DATA_DIR is not set";
  std::string unused;
  std::vector<std::string> all;
  for (const auto& list : SignatureLists(&unused)) all.insert(all.end(), list.begin(), list.end());
  const auto set = BuildSet(all);
  MatchScratch scratch;
  size_t files = 0;
  size_t bytes = 0;
  size_t hits = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file() || entry.file_size() < 1000) continue;
    const std::string extension = entry.path().extension();
    if (extension != ".log" && extension != ".csv" && !extension.empty()) continue;
    ++files;
    if (entry.file_size() < 4000000 && files > 20 && files % 7 != 0)
      continue;  // of many small ones, some
    const std::string text = ReadSome(entry.path(), 150000);
    bytes += text.size();
    hits += ExpectSameHits(*set, text, scratch);
    if (HasFailure()) FAIL() << entry.path();
  }
  std::printf("%zu bytes, %zu hits\n", bytes, hits);
  EXPECT_GT(hits, 0u);
}

}  // namespace
}  // namespace culprit
