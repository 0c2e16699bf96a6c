// Which lines of a stream are sampled for time and life: a pure function of stream offsets, so that
// replay and live, one worker or eight, take the same sample.
//
// The first line that begins at or after a due offset is taken; the next due offset is about 1/256
// of the way further on, at least the next line, on average at most 64 KiB: every line of a small
// log, 2,000 lines of the first 16 MiB, then one in 64 KiB. The step is scattered by a hash of the
// offset: services that log in turns would otherwise meet an even step always at the same one of
// them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace culprit {

class SampleSchedule {
 public:
  // Appends the begins (in `block`) of the sampled lines of the block at stream offset `offset`.
  // Blocks come in order.
  void Take(std::string_view block, uint64_t offset, std::vector<uint32_t>* begins) {
    size_t at = 0;
    while (at < block.size()) {
      if (offset + at < due_) {
        const uint64_t skip = due_ - offset;
        if (skip >= block.size()) return;
        // The line that holds the byte before `due_` ends; the next one begins at or after `due_`.
        const size_t newline = block.find('\n', skip - 1);
        if (newline == std::string_view::npos || newline + 1 >= block.size()) return;
        at = newline + 1;
      }
      begins->push_back(static_cast<uint32_t>(at));
      const uint64_t here = offset + at;
      const uint64_t step = std::clamp<uint64_t>(here / 256, 1, 64 << 10);
      due_ = here + 1 + Scatter(here) % (2 * step);
    }
  }

  uint64_t due() const { return due_; }  // all that goes on from block to block
  void set_due(uint64_t due) { due_ = due; }

  // Of messages: every one of a small stream, then every 64th on average. `position` as in
  // LiveMessage; `count`: messages of the stream before this one.
  static bool TakesMessage(uint64_t position, uint64_t count) {
    return count < kSmallStream || Scatter(position) % kEveryMessage == 0;
  }

 private:
  static constexpr uint64_t kSmallStream = 2000;
  static constexpr uint64_t kEveryMessage = 64;

  static uint64_t Scatter(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }

  uint64_t due_ = 0;
};

}  // namespace culprit
