#include "engine/serve/hook_signature.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "engine/base/digest.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr DurationUs kFresh = 5 * kMinuteUs;
constexpr size_t kMostSignatures = 8;

}  // namespace

bool PagerDutySigned(std::string_view header, std::string_view body, const Secret& secret) {
  if (secret.empty()) return false;
  const Secret expected("v1=" + HmacSha256Hex(secret, body));
  for (size_t i = 0; i < kMostSignatures && !header.empty(); ++i) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (expected.Matches(one)) return true;
  }
  return false;
}

bool SlackSigned(std::string_view header, std::string_view timestamp, std::string_view body,
                 const Secret& secret) {
  if (secret.empty()) return false;
  const std::string text = absl::StrCat("v0:", ToAbsl(timestamp), ":", ToAbsl(body));
  return Secret("v0=" + HmacSha256Hex(secret, text)).Matches(header);
}

bool SlackFresh(std::string_view timestamp, TimeUs now) {
  int64_t seconds = 0;
  const char* end = timestamp.data() + timestamp.size();
  const auto [stop, error] = std::from_chars(timestamp.data(), end, seconds);
  if (error != std::errc() || stop != end) return false;
  if (seconds < 0 || seconds > INT64_MAX / kSecondUs) return false;
  const TimeUs sent = seconds * kSecondUs;
  return sent >= now - kFresh && sent <= now + kFresh;
}

}  // namespace culprit
