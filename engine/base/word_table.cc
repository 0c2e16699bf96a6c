#include "engine/base/word_table.h"

namespace culprit {
namespace {
constexpr size_t kLeastSlots = 64;
}  // namespace

void WordTable::Clear() {
  slots_.assign(slots_.size(), Slot());
  words_.clear();
  bytes_ = 0;
}

uint32_t WordTable::Add(std::string_view text, uint64_t hash) {
  const auto number = static_cast<uint32_t>(words_.size());
  if (texts_.size() == words_.size()) texts_.emplace_back();
  texts_[number].assign(text);
  words_.push_back(texts_[number]);
  bytes_ += text.size();
  if (2 * words_.size() <= slots_.size()) {
    Place(number, hash);
    return number;
  }
  slots_.assign(slots_.empty() ? kLeastSlots : 2 * slots_.size(), Slot());
  for (uint32_t i = 0; i <= number; ++i) Place(i, HashOf(words_[i]));
  return number;
}

void WordTable::Place(uint32_t number, uint64_t hash) {
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  while (slots_[i].number != kNone) i = (i + 1) & mask;
  slots_[i] = {static_cast<uint32_t>(hash >> 32), number};
}

}  // namespace culprit
