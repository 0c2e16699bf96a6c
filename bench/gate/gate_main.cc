// bench_gate: the hot loops on fixed inputs, for counting instructions under callgrind
// (bench/gate/run). Counting is on only inside each loop. Natively it just runs them: a smoke test.
//
// The inputs come from bench/gen with fixed seeds and made signatures, so neither packs nor machine
// change them. Add a case here, then `bench/gate/run --update`.
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/gen/corpus.h"
#include "bench/gen/made_signatures.h"
#include "bench/gen/planted.h"
#include "engine/correlate/inference.h"
#include "engine/detect/detector.h"
#include "engine/detect/order.h"
#include "engine/ingest/line_blocks.h"
#include "engine/match/lines.h"
#include "engine/match/signature_set.h"
#include "engine/parse/stream_parser.h"
#include "tests/unit/correlate/simulator.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

namespace culprit::bench {
namespace {

constexpr uint64_t kSeed = 7;

void Count(const char* name, const std::function<uint64_t()>& loop) {
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  const uint64_t result = loop();
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_STOP_INSTRUMENTATION;
  std::printf("%s %llu\n", name, static_cast<unsigned long long>(result));
}

std::string MakeText(CorpusOptions::Format format, double hit_share, size_t bytes,
                     const std::vector<BenchSignature>& signatures) {
  Rng rng(kSeed);
  const Planted planted(signatures, rng);
  CorpusOptions options;
  options.format = format;
  options.hit_share = hit_share;
  options.seed = kSeed;
  Corpus corpus(options, planted);
  std::string text;
  while (text.size() < bytes) corpus.AppendRun(&text);
  return text;
}

void CountScan(const char* name, const std::vector<BenchSignature>& signatures, std::string text) {
  const auto set = SignatureSet::Build(ToSpecs(signatures));
  if (!set.ok()) {
    std::fprintf(stderr, "%s\n", std::string(set.status().message()).c_str());
    std::exit(1);
  }
  const size_t size = text.size();
  text.append(kBlockPadding, '\0');
  MatchScratch scratch;
  std::vector<Hit> hits;
  const auto scan = [&] {
    hits.clear();
    (*set)->Scan({text.data(), size}, scratch, &hits);
    return hits.size();
  };
  scan();  // warm: automata, scratch
  Count(name, scan);
}

class TextStream : public ByteStream {
 public:
  explicit TextStream(const std::string& text) : text_(text) {}
  const StreamInfo& info() const override { return info_; }
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, text_.size() - at_);
    std::memcpy(buffer, text_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  const std::string& text_;
  StreamInfo info_;
  size_t at_ = 0;
};

void CountLineBlocks(const std::string& text) {
  Counters counters;
  TextStream warm(text);
  LineBlocks blocks(warm, {}, &counters);
  const auto cut = [&] {
    LineBlocks::Block block;
    uint64_t count = 0;
    while (*blocks.Next(&block)) ++count;
    return count;
  };
  cut();
  TextStream stream(text);
  blocks.Reset(stream);
  Count("line_blocks", cut);
}

void CountParse(const char* name, const std::string& text) {
  Counters counters;
  StreamInfo info;
  info.path = "services.log";
  StreamParser parser(info, {}, &counters);
  parser.Sniff(text);
  Record record;
  Count(name, [&] {
    uint64_t timed = 0;
    ForEachLine(text, [&](const char* begin, const char* end) {
      parser.Parse(text, 0, {begin, static_cast<size_t>(end - begin)}, &record);
      timed += record.time_origin == TimeOrigin::kParsed ? 1 : 0;
    });
    return timed;
  });
}

std::vector<Signal> MakeSignals(size_t count, uint64_t first) {
  constexpr TimeUs kStart = 1'772'323'200 * kSecondUs;
  constexpr uint64_t kPerSecond = 5000;
  Rng rng(kSeed + first);
  std::vector<Signal> signals(count);
  for (size_t i = 0; i < count; ++i) {
    Signal& s = signals[i];
    s.signature = rng.Below(60);
    s.position = {0, (first + i) * 120, 120};
    s.time = kStart + static_cast<TimeUs>((first + i) * kSecondUs / kPerSecond);
    s.level = Level::kError;
    s.component = "service-" + std::to_string(rng.Below(200));
    s.service = s.component;
    s.instance = "pod-" + std::to_string(rng.Below(7));
    s.line = "2026-03-01T00:00:00.123Z ERROR dial tcp 10.0.0.5:2379: connect: connection refused";
    s.captures = {{"host", "10.0.0.5"}, {"port", "2379"}};
  }
  return signals;
}

void CountDetect() {
  auto knowledge = std::make_shared<Knowledge>();
  knowledge->packs.resize(1);
  for (int i = 0; i < 60; ++i) {
    SignatureSpec spec;
    spec.id = "gate/s" + std::to_string(i);
    knowledge->signatures.push_back(std::move(spec));
  }
  Counters counters;
  Orderer orderer({}, &counters);
  Detector detector(knowledge, {}, &counters);
  orderer.AddPartition(0);
  Slice slice;
  SliceOutcome out;
  const auto feed = [&](const std::vector<Signal>& signals) {
    uint64_t bursts = 0;
    for (const Signal& s : signals) orderer.Add(s);
    while (orderer.NextClosed(&slice)) {
      while (detector.PassTime(slice.start, 5 * kSecondUs, &out)) bursts += out.opened.size();
      detector.OnSlice(slice, &out);
      bursts += out.opened.size();
    }
    return bursts;
  };
  constexpr size_t kWarm = 30'000;
  constexpr size_t kCounted = 20'000;
  feed(MakeSignals(kWarm, 0));
  const std::vector<Signal> signals = MakeSignals(kCounted, kWarm);
  Count("order_and_detect", [&] { return feed(signals) + orderer.open_slices(); });
}

void CountCorrelate() {
  CorrelatorOptions options;
  testing::CascadeOptions how;
  how.components = 200;
  how.two_faults = 1;
  how.noise = 6;
  const testing::Cascade cascade = testing::Simulate(3, how);
  Topology topology = testing::TopologyOf(cascade, 90, options);
  const auto items = testing::ItemsOf(cascade, 90, topology);
  const ModeCatalog modes;
  const auto evaluate = [&](double seconds) {
    const TimeUs now = testing::SimulatedTime(seconds);
    ObserveEdges(items, now, options, &topology);
    const EvidenceSet evidence(topology, items);
    return Infer(topology, modes, evidence, now, options).incidents.size();
  };
  evaluate(90);
  Count("correlate", [&] { return evaluate(91); });
}

void Run() {
  const auto sixty = MakeSignatures(60, kSeed);
  const auto many = MakeSignatures(500, kSeed);
  const std::string plain = MakeText(CorpusOptions::Format::kPlain, 0.01, 1 << 20, sixty);
  CountScan("scan_60", sixty, plain);
  CountScan("scan_500", many, plain);
  CountScan("scan_json", sixty, MakeText(CorpusOptions::Format::kJson, 0.01, 1 << 20, sixty));
  CountScan("scan_all_hit", sixty, MakeText(CorpusOptions::Format::kPlain, 1, 128 << 10, sixty));
  CountLineBlocks(plain);
  CountParse("parse_plain", plain.substr(0, plain.find('\n', 200 << 10) + 1));
  CountParse("parse_json", MakeText(CorpusOptions::Format::kJson, 0.5, 200 << 10, sixty));
  CountDetect();
  CountCorrelate();
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--key") == 0) {
    std::puts(CULPRIT_GATE_KEY);
    return 0;
  }
  culprit::bench::Run();
  return 0;
}
