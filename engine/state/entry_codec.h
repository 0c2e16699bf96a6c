// Log entries as bytes: varints, and a dictionary for the strings that repeat from line to line.
// One Encoder/Decoder pair per partition, single-threaded; every Encoder::Reset needs a
// Decoder::Reset at the same place (the spill log resets at each chunk, so that chunks decode on
// their own).
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/core/signal_log.h"

namespace culprit {

// Once warm it allocates nothing but what *out needs to grow.
class EntryEncoder {
 public:
  void Encode(const SignalView& signal, std::string* out);
  void Encode(const MarkView& mark, std::string* out);
  void Reset();

 private:
  char* Word(std::string_view text, char* out);  // dictionary string
  char* Time(TimeUs time, char* out);

  absl::flat_hash_map<absl::string_view, uint32_t> words_;  // text (of texts_) -> number
  std::deque<std::string> texts_;                           // kept over Reset() for their room
  TimeUs last_time_ = 0;
  uint64_t last_offset_ = 0;
};

// Copies words when they are new and nothing else.
class EntryDecoder {
 public:
  // Decodes one entry off the front of *bytes. False: damaged bytes. Its views are good until the
  // next call, as long as the bytes are there.
  bool Decode(std::string_view* bytes, EntryView* entry);
  void Reset();

 private:
  class Input;
  bool Word(Input* in, std::string_view* text, WordId* id);
  bool DecodeSignal(Input* in, SignalView* signal);

  std::deque<std::string> words_;  // the first `known_`; the others are kept for their room
  size_t known_ = 0;
  uint64_t forgotten_ = 0;  // words known before the last Reset()
  std::vector<CaptureView> captures_;
  uint64_t last_time_ = 0;
  uint64_t last_offset_ = 0;
};

}  // namespace culprit
