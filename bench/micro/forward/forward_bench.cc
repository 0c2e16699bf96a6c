// The forward source's own work: finding a message's end, packed entries to JSON lines. Bytes are
// those of the entries as MessagePack.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/ingest/forward/chunk_reader.h"
#include "engine/ingest/forward/message.h"
#include "engine/ingest/forward/msgpack_reader.h"
#include "tests/unit/forward/pack.h"

namespace culprit {
namespace {

// As a Kubernetes filter leaves a container's line: about 600 bytes, a third of them names.
std::string KubernetesEntry(int i) {
  const auto text = [](const std::string& s) { return Pack(s); };
  const std::string log = "2026-11-21T06:51:05.123Z INFO  [http-nio-8080-exec-" +
                          std::to_string(i % 40) + "] c.e.orders.OrderController - order " +
                          std::to_string(i * 7919) + " accepted in " + std::to_string(i % 97) +
                          " ms for \"customer\" " + std::to_string(i % 5003) + "\n";
  return ArrayOf(2) +
         EventTime(1'795'243'865 + static_cast<uint32_t>(i / 1000), static_cast<uint32_t>(i)) +
         MapOf(4) + text("log") + text(log) + text("stream") + text("stdout") + text("time") +
         text("2026-11-21T06:51:05.123456789Z") + text("kubernetes") + MapOf(6) + text("pod_name") +
         text("orders-5b67c48447-mv5hb") + text("namespace_name") + text("shop") +
         text("container_name") + text("orders") + text("host") + text("node-17.example.internal") +
         text("pod_id") + text("0c0b0a09-0807-0605-0403-020100fffefd") + text("labels") + MapOf(3) +
         text("app") + text("orders") + text("pod-template-hash") + text("5b67c48447") +
         text("tier") + text("backend");
}
std::string PlainEntry(int i) {
  return Entry(
      EventTime(1'795'243'865, static_cast<uint32_t>(i)),
      "GET /api/v1/orders/" + std::to_string(i) + " 200 12ms upstream=10.0.0.7:8080 agent=curl");
}

std::string Chunk(bool kubernetes) {
  std::string entries;
  for (int i = 0; entries.size() < (8U << 20); ++i) {
    entries += kubernetes ? KubernetesEntry(i) : PlainEntry(i);
  }
  return entries;
}

size_t ReadAll(const ForwardConfig& config, const ForwardMessage& message) {
  ChunkReader reader(config, message, "peer");
  size_t bytes = 0;
  for (bool more = true; more;) {
    LiveBatch batch;
    batch.bytes.reserve(256 * 1024);
    more = reader.ReadPart(0, &batch);
    bytes += batch.bytes.size();
    benchmark::DoNotOptimize(batch.bytes.data());
  }
  return bytes;
}

void PackedToLines(benchmark::State& state) {
  const std::string entries = Chunk(state.range(0) != 0);
  ForwardConfig config;
  ForwardMessage message;
  message.tag = "kube.var.log.containers.orders";
  std::string packed;
  message.entries = entries;
  if (state.range(1) == 1) {
    packed = Gzip(entries);
    message.compression = Compression::kGzip;
    message.entries = packed;
  } else if (state.range(1) == 2) {
    packed = Zstd(entries);
    message.compression = Compression::kZstd;
    message.entries = packed;
  }
  size_t out = 0;
  for (auto _ : state) out = ReadAll(config, message);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * entries.size()));
  state.counters["json_per_msgpack"] =
      static_cast<double>(out) / static_cast<double>(entries.size());
}
BENCHMARK(PackedToLines)
    ->ArgNames({"kubernetes", "packing"})
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({1, 1})
    ->Args({1, 2})
    ->Unit(benchmark::kMillisecond);

void EndOfForwardMode(benchmark::State& state) {
  const std::string entries = Chunk(true);
  for (auto _ : state) {
    MsgpackCursor cursor(entries);
    std::string_view entry;
    while (cursor.ReadValue(&entry)) benchmark::DoNotOptimize(entry.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * entries.size()));
}
BENCHMARK(EndOfForwardMode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace culprit
