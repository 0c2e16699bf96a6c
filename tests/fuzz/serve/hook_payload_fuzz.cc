// What strangers send to /hooks: the first line is a header (signature or timestamp), the rest the
// body. What is read is bounded and free of control characters, equal bytes read equally, and a
// signature is only taken if it is exactly one of those that stand in the header.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/digest.h"
#include "engine/serve/hook_payload.h"
#include "engine/serve/hook_signature.h"

namespace {

void Check(bool holds) {
  if (!holds) abort();
}

bool IsLine(const std::string& text, size_t max_bytes) {
  if (text.size() > max_bytes) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\n'), all.size());
  const std::string_view header = all.substr(0, end);
  const std::string_view body = end < all.size() ? all.substr(end + 1) : std::string_view();

  const Secret secret("secret of the fuzzer");
  const std::string good = "v1=" + HmacSha256Hex(secret, body);
  Check(!PagerDutySigned(header, body, secret) || header.find(good) != std::string_view::npos);
  Check(PagerDutySigned(good + "," + std::string(header), body, secret));
  Check(!SlackSigned(header, "1", body, secret));
  if (SlackFresh(header, 0)) Check(header.size() <= 20);

  if (const auto event = ReadPagerDutyEvent(body); event.ok()) {
    for (const std::string* text :
         {&event->type, &event->id, &event->person, &event->incident_id, &event->incident_key})
      Check(IsLine(*text, 300));
    Check(event->text.size() <= 8000 && !event->person.empty());
    Check(ReadPagerDutyEvent(body)->id == event->id);
  }
  if (const auto click = ReadSlackClick(body); click.ok()) {
    Check(IsLine(click->incident, 300) && IsLine(click->person, 200) && !click->person.empty());
    Check(IsLine(click->response_url, 2000) && IsLine(click->id, 700));
    Check(ReadSlackClick(body)->id == click->id);
  }
  return 0;
}
