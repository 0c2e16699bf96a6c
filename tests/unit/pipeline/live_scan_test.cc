// However a stream comes in and wherever the state is put away: the entries are those of one Scan
// of the whole as a file.
#include "engine/pipeline/live_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <variant>

#include "engine/pipeline/scan.h"
#include "engine/pipeline/scenario_run.h"
#include "engine/state/entry_codec.h"
#include "engine/state/memory_signal_log.h"
#include "tests/fakes/live_engine.h"

namespace culprit {
namespace {

// An entry as text; marks of progress, which may depend on cuts, are left out.
std::string Print(const EntryView& entry) {
  std::string out;
  EntryEncoder encoder;
  std::visit([&](const auto& e) { encoder.Encode(e, &out); }, entry);
  return out;
}

using Segments = std::vector<std::vector<std::string>>;

struct Scanned {
  Segments segments;
  Counters counters;
};

Scanned ScanAsFile(const LiveKnowledge& knowledge, const std::string& name,
                   const std::string& text) {
  MemorySignalLog log;
  ScanProgress progress;
  const Engine& engine = knowledge.engine;
  absl::StatusOr<ScanResult> scan =
      Scan(MemoryUnits({{name, text}}), *engine.knowledge, *engine.names, *engine.signatures,
           ScanOptions(), &log, &progress);
  EXPECT_TRUE(scan.ok());
  Scanned out;
  out.counters = scan->counters;
  for (PartitionId partition : scan->streams[0].log_partitions) {
    auto reader = log.OpenReader(partition);
    std::vector<std::string>& segment = out.segments.emplace_back();
    EntryView entry;
    while (*reader->Next(&entry)) segment.push_back(Print(entry));
  }
  return out;
}

class Live {
 public:
  Live(std::shared_ptr<const LiveKnowledge> knowledge, const std::string& name)
      : knowledge_(std::move(knowledge)), stream_{.source = "test", .key = name, .display = name} {
    options_.use_clock = false;
    Make();
    result_.segments.emplace_back();
  }
  void Push(std::string bytes) {
    LiveBatch batch;
    batch.offset = offset_;
    offset_ += bytes.size();
    batch.bytes = std::move(bytes);
    ScanOutput out;
    scan_->OnBatch(&batch, kNoTime, &scratch_, &out);
    Keep(out);
  }
  void Restart() {
    const std::string state = scan_->Save();
    result_.counters.Add(scan_->TakeCounters());
    Make();
    ASSERT_TRUE(scan_->Restore(state).ok());
    EXPECT_EQ(scan_->Save(), state);
  }
  Scanned End() {
    ScanOutput out;
    scan_->End(kNoTime, &scratch_, &out);
    Keep(out);
    result_.counters.Add(scan_->TakeCounters());
    return result_;
  }

 private:
  void Make() { scan_ = std::make_unique<LiveScan>(knowledge_, options_, stream_, kNoTime); }
  void Keep(const ScanOutput& out) {
    for (const ScanOutput::Piece& piece : out.pieces) {
      if (piece.cut_before) result_.segments.emplace_back();
      EntryDecoder decoder;
      EntryView entry;
      for (std::string_view rest = piece.entries; !rest.empty();) {
        ASSERT_TRUE(decoder.Decode(&rest, &entry));
        const MarkView* mark = std::get_if<MarkView>(&entry);
        if (mark != nullptr && mark->component.empty()) continue;
        result_.segments.back().push_back(Print(entry));
      }
    }
  }

  const std::shared_ptr<const LiveKnowledge> knowledge_;
  const LiveStream stream_;
  LiveScanOptions options_;
  std::unique_ptr<LiveScan> scan_;
  MatchScratch scratch_;
  uint64_t offset_ = 0;
  Scanned result_;
};

// Whole lines of about `aim` bytes, as a source gives them.
std::string TakeLines(std::string_view* rest, size_t aim) {
  size_t end = aim >= rest->size() ? rest->size() : rest->find('\n', aim);
  end = end == std::string_view::npos ? rest->size() : std::min(end + 1, rest->size());
  std::string out(rest->substr(0, end));
  rest->remove_prefix(end);
  return out;
}

void ExpectSame(const Scanned& live, const Scanned& file, const std::string& what) {
  ASSERT_EQ(live.segments.size(), file.segments.size()) << what;
  for (size_t i = 0; i < live.segments.size(); ++i) {
    ASSERT_EQ(live.segments[i].size(), file.segments[i].size()) << what;
    EXPECT_TRUE(live.segments[i] == file.segments[i]) << what << ": an entry differs";
  }
  for (size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<enum Reason>(i);
    EXPECT_EQ(live.counters.Get(reason), file.counters.Get(reason))
        << what << " " << ReasonName(reason);
  }
}

TEST(LiveScan, CutsAndRestartsChangeNothing) {
  const auto knowledge = BuiltInLiveKnowledge();
  std::mt19937 rng(7);
  size_t streams = 0;
  for (const auto& [name, text] : ScenarioStreams()) {
    const Scanned file = ScanAsFile(*knowledge, name, text);
    for (size_t aim : {size_t{1}, size_t{300}, size_t{20'000}, size_t{200'000}}) {
      // Line by line only where it is quickly done.
      if (aim * 2000 < text.size()) continue;
      Live live(knowledge, name);
      for (std::string_view rest = text; !rest.empty();) {
        live.Push(TakeLines(&rest, rng() % (2 * aim)));
        if (rng() % 4 == 0) live.Restart();
      }
      ExpectSame(live.End(), file, name + " by " + std::to_string(aim));
      if (HasFatalFailure()) return;
    }
    ++streams;
  }
  EXPECT_GT(streams, 50u);
}

// More than one window, records that lie across its borders, a log appended to another one.
TEST(LiveScan, LongStreamsAreCutAtTheSameWindows) {
  const auto knowledge = BuiltInLiveKnowledge();
  const auto streams = ScenarioStreams();
  std::mt19937 rng(11);
  for (int round = 0; round < 4; ++round) {
    std::string text;
    while (text.size() < 1'500'000) {
      const auto& [name, part] = streams[rng() % streams.size()];
      text += part;
      if (!text.empty() && text.back() != '\n') text += '\n';
      text += "Traceback (most recent call last):\n";
      for (size_t n = rng() % 200; n > 0; --n)
        text += "  at some.Frame.of(a.Trace:" + std::to_string(n) + ")\n";
    }
    const Scanned file = ScanAsFile(*knowledge, "long.log", text);
    Live live(knowledge, "long.log");
    for (std::string_view rest = text; !rest.empty();) {
      live.Push(TakeLines(&rest, rng() % 300'000));
      if (rng() % 2 == 0) live.Restart();
    }
    ExpectSame(live.End(), file, "round " + std::to_string(round));
  }
}

TEST(LiveScan, AQuietStreamIsFlushedAndItsRecordStillCountsOnce) {
  const auto knowledge = BuiltInLiveKnowledge();
  LiveScanOptions options;
  const LiveStream stream{.source = "test", .key = "a", .display = "/var/log/api/a.log"};
  LiveScan scan(knowledge, options, stream, 1795243865 * kSecondUs);
  MatchScratch scratch;
  ScanOutput out;
  const auto push = [&](std::string bytes, uint64_t offset) {
    LiveBatch batch;
    batch.bytes = std::move(bytes);
    batch.offset = offset;
    scan.OnBatch(&batch, 1795243865 * kSecondUs, &scratch, &out);
  };
  const std::string line =
      "2026-11-21 06:51:05,120 ERROR api: dial tcp 10.0.0.5:2379: connect: connection refused\n";
  push(line, 0);
  EXPECT_EQ(out.signals, 0u);
  EXPECT_TRUE(scan.holds());
  scan.Flush(1795243866 * kSecondUs, &scratch, &out);
  EXPECT_GT(out.signals, 0u);
  EXPECT_FALSE(scan.holds());
  const uint64_t before = out.signals;
  // The same symptom in a later line of that record.
  push("\tat client: dial tcp 10.0.0.5:2379: connect: connection refused\n", line.size());
  scan.Flush(1795243867 * kSecondUs, &scratch, &out);
  EXPECT_EQ(out.signals, before);
  // A new record counts anew.
  push(line, line.size() + 65);
  scan.Flush(1795243868 * kSecondUs, &scratch, &out);
  EXPECT_GT(out.signals, before);
}

TEST(LiveScan, AMessageIsOneRecordWithTheEnvelopesTimeAndService) {
  const auto knowledge = BuiltInLiveKnowledge();
  const LiveStream stream{.source = "k", .key = "logs/3", .display = "kafka:logs[3]"};
  LiveScan scan(knowledge, LiveScanOptions(), stream, 1795243865 * kSecondUs);
  MatchScratch scratch;
  LiveBatch batch;
  batch.services = {"billing"};
  for (uint64_t i = 0; i < 3; ++i) {
    batch.messages.push_back({.begin = static_cast<uint32_t>(batch.bytes.size()),
                              .service = 1,
                              .position = 100 + i,
                              .time = static_cast<TimeUs>(1795243860 + i) * kSecondUs});
    batch.bytes += i == 1 ? "dial tcp 10.0.0.5:2379: connect: connection refused\n  and more\n"
                          : "all is well\n";
  }
  ScanOutput out;
  scan.OnBatch(&batch, 1795243865 * kSecondUs, &scratch, &out);
  EXPECT_EQ(out.lines, 3u);
  std::vector<Signal> signals;
  size_t marks = 0;
  for (const ScanOutput::Piece& piece : out.pieces) {
    EntryDecoder decoder;
    EntryView entry;
    for (std::string_view rest = piece.entries; !rest.empty();) {
      ASSERT_TRUE(decoder.Decode(&rest, &entry));
      if (const SignalView* signal = std::get_if<SignalView>(&entry))
        signals.push_back(CopyOf(*signal));
      if (const MarkView* mark = std::get_if<MarkView>(&entry))
        marks += mark->component == "billing";
    }
  }
  EXPECT_EQ(marks, 3u);
  ASSERT_FALSE(signals.empty());
  EXPECT_EQ(signals[0].position.offset, 101u);
  EXPECT_EQ(signals[0].service, "billing");
  EXPECT_EQ(signals[0].time, 1795243861 * kSecondUs);
}

TEST(LiveScan, DamagedStateIsAnErrorNotACrash) {
  const auto knowledge = BuiltInLiveKnowledge();
  const LiveStream stream{.source = "test", .key = "a", .display = "a.log"};
  MatchScratch scratch;
  ScanOutput out;
  LiveScan scan(knowledge, LiveScanOptions(), stream, 0);
  LiveBatch batch;
  batch.bytes = "2026-11-21 06:51:05,120 ERROR api: it broke\n";
  scan.OnBatch(&batch, 0, &scratch, &out);
  const std::string state = scan.Save();
  for (size_t i = 0; i < state.size(); ++i) {
    LiveScan other(knowledge, LiveScanOptions(), stream, 0);
    EXPECT_FALSE(other.Restore(std::string_view(state).substr(0, i)).ok());
    std::string bent = state;
    bent[i] = static_cast<char>(bent[i] ^ 0x55);
    EXPECT_FALSE(other.Restore(bent).ok());
  }
}

}  // namespace
}  // namespace culprit
