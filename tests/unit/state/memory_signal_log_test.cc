#include "engine/state/memory_signal_log.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "engine/state/entry_codec.h"

namespace culprit {
namespace {

Signal RandomSignal(std::mt19937_64& rng) {
  const auto text = [&](size_t most) {
    std::string out;
    for (size_t n = rng() % (most + 1); n > 0; --n) out.push_back(static_cast<char>(rng()));
    return out;
  };
  Signal s;
  s.signature = static_cast<SignatureIndex>(rng() % 500);
  s.position = {0, rng() % 4 == 0 ? rng() : rng() % 100000, static_cast<uint32_t>(rng() % 5000)};
  s.time = rng() % 10 == 0 ? static_cast<TimeUs>(rng())
                           : 1'790'000'000'000'000 + static_cast<TimeUs>(rng() % 1000000);
  s.time_origin = static_cast<TimeOrigin>(rng() % 3);
  s.level = static_cast<Level>(rng() % 8);
  s.component = "service-" + std::to_string(rng() % 6000);
  s.target = rng() % 2 ? "etcd" : "";
  s.service = text(6);
  s.line = text(80);
  s.message = text(20);
  for (size_t n = rng() % 3; n > 0; --n) s.captures.emplace_back("host", text(10));
  return s;
}

void ExpectSame(const SignalView& a, const Signal& b) {
  EXPECT_EQ(a.signature, b.signature);
  EXPECT_EQ(a.offset, b.position.offset);
  EXPECT_EQ(a.length, b.position.length);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.time_origin, b.time_origin);
  EXPECT_EQ(a.level, b.level);
  EXPECT_EQ(a.component, b.component);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.service, b.service);
  EXPECT_EQ(a.instance, b.instance);
  EXPECT_EQ(a.line, b.line);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(CopyOf(a).captures, b.captures);
}

// Whatever was appended comes back, in order, whether it stayed in memory or was spilled.
TEST(MemorySignalLog, ReturnsWhatWasAppended) {
  for (const size_t budget : {size_t{1} << 30, size_t{100'000}, size_t{0}}) {
    std::mt19937_64 rng(7);
    MemorySignalLog log(budget);
    std::vector<std::vector<Signal>> expected(3);
    std::vector<std::unique_ptr<PartitionWriter>> writers;
    std::vector<CaptureView> captures;
    for (PartitionId p = 0; p < 3; ++p) writers.push_back(log.OpenWriter(p));
    for (int i = 0; i < 20000; ++i) {
      const PartitionId p = static_cast<PartitionId>(rng() % 2);  // partition 2 stays empty
      expected[p].push_back(RandomSignal(rng));
      ASSERT_TRUE(writers[p]->Append(ViewOf(expected[p].back(), &captures)).ok());
      if (i % 7 == 0) {
        ASSERT_TRUE(writers[p]->Append(MarkView{i, "life"}).ok());
      }
    }
    for (auto& writer : writers) ASSERT_TRUE(writer->Close().ok());
    EXPECT_EQ(log.spilled_bytes() > 0, budget < (size_t{1} << 30));
    for (PartitionId p = 0; p < 3; ++p) {
      auto reader = log.OpenReader(p);
      EntryView entry;
      std::map<WordId, std::string> words;  // every number stays the same text
      const auto expect_word = [&](WordId id, std::string_view text) {
        if (id != kNoWord) {
          EXPECT_EQ(words.try_emplace(id, text).first->second, text);
        }
      };
      size_t i = 0;
      for (;;) {
        const auto more = reader->Next(&entry);
        ASSERT_TRUE(more.ok());
        if (!*more) break;
        if (const auto* mark = std::get_if<MarkView>(&entry)) {
          EXPECT_EQ(mark->component, "life");
          expect_word(mark->component_word, mark->component);
          continue;
        }
        ASSERT_LT(i, expected[p].size());
        const SignalView& signal = std::get<SignalView>(entry);
        ExpectSame(signal, expected[p][i++]);
        expect_word(signal.component_word, signal.component);
        expect_word(signal.target_word, signal.target);
        expect_word(signal.service_word, signal.service);
        expect_word(signal.instance_word, signal.instance);
      }
      EXPECT_EQ(i, expected[p].size());
      EXPECT_EQ(words.empty(), expected[p].empty());
    }
  }
}

TEST(EntryDecoder, RefusesDamagedBytesWithoutCrashing) {
  std::mt19937_64 rng(11);
  EntryEncoder encoder;
  std::string bytes;
  std::vector<CaptureView> captures;
  for (int i = 0; i < 20; ++i) {
    const Signal signal = RandomSignal(rng);
    encoder.Encode(ViewOf(signal, &captures), &bytes);
  }
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes.substr(0, rng() % (bytes.size() + 1));
    for (int k = 0; k < 3 && !damaged.empty(); ++k)
      damaged[rng() % damaged.size()] = static_cast<char>(rng());
    EntryDecoder decoder;
    std::string_view rest = damaged;
    EntryView entry;
    while (!rest.empty() && decoder.Decode(&rest, &entry)) {
    }
  }
}

TEST(EntryDecoder, RefusesNumbersThatDoNotFit) {
  const auto decodes = [](std::string_view rest) {
    EntryView entry;
    return EntryDecoder().Decode(&rest, &entry);
  };
  // Kind, signature, offset, length, time, origin, level, four words, line, message, captures.
  std::string good("\1\7\2\4\6\0\0", 7);
  for (int i = 0; i < 4; ++i) good.append("\0\0", 2);
  good.append("\0\0\0", 3);
  EXPECT_TRUE(decodes(good));
  std::string wide = good;
  wide.replace(1, 1, "\x80\x80\x80\x80\x10");  // signature 1 << 32
  EXPECT_FALSE(decodes(wide));
  wide = good;
  wide.replace(3, 1, "\x80\x80\x80\x80\x10");  // length 1 << 32
  EXPECT_FALSE(decodes(wide));
  std::string captures = good;
  captures.back() = 3;  // each needs two bytes
  EXPECT_FALSE(decodes(captures + std::string(5, '\0')));
}

}  // namespace
}  // namespace culprit
