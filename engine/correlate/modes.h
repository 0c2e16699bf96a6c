// The hypotheses' vocabulary: the generic failure modes' tables and the compiled failure modes of
// the active packs. Immutable once built; one thread.
//
// How a pack mode lives beside the generic ones: it inherits the tables of its kind and replaces
// the generic mode of that kind at its component (two pack modes of one kind compete). What it
// lists overrides the table: explains (signature, place) -> p, spares -> 0. Absence at a place it
// names counts signature by signature, as ROOT_CAUSE 4 says. What it lists for "any dependent" or
// for the component itself are alternatives (the same failure as different clients or versions
// print it), so there the absence counts once, with the greatest p, and only if none of them is
// seen.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/knowledge.h"
#include "engine/correlate/topology.h"

namespace culprit {

constexpr size_t kModeKindCount = 4;

struct ModeTables {
  std::array<double, kSymptomClassCount> own{};        // P(class | at the root)
  std::array<double, kSymptomClassCount> dependent{};  // at a direct dependent: dependency classes
};
const ModeTables& TablesOf(ModeKind kind);
double RelayProbability(SymptomClass cls);   // beyond one hop: dependency classes
double VictimProbability(SymptomClass cls);  // a victim's other classes
double MostProbability(SymptomClass cls);    // anywhere, under any of these modes

// Pseudo places of a listing.
constexpr ComponentId kAtSelf = UINT32_MAX - 1;
constexpr ComponentId kAtAnyDependent = UINT32_MAX - 2;

struct Mode {
  struct Listing {
    SignatureIndex signature;
    ComponentId at;  // a component, kAtSelf or kAtAnyDependent
    double p;
    double late_after;  // seconds
  };
  ModeKind kind = ModeKind::kDown;
  int32_t spec = -1;  // index into Knowledge::failure_modes; -1: generic
  ComponentId component = kNoComponent;
  ComponentId from = kNoComponent;     // link
  double prior_offset = 0;             // nats
  std::vector<Listing> listings;       // sorted by (signature, at)
  std::vector<SignatureIndex> spares;  // sorted
  std::vector<ComponentId> named;      // other components it lists symptoms at, sorted by id
  std::vector<ComponentId> extra;      // named, and `from` of a link
  double self_listed = 0;              // greatest p at the component itself
  double any_listed = 0;               // greatest p at any dependent
  uint64_t mentions = 0;               // bits of the signatures it lists or spares
  bool Names(ComponentId id) const;
  bool Spares(SignatureIndex signature) const;
  bool Lists(SignatureIndex signature) const;  // at any place
  const Listing* Find(SignatureIndex signature, ComponentId at) const;
  // Signatures without a bit in `mentions` are neither listed nor spared.
  static uint64_t BitOf(SignatureIndex signature) { return uint64_t{1} << (signature % 64); }
  bool MayMention(uint64_t signatures) const { return (mentions & signatures) != 0; }
};

// 0..3: the generic modes by ModeKind; 4 + i: Knowledge::failure_modes[i], empty while its pack is
// not active. So an index means the same after a pack became active.
class ModeCatalog {
 public:
  ModeCatalog();
  // Modes of Knowledge whose pack is active; their components must be interned.
  ModeCatalog(const Knowledge& knowledge, const std::vector<bool>& active_packs,
              const Topology& topology);
  const Mode& operator[](int32_t i) const { return modes_[i]; }
  size_t size() const { return modes_.size(); }
  // Pack modes of a component, links left out; null: none.
  const std::vector<int32_t>* PackModes(ComponentId id) const;
  // Modes that list or spare the signature, and those that list it, ascending; all links of packs.
  const std::vector<int32_t>& Speaking(SignatureIndex signature) const {
    return signature < speaking_.size() ? speaking_[signature] : none_;
  }
  const std::vector<int32_t>& Listing(SignatureIndex signature) const {
    return signature < listing_.size() ? listing_[signature] : none_;
  }
  const std::vector<int32_t>& PackLinks() const { return pack_links_; }
  // Some active failure mode lists this signature.
  bool Claimed(SignatureIndex signature) const {
    return signature < claimed_.size() && claimed_[signature];
  }

 private:
  std::vector<Mode> modes_;
  std::map<ComponentId, std::vector<int32_t>> by_component_;
  std::vector<bool> claimed_;
  std::vector<std::vector<int32_t>> speaking_, listing_;  // by signature
  std::vector<int32_t> none_;
  std::vector<int32_t> pack_links_;
};

}  // namespace culprit
