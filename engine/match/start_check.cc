#include "engine/match/start_check.h"

#include <algorithm>

namespace culprit {
namespace {

using Kind = PatternNode::Kind;

constexpr uint64_t kMatched = uint64_t{1} << 63;  // the pattern's end was reached
constexpr uint64_t kOpen = uint64_t{1} << 62;     // something that only RE2 follows was reached
constexpr size_t kMaxPositions = 62;
constexpr ptrdiff_t kMaxLook = 64;  // bytes; RE2 is faster on long ways
constexpr int kMaxCopies = 32;      // of what is repeated

void Set(std::array<uint64_t, 4>* bytes, unsigned char c) {
  (*bytes)[c >> 6] |= uint64_t{1} << (c & 63);
}

}  // namespace

StartCheck::StartCheck(const Pattern& pattern) : unicode_fold_(pattern.unicode_fold) {
  const Part root = Add(pattern.root);
  Link(root.last, kMatched);
  first_ = root.first | (root.nullable ? kMatched : 0);
}

void StartCheck::Link(uint64_t from, uint64_t to) {
  for (; from != 0; from &= from - 1) {
    const auto at = static_cast<size_t>(__builtin_ctzll(from));
    if (at < positions_.size()) positions_[at].follow |= to;
  }
}

StartCheck::Part StartCheck::Concat(const Part& head, const Part& tail) {
  Link(head.last, tail.first);
  return {.first = head.first | (head.nullable ? tail.first : 0),
          .last = tail.last | (tail.nullable ? head.last : 0),
          .nullable = head.nullable && tail.nullable};
}

StartCheck::Part StartCheck::AddByte(const ByteSet& bytes) {
  if (positions_.size() == kMaxPositions) return {.first = kOpen, .last = 0, .nullable = false};
  const auto known = std::find(sets_.begin(), sets_.end(), bytes);
  const uint64_t bit = uint64_t{1} << positions_.size();
  positions_.push_back({.follow = 0, .set = static_cast<uint32_t>(known - sets_.begin())});
  if (known == sets_.end()) sets_.push_back(bytes);
  return {.first = bit, .last = bit, .nullable = false};
}

StartCheck::Part StartCheck::Add(const PatternNode& node) {
  Part part;
  if (positions_.size() == kMaxPositions) return {.first = kOpen, .last = 0, .nullable = false};
  switch (node.kind) {
    case Kind::kEmpty:
      break;
    case Kind::kAssert:  // as if it held
      exact_ = false;
      break;
    case Kind::kLiteral:
      for (size_t i = 0; i < node.literal.size(); ++i) {
        ByteSet bytes = {};
        Set(&bytes, static_cast<unsigned char>(node.literal.text[i]));
        Set(&bytes, static_cast<unsigned char>(node.literal.text[i] ^ node.literal.free[i]));
        part = Concat(part, AddByte(bytes));
      }
      break;
    case Kind::kClass: {
      ByteSet bytes = {};
      for (const Literal& option : node.options) {
        Set(&bytes, static_cast<unsigned char>(option.text[0]));
        Set(&bytes, static_cast<unsigned char>(option.text[0] ^ option.free[0]));
      }
      return AddByte(bytes);
    }
    case Kind::kAny: {
      if (!node.one_character) return {.first = kOpen, .last = 0, .nullable = false};
      ByteSet bytes = {};
      for (unsigned c = 0; c < 128; ++c) {
        if (node.ascii.test(c)) Set(&bytes, static_cast<unsigned char>(c));
      }
      part = AddByte(bytes);
      if (!node.beyond_ascii) break;
      const Part beyond = AddByte({0, 0, ~uint64_t{0}, ~uint64_t{0}});
      Link(beyond.last, beyond.first);  // the bytes of one character, or of several
      part.first |= beyond.first;
      part.last |= beyond.last;
      break;
    }
    case Kind::kConcat:
      for (const PatternNode& child : node.children) part = Concat(part, Add(child));
      break;
    case Kind::kAlternate:
      part.nullable = false;
      for (const PatternNode& child : node.children) {
        const Part branch = Add(child);
        part.first |= branch.first;
        part.last |= branch.last;
        part.nullable |= branch.nullable;
      }
      break;
    case Kind::kRepeat:
      return AddRepeat(node);
  }
  return part;
}

// x{2,4} as xx(x(x)?)?; what may be repeated without limit, or is taken so, loops in its last copy.
StartCheck::Part StartCheck::AddRepeat(const PatternNode& node) {
  const PatternNode& child = node.children[0];
  Part part;
  if (node.max == 0) return part;
  if (node.min > kMaxCopies) exact_ = false;
  const int needed = std::min(node.min, kMaxCopies);
  const bool loops = node.max < 0 || node.max > kMaxCopies;
  if (loops && node.max >= 0) exact_ = false;
  for (int i = 0; i < needed; ++i) {
    const Part copy = Add(child);
    if (loops && i + 1 == needed) Link(copy.last, copy.first);
    part = Concat(part, copy);
  }
  if (loops && needed == 0) {
    part = Add(child);
    Link(part.last, part.first);
    part.nullable = true;
  }
  for (int i = needed; !loops && i < node.max; ++i) {
    Part copy = Add(child);
    copy.nullable = true;
    part = Concat(part, copy);
  }
  return part;
}

StartCheck::Verdict StartCheck::At(const char* p, const char* end) const {
  uint64_t here = first_;
  bool ascii = true;
  if (positions_.empty()) return Verdict::kAsk;
  const char* const stop = end - p > kMaxLook ? p + kMaxLook : end;
  while (true) {
    if ((here & kMatched) != 0) return exact_ && ascii ? Verdict::kYes : Verdict::kAsk;
    if ((here & kOpen) != 0) return Verdict::kAsk;
    if (p == stop) return stop == end ? Verdict::kNo : Verdict::kAsk;
    const auto c = static_cast<unsigned char>(*p++);
    if (c >= 0x80) {
      if (unicode_fold_) return Verdict::kAsk;
      ascii = false;
    }
    uint64_t next = 0;
    for (uint64_t bits = here; bits != 0; bits &= bits - 1) {
      const Position& position = positions_[static_cast<size_t>(__builtin_ctzll(bits))];
      if ((sets_[position.set][c >> 6] >> (c & 63) & 1) != 0) next |= position.follow;
    }
    if (next == 0) return Verdict::kNo;
    here = next;
  }
}

}  // namespace culprit
