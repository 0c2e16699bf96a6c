// What the parts of detect/ share when they are written to a checkpoint. Private to detect/;
// include in .cc files only.
#pragma once
#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "engine/base/checkpoint.h"
#include "engine/base/views.h"
#include "engine/core/evidence_state.h"
#include "engine/core/knowledge.h"
#include "engine/detect/slice.h"

namespace culprit {

// Checkpoints name signatures by id: their indices belong to one Knowledge. `knowledge` must
// outlive it.
class SignatureNames {
 public:
  explicit SignatureNames(const Knowledge& knowledge) {
    for (SignatureIndex i = 0; i < knowledge.signatures.size(); ++i)
      by_id_.try_emplace(ToAbsl(knowledge.signatures[i].id), i);
  }
  // kNoSignature: no such signature.
  SignatureIndex Find(std::string_view id) const {
    const auto it = by_id_.find(ToAbsl(id));
    return it == by_id_.end() ? kNoSignature : it->second;
  }
  static std::string_view IdOf(const Knowledge& knowledge, SignatureIndex signature) {
    return signature < knowledge.signatures.size()
               ? std::string_view(knowledge.signatures[signature].id)
               : std::string_view();
  }

 private:
  absl::flat_hash_map<absl::string_view, SignatureIndex> by_id_;
};

// Numbers of slices, minutes and days, and clocks: even times a second they are far from where
// sums wrap.
inline void RequireModerate(int64_t v) {
  constexpr int64_t kMost = int64_t{1} << 42;
  Require(v >= -kMost && v <= kMost, "number out of range");
}

template <typename Archive>
void InstanceCounts::serialize(Archive& ar) {
  ar(Word(first_), first_count_);
  if constexpr (Archive::is_saving::value) {
    ar.Varint(more_.size());
    for (const auto& [name, n] : more_) ar(Word(name), n);
  } else {
    more_.resize(ar.Count());
    Require(more_.size() <= kMax, "too many instances");
    for (auto& [name, n] : more_) ar(Word(name), n);
  }
}

}  // namespace culprit
