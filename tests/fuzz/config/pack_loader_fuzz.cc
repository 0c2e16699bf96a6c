// Any text as a pack, a topology or a scenario (the first byte says which): either whole and sound
// Knowledge or a Status of bounded length that names the file; twice the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/config/pack_loader.h"
#include "engine/config/scenario.h"

namespace culprit {
namespace {

constexpr size_t kMaxMessageBytes = 64 << 10;
constexpr DurationUs kLongest = 366 * kDayUs;

void Require(bool ok) {
  if (!ok) std::abort();
}

void CheckError(const absl::Status& status) {
  Require(absl::IsInvalidArgument(status));
  Require(status.message().substr(0, 5) == "fuzz:");
  Require(status.message().size() < kMaxMessageBytes);
}

bool Within(DurationUs duration) { return duration > 0 && duration <= kLongest; }

void CheckKnowledge(const Knowledge& all) {
  const auto known = [&](const std::string& component) {
    for (const ComponentSpec& spec : all.components)
      if (spec.name == component) return true;
    return false;
  };
  for (SignatureIndex i = 0; i < all.signatures.size(); ++i) {
    const SignatureSpec& spec = all.signatures[i];
    Require(i == 0 || all.signatures[i - 1].id < spec.id);
    Require(all.signature_by_id.at(spec.id) == i);
    Require(spec.pack < all.packs.size() && Within(spec.burst.within) && spec.burst.count > 0);
    Require(!spec.regex.empty() && !spec.match.empty() && !spec.no_match.empty());
  }
  for (const EdgeSpec& edge : all.edges)
    Require(edge.from != edge.to && known(edge.from) && known(edge.to));
  for (const FailureModeSpec& mode : all.failure_modes) {
    Require(known(mode.component) && (mode.from.empty() || known(mode.from)));
    for (const ExplainSpec& explain : mode.explains) {
      Require(all.signature_by_id.contains(explain.signature) && Within(explain.within));
      Require(explain.likelihood > 0 && explain.likelihood < 1);
      Require(explain.at.empty() || explain.at == "*" || known(explain.at));
    }
    for (const std::string& id : mode.spares) Require(all.signature_by_id.contains(id));
  }
}

absl::Status LoadOnce(char kind, const std::string& text) {
  if (kind == 's') {
    const auto scenario = ParseScenario(text, "fuzz");
    if (scenario.ok()) Require(scenario->others >= 0 && !scenario->title.empty());
    return scenario.status();
  }
  std::vector<PackText> packs;
  std::vector<TopologyText> topologies;
  if (kind == 't')
    topologies.push_back({"fuzz", text});
  else
    packs.push_back({"fuzz", text, kind == 'u'});
  const auto loaded = LoadKnowledge(packs, topologies);
  if (loaded.ok()) CheckKnowledge(**loaded);
  return loaded.status();
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // s scenario, t topology, u the user's pack, anything else a pack.
  const auto kind = static_cast<char>(data[0]);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const absl::Status status = culprit::LoadOnce(kind, text);
  if (status.ok()) return 0;
  culprit::CheckError(status);
  culprit::Require(culprit::LoadOnce(kind, text) == status);
  return 0;
}
