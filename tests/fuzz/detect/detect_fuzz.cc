// Any sequence of signals, marks, ends and idles: every signal is counted once or late, time never
// runs backwards, ids count up, bursts close once, and nothing crashes. Masks the input as text
// too.
#include <cstdlib>
#include <set>
#include <string>

#include "engine/detect/detector.h"
#include "engine/detect/mask.h"
#include "engine/detect/order.h"

namespace culprit {
namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

std::shared_ptr<const Knowledge> MakeKnowledge() {
  auto k = std::make_shared<Knowledge>();
  k->packs.resize(1);
  k->signatures.resize(5);
  k->signatures[1].burst.kind = BurstRule::Kind::kRate;
  k->signatures[2].burst.kind = BurstRule::Kind::kNew;
  k->signatures[3].burst.kind = BurstRule::Kind::kAbsent;
  k->signatures[4].by_template = true;
  return k;
}

void Run(const uint8_t* data, size_t size) {
  Counters counters;
  OrderOptions order;
  order.max_keys_per_slice = 8;
  order.max_texts_per_component = 3;
  DetectorOptions options;
  options.max_keys = 8;
  options.max_evidence_bytes = 4000;
  options.max_components = 4;
  options.max_templates = 4;
  options.rate_warmup = 0;
  options.flatline_min_history = 0;
  Orderer orderer(order, &counters);
  Detector detector(MakeKnowledge(), options, &counters);
  uint64_t signals = 0;
  uint64_t folded = 0;
  uint64_t next_id = 1;
  std::set<uint64_t> open;
  TimeUs now = kNoTime;
  Slice slice;
  SliceOutcome out;
  const auto note = [&] {
    Check(out.slice_end > now);
    now = out.slice_end;
    for (const Burst* b : out.opened) Check(b->id == next_id++ && open.insert(b->id).second);
    for (const Burst* b : out.changed) Check(open.contains(b->id));
    for (const Burst* b : out.closed) Check(open.erase(b->id) == 1 && b->closed_at == now);
  };
  const auto drain = [&](TimeUs until) {
    while (orderer.NextClosed(&slice)) {
      for (const SliceCell& c : slice.cells) folded += c.count;
      while (detector.PassTime(slice.start, 0, &out)) note();
      detector.OnSlice(slice, &out);
      note();
    }
    while (detector.PassTime(until, 0, &out)) note();
  };
  TimeUs t = 1'772'000'040 * kSecondUs;
  for (size_t i = 0; i + 3 < size; i += 4) {
    const uint8_t op = data[i];
    const PartitionId partition = op & 3;
    const int step = static_cast<int8_t>(data[i + 1]);
    const TimeUs unit = (op & 4) != 0 ? 100'000 : (op & 8) != 0 ? 20 * kSecondUs : kSecondUs;
    t += step * unit;
    const std::string component = "c" + std::to_string(data[i + 2] & 15);
    if ((op & 0xf0) == 0xf0) {
      orderer.EndPartition(partition);
    } else if ((op & 0xf0) == 0xe0) {
      orderer.Idle(partition);
    } else if ((op & 0xf0) == 0xd0) {
      orderer.AddMark({partition, t, component});
    } else {
      Signal s;
      s.signature = data[i + 3] % 5;
      s.position = {partition, i, 4};
      s.time = t;
      s.level = (data[i + 2] & 16) != 0 ? Level::kError : Level::kUnknown;
      s.component = component;
      s.instance = component;
      s.line = "line";
      if (s.signature == 4) {
        s.message.assign(reinterpret_cast<const char*>(data + i), std::min<size_t>(size - i, 24));
      }
      orderer.Add(s);
      ++signals;
    }
    const TimeUs watermark = orderer.watermark();
    const bool known = watermark != kNoTime && watermark != Orderer::kEndOfTime;
    if ((op & 16) != 0) drain(known ? orderer.SliceStart(watermark) : kNoTime);
  }
  for (PartitionId p = 0; p < 4; ++p) orderer.EndPartition(p);
  drain(kNoTime);
  drain(detector.quiet_at());
  Check(orderer.open_slices() == 0);
  Check(folded + counters.Get(Reason::kLate) <= signals);
  Check(folded + counters.Get(Reason::kLate) + counters.Get(Reason::kTemplateOverflow) >= signals);
  Check(detector.keys() <= options.max_keys + 5);
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Run(data, size);
  std::string out;
  culprit::MaskMessage({reinterpret_cast<const char*>(data), size}, &out);
  return 0;
}
