// Texts one behind the other in blocks that stay where they are: no allocation per text, and none
// at all once it was as full before. One owner thread; may be moved, the texts stay valid.
#pragma once
#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace culprit {

class TextArena {
 public:
  // A copy, valid until Clear().
  std::string_view Add(std::string_view text) {
    if (text.empty()) return {};
    char* const at = Reserve(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  // Room for `size` bytes, valid until Clear().
  char* Reserve(size_t size) {
    bytes_ += size;
    if (size > left_) return ReserveInNext(size);
    char* const at = at_;
    at_ += size;
    left_ -= size;
    return at;
  }
  // Forgets all texts; keeps at most kKeptBlocks blocks for those to come.
  void Clear() {
    large_.clear();
    if (blocks_.size() > kKeptBlocks) blocks_.resize(kKeptBlocks);
    used_ = 0;
    left_ = 0;
    bytes_ = 0;
  }
  size_t bytes() const { return bytes_; }  // of all texts

 private:
  // Most slices hold a line or two; a full one has blocks that double up to the largest.
  static constexpr size_t kLeastBlock = size_t{1} << 10;
  static constexpr size_t kBlock = size_t{32} << 10;
  static constexpr size_t kKeptBlocks = 32;

  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  char* ReserveInNext(size_t size) {
    if (size > kBlock / 4) {
      large_.push_back(std::make_unique_for_overwrite<char[]>(size));
      return large_.back().get();
    }
    while (used_ < blocks_.size() && blocks_[used_].size < size) ++used_;
    if (used_ == blocks_.size()) {
      const size_t doubled = blocks_.empty() ? kLeastBlock : 2 * blocks_.back().size;
      const size_t bytes = std::min(kBlock, std::max(doubled, std::bit_ceil(size)));
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    }
    const Block& block = blocks_[used_++];
    at_ = block.bytes.get() + size;
    left_ = block.size - size;
    return block.bytes.get();
  }

  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<char[]>> large_;
  size_t used_ = 0;  // of blocks_
  char* at_ = nullptr;
  size_t left_ = 0;  // behind at_
  size_t bytes_ = 0;
};

}  // namespace culprit
