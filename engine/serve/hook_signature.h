// How PagerDuty and Slack sign what they send. Pure functions; comparing takes the same time
// whatever differs.
#pragma once
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/core/time.h"

namespace culprit {

// X-PagerDuty-Signature, "v1=<hex>[,v1=<hex>...]": one of them is that of `body`. Several stand
// there while a secret is being replaced.
bool PagerDutySigned(std::string_view header, std::string_view body, const Secret& secret);

// X-Slack-Signature, "v0=<hex>", of "v0:<timestamp>:<body>".
bool SlackSigned(std::string_view header, std::string_view timestamp, std::string_view body,
                 const Secret& secret);
// X-Slack-Request-Timestamp, unix seconds, is at most five minutes from `now`: what somebody
// recorded cannot be sent again later.
bool SlackFresh(std::string_view timestamp, TimeUs now);

}  // namespace culprit
