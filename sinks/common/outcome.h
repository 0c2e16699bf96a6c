// What became of an HTTP exchange, as the delivery wants to know it; the same for every sink.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/http_client.h"

namespace culprit {

// Takes what must not be told out of texts that receivers send back and operators read.
class SecretFilter {
 public:
  void Add(const Secret& secret);
  // Path, query and user of a URL: those of webhooks are secrets.
  void AddUrl(std::string_view url);
  // Secrets become "[secret]"; one line; at most `max_bytes`.
  std::string Clean(std::string_view text, size_t max_bytes) const;

 private:
  void AddText(std::string_view text);
  std::vector<Secret> secrets_;  // longest first
};

// Seconds or an HTTP date (against `now_us`, wall clock), as microseconds from now; 0: none, not
// readable or over. At most one day.
DurationUs RetryAfter(std::string_view value, TimeUs now_us);

// 2xx delivered; 408, 425, 429, 5xx and what failed on the way: retry; else rejected. Up to 200
// bytes of the answer stand in `error`, cleaned by `filter`.
DeliveryResult OutcomeOf(const HttpResponse& response, const SecretFilter& filter);

DeliveryResult Delivered(std::string receipt, std::string detail);
DeliveryResult Rejected(std::string reason, std::string error);
DeliveryResult RetryLater(std::string reason, std::string error, DurationUs after = 0);

}  // namespace culprit
