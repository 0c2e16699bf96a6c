#include <gmock/gmock.h>
#include <re2/re2.h>

#include <thread>

#include "tests/unit/match/match_testing.h"
#include "tests/unit/match/pattern_generator.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;

TEST(SignatureSet, BadRegexIsNamedWithItsPlace) {
  const auto set = SignatureSet::Build(SpecsOf({"fine", "(?P<a>x"}));
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(set.status().message());
  EXPECT_THAT(message, HasSubstr("pack.yaml:11: signature test/s1: "));
  EXPECT_THAT(message, HasSubstr("expected"));
}

TEST(SignatureSet, CapturesNamedGroupsThatTookPart) {
  auto set = SignatureSet::Build(SpecsOf({R"(to (?P<host>\w+)(?::(?P<port>\d+))?( now)?)"}));
  ASSERT_TRUE(set.ok());
  MatchScratch scratch;
  SignatureSet::CaptureList captures;
  ASSERT_TRUE((*set)->Captures(0, "connect to db now", scratch, &captures));
  ASSERT_EQ(captures.size(), 1u);
  EXPECT_EQ(captures[0].first, "host");
  EXPECT_EQ(captures[0].second, "db");
  EXPECT_FALSE((*set)->Captures(0, "nothing", scratch, &captures));
}

TEST(SignatureSet, CheckedRegexesAreCompiledWhenFirstAskedByAnyThread) {
  std::vector<SignatureSpec> specs =
      SpecsOf({"timeout after (?P<n>\\d+)", "refused|reset .* peer"});
  for (SignatureSpec& spec : specs) spec.regex_checked = true;
  auto set = SignatureSet::Build(specs);
  ASSERT_TRUE(set.ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const PaddedBlock block("timeout after 7\nreset by peer\ntimeout after dinner\n");
      MatchScratch scratch;
      std::vector<Hit> hits;
      (*set)->Scan(block.view(), scratch, &hits);
      EXPECT_EQ(hits.size(), 2u);
      SignatureSet::CaptureList captures;
      ASSERT_TRUE((*set)->Captures(0, "timeout after 7", scratch, &captures));
      EXPECT_EQ(captures[0].second, "7");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SignatureSet, KnowsWhichRegexesHaveCaptures) {
  PatternGenerator generator(7);
  size_t captures = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string regex = generator.Pattern();
    const RE2 re2(regex, RE2::Quiet);
    if (!re2.ok()) continue;
    const bool has = !re2.NamedCapturingGroups().empty();
    captures += has ? 1 : 0;
    EXPECT_EQ(BuildSet({regex})->HasCaptures(0), has) << regex;
  }
  EXPECT_GT(captures, 100u);
}

}  // namespace
}  // namespace culprit
