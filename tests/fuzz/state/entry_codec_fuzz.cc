// Any bytes as a spilled chunk: decoding advances or stops, and what was decoded, encoded afresh,
// comes back as it was.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/state/entry_codec.h"

namespace culprit {
namespace {

constexpr size_t kMaxBytes = 4096;  // a short word number may stand for a long word

void Require(bool ok) {
  if (!ok) std::abort();
}

bool Same(const EntryView& a, const EntryView& b) {
  if (a.index() != b.index()) return false;
  if (const MarkView* mark = std::get_if<MarkView>(&a)) {
    const MarkView& other = std::get<MarkView>(b);
    return mark->time == other.time && mark->component == other.component;
  }
  const SignalView& x = std::get<SignalView>(a);
  const SignalView& y = std::get<SignalView>(b);
  return x.signature == y.signature && x.offset == y.offset && x.length == y.length &&
         x.time == y.time && x.time_origin == y.time_origin && x.level == y.level &&
         x.component == y.component && x.target == y.target && x.service == y.service &&
         x.instance == y.instance && x.line == y.line && x.message == y.message &&
         std::ranges::equal(x.captures, y.captures);
}

void Run(std::string_view rest) {
  if (rest.size() > kMaxBytes) return;
  EntryDecoder decoder;
  EntryEncoder encoder;
  EntryDecoder again;
  EntryView entry;
  EntryView copy;
  std::string bytes;
  for (size_t before = rest.size(); decoder.Decode(&rest, &entry); before = rest.size()) {
    Require(rest.size() < before);
    bytes.clear();
    std::visit([&](const auto& e) { encoder.Encode(e, &bytes); }, entry);
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
