#include "engine/pipeline/late_captures.h"

#include <gtest/gtest.h>

#include "engine/config/pack_loader.h"
#include "engine/pipeline/replay.h"
#include "engine/state/memory_signal_log.h"

namespace culprit {
namespace {

constexpr char kPack[] = R"(pack: shop
signatures:
  - id: shop/refused
    title: a connection is refused
    regex: 'connect (?P<host>\S+):(?P<port>\d+): refused( by (?P<who>\S+))?'
    class: refused
    match: ['connect db:5432: refused']
    no_match: ['connect db:5432: ok']
)";

std::vector<Signal> Signals(const Engine& engine, const std::string& text, bool late) {
  ScanOptions options;
  options.signals.late_captures = late;
  MemorySignalLog log;
  ScanProgress progress;
  auto scan = Scan(MemoryUnits({{"a.log", text}}), *engine.knowledge, *engine.names,
                   *engine.signatures, options, &log, &progress);
  EXPECT_TRUE(scan.ok());
  std::vector<Signal> signals;
  EntryView entry;
  for (const PartitionId partition : scan->streams[0].log_partitions) {
    const auto reader = log.OpenReader(partition);
    while (*reader->Next(&entry))
      if (auto* signal = std::get_if<SignalView>(&entry)) signals.push_back(CopyOf(*signal));
  }
  return signals;
}

TEST(LateCaptures, AreThoseOfTheScan) {
  const auto knowledge = LoadKnowledge({{"shop/pack.yaml", kPack, true}});
  ASSERT_TRUE(knowledge.ok());
  const auto engine = Engine::Build(*knowledge);
  ASSERT_TRUE(engine.ok());
  std::string text;
  int second = 0;
  for (const std::string& line :
       {std::string("connect db:5432: refused"), std::string("connect db:1: refused by \xC3\xA9\r"),
        std::string("connect d\xFF:1: refused"), std::string("\xFF connect x:1: refused by y"),
        std::string(3000, 'x') + " connect far:1: refused",
        std::string("{\"msg\": \"connect \\u00e9:7: refused\"}")})
    text += "2026-11-21T06:00:0" + std::to_string(second++) + "Z ERROR " + line + "\n";
  const std::vector<Signal> eager = Signals(*engine, text, false);
  const std::vector<Signal> late = Signals(*engine, text, true);
  ASSERT_EQ(eager.size(), late.size());
  ASSERT_GE(eager.size(), 5u);
  EXPECT_TRUE(late[0].captures.empty());
  LateCaptures source(*engine->signatures, SignalOptions().max_line_bytes);
  for (int round = 0; round < 2; ++round) {  // the second time from memory
    for (size_t i = 0; i < late.size(); ++i) {
      Evidence evidence;
      evidence.position = late[i].position;
      evidence.line = late[i].line;
      evidence.captures = late[i].captures;
      EXPECT_EQ(source.Of(late[i].signature, evidence), eager[i].captures) << i;
      EXPECT_FALSE(eager[i].captures.empty());
    }
  }
}

}  // namespace
}  // namespace culprit
