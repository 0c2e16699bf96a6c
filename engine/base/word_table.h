// Texts that come again and again, each with a number: 0, 1, 2 ... in the order in which they first
// came. Made for names of a few bytes that are looked up for every hit. One thread.
#pragma once
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace culprit {

class WordTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  size_t size() const { return words_.size(); }
  size_t bytes() const { return bytes_; }  // of all texts together
  // Good until Clear().
  std::string_view Text(uint32_t number) const { return words_[number]; }

  // Whether it is this one: faster than looking it up.
  bool Is(uint32_t number, std::string_view text) const {
    return number < words_.size() && Same(words_[number], text);
  }
  // kNone: not known.
  uint32_t Find(std::string_view text) const { return Find(text, HashOf(text)); }
  // Adds it if it is not known; *added says so.
  uint32_t FindOrAdd(std::string_view text, bool* added) {
    const uint64_t hash = HashOf(text);
    const uint32_t known = Find(text, hash);
    *added = known == kNone;
    return known == kNone ? Add(text, hash) : known;
  }
  // Forgets all; keeps the room.
  void Clear();

 private:
  struct Slot {
    uint32_t hash = 0;        // upper half
    uint32_t number = kNone;  // kNone: free
  };

  // Of all bytes, and of where the process happens to lie in memory: whoever writes logs cannot
  // choose names that meet. Nothing but speed depends on it.
  static uint64_t HashOf(std::string_view text) {
    static const char seed = 0;
    const char* p = text.data();
    size_t n = text.size();
    uint64_t hash = reinterpret_cast<uintptr_t>(&seed) + n;
    for (; n > 16; p += 8, n -= 8) hash = Mix(hash ^ Load<8>(p));
    if (n >= 8) return Mix(Mix(hash ^ Load<8>(p)) ^ Load<8>(p + n - 8));
    if (n >= 4) return Mix(hash ^ (Load<4>(p) | Load<4>(p + n - 4) << 32));
    if (n > 0) hash ^= Load<1>(p) << 32 | Load<1>(p + n / 2) << 40 | Load<1>(p + n - 1) << 48;
    return Mix(hash);
  }
  template <size_t kBytes>
  static uint64_t Load(const char* p) {
    uint64_t out = 0;
    std::memcpy(&out, p, kBytes);
    return out;
  }
  static uint64_t Mix(uint64_t v) {
    __extension__ using Wide = unsigned __int128;
    const Wide wide = static_cast<Wide>(v) * 0x9E3779B97F4A7C15ull;
    return static_cast<uint64_t>(wide) ^ static_cast<uint64_t>(wide >> 64);
  }
  // Without a call for what is short.
  static bool Same(std::string_view a, std::string_view b) {
    const size_t n = a.size();
    if (n != b.size()) return false;
    const char* p = a.data();
    const char* q = b.data();
    if (n > 16) return std::memcmp(p, q, n) == 0;
    if (n >= 8) return Load<8>(p) == Load<8>(q) && Load<8>(p + n - 8) == Load<8>(q + n - 8);
    if (n >= 4) return Load<4>(p) == Load<4>(q) && Load<4>(p + n - 4) == Load<4>(q + n - 4);
    for (size_t i = 0; i < n; ++i)
      if (p[i] != q[i]) return false;
    return true;
  }

  uint32_t Find(std::string_view text, uint64_t hash) const {
    if (slots_.empty()) return kNone;
    const size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.number == kNone) return kNone;
      if (slot.hash == hash >> 32 && Same(words_[slot.number], text)) return slot.number;
    }
  }
  uint32_t Add(std::string_view text, uint64_t hash);
  void Place(uint32_t number, uint64_t hash);

  std::vector<Slot> slots_;              // a power of two, at most half of it used
  std::vector<std::string_view> words_;  // of texts_
  std::deque<std::string> texts_;        // kept over Clear() for their room
  size_t bytes_ = 0;
};

}  // namespace culprit
