// Where in a text three neighbouring bytes of interest may stand: eight sets of threes, each a
// class of bytes for each of the three, looked for all at once and 32 places at a time (what is
// known as Teddy). Internal to engine/redact. Immutable once filled; share by const&, any thread.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace culprit {

class ByteThrees {
 public:
  static constexpr int kSets = 8;
  static constexpr size_t kBlock = 32;  // places looked at together

  // Adds the threes of any byte of `first`, any of `second` and any of `third` to `set`, and with
  // them those that mix these bytes with what is in the set already.
  void Add(int set, std::string_view first, std::string_view second, std::string_view third);
  // Bit i: the three bytes at `p` are in set i.
  unsigned SetsAt(const char* p) const {
    return classes_[0][Index(p[0])] & classes_[1][Index(p[1])] & classes_[2][Index(p[2])];
  }
  // How much more often than by now a place of ordinary log text is looked at after this Add.
  double CostOf(int set, std::string_view first, std::string_view second,
                std::string_view third) const;

  // Of one block; bit i is its i-th byte.
  struct Block {
    uint32_t places;  // some set may have a three that begins here
    uint32_t digits;
  };
  // A way to look at `text` (not empty): fills its blocks, the last one as if zeros followed.
  // Returns whether all of it is ASCII.
  using Look = bool (*)(const ByteThrees& threes, std::string_view text, Block* blocks);
  // Those that this machine can do, the fastest last.
  static std::vector<Look> Looks();
  static Look BestLook();

 private:
  // Bytes by their halves: which sets have a byte with this half. A byte with both is in the set as
  // far as CostOf and the fast looks can tell.
  struct Halves {
    std::array<uint8_t, 16> low = {};
    std::array<uint8_t, 16> high = {};
    void Add(int set, std::string_view bytes);
    double Share(int set) const;  // of ordinary log text
  };

  static size_t Index(char c) { return static_cast<unsigned char>(c); }
  static bool LookPlain(const ByteThrees& threes, std::string_view text, Block* blocks);
  static bool LookAvx2(const ByteThrees& threes, std::string_view text, Block* blocks);

  std::array<std::array<uint8_t, 256>, 3> classes_ = {};
  std::array<Halves, 3> halves_;
};

}  // namespace culprit
