// Any bytes as a spilled chunk: decoding advances or stops, and what was decoded, encoded afresh,
// comes back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/state/entry_codec.h"

namespace culprit {
namespace {

constexpr size_t kMaxBytes = 4096;  // a short word number may stand for a long word

void Require(bool ok) {
  if (!ok) std::abort();
}

bool Same(const LogEntry& a, const LogEntry& b) {
  if (a.index() != b.index()) return false;
  if (const Mark* mark = std::get_if<Mark>(&a)) {
    const Mark& other = std::get<Mark>(b);
    return mark->time == other.time && mark->component == other.component;
  }
  const Signal& x = std::get<Signal>(a);
  const Signal& y = std::get<Signal>(b);
  return x.signature == y.signature && x.position.offset == y.position.offset &&
         x.position.length == y.position.length && x.time == y.time &&
         x.time_origin == y.time_origin && x.level == y.level && x.component == y.component &&
         x.target == y.target && x.service == y.service && x.instance == y.instance &&
         x.line == y.line && x.message == y.message && x.captures == y.captures;
}

void Run(std::string_view rest) {
  if (rest.size() > kMaxBytes) return;
  EntryDecoder decoder;
  EntryEncoder encoder;
  EntryDecoder again;
  LogEntry entry;
  LogEntry copy;
  std::string bytes;
  std::vector<CaptureView> captures;
  for (size_t before = rest.size(); decoder.Decode(&rest, &entry); before = rest.size()) {
    Require(rest.size() < before);
    bytes.clear();
    if (const Mark* mark = std::get_if<Mark>(&entry))
      encoder.Encode(ViewOf(*mark), &bytes);
    else
      encoder.Encode(ViewOf(std::get<Signal>(entry), &captures), &bytes);
    std::string_view view = bytes;
    Require(again.Decode(&view, &copy) && view.empty() && Same(entry, copy));
  }
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
