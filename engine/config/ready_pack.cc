#include "engine/config/ready_pack.h"

#include "absl/strings/str_cat.h"
#include "engine/base/checkpoint.h"

namespace culprit {

// NOLINTBEGIN(readability-identifier-naming): cereal's names
// A new member does not compile until it is named here.

template <typename Archive>
void serialize(Archive& ar, FileLine& where) {
  auto& [file, line] = where;
  ar(Word(file), line);
}

template <typename Archive>
void serialize(Archive& ar, PackInfo& info) {
  auto& [name, title, description, always, user, where] = info;
  ar(name, title, description, always, user, where);
}

template <typename Archive>
void serialize(Archive& ar, ComponentSpec& spec) {
  auto& [name, kind, ports, aliases, packs, where] = spec;
  ar(name, kind, ports, aliases, packs, where);
}

template <typename Archive>
void serialize(Archive& ar, EdgeSpec& spec) {
  auto& [from, to, hard, pack] = spec;
  ar(from, to, hard, pack);
}

template <typename Archive>
void serialize(Archive& ar, BurstRule& rule) {
  auto& [kind, count, within] = rule;
  ar(Choice(kind, BurstRule::Kind::kAbsent), count, within);
}

// Either way: as a text of their numbers.
template <typename Archive>
void SerializeLevels(Archive& ar, std::vector<Level>* levels) {
  std::string numbers;
  for (const Level level : *levels) numbers.push_back(static_cast<char>(level));
  ar(numbers);
  levels->clear();
  for (const char number : numbers) {
    Require(number >= 0 && number <= static_cast<char>(Level::kFatal), "unknown level");
    levels->push_back(static_cast<Level>(number));
  }
}

template <typename Archive>
void serialize(Archive& ar, SignatureSpec& spec) {
  auto& [id, title, regex, regex_checked, cls, severity, where_services, where_levels, component,
         target, burst, weak, by_template, always_verify, match, no_match, pack, where] = spec;
  SerializeLevels(ar, &where_levels);
  ar(id, title, regex, regex_checked, Choice(cls, SymptomClass::kOther),
     Choice(severity, Severity::kCritical), where_services, component, target, burst, weak,
     by_template, always_verify, match, no_match, pack, where);
}

template <typename Archive>
void serialize(Archive& ar, ExplainSpec& spec) {
  auto& [signature, at, likelihood, within] = spec;
  ar(signature, at, likelihood, within);
}

template <typename Archive>
void serialize(Archive& ar, RunbookStep& step) {
  auto& [say, run] = step;
  ar(say, run);
}

template <typename Archive>
void serialize(Archive& ar, RunbookLink& link) {
  auto& [title, url] = link;
  ar(title, url);
}

template <typename Archive>
void serialize(Archive& ar, Runbook& runbook) {
  auto& [immediate, diagnose, resolve, links] = runbook;
  ar(immediate, diagnose, resolve, links);
}

template <typename Archive>
void serialize(Archive& ar, FailureModeSpec& spec) {
  auto& [id, component, kind, from, title, prior_offset, explains, spares, impact, users_say,
         runbook, pack, where] = spec;
  ar(id, component, Choice(kind, ModeKind::kLink), from, title, prior_offset, explains, spares,
     impact, users_say, runbook, pack, where);
}

template <typename Archive>
void serialize(Archive& ar, PendingReference& reference) {
  auto& [where, what, name] = reference;
  ar(where, what, name);
}

template <typename Archive>
void serialize(Archive& ar, ParsedPack& parsed) {
  auto& [info, components, edges, signatures, failure_modes, signature_references,
         component_references] = parsed;
  ar(info, components, edges, signatures, failure_modes, signature_references,
     component_references);
}
// NOLINTEND(readability-identifier-naming)

std::string WriteReadyPack(const ParsedPack& pack) {
  CheckpointWriter ar;
  ar(pack);
  return ar.bytes();
}

absl::StatusOr<ParsedPack> ReadReadyPack(std::string_view bytes) {
  ParsedPack pack;
  try {
    CheckpointReader ar(bytes);
    ar(pack);
    Require(ar.left() == 0, "bytes after its end");
  } catch (const cereal::Exception& e) {
    return absl::DataLossError(absl::StrCat("ready pack: ", e.what()));
  }
  for (SignatureSpec& spec : pack.signatures) spec.regex_checked = true;
  return pack;
}

}  // namespace culprit
