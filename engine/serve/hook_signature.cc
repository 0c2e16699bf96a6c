#include "engine/serve/hook_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr DurationUs kFresh = 5 * kMinuteUs;
constexpr size_t kMostSignatures = 8;

}  // namespace

std::string HmacSha256Hex(const Secret& secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.Reveal().data(), static_cast<int>(secret.Reveal().size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), size});
}

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
