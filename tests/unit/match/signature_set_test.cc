#include <gmock/gmock.h>

#include "tests/unit/match/match_testing.h"

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

}  // namespace
}  // namespace culprit
