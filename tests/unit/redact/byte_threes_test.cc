#include "engine/redact/byte_threes.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "engine/redact/rule_filter.h"
#include "engine/redact/secret_rules.h"

namespace culprit {
namespace {

// In memory of its own size: a sanitizer sees what is read beyond it.
struct Exact {
  explicit Exact(const std::string& text) : bytes(new char[text.size()]), size(text.size()) {
    text.copy(bytes.get(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  size_t size;
};

std::string RandomText(std::mt19937* random) {
  constexpr std::string_view kBytes = "abcxyzABC019 :=\"'_-.\n\xC3\xA9";
  std::string text;
  for (size_t n = 1 + (*random)() % 150; n > 0; --n)
    text.push_back((*random)() % 40 == 0 ? static_cast<char>((*random)())
                                         : kBytes[(*random)() % (kBytes.size() - 2)]);
  return text;
}

TEST(ByteThrees, EveryLookSeesWhatStandsThere) {
  ByteThrees threes;
  threes.Add(0, "ab", "xy", ":=");
  threes.Add(3, "c", "zA", "bB");
  threes.Add(7, "-_.", "\"'", " \n");
  std::mt19937 random(5);
  size_t places = 0;
  for (int round = 0; round < 20000; ++round) {
    const Exact text(RandomText(&random));
    for (const ByteThrees::Look look : ByteThrees::Looks()) {
      std::vector<ByteThrees::Block> blocks((text.size + 31) / ByteThrees::kBlock);
      bool ascii = true;
      const bool says_ascii = look(threes, text.view(), blocks.data());
      for (size_t i = 0; i < text.size; ++i) {
        const char* p = text.view().data() + i;
        const ByteThrees::Block& block = blocks[i / ByteThrees::kBlock];
        ascii = ascii && static_cast<unsigned char>(*p) < 0x80;
        EXPECT_EQ(block.digits >> i % ByteThrees::kBlock & 1, *p >= '0' && *p <= '9' ? 1u : 0u);
        if (i + 3 > text.size || threes.SetsAt(p) == 0) continue;
        ++places;
        EXPECT_EQ(block.places >> i % ByteThrees::kBlock & 1, 1u) << text.view() << " at " << i;
      }
      for (size_t i = text.size; i < blocks.size() * ByteThrees::kBlock; ++i)
        EXPECT_EQ(blocks.back().digits >> i % ByteThrees::kBlock & 1, 0u);
      EXPECT_EQ(says_ascii, ascii);
    }
  }
  EXPECT_GT(places, 5000u);
}

TEST(RuleFilter, SaysTheSameHoweverItLooks) {
  const RuleFilter filter(SecretRules());
  std::mt19937 random(9);
  for (const SecretRule& rule : SecretRules()) {
    for (const Cue& cue : rule.cues) {
      for (size_t shift = 0; shift < 70; ++shift) {
        // A piece of MayMatch ends in, before or behind it.
        const size_t before = random() % 2 == 0 ? shift : 1024 + 10 - shift % 40;
        std::string text = std::string(before, ' ').append(cue.text).append(": x@");
        const uint64_t plain = filter.MayMatch(text, ByteThrees::Looks().front());
        if (cue.behind != Cue::Behind::kSpace) {
          EXPECT_NE(plain, 0u) << text;
        }
        for (const ByteThrees::Look look : ByteThrees::Looks())
          EXPECT_EQ(filter.MayMatch(text, look), plain) << text;
      }
    }
  }
}

}  // namespace
}  // namespace culprit
