#include "engine/detect/template_miner.h"

#include <algorithm>

#include "engine/base/views.h"
#include "engine/detect/mask.h"
#include "engine/detect/stable_hash.h"

namespace culprit {
namespace {

constexpr size_t kPrefixTokens = 2;

void Split(std::string_view text, std::vector<std::string_view>* tokens) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  tokens->clear();
  size_t at = 0;
  while ((at = text.find_first_not_of(kSpaces, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
    tokens->push_back(text.substr(at, end - at));
    at = end;
  }
}

bool Variable(std::string_view token) {
  return token.find(kWildcard) != std::string_view::npos ||
         token.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

std::string TemplateMiner::Template::Text() const {
  std::string text;
  for (const std::string& token : tokens) {
    if (!text.empty()) text += ' ';
    text += token;
  }
  return text;
}

TemplateMiner::TemplateMiner(MinerOptions options) : options_(options), nodes_(1) {}

TemplateMiner::Index TemplateMiner::Child(Index node, std::string_view token) {
  auto it = nodes_[node].children.find(ToAbsl(token));
  if (it != nodes_[node].children.end()) return it->second;
  if (token != kWildcard && nodes_[node].children.size() >= options_.max_children) {
    return Child(node, kWildcard);
  }
  const auto child = static_cast<Index>(nodes_.size());
  nodes_.emplace_back();
  nodes_[node].children.emplace(std::string(token), child);
  return child;
}

TemplateMiner::Index TemplateMiner::Descend(const std::vector<std::string_view>& tokens) {
  // The first level is the number of tokens: bounded by the length of a masked message.
  const std::string length = std::to_string(tokens.size());
  auto it = nodes_[0].children.find(length);
  Index node;
  if (it != nodes_[0].children.end()) {
    node = it->second;
  } else {
    node = static_cast<Index>(nodes_.size());
    nodes_.emplace_back();
    nodes_[0].children.emplace(length, node);
  }
  for (size_t i = 0; i < std::min(kPrefixTokens, tokens.size()); ++i) {
    node = Child(node, Variable(tokens[i]) ? kWildcard : tokens[i]);
  }
  return node;
}

const TemplateMiner::Template* TemplateMiner::Join(Index slot, uint64_t weight) {
  slots_[slot].tmpl.count += weight;
  slots_[slot].used = sequence_;
  return &slots_[slot].tmpl;
}

const TemplateMiner::Template* TemplateMiner::Add(std::string_view masked, uint64_t weight) {
  ++sequence_;
  if (auto it = cache_.find(ToAbsl(masked)); it != cache_.end()) return Join(it->second, weight);
  if (cache_.size() >= options_.max_cached_texts) cache_.clear();

  Split(masked, &tokens_);
  Index leaf = Descend(tokens_);
  constexpr Index kNone = UINT32_MAX;
  Index best = kNone;
  double best_similarity = 0;
  size_t best_wild = 0;
  for (const Index slot : nodes_[leaf].templates) {
    const std::vector<std::string>& have = slots_[slot].tmpl.tokens;
    size_t wild = 0;
    size_t equal = 0;
    for (size_t i = 0; i < have.size(); ++i) {
      if (have[i] == kWildcard) {
        ++wild;
      } else if (have[i] == tokens_[i]) {
        ++equal;
      }
    }
    const double similarity =
        have.empty() ? 1 : static_cast<double>(equal + wild) / static_cast<double>(have.size());
    // Leaves list templates by age: the older one wins a tie.
    if (best == kNone || similarity > best_similarity ||
        (similarity == best_similarity && wild > best_wild)) {
      best = slot;
      best_similarity = similarity;
      best_wild = wild;
    }
  }
  if (best != kNone && best_similarity >= options_.similarity) {
    std::vector<std::string>& have = slots_[best].tmpl.tokens;
    for (size_t i = 0; i < have.size(); ++i) {
      if (have[i] != tokens_[i]) have[i] = kWildcard;
    }
    cache_.emplace(std::string(masked), best);
    return Join(best, weight);
  }

  if (nodes_[leaf].templates.size() >= options_.max_templates_per_leaf) {
    DropFromLeaf(&nodes_[leaf].templates);
  } else if (by_id_.size() >= options_.max_templates) {
    DropQuarter();
    leaf = Descend(tokens_);
  }
  uint64_t id = 0;
  for (const std::string_view token : tokens_) id = StableHash(token, id);
  while (id == 0 || by_id_.contains(id)) id = MixHash(id, 1);  // 0 means "no template"
  Index slot;
  if (free_slots_.empty()) {
    slot = static_cast<Index>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot].tmpl.id = id;
  slots_[slot].tmpl.tokens.assign(tokens_.begin(), tokens_.end());
  slots_[slot].born = sequence_;
  nodes_[leaf].templates.push_back(slot);
  by_id_.emplace(id, slot);
  cache_.emplace(std::string(masked), slot);
  return Join(slot, weight);
}

const TemplateMiner::Template* TemplateMiner::Find(uint64_t id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &slots_[it->second].tmpl;
}

void TemplateMiner::Free(Index slot) {
  by_id_.erase(slots_[slot].tmpl.id);
  slots_[slot] = Slot();
  free_slots_.push_back(slot);
  ++dropped_;
}

void TemplateMiner::DropFromLeaf(std::vector<Index>* leaf) {
  const auto oldest = std::min_element(leaf->begin(), leaf->end(), [this](Index a, Index b) {
    return slots_[a].used < slots_[b].used;
  });
  const Index gone = *oldest;
  leaf->erase(oldest);
  Free(gone);
  absl::erase_if(cache_, [gone](const auto& e) { return e.second == gone; });
}

std::vector<TemplateMiner::Index> TemplateMiner::ByAge() const {
  std::vector<Index> slots;
  slots.reserve(by_id_.size());
  for (const auto& [id, slot] : by_id_) slots.push_back(slot);
  std::sort(slots.begin(), slots.end(),
            [this](Index a, Index b) { return slots_[a].born < slots_[b].born; });
  return slots;
}

void TemplateMiner::DropQuarter() {
  std::vector<Index> slots = ByAge();
  std::sort(slots.begin(), slots.end(),
            [this](Index a, Index b) { return slots_[a].used < slots_[b].used; });
  const size_t drop = std::max<size_t>(1, slots.size() / 4);
  for (size_t i = 0; i < drop; ++i) Free(slots[i]);
  cache_.clear();
  nodes_.assign(1, Node());
  for (const Index slot : ByAge()) {
    const std::vector<std::string>& have = slots_[slot].tmpl.tokens;
    nodes_[Descend({have.begin(), have.end()})].templates.push_back(slot);
  }
}

std::vector<const TemplateMiner::Template*> TemplateMiner::Templates() const {
  std::vector<const Template*> out;
  for (const Index slot : ByAge()) out.push_back(&slots_[slot].tmpl);
  return out;
}

}  // namespace culprit
