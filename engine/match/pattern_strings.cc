#include "engine/match/pattern_strings.h"

#include <algorithm>
#include <utility>

namespace culprit {
namespace {

using Kind = PatternNode::Kind;

bool CanBeEmpty(const PatternNode& node) {
  const auto empty = [](const PatternNode& child) { return CanBeEmpty(child); };
  switch (node.kind) {
    case Kind::kEmpty:
      return true;
    case Kind::kConcat:
      return std::all_of(node.children.begin(), node.children.end(), empty);
    case Kind::kAlternate:
      return std::any_of(node.children.begin(), node.children.end(), empty);
    case Kind::kRepeat:
      return node.min == 0 || CanBeEmpty(node.children[0]);
    default:
      return false;
  }
}

bool IsZeroWidth(const PatternNode& node) {
  return node.kind == Kind::kEmpty || node.kind == Kind::kAssert;
}

// An unanchored search for `x y*` finds a match where one for `x` does: drops from the chosen end
// what can be empty, and all but the needed repetitions. Returns whether bytes may have gone.
bool Trim(PatternNode* node, bool tail) {
  if (CanBeEmpty(*node)) {
    const bool cut = !IsZeroWidth(*node);
    *node = PatternNode();
    return cut;
  }
  bool cut = false;
  if (node->kind == Kind::kConcat) {
    std::vector<PatternNode>& parts = node->children;
    while (CanBeEmpty(tail ? parts.back() : parts.front())) {
      const auto at = tail ? parts.end() - 1 : parts.begin();
      cut |= !IsZeroWidth(*at);
      parts.erase(at);
    }
    cut |= Trim(tail ? &parts.back() : &parts.front(), tail);
  } else if (node->kind == Kind::kAlternate) {
    for (PatternNode& child : node->children) cut |= Trim(&child, tail);
  } else if (node->kind == Kind::kRepeat) {
    cut = node->max != node->min;
    node->max = node->min;
    if (node->min == 1) {
      PatternNode child = std::move(node->children[0]);
      *node = std::move(child);
      cut |= Trim(node, tail);
    }
  }
  return cut;
}

}  // namespace

bool Extend(const Literals& tails, Literals* heads) {
  if (heads->size() * tails.size() > kMaxStrings) return false;
  for (const Literal& head : *heads) {
    for (const Literal& tail : tails) {
      if (head.size() + tail.size() > kMaxString) return false;
    }
  }
  if (tails.size() == 1) {
    for (Literal& head : *heads) head.Append(tails[0]);
    return true;
  }
  Literals out;
  out.reserve(heads->size() * tails.size());
  for (const Literal& head : *heads) {
    for (const Literal& tail : tails) {
      out.push_back(head);
      out.back().Append(tail);
    }
  }
  *heads = std::move(out);
  return true;
}

std::optional<Literals> ExactStrings(const PatternNode& node) {
  switch (node.kind) {
    case Kind::kEmpty:
      return Literals(1);
    case Kind::kLiteral:
      return Literals{node.literal};
    case Kind::kClass:
      return node.options;
    case Kind::kAny:
    case Kind::kAssert:
      return std::nullopt;
    case Kind::kConcat: {
      Literals all(1);
      for (const PatternNode& child : node.children) {
        const std::optional<Literals> strings = ExactStrings(child);
        if (!strings || !Extend(*strings, &all)) return std::nullopt;
      }
      return all;
    }
    case Kind::kAlternate: {
      Literals all;
      for (const PatternNode& child : node.children) {
        const std::optional<Literals> strings = ExactStrings(child);
        if (!strings || all.size() + strings->size() > kMaxStrings) return std::nullopt;
        all.insert(all.end(), strings->begin(), strings->end());
      }
      return all;
    }
    case Kind::kRepeat: {
      if (node.max == 0) return Literals(1);
      const std::optional<Literals> once = ExactStrings(node.children[0]);
      if (!once) return std::nullopt;
      if (node.min == 0 && node.max == 1 && once->size() < kMaxStrings) {
        Literals all = *once;
        all.emplace_back();
        return all;
      }
      if (node.min != node.max || node.max > static_cast<int>(kMaxString)) return std::nullopt;
      Literals all(1);
      for (int i = 0; i < node.max; ++i) {
        if (!Extend(*once, &all)) return std::nullopt;
      }
      return all;
    }
  }
  return std::nullopt;
}

bool TrimEnds(PatternNode* root) {
  Trim(root, true);
  return Trim(root, false);
}

}  // namespace culprit
