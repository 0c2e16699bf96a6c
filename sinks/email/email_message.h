// A notification as a MIME message. Pure, but for the date that it is given.
#pragma once
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sinks/email/email_sink.h"

namespace culprit {

// Lines end in \r\n. Message-ID comes from the notification, so a repeat is the same message;
// In-Reply-To and References from the incident's dedup key, so its messages are one thread.
std::string EmailMessage(const Notification& notification, const EmailSinkConfig& config,
                         const std::vector<std::string>& recipients, absl::Time now);

}  // namespace culprit
