// The signals of the record being gathered: all that a SignalMaker keeps from block to block apart
// from counts. Plain data with text of its own (blocks go, a record may go on in the next one), in
// memory that is reused from record to record. One thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/signal.h"

namespace culprit {

struct PendingRecord {
  struct Text {  // a piece of `bytes`
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct Item {
    SignatureIndex signature = 0;
    uint64_t offset = 0;
    uint32_t length = 0;
    TimeUs time = kNoTime;
    TimeOrigin time_origin = TimeOrigin::kAssumed;
    Level level = Level::kUnknown;
    Text component, target, service, instance, line, message;
    uint32_t first_capture = 0;
    uint32_t captures = 0;
  };

  uint64_t head = UINT64_MAX;  // Record::head_offset; none before the first record
  std::vector<Item> items;
  size_t written = 0;  // so many of the items are in the log already (SignalMaker::Flush)
  std::vector<std::pair<Text, Text>> captures;
  std::string bytes;  // the first `used`; the others are room
  size_t used = 0;

  Text Keep(std::string_view text) {
    if (bytes.size() - used < text.size()) bytes.resize(std::max(2 * used, used + text.size()));
    if (!text.empty()) std::memcpy(bytes.data() + used, text.data(), text.size());
    const Text out = {static_cast<uint32_t>(used), static_cast<uint32_t>(text.size())};
    used += text.size();
    return out;
  }
  std::string_view View(Text text) const { return {bytes.data() + text.begin, text.size}; }
  bool Has(SignatureIndex signature) const {
    for (const Item& item : items)
      if (item.signature == signature) return true;
    return false;
  }
  void Clear() {
    items.clear();
    written = 0;
    captures.clear();
    used = 0;
  }
};

}  // namespace culprit
