// The lines of a key's window while no burst shows them: in the one order of evidence, each with
// its texts in one piece of memory. Plain state, one owner thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/burst.h"
#include "engine/detect/slice.h"

namespace culprit {

class HeldLine {
 public:
  Position position;
  TimeUs time = kNoTime;
  std::string_view instance() const { return {texts() + sizes()[0], sizes()[1]}; }
  Evidence ToEvidence() const;
  size_t bytes() const { return EvidenceBytes(sizes()[0] + sizes()[1], sizes()[2], captures_); }

 private:
  friend class HeldLines;
  // Behind the object: sizes of service, instance, line, then of name and text of each capture; and
  // all those texts.
  size_t texts_count() const { return 3 + 2 * captures_; }
  const size_t* sizes() const { return reinterpret_cast<const size_t*>(this + 1); }
  const char* texts() const { return reinterpret_cast<const char*>(sizes() + texts_count()); }

  HeldLine* next_ = nullptr;
  size_t captures_ = 0;
  TimeOrigin time_origin_ = TimeOrigin::kAssumed;
  Level level_ = Level::kUnknown;
};

class HeldLines {
 public:
  HeldLines() = default;
  HeldLines(HeldLines&& other) noexcept { Swap(other); }
  HeldLines& operator=(HeldLines&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~HeldLines() {
    while (!empty()) DropFirst();
  }

  void Add(const Slice& slice, const SliceSample& sample);
  void Add(const Evidence& e);  // behind all others
  void DropFirst();
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const HeldLine& first() const { return *first_; }  // requires !empty()
  template <typename F>
  void ForEach(F f) const {
    for (const HeldLine* line = first_; line != nullptr; line = line->next_) f(*line);
  }

 private:
  template <typename Line, typename Captures>
  static HeldLine* Make(const Line& line, const Captures& captures);
  void Append(HeldLine* line);
  void Swap(HeldLines& other) {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(size_, other.size_);
  }

  HeldLine* first_ = nullptr;
  HeldLine* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace culprit
