// Other ways to find the same signatures in the same text: what culprit's scan is measured against.
// One thread. Each pass counts its pairs (line, signature) and digests them, whatever their order.
#pragma once
#include <re2/re2.h>
#include <re2/set.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/knowledge.h"

namespace culprit::bench {

struct Found {
  uint64_t pairs = 0;
  uint64_t matched_lines = 0;
  uint64_t digest = 0;
  void Add(uint64_t line_offset, SignatureIndex signature);

 private:
  uint64_t last_line_ = UINT64_MAX;
};

class Yardstick {
 public:
  virtual ~Yardstick() = default;
  // A block of whole lines at `offset` of the text, readable for kBlockPadding bytes past its end.
  virtual void Scan(std::string_view block, uint64_t offset, Found* found) = 0;
};

// By name: "culprit", "vectorscan" (raw: its literal hits are the pairs), "vectorscan-re2",
// "re2-set", "re2-loop", "json-re2-set", "count-lines". Null: no such name, or not built in.
std::unique_ptr<Yardstick> MakeYardstick(std::string_view name,
                                         const std::vector<SignatureSpec>& specs);

}  // namespace culprit::bench
