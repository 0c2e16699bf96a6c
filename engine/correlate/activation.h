// Which packs' maps and failure modes apply: those marked always or given by the user, those one of
// whose own signatures matched, and those of whose connected components at least two (and a third)
// were seen logging. Monotone; changes at slice boundaries only. One thread, copyable.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/knowledge.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class PackActivation {
 public:
  explicit PackActivation(const Knowledge& knowledge);
  // True if a pack became active.
  bool SeePacks(std::span<const uint32_t> packs);
  bool SeeLogging(std::string_view component);  // cheap for names seen before by the caller
  const std::vector<bool>& active() const { return active_; }
  // Which packs are active, by name. How many components of the others were seen follows from who
  // was: after Read, SeeLogging tells of each of them again.
  void Write(const Knowledge& knowledge, CheckpointWriter& ar) const;
  void Read(const Knowledge& knowledge, CheckpointReader& ar);

 private:
  std::vector<bool> active_;
  std::vector<std::set<std::string, std::less<>>> connected_;  // by pack: components with an edge
  std::vector<size_t> seen_;                                   // of those, how many logged
};

}  // namespace culprit
