// What is known about systems: packs as loaded, then merged into one immutable Knowledge.
// Built by engine/config, shared by const& (or shared_ptr<const>) between all stages; no locks
// needed. The YAML shape and the meaning of each field: patterns/README.md.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/symptom.h"
#include "engine/core/time.h"

namespace culprit {

using SignatureIndex =
    uint32_t;  // position in Knowledge::signatures; not stable across pack changes

// Where something was defined; line counts from 1.
struct FileLine {
  std::string file;
  int line = 0;
};

struct BurstRule {
  enum class Kind : uint8_t { kThreshold, kRate, kNew, kAbsent };
  Kind kind = Kind::kThreshold;
  int count = 5;                       // kThreshold
  DurationUs within = 30 * kSecondUs;  // kThreshold: window; kAbsent: silence that fires
};

struct SignatureSpec {
  std::string id;  // "pack/name"
  std::string title;
  std::string regex;
  bool regex_checked = false;  // it is known to compile: that of a built-in pack, by the tests
  SymptomClass cls = SymptomClass::kOther;
  Severity severity = Severity::kError;
  std::vector<std::string> where_services;  // empty: any
  std::vector<Level> where_levels;          // empty: any
  std::string component = "{service}";      // template over captures and {service}
  std::string target;                       // template; empty: none
  BurstRule burst;
  bool weak = false;
  bool by_template = false;
  bool always_verify = false;
  std::vector<std::string> match;
  std::vector<std::string> no_match;
  uint32_t pack = 0;  // index into Knowledge::packs
  FileLine where;
};

struct EdgeSpec {  // `from` depends on `to`
  std::string from;
  std::string to;
  bool hard = true;
  uint32_t pack = 0;
};

struct ComponentSpec {
  std::string name;
  std::string kind;
  std::vector<uint16_t> ports;
  std::vector<std::string> aliases;
  std::vector<uint32_t> packs;  // packs that declare it
  FileLine where;
};

enum class ModeKind : uint8_t { kDown, kSlow, kFaulty, kLink };
constexpr std::string_view ModeKindName(ModeKind kind) {
  constexpr std::string_view kNames[] = {"down", "slow", "faulty", "link"};
  return kNames[static_cast<size_t>(kind)];
}

struct ExplainSpec {
  std::string signature;  // signature id
  std::string
      at;  // component; "*": any dependent of the mode's component; empty: the component itself
  double likelihood = 0.8;
  DurationUs within = 2 * kMinuteUs;
};

struct RunbookStep {
  std::string say;
  std::string run;  // may be empty
};
struct RunbookLink {
  std::string title;
  std::string url;
};
struct Runbook {
  std::vector<RunbookStep> immediate;
  std::vector<RunbookStep> diagnose;
  std::vector<RunbookStep> resolve;
  std::vector<RunbookLink> links;
};

struct FailureModeSpec {
  std::string id;
  std::string component;
  ModeKind kind = ModeKind::kDown;
  std::string from;  // kLink only: the dependent end of the cut path
  std::string title;
  double prior_offset = 0;  // nats: common +0.7, rare -1.5
  std::vector<ExplainSpec> explains;
  std::vector<std::string> spares;  // signature ids
  std::string impact;
  std::vector<std::string> users_say;
  Runbook runbook;
  uint32_t pack = 0;
  FileLine where;
};

struct PackInfo {
  std::string name;
  std::string title;
  std::string description;
  bool always =
      false;          // topology: always. Otherwise the map applies once the pack is seen (README)
  bool user = false;  // not one of the built-in defaults: always active
  FileLine where;
};

// Immutable once built. Names are unique; ids resolve; edges have both ends declared.
struct Knowledge {
  std::vector<PackInfo> packs;
  std::vector<SignatureSpec> signatures;       // ordered by id
  std::vector<ComponentSpec> components;       // ordered by name; merged over packs
  std::vector<EdgeSpec> edges;                 // ordered by (from, to)
  std::vector<FailureModeSpec> failure_modes;  // ordered by id
  std::map<std::string, SignatureIndex, std::less<>> signature_by_id;
};

}  // namespace culprit
