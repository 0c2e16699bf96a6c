// How evidence and bursts take part in a checkpoint (base/checkpoint.h). Include in .cc files only.
// Indices of signatures are not written: whoever writes them, writes the signature's id.
#pragma once
#include "engine/base/checkpoint.h"
#include "engine/core/burst.h"

namespace culprit {

// NOLINTBEGIN(readability-identifier-naming): cereal's names
template <typename Archive>
void serialize(Archive& ar, Position& p) {
  ar(p.partition, p.offset, p.length);
}

template <typename Archive>
void serialize(Archive& ar, Evidence& e) {
  ar(e.position, Time(e.time), Choice(e.time_origin, TimeOrigin::kAssumed),
     Choice(e.level, Level::kFatal), Word(e.service), Word(e.instance), e.line);
  if constexpr (Archive::is_saving::value) {
    ar.Varint(e.captures.size());
    for (const auto& [name, text] : e.captures) ar(Word(name), text);
  } else {
    const size_t n = ar.Count();
    e.captures.clear();
    for (size_t i = 0; i < n; ++i) {
      auto& [name, text] = e.captures.emplace_back();
      ar(Word(name), text);
    }
  }
}

// Without its signature.
template <typename Archive>
void serialize(Archive& ar, Burst& b) {
  ar(b.id, Hash(b.template_id), b.template_text, Choice(b.cls, SymptomClass::kOther),
     Choice(b.severity, Severity::kCritical), Word(b.component), Word(b.target), Time(b.onset),
     Time(b.last), Time(b.opened_at), Time(b.closed_at), b.count, b.instances, b.evidence);
}
// NOLINTEND(readability-identifier-naming)

}  // namespace culprit
