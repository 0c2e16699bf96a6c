// Any bytes as a TCP stream of syslog: the messages must not depend on the pieces that the bytes
// come in, stay below the bound, and what waits must stay below its bound. Input: two bytes of
// piece size and bound, then the stream.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/ingest/syslog/framing.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

std::vector<std::string> Messages(std::string_view bytes, size_t piece, size_t max) {
  SyslogFraming framing(max);
  std::vector<std::string> out;
  std::string buffer;
  SyslogFrame frame;
  const auto add = [&] {
    Require(!frame.text.empty() && frame.text.size() <= max);
    out.push_back(std::string(frame.text) + (frame.cut ? "1" : "0"));
  };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    for (bool any = true; any;) {
      size_t taken = 0;
      any = framing.Next(buffer, &taken, &frame);
      if (any) add();
      Require(taken <= buffer.size() && (taken > 0 || !any));
      buffer.erase(0, taken);
    }
    Require(buffer.size() <= max + 11);
  }
  if (framing.Finish(buffer, &frame)) add();
  return out;
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t max = data[1] + 1U;
  Require(Messages(bytes, data[0] + 1U, max) == Messages(bytes, bytes.size() + 1, max));
  return 0;
}
