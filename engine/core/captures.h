// Seam: the captures of a line that was kept without them. Running a regex once more for every line
// costs more than all else that is done with it, and few lines are ever shown.
#pragma once
#include <vector>

#include "engine/core/burst.h"

namespace culprit {

// One thread.
class CaptureSource {
 public:
  virtual ~CaptureSource() = default;
  // Those of `evidence`, a line of `signature`: its own if it has any. Valid until the next call.
  virtual const std::vector<Capture>& Of(SignatureIndex signature, const Evidence& evidence) = 0;
};

}  // namespace culprit
