// Once warm, a hit allocates nothing from the bytes of its line to its entry in the signal log.
#include <gtest/gtest.h>

#include "engine/config/pack_loader.h"
#include "engine/ingest/line_blocks.h"
#include "engine/pipeline/replay.h"
#include "engine/pipeline/segment_writer.h"
#include "engine/pipeline/signal_maker.h"
#include "engine/state/memory_signal_log.h"
#include "tests/unit/counted_allocations.h"

namespace culprit {
namespace {

constexpr char kPack[] = R"(pack: shop
signatures:
  - id: shop/refused
    title: a connection is refused
    regex: 'connect (?P<host>[^\s:]+):(?P<port>\d+): refused'
    class: refused
    target: '{host}:{port}'
    match: ['connect db:5432: refused']
    no_match: ['connect db:5432: ok']
  - id: shop/failed
    title: an order failed
    regex: 'order \d+ failed'
    class: self_error
    match: ['order 7 failed']
    no_match: ['order failed']
  - id: shop/lost
    title: something is lost
    regex: 'lost'
    class: self_error
    weak: true
    match: ['all is lost']
    no_match: ['all is found']
)";

constexpr int kSeconds = 50;  // the log has filled some chunks by then
constexpr int kLines = 60;    // of a second

// One second of a log; <T> stands for its time.
std::string Second(std::string_view line, int second) {
  std::string out;
  const std::string time = "2026-11-21T06:00:" + std::to_string(10 + second);
  for (int i = 0; i < kLines; ++i) {
    std::string text(line);
    text.replace(text.find("<T>"), 3, time + "." + std::to_string(100 + i) + "Z");
    out += text;
  }
  return out;
}

TEST(Allocation, NoneOfAHitOnceWarm) {
#ifndef CULPRIT_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "allocations are not counted under sanitizers";
#endif
  const auto knowledge = LoadKnowledge({{"shop/pack.yaml", kPack, true}});
  ASSERT_TRUE(knowledge.ok()) << knowledge.status();
  const auto engine = Engine::Build(*knowledge);
  ASSERT_TRUE(engine.ok());
  const SignalRules rules(*engine->knowledge, *engine->names, *engine->signatures);
  for (const std::string_view line :
       {"<T> ERROR [cart] connect db:5432: refused; lost\n",
        "<T> cart-1 ERROR order 12 failed\n  at shop.Order(Order.java:7)\n",
        "time=<T> level=error service=checkout msg=\"order 12 failed, key=none token: no\"\n",
        "{\"ts\":\"<T>\",\"level\":\"error\",\"service\":\"cart\",\"msg\":\"all is lost\"}\n"}) {
    SignalOptions options;
    options.late_captures = true;
    options.redactor = engine->redactor.get();
    StreamInfo info;
    info.path = "shop.log";
    Counters counters;
    MemorySignalLog log(0);  // its chunks go to the file one after the other
    std::atomic<PartitionId> next{0};
    StreamParser parser(info, {}, &counters);
    SegmentWriter writer(&log, &next);
    SignalMaker maker(rules, options, &parser, &writer, &counters);
    MatchScratch scratch;
    const std::vector<uint32_t> samples = {0};
    std::vector<Hit> hits;
    uint64_t offset = 0;
    size_t warm = 0;
    for (int second = 0; second < kSeconds; ++second) {
      std::string block = Second(line, second);
      block.reserve(block.size() + kBlockPadding);
      if (second == 0) parser.Sniff(block);
      const size_t before = allocations;
      hits.clear();
      engine->signatures->Scan(block, scratch, &hits);
      ASSERT_TRUE(maker.OnBlock(block, offset, hits, samples, &scratch).ok());
      parser.EndBlock(block, offset);
      offset += block.size();
      warm = allocations - before;
    }
    // The list of the log's chunks may have grown.
    EXPECT_LE(warm, 1u) << line;
    ASSERT_TRUE(maker.End().ok());
    ASSERT_TRUE(writer.Close().ok());
    EXPECT_EQ(maker.tally().signals, uint64_t{kSeconds} * kLines) << line;
  }
}

}  // namespace
}  // namespace culprit
