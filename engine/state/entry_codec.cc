#include "engine/state/entry_codec.h"

#include <limits>

namespace culprit {
namespace {

constexpr uint8_t kSignal = 1;
constexpr uint8_t kMark = 2;
constexpr size_t kMaxWords = 4096;  // beyond: strings are written out

void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool GetVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

void PutText(std::string_view text, std::string* out) {
  PutVarint(text.size(), out);
  out->append(text);
}

bool GetVarint32(std::string_view* bytes, uint32_t* value) {
  uint64_t wide = 0;
  if (!GetVarint(bytes, &wide) || wide > std::numeric_limits<uint32_t>::max()) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool GetText(std::string_view* bytes, std::string* text) {
  uint64_t size = 0;
  if (!GetVarint(bytes, &size) || size > bytes->size()) return false;
  text->assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

bool GetByte(std::string_view* bytes, uint8_t* value) {
  if (bytes->empty()) return false;
  *value = static_cast<uint8_t>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

}  // namespace

void EntryEncoder::Reset() {
  words_.clear();
  last_time_ = 0;
  last_offset_ = 0;
}

// 0 + text: new word (gets the next number while there is room); n > 0: word n.
void EntryEncoder::Word(const std::string& text, std::string* out) {
  const auto found = words_.find(text);
  if (found != words_.end()) {
    PutVarint(found->second, out);
    return;
  }
  if (words_.size() < kMaxWords) words_.emplace(text, words_.size() + 1);
  PutVarint(0, out);
  PutText(text, out);
}

void EntryEncoder::Time(TimeUs time, std::string* out) {
  // Differences may wrap; unsigned arithmetic is exact both ways.
  PutVarint(
      ZigZag(static_cast<int64_t>(static_cast<uint64_t>(time) - static_cast<uint64_t>(last_time_))),
      out);
  last_time_ = time;
}

void EntryEncoder::Offset(uint64_t offset, std::string* out) {
  PutVarint(ZigZag(static_cast<int64_t>(offset - last_offset_)), out);
  last_offset_ = offset;
}

void EntryEncoder::Encode(const Signal& s, std::string* out) {
  out->push_back(static_cast<char>(kSignal));
  PutVarint(s.signature, out);
  Offset(s.position.offset, out);
  PutVarint(s.position.length, out);
  Time(s.time, out);
  out->push_back(static_cast<char>(s.time_origin));
  out->push_back(static_cast<char>(s.level));
  for (const std::string* word : {&s.component, &s.target, &s.service, &s.instance})
    Word(*word, out);
  PutText(s.line, out);
  PutText(s.message, out);
  PutVarint(s.captures.size(), out);
  for (const auto& [name, text] : s.captures) {
    Word(name, out);
    PutText(text, out);
  }
}

void EntryEncoder::Encode(const Mark& mark, std::string* out) {
  out->push_back(static_cast<char>(kMark));
  Time(mark.time, out);
  Word(mark.component, out);
}

void EntryDecoder::Reset() {
  words_.clear();
  last_time_ = 0;
  last_offset_ = 0;
}

bool EntryDecoder::Word(std::string_view* bytes, std::string* text) {
  uint64_t number = 0;
  if (!GetVarint(bytes, &number)) return false;
  if (number > 0) {
    if (number > words_.size()) return false;
    *text = words_[number - 1];
    return true;
  }
  if (!GetText(bytes, text)) return false;
  if (words_.size() < kMaxWords) words_.push_back(*text);
  return true;
}

bool EntryDecoder::Time(std::string_view* bytes, TimeUs* time) {
  uint64_t raw = 0;
  if (!GetVarint(bytes, &raw)) return false;
  last_time_ =
      static_cast<TimeUs>(static_cast<uint64_t>(last_time_) + static_cast<uint64_t>(UnZigZag(raw)));
  *time = last_time_;
  return true;
}

bool EntryDecoder::Decode(std::string_view* bytes, LogEntry* entry) {
  uint8_t kind = 0;
  if (!GetByte(bytes, &kind)) return false;
  if (kind == kMark) {
    Mark& mark = entry->index() == 1 ? std::get<Mark>(*entry) : entry->emplace<Mark>();
    return Time(bytes, &mark.time) && Word(bytes, &mark.component);
  }
  if (kind != kSignal) return false;
  Signal& s = entry->index() == 0 ? std::get<Signal>(*entry) : entry->emplace<Signal>();
  uint64_t number = 0;
  if (!GetVarint32(bytes, &s.signature) || !GetVarint(bytes, &number)) return false;
  last_offset_ += static_cast<uint64_t>(UnZigZag(number));
  s.position.offset = last_offset_;
  if (!GetVarint32(bytes, &s.position.length)) return false;
  uint8_t origin = 0;
  uint8_t level = 0;
  if (!Time(bytes, &s.time) || !GetByte(bytes, &origin) || !GetByte(bytes, &level)) return false;
  if (origin > static_cast<uint8_t>(TimeOrigin::kAssumed) ||
      level > static_cast<uint8_t>(Level::kFatal))
    return false;
  s.time_origin = static_cast<TimeOrigin>(origin);
  s.level = static_cast<Level>(level);
  for (std::string* word : {&s.component, &s.target, &s.service, &s.instance})
    if (!Word(bytes, word)) return false;
  if (!GetText(bytes, &s.line) || !GetText(bytes, &s.message) || !GetVarint(bytes, &number))
    return false;
  if (number > bytes->size() / 2) return false;  // each takes two bytes or more
  s.captures.resize(number);
  for (auto& [name, text] : s.captures)
    if (!Word(bytes, &name) || !GetText(bytes, &text)) return false;
  return true;
}

}  // namespace culprit
