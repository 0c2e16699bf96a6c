// Masking, mining and naming of unknown messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "engine/detect/mask.h"
#include "engine/detect/template_class.h"
#include "engine/detect/template_miner.h"

namespace culprit {
namespace {

std::string Masked(std::string_view text) {
  std::string out;
  MaskVariables(text, &out);
  return out;
}

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      out += text[++i] == 't' ? '\t' : text[i];
    } else {
      out += text[i];
    }
  }
  return out;
}

TEST(Mask, HidesWhatVaries) {
  EXPECT_EQ(Masked("dial tcp 10.0.0.5:2379: connect: connection refused"),
            "dial tcp <*>: connect: connection refused");
  EXPECT_EQ(Masked("GET https://a.example/x?y=1 took 35 ms"), "GET <*> took <*>");
  EXPECT_EQ(Masked("user 123e4567-e89b-12d3-a456-426614174000 denied"), "user <*> denied");
  EXPECT_EQ(Masked("open /var/lib/db/file.dat: no space left"), "open <*>: no space left");
  EXPECT_EQ(Masked("at 2026-11-21T10:00:00.123 worker12 died, exit code -9"),
            "at <*> <*> died, exit code <*>");
  EXPECT_EQ(Masked("lookup etcd-0.etcd.prod.local failed"), "lookup <*> failed");
  EXPECT_EQ(Masked("no variables here"), "no variables here");
  EXPECT_EQ(Masked(""), "");
}

// The file holds texts and what the regular expressions named in mask.cc make of them, applied one
// after the other by Python's re.
TEST(Mask, AgreesWithTheRegularExpressions) {
  const char* other = std::getenv("CULPRIT_MASK_CASES");
  std::ifstream file(other != nullptr ? other
                                      : CULPRIT_SOURCE_DIR "/tests/unit/detect/mask_cases.tsv");
  ASSERT_TRUE(file.is_open());
  size_t cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string text = Unescape(std::string_view(line).substr(0, tab));
    ASSERT_EQ(Masked(text), Unescape(std::string_view(line).substr(tab + 1))) << text;
  }
  EXPECT_GE(cases, 1000u);
}

TEST(Mask, LongMessagesAreCutAtATokenBefore512Bytes) {
  std::string message;
  for (int i = 0; i < 200; ++i)
    message += "word" + std::string(1, static_cast<char>('a' + i % 26)) + " ";
  std::string out;
  MaskMessage(message, &out);
  EXPECT_LE(out.size(), 512u);
  EXPECT_EQ(message.compare(0, out.size(), out), 0);
  EXPECT_EQ(message[out.size()], ' ');
  MaskMessage(std::string(2000, 'x'), &out);
  EXPECT_EQ(out, std::string(512, 'x'));
}

TEST(Mask, AnyBytesAreFine) {
  std::mt19937_64 rng(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string s(rng() % 40, ' ');
    for (char& c : s) c = static_cast<char>(rng() % 3 ? " .:-/09afxz"[rng() % 11] : rng() % 256);
    const std::string once = Masked(s);
    EXPECT_EQ(once.find("<*><*>"), std::string::npos);
  }
}

TEST(TemplateMiner, JoinsWhatDiffersInOnePlace) {
  TemplateMiner miner;
  const uint64_t a = miner.Add("failed to open shard alpha of index main")->id;
  EXPECT_EQ(miner.Add("failed to open shard beta of index main")->id, a);
  EXPECT_EQ(miner.Find(a)->Text(), "failed to open shard <*> of index main");
  EXPECT_NE(miner.Add("failed to open shard beta")->id, a);                // another length
  EXPECT_NE(miner.Add("could not open shard beta of index main")->id, a);  // another beginning
  EXPECT_EQ(miner.Find(a)->count, 2u);
  EXPECT_EQ(miner.Find(12345), nullptr);
  EXPECT_EQ(miner.Templates().size(), 3u);
}

TEST(TemplateMiner, IdsDependOnTheFirstTextOnly) {
  TemplateMiner a;
  TemplateMiner b;
  b.Add("something else entirely here");
  EXPECT_EQ(a.Add("disk <*> is failing")->id, b.Add("disk <*> is failing")->id);
}

TEST(TemplateMiner, ATextStaysWithItsTemplate) {
  TemplateMiner miner;
  std::mt19937_64 rng(5);
  std::map<std::string, uint64_t> id;
  const std::string words[] = {"disk", "net", "cpu", "fan", "psu"};
  for (int i = 0; i < 2000; ++i) {
    std::string text = "unit " + words[rng() % 2];
    for (int k = 0; k < 6; ++k) text += " " + words[rng() % (k < 4 ? 2 : 5)];
    const auto [it, added] = id.emplace(text, 0);
    const uint64_t got = miner.Add(text)->id;
    if (!added) {
      ASSERT_EQ(it->second, got);
    }
    it->second = got;
  }
}

TEST(TemplateMiner, StaysWithinItsBounds) {
  MinerOptions options;
  options.max_templates = 100;
  options.max_templates_per_leaf = 8;
  options.max_cached_texts = 50;
  TemplateMiner miner(options);
  std::mt19937_64 rng(6);
  const auto word = [&] {
    std::string w(4, 'a');
    for (char& c : w) c = static_cast<char>('a' + rng() % 26);
    return w;
  };
  for (int i = 0; i < 5000; ++i) {
    std::string text = rng() % 2 ? "same start" : word() + " " + word();
    for (int k = 0; k < 3; ++k) text += " " + word();
    const auto* t = miner.Add(text);
    ASSERT_NE(t, nullptr);
    ASSERT_EQ(miner.Find(t->id), t);
    ASSERT_LE(miner.size(), 100u);
  }
  EXPECT_GT(miner.dropped(), 0u);
  EXPECT_EQ(miner.Templates().size(), miner.size());
}

TEST(TemplateClass, FollowsTheWords) {
  EXPECT_EQ(ClassFromText("dial tcp <*>: connect: Connection refused"), SymptomClass::kRefused);
  EXPECT_EQ(ClassFromText("Read timed out after <*>"), SymptomClass::kTimeout);
  EXPECT_EQ(ClassFromText("java.lang.OutOfMemoryError: heap"), SymptomClass::kResource);
  EXPECT_EQ(ClassFromText("upstream: <*> Bad Gateway"), SymptomClass::kServerError);
  EXPECT_EQ(ClassFromText("goroutine panic in handler"), SymptomClass::kCrash);
  EXPECT_EQ(ClassFromText("index is corrupted"), SymptomClass::kSelfError);
  EXPECT_EQ(ClassFromText("queue full, dropping"), SymptomClass::kSaturation);
  EXPECT_EQ(ClassFromText("something failed"), std::nullopt);
}

// One comma-separated line with quotes, as the LogHub tables have them.
std::vector<std::string> SplitCsv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        fields.back() += c;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

// Grouping accuracy on the LogHub samples, where they are: GA counts lines, FGA templates.
TEST(TemplateMiner, GroupsLogHubSamples) {
  const char* data = std::getenv("CULPRIT_DATA_DIR");
  if (data == nullptr) GTEST_SKIP() << "CULPRIT_DATA_DIR is not set";
  double ga_sum = 0;
  double fga_sum = 0;
  int sets = 0;
  for (const char* name :
       {"Android", "Apache", "BGL", "HDFS", "HPC", "Hadoop", "HealthApp", "Linux", "Mac", "OpenSSH",
        "OpenStack", "Proxifier", "Spark", "Thunderbird", "Windows", "Zookeeper"}) {
    std::ifstream file(std::string(data) + "/loghub/" + name + "/" + name +
                       "_2k.log_structured.csv");
    if (!file.is_open()) continue;
    std::string line;
    std::getline(file, line);
    const std::vector<std::string> head = SplitCsv(line);
    const auto column = [&](std::string_view title) {
      return static_cast<size_t>(std::find(head.begin(), head.end(), title) - head.begin());
    };
    const size_t content = column("Content");
    const size_t event = column("EventId");
    TemplateMiner miner;
    std::map<uint64_t, std::set<int>> mined;
    std::map<std::string, std::set<int>> truth;
    int n = 0;
    std::string masked;
    for (; std::getline(file, line); ++n) {
      const std::vector<std::string> fields = SplitCsv(line);
      if (fields.size() <= std::max(content, event)) continue;
      MaskMessage(fields[content], &masked);
      mined[miner.Add(masked)->id].insert(n);
      truth[fields[event]].insert(n);
    }
    std::set<std::set<int>> groups;
    for (const auto& [id, lines] : truth) groups.insert(lines);
    double right_lines = 0;
    double right_groups = 0;
    for (const auto& [id, lines] : mined) {
      if (!groups.contains(lines)) continue;
      right_lines += static_cast<double>(lines.size());
      ++right_groups;
    }
    const double precision = right_groups / static_cast<double>(mined.size());
    const double recall = right_groups / static_cast<double>(truth.size());
    const double fga = right_groups > 0 ? 2 * precision * recall / (precision + recall) : 0;
    const double ga = right_lines / n;
    std::printf("%-12s GA %.3f FGA %.3f templates %zu of %zu\n", name, ga, fga, mined.size(),
                truth.size());
    ga_sum += ga;
    fga_sum += fga;
    ++sets;
  }
  if (sets == 0) GTEST_SKIP() << "no LogHub samples there";
  std::printf("%-12s GA %.3f FGA %.3f\n", "mean", ga_sum / sets, fga_sum / sets);
  EXPECT_GT(ga_sum / sets, 0.75);
  EXPECT_GT(fga_sum / sets, 0.75);
}

}  // namespace
}  // namespace culprit
