#include "engine/detect/held_lines.h"

#include <cstring>
#include <new>
#include <span>
#include <string>
#include <type_traits>

namespace culprit {

Evidence HeldLine::ToEvidence() const {
  const size_t* size = sizes();
  const char* at = texts();
  const auto next = [&] {
    const size_t n = *size++;
    at += n;
    return std::string(at - n, n);
  };
  Evidence e;
  e.position = position;
  e.time = time;
  e.time_origin = time_origin_;
  e.level = level_;
  e.service = next();
  e.instance = next();
  e.line = next();
  for (size_t i = 0; i < captures_; ++i) {
    auto& [name, text] = e.captures.emplace_back();
    name = next();
    text = next();
  }
  return e;
}

template <typename Line, typename Captures>
HeldLine* HeldLines::Make(const Line& line, const Captures& captures) {
  const auto for_each_text = [&](auto f) {
    f(std::string_view(line.service));
    f(std::string_view(line.instance));
    f(std::string_view(line.line));
    for (const auto& [name, text] : captures) {
      f(std::string_view(name));
      f(std::string_view(text));
    }
  };
  size_t bytes = 0;
  for_each_text([&](std::string_view text) { bytes += sizeof(size_t) + text.size(); });
  auto* held = new (::operator new(sizeof(HeldLine) + bytes)) HeldLine();
  held->position = line.position;
  held->time = line.time;
  held->time_origin_ = line.time_origin;
  held->level_ = line.level;
  held->captures_ = captures.size();
  auto* size = const_cast<size_t*>(held->sizes());
  auto* at = const_cast<char*>(held->texts());
  for_each_text([&](std::string_view text) {
    *size++ = text.size();
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  });
  return held;
}

void HeldLines::Append(HeldLine* line) {
  (last_ == nullptr ? first_ : last_->next_) = line;
  last_ = line;
  ++size_;
}

void HeldLines::Add(const Slice& slice, const SliceSample& sample) {
  HeldLine* line = Make(sample, std::span(slice.captures).subspan(sample.capture, sample.captures));
  if (last_ == nullptr || !EvidenceBefore(*line, *last_)) return Append(line);
  // Only lines of another text of the same template in this slice can be later.
  HeldLine** at = &first_;
  while (!EvidenceBefore(*line, **at)) at = &(*at)->next_;
  line->next_ = *at;
  *at = line;
  ++size_;
}

void HeldLines::Add(const Evidence& e) { Append(Make(e, e.captures)); }

static_assert(std::is_trivially_destructible_v<HeldLine>);

void HeldLines::DropFirst() {
  HeldLine* line = first_;
  first_ = line->next_;
  if (first_ == nullptr) last_ = nullptr;
  --size_;
  ::operator delete(line);
}

}  // namespace culprit
