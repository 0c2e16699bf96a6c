#include "engine/match/signature_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace culprit {
namespace {

using ::testing::HasSubstr;

std::vector<SignatureSpec> Specs(const std::vector<std::string>& regexes) {
  std::vector<SignatureSpec> specs;
  for (const std::string& regex : regexes) {
    SignatureSpec spec;
    spec.id = "test/s" + std::to_string(specs.size());
    spec.regex = regex;
    spec.where = {"pack.yaml", static_cast<int>(specs.size()) + 10};
    specs.push_back(spec);
  }
  return specs;
}

TEST(SignatureSet, BadRegexIsNamedWithItsPlace) {
  const auto set = SignatureSet::Build(Specs({"fine", "(?P<a>x"}));
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(set.status().message());
  EXPECT_THAT(message, HasSubstr("pack.yaml:11: signature test/s1: "));
  EXPECT_THAT(message, HasSubstr("expected"));
}

TEST(SignatureSet, CapturesNamedGroupsThatTookPart) {
  auto set = SignatureSet::Build(Specs({R"(to (?P<host>\w+)(?::(?P<port>\d+))?( now)?)"}));
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
