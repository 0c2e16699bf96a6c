// Log entries as bytes: varints, and a dictionary for the strings that repeat from line to line.
// One Encoder/Decoder pair per partition, single-threaded; every Encoder::Reset needs a
// Decoder::Reset at the same place (the spill log resets at each chunk, so that chunks decode on
// their own).
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/signal_log.h"

namespace culprit {

class EntryEncoder {
 public:
  void Encode(const Signal& signal, std::string* out);
  void Encode(const Mark& mark, std::string* out);
  void Reset();

 private:
  void Word(const std::string& text, std::string* out);  // dictionary string
  void Time(TimeUs time, std::string* out);
  void Offset(uint64_t offset, std::string* out);

  std::unordered_map<std::string, uint64_t> words_;
  TimeUs last_time_ = 0;
  uint64_t last_offset_ = 0;
};

class EntryDecoder {
 public:
  // Decodes one entry off the front of *bytes. False: damaged bytes.
  bool Decode(std::string_view* bytes, LogEntry* entry);
  void Reset();

 private:
  bool Word(std::string_view* bytes, std::string* text);
  bool Time(std::string_view* bytes, TimeUs* time);

  std::vector<std::string> words_;
  TimeUs last_time_ = 0;
  uint64_t last_offset_ = 0;
};

}  // namespace culprit
