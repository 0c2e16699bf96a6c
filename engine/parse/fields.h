// What one physical line says by itself: the common currency of the format readers in this folder.
// Views point into the line or into the scratch of the LineParser that made them, until it is
// called again.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/core/symptom.h"
#include "engine/core/time.h"
#include "engine/parse/formats.h"
#include "engine/parse/time/timestamp.h"

namespace culprit {

// A time as a line gives it. `time` is complete: what is missing was filled in from the stream.
struct Stamp {
  TimeUs time = kNoTime;
  TimeFormat format = TimeFormat::kNone;
  bool zoned = false;    // the text says its zone (or is an epoch)
  bool dated = true;     // false: time of day or kernel clock only, date assumed
  bool has_year = true;  // false: year inferred
  bool known() const { return time != kNoTime; }
};

enum class Shape : uint8_t {
  kHead,   // starts a record: a format was recognised
  kTrace,  // looks like a piece of a stack trace, or is indented
  kText,   // anything else
};

struct LineFields {
  Stamp stamp;
  Level level = Level::kUnknown;
  Shape shape = Shape::kText;
  FormatId format = FormatId::kPlain;  // innermost
  uint8_t wrapper_count = 0;
  FormatId wrappers[4] = {};    // from the outside in
  bool floated = false;         // the time does not stand in front
  bool partial = false;         // the wrapper says that the next line goes on
  bool self_contained = false;  // free text behind it does not belong to it (JSON, logfmt, access)
  std::string_view message;     // decoded; of a continuation: the line without wrappers
  std::string_view error;       // error or exception field, to be appended to the message
  std::string_view service;
  std::string_view instance;
  std::string_view logger;  // class or module; never a service
  std::string_view group;   // writer within an interleaved stream: compose service, pod, tag
  std::string_view repeat;  // head of a line that a multi-line record repeats (oslo)
  bool repeats = false;     // continues the line before it if that has the same repeat and logger
};

// Scratch memory for decoded text. Chunks are kept over Reset(), so a warm arena does not allocate.
class Arena {
 public:
  char* Alloc(size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const size_t want = size > kChunkBytes ? size : kChunkBytes;
      chunks_.push_back({std::make_unique<char[]>(want), want});
      used_ = 0;
    }
    char* out = chunks_[chunk_].bytes.get() + used_;
    used_ += size;
    return out;
  }
  std::string_view Save(std::string_view text) {
    if (text.empty()) return {};
    char* out = Alloc(text.size());
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }
  void Reset() { chunk_ = used_ = 0; }

 private:
  static constexpr size_t kChunkBytes = 16 * 1024;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Chunk> chunks_;
  size_t chunk_ = 0;
  size_t used_ = 0;
};

}  // namespace culprit
