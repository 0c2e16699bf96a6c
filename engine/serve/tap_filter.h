// Which signals a tap wants, and how they are written. Immutable; any thread.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/pipeline/live_tap.h"
#include "engine/serve/message.h"

namespace re2 {
class RE2;
}

namespace culprit {

class TapFilter {
 public:
  // From the query: signature (an id, or "pack/*"), component, source, grep (RE2, on the line). All
  // that are given must hold. InvalidArgument: unknown name, bad expression.
  static absl::StatusOr<TapFilter> Make(const ServeRequest& request);
  TapFilter(TapFilter&&) noexcept;
  ~TapFilter();

  bool Wants(const TapSignal& signal) const;

 private:
  TapFilter();
  std::string signature_;
  std::string component_;
  std::string source_;
  std::unique_ptr<re2::RE2> grep_;
};

// One line of the stream, with its newline.
std::string TapLine(const TapSignal& signal);
std::string TapLostLine(uint64_t lost);
// Says that the connection lives.
std::string TapPingLine();

}  // namespace culprit
