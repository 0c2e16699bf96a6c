// Finds literals of 5 bytes and more in a block by sampling: every 4 bytes, the 4 bytes there are
// looked up in a bitmap. A literal is entered with four grams at consecutive offsets
// (gram_window.h), so one of them is looked at wherever it stands. A table says which bytes may
// stand around a gram; what passes is compared with the literal. Immutable once built; thread-safe.
// Private to match/.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/match/gram_sample.h"
#include "engine/match/gram_window.h"
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

  // Calls found(index of literal, its start) for each place in [begin, end) where a literal stands
  // whole (one with fixed grams: where also one of those stands at a sampled offset); starts need
  // not ascend within 16 bytes. Calls other(from, to) for stretches that may hold bytes that are
  // not ASCII: all such bytes lie in one. Needs kBlockPadding readable bytes behind end.
  template <typename Found, typename Other>
  void Scan(const char* begin, const char* end, Found&& found, Other&& other) const {
    if (entries_.empty()) {
      other(begin, end);
      return;
    }
    GramSpot spots[kStretch / kGroupBytes + 1];
    for (const char* p = begin; p < end; p += kStretch) {
      const char* stop = end - p > kStretch ? p + kStretch : end;
      const Sampled sampled = sample_(bitmap_, p, stop, spots);
      if (sampled.non_ascii) other(p, stop);
      for (size_t i = 0; i < sampled.spots; ++i) {
        const char* group = p + spots[i].group * kGroupBytes;
        for (uint32_t grams = spots[i].grams; grams != 0; grams &= grams - 1) {
          const char* at = group + static_cast<size_t>(__builtin_ctz(grams)) * kGramBytes;
          if (at >= end) break;  // a gram of the padding
          if (!Refuted(at, at != begin)) Confirm(begin, end, at, found);
        }
      }
    }
  }

 private:
  static constexpr ptrdiff_t kStretch = 8192;  // bytes sampled before what fired is looked at

  struct Entry {
    uint64_t word;    // eight bytes of the literal from word_offset,
    uint64_t ignore;  // those bits of which say nothing
    uint32_t gram;    // folded
    uint32_t literal;
    int32_t gram_offset;  // from the literal's start
    uint32_t word_offset;
    uint32_t followers;  // as in WindowGram
    uint8_t tags;        // a tag byte
  };
  struct Bucket {
    uint32_t gram = 0;
    uint32_t first = 0;  // of its entries
    uint32_t count = 0;  // 0: free
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

  static constexpr int kTagBits = 16;
  // A tag byte: which two bytes may follow a gram (low half) and come before it (high half),
  // each as one of four bits, in any case.
  static constexpr size_t kTagBytes = 2;
  static constexpr uint8_t kAnyNext = 0x0F;
  static constexpr uint8_t kAnyPrevious = 0xF0;
  static uint32_t TagOf(const char* p) {
    uint16_t bytes;
    std::memcpy(&bytes, p, kTagBytes);
    return (static_cast<uint32_t>(bytes | 0x2020) * 0x9E3779B1u) >> 30;
  }
  static uint32_t TagSlot(uint32_t gram) {
    return ((gram ^ (gram >> 15)) * 0x85EBCA6Bu) >> (32 - kTagBits);
  }
  // Whether no gram of ours stands at p: its tags forbid what stands around it.
  bool Refuted(const char* p, bool has_previous) const {
    const uint32_t tags = tags_[TagSlot(GramAt(p))];
    const uint32_t next = tags >> TagOf(p + kGramBytes);
    const uint32_t previous = has_previous ? tags >> (4 + TagOf(p - kTagBytes)) : 1;
    return (next & previous & 1) == 0;
  }

  void AddEntries(const Literal& literal, uint32_t index, const WindowGram* grams, size_t count);
  void ChooseHash(const RarityModel& model);
  void FillTables();
  // Where the entries of a gram are listed, or the free place for them: open addressing, at most
  // half full.
  size_t BucketOf(uint32_t gram) const {
    size_t at = (gram * 0x9E3779B1u) >> bucket_shift_;
    while (buckets_[at].count != 0 && buckets_[at].gram != gram)
      at = (at + 1) & (buckets_.size() - 1);
    return at;
  }
  bool Equals(const Text& text, const char* start) const;

  template <typename Found>
  __attribute__((noinline)) void Confirm(const char* begin, const char* end, const char* p,
                                         Found& found) const {
    const Bucket& bucket = buckets_[BucketOf(GramAt(p))];
    for (uint32_t i = bucket.first; i < bucket.first + bucket.count; ++i) {
      const Entry& entry = entries_[i];
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

  SampleFunction sample_ = nullptr;
  GramBitmap bitmap_;
  std::vector<uint8_t> tags_;  // by TagSlot; 0: none of our grams
  std::vector<Bucket> buckets_;
  int bucket_shift_ = 26;
  std::vector<Entry> entries_;  // by slot
  std::vector<Text> texts_;     // by literal
  std::string pool_;
};

}  // namespace culprit
