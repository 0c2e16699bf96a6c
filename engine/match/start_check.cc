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

bool IsWord(char c) { return IsAsciiLetter(c) || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

StartCheck::StartCheck(const Pattern& pattern) : unicode_fold_(pattern.unicode_fold) {
  const Part root = Add(pattern.root);
  Part end;
  end.first.always = kMatched;
  end.nullable = false;
  first_ = Concat(root, end).first;
}

StartCheck::Part StartCheck::Open() {
  Part part;
  part.first.always = kOpen;
  part.nullable = false;
  return part;
}

void StartCheck::Link(const Mask& from, const Mask& to) {
  for (uint64_t bits = from.Any(); bits != 0; bits &= bits - 1) {
    const auto at = static_cast<size_t>(__builtin_ctzll(bits));
    if (at >= positions_.size()) continue;
    const bool always = (from.always >> at & 1) != 0;
    positions_[at].follow.Add(always ? to : Mask{.always = 0, .at_boundary = to.Any()});
  }
}

StartCheck::Part StartCheck::Concat(const Part& head, const Part& tail) {
  // What of one's edge becomes the edge of both if the other is empty.
  const auto through = [](const Mask& mask, const Part& empty) {
    Mask out = empty.nullable ? mask : Mask();
    if (empty.null_at_boundary) out.at_boundary |= mask.Any();
    return out;
  };
  Link(head.last, tail.first);
  Part both;
  both.first = head.first;
  both.first.Add(through(tail.first, head));
  both.last = tail.last;
  both.last.Add(through(head.last, tail));
  both.nullable = head.nullable && tail.nullable;
  both.null_at_boundary = (head.nullable || head.null_at_boundary) &&
                          (tail.nullable || tail.null_at_boundary) && !both.nullable;
  return both;
}

StartCheck::Part StartCheck::AddByte(const ByteSet& bytes) {
  if (positions_.size() == kMaxPositions) return Open();
  const auto known = std::find_if(sets_.begin(), sets_.end(), [&](const ByteSet& set) {
    return ((set[0] ^ bytes[0]) | (set[1] ^ bytes[1]) | (set[2] ^ bytes[2]) |
            (set[3] ^ bytes[3])) == 0;
  });
  const uint64_t bit = uint64_t{1} << positions_.size();
  positions_.push_back({.follow = {}, .set = static_cast<uint32_t>(known - sets_.begin())});
  if (known == sets_.end()) sets_.push_back(bytes);
  Part part;
  part.first.always = part.last.always = bit;
  part.nullable = false;
  return part;
}

StartCheck::Part StartCheck::Add(const PatternNode& node) {
  Part part;
  if (positions_.size() == kMaxPositions) return Open();
  switch (node.kind) {
    case Kind::kEmpty:
      break;
    case Kind::kAssert:
      if (node.boundary) {
        part.nullable = false;
        part.null_at_boundary = true;
      } else {  // as if it held
        exact_ = false;
      }
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
      if (!node.one_character) return Open();
      ByteSet bytes = {};
      for (unsigned c = 0; c < 128; ++c) {
        if (node.ascii.test(c)) Set(&bytes, static_cast<unsigned char>(c));
      }
      part = AddByte(bytes);
      if (!node.beyond_ascii) break;
      const Part beyond = AddByte({0, 0, ~uint64_t{0}, ~uint64_t{0}});
      Link(beyond.last, beyond.first);  // the bytes of one character, or of several
      part.first.Add(beyond.first);
      part.last.Add(beyond.last);
      break;
    }
    case Kind::kConcat:
      for (const PatternNode& child : node.children) part = Concat(part, Add(child));
      break;
    case Kind::kAlternate:
      part.nullable = false;
      for (const PatternNode& child : node.children) {
        const Part branch = Add(child);
        part.first.Add(branch.first);
        part.last.Add(branch.last);
        part.nullable |= branch.nullable;
        part.null_at_boundary |= branch.null_at_boundary;
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

StartCheck::Verdict StartCheck::At(const char* line, const char* p, const char* end) const {
  Mask next = first_;
  bool ascii = true;
  bool behind_word = p > line && IsWord(p[-1]);
  if (positions_.empty()) return Verdict::kAsk;
  const char* const stop = end - p > kMaxLook ? p + kMaxLook : end;
  while (true) {
    uint64_t here = next.always;
    if (next.at_boundary != 0 && behind_word != (p < end && IsWord(*p))) here |= next.at_boundary;
    if ((here & kMatched) != 0) return exact_ && ascii ? Verdict::kYes : Verdict::kAsk;
    if ((here & kOpen) != 0) return Verdict::kAsk;
    if (p == stop) return stop == end ? Verdict::kNo : Verdict::kAsk;
    const auto c = static_cast<unsigned char>(*p++);
    if (c >= 0x80) {
      if (unicode_fold_) return Verdict::kAsk;
      ascii = false;
    }
    behind_word = IsWord(static_cast<char>(c));
    next = Mask();
    for (; here != 0; here &= here - 1) {
      const auto at = static_cast<size_t>(__builtin_ctzll(here));
      if (Holds(at, c)) next.Add(positions_[at].follow);
    }
    if (next.Any() == 0) return Verdict::kNo;
  }
}

bool StartCheck::MayHold(const Literal& literal, int offset) const {
  uint64_t here = first_.Any();
  for (int i = -offset; i < static_cast<int>(literal.size()); ++i) {
    if ((here & (kMatched | kOpen)) != 0) return true;
    uint64_t next = 0;
    for (; here != 0; here &= here - 1) {
      const auto at = static_cast<size_t>(__builtin_ctzll(here));
      const auto c = i < 0 ? '\0' : literal.text[static_cast<size_t>(i)];
      const auto other = i < 0 ? '\0' : literal.free[static_cast<size_t>(i)];
      if (i < 0 || Holds(at, static_cast<unsigned char>(c)) ||
          Holds(at, static_cast<unsigned char>(c ^ other))) {
        next |= positions_[at].follow.Any();
      }
    }
    here = next;
  }
  return here != 0;
}

}  // namespace culprit
