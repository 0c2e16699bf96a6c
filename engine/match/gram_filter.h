// Finds literals of 5 bytes and more in a block by sampling: every 4 bytes, the 4 bytes there are
// looked up. A literal is entered with four grams at consecutive offsets (gram_window.h), so one of
// them is looked at wherever the literal stands. What the table does not refute is asked for the
// bytes behind, then for the bytes before, without a branch that is hard to foresee; the few places
// left are compared with the literals. Immutable once built; thread-safe. Private to match/.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "engine/match/gram_context.h"
#include "engine/match/gram_sample.h"
#include "engine/match/gram_window.h"
#include "engine/match/lines.h"
#include "engine/match/literal.h"
#include "engine/match/rarity.h"

namespace culprit {

// A literal with the grams to look for given, instead of chosen: for literals too short to have a
// window.
struct FixedGrams {
  uint32_t literal = 0;
  std::vector<WindowGram> grams;
};

class GramFilter {
 public:
  GramFilter() = default;
  // Takes the literals that have windows (5 bytes and more) or fixed grams; the others are not
  // looked for.
  GramFilter(const std::vector<Literal>& literals, const std::vector<FixedGrams>& fixed,
             const RarityModel& model);

  bool empty() const { return entries_.empty(); }

  // Returns the number of newlines. Calls found(index of literal, its start) for each place in
  // [begin, end) where a literal stands whole (one with fixed grams: where also one of those stands
  // at a sampled offset); starts need not ascend among literals that overlap. Calls other(from, to)
  // for stretches that may hold bytes that are not ASCII: all such bytes lie in one. Needs
  // kBlockPadding readable bytes behind end.
  template <typename Found, typename Other>
  size_t Scan(const char* begin, const char* end, Found&& found, Other&& other) const {
    if (entries_.empty()) {
      other(begin, end);
      return CountLines({begin, static_cast<size_t>(end - begin)});
    }
    size_t newlines = 0;
    uint16_t places[kPlaces];
    for (const char* p = begin; p < end; p += kStretch) {
      const char* stop = end - p > kStretch ? p + kStretch : end;
      const Sampled sampled = FindPlaces(begin, p, stop, places);
      newlines += sampled.newlines;
      if (sampled.non_ascii) other(p, stop);
      for (size_t i = 0; i < sampled.places; ++i)
        Confirm(begin, end, p + places[i] * kGramBytes, found);
    }
    return newlines;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr ptrdiff_t kStretch = 8192;  // bytes sampled before what fired is looked at
  static constexpr size_t kPlaces = kStretch / kGramBytes + kPlaceSlack;

  struct Entry {      // half a cache line
    uint64_t word;    // eight bytes of the literal from word_offset,
    uint64_t ignore;  // those bits of which say nothing
    uint32_t gram;    // folded
    uint32_t literal;
    int16_t gram_offset;  // from the literal's start
    uint16_t word_offset;
    uint16_t size;  // of the literal
    uint16_t more;  // entries of the same gram behind this one
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

  // Where in the stretch a gram of ours may stand, in grams from its start, ascending.
  Sampled FindPlaces(const char* begin, const char* from, const char* stop, uint16_t* places) const;
  void AddEntries(const Literal& literal, uint32_t index, const WindowGram* grams, size_t count);
  void ChooseHash(const RarityModel& folded);
  void FillTables(const std::vector<Literal>& literals);
  // Where the number of a gram's first entry is, or kNone at its free place: open addressing, at
  // most half full.
  size_t BucketOf(uint32_t gram) const {
    size_t at = (gram * 0x9E3779B1u) >> bucket_shift_;
    while (buckets_[at] != kNone && entries_[buckets_[at]].gram != gram)
      at = (at + 1) & (buckets_.size() - 1);
    return at;
  }
  bool Equals(const Text& text, const char* start) const;

  template <typename Found>
  __attribute__((noinline)) void Confirm(const char* begin, const char* end, const char* p,
                                         Found& found) const {
    const uint32_t first = buckets_[BucketOf(FoldedGramAt(p))];
    if (first == kNone) return;
    const uint32_t last = first + entries_[first].more;
    for (uint32_t i = first; i <= last; ++i) {
      const Entry& entry = entries_[i];
      if (p - begin < entry.gram_offset) continue;
      const char* start = p - entry.gram_offset;
      if (((Load(start + entry.word_offset) ^ entry.word) & ~entry.ignore) != 0) continue;
      if (end - start < static_cast<ptrdiff_t>(entry.size)) continue;
      if (entry.size > sizeof(uint64_t) && !Equals(texts_[entry.literal], start)) continue;
      found(entry.literal, start);
    }
  }

  SampleFunction sample_ = nullptr;
  GramTable table_;
  GramContext context_;
  std::vector<uint32_t> buckets_;
  int bucket_shift_ = 26;
  std::vector<Entry> entries_;  // by gram
  struct Behind {
    uint32_t followers;
    uint8_t classes;
  };
  std::vector<Behind> behind_;  // of each entry's gram; while filling
  std::vector<Text> texts_;     // by literal
  std::string pool_;
};

}  // namespace culprit
