// Captures of evidence lines when someone wants to see them (SignalOptions::late_captures): the
// signature's regex once more, on the line as it was kept. Remembers what it found. One thread.
#pragma once
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/captures.h"
#include "engine/match/signature_set.h"

namespace culprit {

class LateCaptures : public CaptureSource {
 public:
  // `signatures` must outlive this. `max_bytes`: of one capture (SignalOptions::max_line_bytes).
  LateCaptures(const SignatureSet& signatures, size_t max_bytes)
      : signatures_(signatures), max_bytes_(max_bytes) {}

  const std::vector<Capture>& Of(SignatureIndex signature, const Evidence& evidence) override;

 private:
  using Key = std::tuple<SignatureIndex, PartitionId, uint64_t>;  // and offset

  const SignatureSet& signatures_;
  const size_t max_bytes_;
  MatchScratch scratch_;
  SignatureSet::CaptureList found_;
  absl::flat_hash_map<Key, std::vector<Capture>> known_;
};

}  // namespace culprit
