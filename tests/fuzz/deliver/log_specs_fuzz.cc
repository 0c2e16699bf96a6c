// Any bytes as an action or as the routing in the signal log, behind a good checksum: decoding ends
// well or with an error, and what was decoded comes back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/checkpoint.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

// The first byte says which of the two.
void Run(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::string_view content = bytes.substr(1);
  if (bytes[0] % 2 == 0) {
    const absl::StatusOr<OperatorAction> action =
        DecodeAction(SealCheckpoint("action", 1, content));
    if (!action.ok()) return;
    const std::string again = EncodeAction(*action);
    Require(EncodeAction(*DecodeAction(again)) == again);
  } else {
    const absl::StatusOr<DeliverConfig> routing =
        DecodeRouting(SealCheckpoint("routing", 1, content));
    if (!routing.ok()) return;
    const std::string again = EncodeRouting(*routing);
    Require(EncodeRouting(*DecodeRouting(again)) == again);
    Planner::Make(*routing).status().IgnoreError();
  }
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
