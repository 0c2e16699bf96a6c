// Any bytes as the content of a checkpoint (behind a right checksum): refused with a Status, or
// taken; then whatever comes next works, and what is saved afterwards can be restored.
#include <cstdlib>
#include <string>

#include "engine/base/checkpoint.h"
#include "engine/correlate/correlator.h"

namespace culprit {
namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

// web -> api -> db, one failure mode; what the corpus was made with.
std::shared_ptr<const Knowledge> MakeKnowledge() {
  auto k = std::make_shared<Knowledge>();
  k->packs.push_back({"fuzz", "", "", true, false, {}});
  for (const auto& [id, cls] : {std::pair{"f/crash", SymptomClass::kCrash},
                                {"f/login", SymptomClass::kOther},
                                {"f/refused", SymptomClass::kRefused},
                                {"f/weak", SymptomClass::kSelfError}}) {
    SignatureSpec& s = k->signatures.emplace_back();
    s.id = id;
    s.cls = cls;
    s.weak = s.id == "f/weak";
    k->signature_by_id[s.id] = static_cast<SignatureIndex>(k->signatures.size() - 1);
  }
  for (const char* name : {"api", "db", "web"}) {
    ComponentSpec& c = k->components.emplace_back();
    c.name = name;
    c.packs = {0};
  }
  k->edges = {{"api", "db", true, 0}, {"web", "api", false, 0}};
  FailureModeSpec& mode = k->failure_modes.emplace_back();
  mode.id = "f/db-down";
  mode.component = "db";
  mode.explains = {{"f/login", "api", .8, kHourUs}};
  return k;
}

void GoOn(Correlator& correlator, uint64_t first_burst) {
  TimeUs t = correlator.last_evaluation().now;
  if (t == kNoTime || correlator.next_due() < t - kDayUs) t = 1'772'000'040 * kSecondUs;
  t -= t % kSecondUs;
  Burst bursts[6];
  for (int i = 0; i < 12; ++i, t += 20 * kSecondUs) {
    SliceOutcome slice;
    slice.slice_start = t;
    slice.slice_end = t + kSecondUs;
    slice.alive = {{"api", t}, {"web", t}};
    Burst& b = bursts[i % 6];
    if (i < 6) {
      b.id = first_burst + static_cast<uint64_t>(i);
      b.signature = i == 5 ? kNoSignature : static_cast<SignatureIndex>(i % 4);
      b.cls = i == 5       ? SymptomClass::kSilence
              : i % 4 == 0 ? SymptomClass::kCrash
              : i % 4 == 1 ? SymptomClass::kOther
              : i % 4 == 2 ? SymptomClass::kRefused
                           : SymptomClass::kSelfError;
      b.component = i % 2 ? "db" : "api";
      if (i % 4 == 2) b.target = "db";
      b.onset = b.last = t;
      b.opened_at = slice.slice_end;
      b.count = 5;
      slice.opened.push_back(&b);
    } else {
      b.closed_at = slice.slice_end;
      slice.closed.push_back(&b);
    }
    correlator.OnSlice(slice);
  }
  correlator.AdvanceTo(t + 1000 * kSecondUs);
  correlator.Incidents();
  correlator.Unattributed();
  correlator.Edges();
}

void Fuzz(std::string_view bytes) {
  static const std::shared_ptr<const Knowledge> knowledge = MakeKnowledge();
  Counters counters;
  Correlator correlator(knowledge, {}, &counters);
  if (!correlator.Restore(SealCheckpoint("correlator", 1, bytes)).ok()) return;
  correlator.Incidents();
  const auto again = [&] {
    const std::string saved = correlator.Save();
    Correlator other(knowledge, {}, &counters);
    Check(other.Restore(saved).ok());
    Check(other.Save() == saved);
  };
  again();
  GoOn(correlator, 1'000'000);
  again();
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
