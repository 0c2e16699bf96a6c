#include "engine/cmd/hook_options.h"

#include <variant>

namespace culprit {

HookOptions HookOptionsOf(const std::vector<SinkConfig>& sinks) {
  HookOptions out;
  for (const SinkConfig& sink : sinks) {
    if (const auto* slack = std::get_if<SlackSinkConfig>(&sink.config);
        slack != nullptr && !slack->signing_secret.empty())
      out.slack.push_back({slack->signing_secret, slack->api_url});
    if (const auto* pager = std::get_if<PagerDutySinkConfig>(&sink.config);
        pager != nullptr && !pager->webhook_secret.empty())
      out.pagerduty.push_back(pager->webhook_secret);
  }
  return out;
}

}  // namespace culprit
