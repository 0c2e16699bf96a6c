// Actions of people as they stand in the signal log.
#include "engine/deliver/action_codec.h"

#include <gmock/gmock.h>

namespace culprit {
namespace {

OperatorAction Full() {
  OperatorAction a;
  a.kind = OperatorAction::Kind::kSilence;
  a.id = "slack:1234";
  a.incident = "INC-1";
  a.author = "ann";
  a.text = "looking\0at it";
  a.into = "INC-2";
  a.silence.id = "s1";
  a.silence.matchers = {{"component", LabelMatcher::Op::kMatches, "shop-.*"},
                        {"severity", LabelMatcher::Op::kNotEqual, "info"}};
  a.silence.start = 1'000'000;
  a.silence.end = 2'000'000;
  a.silence.author = "bob";
  a.silence.comment = "deploy";
  return a;
}

TEST(ActionCodec, EveryFieldComesBack) {
  const absl::StatusOr<OperatorAction> back = DecodeAction(EncodeAction(Full()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->kind, OperatorAction::Kind::kSilence);
  EXPECT_EQ(back->silence.matchers.size(), 2u);
  EXPECT_EQ(back->silence.matchers[0].op, LabelMatcher::Op::kMatches);
  EXPECT_EQ(back->silence.end, 2'000'000);
  EXPECT_EQ(EncodeAction(*back), EncodeAction(Full()));
}

TEST(ActionCodec, DamageIsAnErrorWhereverItIs) {
  const std::string bytes = EncodeAction(Full());
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(DecodeAction(bytes.substr(0, i)).ok()) << i;
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 0x15);
    EXPECT_FALSE(DecodeAction(other).ok()) << i;
  }
}

}  // namespace
}  // namespace culprit
