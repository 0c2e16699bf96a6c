#include "engine/correlate/modes.h"

#include <algorithm>
#include <tuple>

namespace culprit {
namespace {

// Columns: crash, resource, self_error, saturation, 5xx, refused, timeout, dep_error, silence,
// other.
constexpr std::array<ModeTables, 4> kTables = {{
    {{.55, .25, .15, 0, .1, 0, 0, 0, .5, 0}, {0, 0, 0, 0, 0, .75, .35, .25, 0, 0}},  // down
    {{0, .3, .1, .5, .35, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, .08, .8, .25, 0, 0}},      // slow
    {{.1, .3, .6, .15, .55, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, .05, .25, .75, 0, 0}},   // faulty
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, .6, .6, .1, 0, 0}},             // link
}};
constexpr std::array<double, kSymptomClassCount> kRelay = {0, 0, 0, 0, 0, .1, .45, .6, 0, 0};
constexpr std::array<double, kSymptomClassCount> kVictim = {.08, .05, .1, .15, .6, 0, 0, 0, .05, 0};

}  // namespace

const ModeTables& TablesOf(ModeKind kind) { return kTables[static_cast<size_t>(kind)]; }
double RelayProbability(SymptomClass cls) { return kRelay[static_cast<size_t>(cls)]; }
double VictimProbability(SymptomClass cls) { return kVictim[static_cast<size_t>(cls)]; }
double MostProbability(SymptomClass cls) {
  const auto c = static_cast<size_t>(cls);
  double most = IsDependencyClass(cls) ? kRelay[c] : kVictim[c];
  for (const ModeTables& mode : kTables) most = std::max({most, mode.own[c], mode.dependent[c]});
  return most;
}

bool Mode::Names(ComponentId id) const {
  return std::binary_search(named.begin(), named.end(), id);
}
bool Mode::Spares(SignatureIndex signature) const {
  return std::binary_search(spares.begin(), spares.end(), signature);
}
bool Mode::Lists(SignatureIndex signature) const {
  return std::any_of(listings.begin(), listings.end(),
                     [&](const Listing& l) { return l.signature == signature; });
}
const Mode::Listing* Mode::Find(SignatureIndex signature, ComponentId at) const {
  auto it = std::lower_bound(listings.begin(), listings.end(), std::pair(signature, at),
                             [](const Listing& listing, const auto& key) {
                               return std::pair(listing.signature, listing.at) < key;
                             });
  return it != listings.end() && it->signature == signature && it->at == at ? &*it : nullptr;
}

ModeCatalog::ModeCatalog() {
  for (ModeKind kind : {ModeKind::kDown, ModeKind::kSlow, ModeKind::kFaulty, ModeKind::kLink}) {
    modes_.emplace_back().kind = kind;
  }
}

ModeCatalog::ModeCatalog(const Knowledge& knowledge, const std::vector<bool>& active_packs,
                         const Topology& topology)
    : ModeCatalog() {
  claimed_.assign(knowledge.signatures.size(), false);
  speaking_.resize(knowledge.signatures.size());
  listing_.resize(knowledge.signatures.size());
  for (size_t i = 0; i < knowledge.failure_modes.size(); ++i) {
    const FailureModeSpec& spec = knowledge.failure_modes[i];
    const auto index = static_cast<int32_t>(modes_.size());
    Mode& mode = modes_.emplace_back();
    if (spec.pack >= active_packs.size() || !active_packs[spec.pack]) continue;
    mode.kind = spec.kind;
    mode.spec = static_cast<int32_t>(i);
    const ComponentId component = topology.Find(spec.component);
    if (component == kNoComponent) continue;
    if (spec.kind == ModeKind::kLink) {
      mode.from = topology.Find(spec.from);
      if (mode.from == kNoComponent) continue;
      mode.extra.push_back(mode.from);
    }
    mode.component = component;
    mode.prior_offset = spec.prior_offset;
    for (const ExplainSpec& explain : spec.explains) {
      auto signature = knowledge.signature_by_id.find(explain.signature);
      if (signature == knowledge.signature_by_id.end()) continue;
      Mode::Listing listing{signature->second, kNoComponent,
                            std::clamp(explain.likelihood, 0.0, .99),
                            static_cast<double>(explain.within) / kSecondUs};
      if (explain.at == "*") {
        listing.at = kAtAnyDependent;
        mode.any_listed = std::max(mode.any_listed, listing.p);
      } else if (explain.at.empty() || explain.at == spec.component) {
        listing.at = kAtSelf;
        mode.self_listed = std::max(mode.self_listed, listing.p);
      } else {
        listing.at = topology.Find(explain.at);
        if (listing.at == kNoComponent) continue;
        mode.named.push_back(listing.at);
      }
      mode.listings.push_back(listing);
      claimed_[listing.signature] = true;
    }
    std::sort(mode.listings.begin(), mode.listings.end(), [](const auto& a, const auto& b) {
      return std::tuple(a.signature, a.at, -a.p) < std::tuple(b.signature, b.at, -b.p);
    });
    mode.listings.erase(std::unique(mode.listings.begin(), mode.listings.end(),
                                    [](const auto& a, const auto& b) {
                                      return a.signature == b.signature && a.at == b.at;
                                    }),
                        mode.listings.end());
    std::sort(mode.named.begin(), mode.named.end());
    mode.named.erase(std::unique(mode.named.begin(), mode.named.end()), mode.named.end());
    mode.extra.insert(mode.extra.end(), mode.named.begin(), mode.named.end());
    for (const std::string& spared : spec.spares) {
      auto signature = knowledge.signature_by_id.find(spared);
      if (signature != knowledge.signature_by_id.end()) mode.spares.push_back(signature->second);
    }
    std::sort(mode.spares.begin(), mode.spares.end());
    if (spec.kind == ModeKind::kLink) {
      pack_links_.push_back(index);
    } else {
      by_component_[mode.component].push_back(index);
    }
    const auto speak = [index](std::vector<int32_t>* modes) {
      if (modes->empty() || modes->back() != index) modes->push_back(index);
    };
    for (const Mode::Listing& listing : mode.listings) {
      mode.mentions |= Mode::BitOf(listing.signature);
      speak(&speaking_[listing.signature]);
      speak(&listing_[listing.signature]);
    }
    for (SignatureIndex signature : mode.spares) {
      mode.mentions |= Mode::BitOf(signature);
      speak(&speaking_[signature]);
    }
  }
}

const std::vector<int32_t>* ModeCatalog::PackModes(ComponentId id) const {
  auto it = by_component_.find(id);
  return it == by_component_.end() ? nullptr : &it->second;
}

}  // namespace culprit
