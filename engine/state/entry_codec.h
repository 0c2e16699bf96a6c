// Log entries as bytes: varints, and a dictionary for the strings that repeat from line to line.
// One Encoder/Decoder pair per partition, single-threaded; every Encoder::Reset needs a
// Decoder::Reset at the same place.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/word_table.h"
#include "engine/core/signal_log.h"

namespace culprit {

// Once warm it allocates nothing but what *out needs to grow.
class EntryEncoder {
 public:
  // What an entry takes at most.
  static size_t MostBytes(const SignalView& signal);
  static size_t MostBytes(const MarkView& mark);
  // Writes it to `out`, which has that much room. Returns its end.
  char* Encode(const SignalView& signal, char* out);
  char* Encode(const MarkView& mark, char* out);
  // Appends it.
  template <typename View>
  void Encode(const View& entry, std::string* out) {
    const size_t begin = out->size();
    out->resize(begin + MostBytes(entry));
    out->resize(static_cast<size_t>(Encode(entry, out->data() + begin) - out->data()));
  }
  void Reset();

  const WordTable& words() const { return words_; }

 private:
  // Dictionary string. *guess: the number it may have; becomes the one it has, if any.
  char* Word(std::string_view text, uint32_t* guess, char* out);
  char* Time(TimeUs time, char* out);

  WordTable words_;
  // Of the entry before: most words of a stream are the same again.
  uint32_t component_ = WordTable::kNone;
  uint32_t target_ = WordTable::kNone;
  uint32_t instance_ = WordTable::kNone;
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
  struct KnownWord {
    std::string_view text;  // of texts_
    WordId id = kNoWord;
  };
  bool Word(Input* in, std::string_view* text, WordId* id);
  bool NewWord(Input* in, KnownWord* word);
  bool DecodeSignal(Input* in, SignalView* signal);

  std::vector<KnownWord> words_;
  std::deque<std::string> texts_;  // kept over Reset() for their room
  uint64_t forgotten_ = 0;         // words known before the last Reset()
  std::vector<CaptureView> captures_;
  uint64_t last_time_ = 0;
  uint64_t last_offset_ = 0;
};

}  // namespace culprit
