#include "engine/ingest/net/server_counts.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

namespace culprit {

void QuietWarning::Warn(std::string_view source, std::string_view kind, std::string_view peer,
                        std::string_view what) {
  std::string more;
  {
    const std::lock_guard lock(mutex_);
    const absl::Time now = absl::Now();
    if (now < until_) {
      ++left_out_;
      return;
    }
    if (left_out_ > 0) more = absl::StrCat(" (and ", left_out_, " more of this kind)");
    until_ = now + absl::Seconds(1);
    left_out_ = 0;
  }
  spdlog::warn("{}: {} from {}: {}{}", source, kind, peer, what, more);
}

}  // namespace culprit
