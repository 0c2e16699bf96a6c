// Finds literals of 5 bytes and more in a block by sampling: every 4 bytes, the 4 bytes there are
// hashed into a table of one byte each. A literal is entered with four grams at consecutive offsets
// (gram_window.h), so one of them is looked at wherever it stands; what fires is compared with the
// literal. Immutable once built; thread-safe. Private to match/.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/match/literal.h"
#include "engine/match/rarity.h"

namespace culprit {

class GramFilter {
 public:
  GramFilter() = default;
  // Takes the literals that have windows (5 bytes and more); the others are not looked for.
  GramFilter(const std::vector<Literal>& literals, const RarityModel& model);

  bool empty() const { return entries_.empty(); }

  // Calls found(index of literal, its start) for each place in [begin, end) where a literal stands
  // whole; starts need not ascend within 16 bytes. Needs kBlockPadding readable bytes behind end.
  template <typename Found>
  void Scan(const char* begin, const char* end, Found&& found) const {
    const uint8_t* const table = table_.get();
    const uint32_t multiplier = multiplier_;
    const int shift = shift_;
    if (table == nullptr) return;
    for (const char* p = begin; p < end; p += 4 * kStep) {
      const uint8_t fired = table[(GramAt(p) * multiplier) >> shift] |
                            table[(GramAt(p + kStep) * multiplier) >> shift] |
                            table[(GramAt(p + 2 * kStep) * multiplier) >> shift] |
                            table[(GramAt(p + 3 * kStep) * multiplier) >> shift];
      if (__builtin_expect(fired != 0, 0)) {
        for (int k = 0; k < 4; ++k) Confirm(begin, end, p + k * kStep, found);
      }
    }
  }

 private:
  static constexpr int kStep = 4;

  struct Entry {
    uint64_t word;    // eight bytes of the literal from word_offset,
    uint64_t ignore;  // those bits of which say nothing
    uint32_t gram;    // folded
    uint32_t literal;
    int32_t gram_offset;  // from the literal's start
    uint32_t word_offset;
  };
  struct Text {
    uint32_t at;  // in pool_: the text, then what to ignore of it, each padded to words
    uint32_t size;
  };

  static uint64_t Load(const char* p) {
    uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    return word;
  }

  void ChooseMultiplier(const RarityModel& model);
  void FillTable();
  bool Equals(const Text& text, const char* start) const;

  template <typename Found>
  __attribute__((noinline)) void Confirm(const char* begin, const char* end, const char* p,
                                         Found& found) const {
    const uint32_t gram = GramAt(p);
    const uint32_t slot = (gram * multiplier_) >> shift_;
    if (table_[slot] == 0) return;
    for (uint32_t i = heads_[slot]; i < heads_[slot + 1]; ++i) {
      const Entry& entry = entries_[i];
      if (entry.gram != gram) continue;
      const Text& text = texts_[entry.literal];
      const int64_t room = p - begin;
      if (room < entry.gram_offset) continue;
      const char* start = p - entry.gram_offset;
      if (end - start < static_cast<int64_t>(text.size)) continue;
      if (((Load(start + entry.word_offset) ^ entry.word) & ~entry.ignore) != 0) continue;
      if (text.size > sizeof(uint64_t) && !Equals(text, start)) continue;
      found(entry.literal, start);
    }
  }

  std::unique_ptr<uint8_t[]> table_;  // 1: some gram hashes here
  uint32_t multiplier_ = 0;
  int shift_ = 16;
  std::vector<uint32_t> heads_;  // by slot: first of its entries
  std::vector<Entry> entries_;   // by slot
  std::vector<Text> texts_;      // by literal
  std::string pool_;
};

}  // namespace culprit
