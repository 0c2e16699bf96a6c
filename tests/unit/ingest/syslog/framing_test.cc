#include "engine/ingest/syslog/framing.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;

// As a connection feeds it, `piece` bytes at a time.
std::vector<std::string> Messages(std::string_view bytes, size_t piece, size_t max = 1000) {
  SyslogFraming framing(max);
  std::vector<std::string> out;
  std::string buffer;
  SyslogFrame frame;
  const auto add = [&] { out.push_back(std::string(frame.text) + (frame.cut ? "..." : "")); };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    for (bool any = true; any;) {
      size_t taken = 0;
      any = framing.Next(buffer, &taken, &frame);
      if (any) add();
      buffer.erase(0, taken);
    }
  }
  if (framing.Finish(buffer, &frame)) add();
  return out;
}

TEST(SyslogFraming, TellsCountsAndNewlinesApartMessageByMessage) {
  using std::literals::operator""sv;
  const std::string_view bytes =
      "11 <34>1 a\nb c<13>line\r\n8 <34>abcd\n2026-11-21 plain line\n12 "
      "monkeys\n\n\0<13>nul\0<13>last"sv;
  for (size_t piece = 1; piece < 100; ++piece) {
    EXPECT_THAT(Messages(bytes, piece),
                ElementsAre("<34>1 a\nb c", "<13>line", "<34>abcd", "2026-11-21 plain line",
                            "12 monkeys", "<13>nul", "<13>last"))
        << piece;
  }
}

TEST(SyslogFraming, CutsWhatIsTooLongAndGoesOnBehindIt) {
  const std::string bytes = "30 <34>" + std::string(26, 'x') + "9 <34>after<1>" +
                            std::string(50, 'y') + "\n<1>short\n999999999 <1>" +
                            std::string(40, 'z');
  for (size_t piece = 1; piece < 90; ++piece) {
    EXPECT_THAT(Messages(bytes, piece, 20),
                ElementsAre("<34>" + std::string(16, 'x') + "...", "<34>after",
                            "<1>" + std::string(17, 'y') + "...", "<1>short",
                            "<1>" + std::string(17, 'z') + "..."))
        << piece;
  }
}

TEST(SyslogFraming, AMessageWithoutItsEndIsTakenAsFarAsItCame) {
  EXPECT_THAT(Messages("99 <34>only this", 3), ElementsAre("<34>only this"));
  EXPECT_THAT(Messages("", 1), ElementsAre());
}

TEST(SyslogFraming, ADatagramIsOneMessage) {
  SyslogFrame frame;
  ASSERT_TRUE(FrameOfDatagram(std::string_view("<34>two\nlines\n\0", 15), 100, &frame));
  EXPECT_EQ(frame.text, "<34>two\nlines");
  EXPECT_FALSE(FrameOfDatagram("\n\n", 100, &frame));
  ASSERT_TRUE(FrameOfDatagram("abcdef", 4, &frame));
  EXPECT_EQ(frame.text, "abcd");
  EXPECT_TRUE(frame.cut);
}

}  // namespace
}  // namespace culprit
