// Any bytes as the state of a stream's scan (behind a right checksum): refused with a Status, or
// taken; then what is saved restores to the same, and the stream goes on.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/checkpoint.h"
#include "engine/config/pack_loader.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/live_scan.h"

namespace culprit {
namespace {

constexpr TimeUs kNow = 1'795'243'865 * kSecondUs;

void Require(bool ok) {
  if (!ok) std::abort();
}

std::shared_ptr<const LiveKnowledge> MakeKnowledge() {
  std::vector<PackText> texts = DefaultPacks();
  std::erase_if(texts, [](const PackText& text) {
    return text.file != "builtin:etcd/pack.yaml" && text.file != "builtin:go/pack.yaml";
  });
  return std::make_shared<LiveKnowledge>(*Engine::Build(*LoadKnowledge(texts)));
}

void GoOn(LiveScan& scan, bool messages) {
  MatchScratch scratch;
  ScanOutput out;
  LiveBatch batch;
  batch.offset = 1 << 20;
  if (messages) batch.messages.push_back({.begin = 0, .position = 1 << 20});
  batch.bytes =
      "2026-11-21 06:51:05,120 ERROR api: dial tcp 10.0.0.5:2379: connect: connection refused\n"
      "  more of it\n";
  scan.OnBatch(&batch, kNow, &scratch, &out);
  scan.Flush(kNow, &scratch, &out);
  scan.End(kNow, &scratch, &out);
}

void Fuzz(std::string_view bytes, bool messages) {
  static const std::shared_ptr<const LiveKnowledge> knowledge = MakeKnowledge();
  const LiveStream stream{.source = "fuzz", .key = "a", .display = "a.log"};
  LiveScan scan(knowledge, LiveScanOptions(), stream, kNow);
  if (!scan.Restore(SealCheckpoint("scan", 1, bytes)).ok()) return;
  const std::string saved = scan.Save();
  LiveScan other(knowledge, LiveScanOptions(), stream, kNow);
  Require(other.Restore(saved).ok());
  Require(other.Save() == saved);
  GoOn(scan, messages);
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  culprit::Fuzz({reinterpret_cast<const char*>(data) + 1, size - 1}, (data[0] & 1) != 0);
  return 0;
}
