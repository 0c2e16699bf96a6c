#include "engine/ingest/forward/server_state.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace culprit {

void ForwardServerState::Warn(ForwardCount kind, std::string_view peer, std::string_view what) {
  std::string more;
  {
    const std::lock_guard lock(mutex_);
    Silence& silence = silence_[static_cast<size_t>(kind)];
    const absl::Time now = absl::Now();
    if (now < silence.until) {
      ++silence.left_out;
      return;
    }
    if (silence.left_out > 0)
      more = absl::StrCat(" (and ", silence.left_out, " more of this kind)");
    silence = {.until = now + absl::Seconds(1), .left_out = 0};
  }
  spdlog::warn("{}: {} from {}: {}{}", config.name, ForwardCountName(kind), peer, what, more);
}

}  // namespace culprit
