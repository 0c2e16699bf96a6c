#include "engine/match/companion.h"

#include <algorithm>

namespace culprit {

Companion::Companion(const std::vector<Literal>& literals, const RarityModel& model,
                     bool unicode_fold)
    : unicode_fold_(unicode_fold) {
  for (const Literal& literal : literals) {
    Needle needle = {.literal = literal};
    double rarest = 2;
    for (uint32_t i = 0; i + 1 < literal.size(); ++i) {
      const double rate = model.PairRate(static_cast<unsigned char>(literal.text[i]),
                                         static_cast<unsigned char>(literal.text[i + 1]));
      if (rate >= rarest) continue;
      rarest = rate;
      needle.pair_offset = i;
    }
    const char* pair = literal.text.data() + needle.pair_offset;
    pairs_.Add(pair[0], pair[1], static_cast<uint32_t>(needles_.size()));
    needles_.push_back(std::move(needle));
  }
}

bool Companion::MayStandIn(std::string_view subject) const {
  const char* const begin = subject.data();
  const char* const end = begin + subject.size();
  bool found = false;
  pairs_.Scan(begin, end, [&](uint32_t tag, const char* p) {
    const auto& [literal, pair_offset] = needles_[tag];
    if (found || p - begin < static_cast<ptrdiff_t>(pair_offset)) return;
    const char* const start = p - pair_offset;
    if (end - start < static_cast<ptrdiff_t>(literal.size())) return;
    for (size_t i = 0; i < literal.size(); ++i) {
      if (((start[i] ^ literal.text[i]) & ~literal.free[i]) != 0) return;
    }
    found = true;
  });
  if (found || !unicode_fold_) return found;
  return std::any_of(begin, end, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace culprit
