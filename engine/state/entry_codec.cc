#include "engine/state/entry_codec.h"

#include <cstring>
#include <iterator>
#include <limits>

#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr uint8_t kSignal = 1;
constexpr uint8_t kMark = 2;
constexpr size_t kMaxWords = 4096;  // beyond: strings are written out
constexpr size_t kMaxVarint = 10;   // bytes

char* PutVarint(uint64_t value, char* out) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
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

char* PutText(std::string_view text, char* out) {
  out = PutVarint(text.size(), out);
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
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
char* EntryEncoder::Word(std::string_view text, char* out) {
  const auto found = words_.find(ToAbsl(text));
  if (found != words_.end()) return PutVarint(found->second, out);
  if (const size_t n = words_.size(); n < kMaxWords) {
    if (texts_.size() == n) texts_.emplace_back();
    texts_[n].assign(text);
    words_.emplace(texts_[n], static_cast<uint32_t>(n + 1));
  }
  return PutText(text, PutVarint(0, out));
}

char* EntryEncoder::Time(TimeUs time, char* out) {
  // Differences may wrap; unsigned arithmetic is exact both ways.
  out = PutVarint(
      ZigZag(static_cast<int64_t>(static_cast<uint64_t>(time) - static_cast<uint64_t>(last_time_))),
      out);
  last_time_ = time;
  return out;
}

void EntryEncoder::Encode(const SignalView& s, std::string* out) {
  const std::string_view words[] = {s.component, s.target, s.service, s.instance};
  size_t most = (8 + std::size(words)) * kMaxVarint + s.line.size() + s.message.size();
  for (const std::string_view word : words) most += word.size() + 1;
  for (const auto& [name, text] : s.captures) most += name.size() + text.size() + 3 * kMaxVarint;
  const size_t begin = out->size();
  out->resize(begin + most);
  char* p = out->data() + begin;
  *p++ = static_cast<char>(kSignal);
  p = PutVarint(s.signature, p);
  p = PutVarint(ZigZag(static_cast<int64_t>(s.offset - last_offset_)), p);
  last_offset_ = s.offset;
  p = PutVarint(s.length, p);
  p = Time(s.time, p);
  *p++ = static_cast<char>(s.time_origin);
  *p++ = static_cast<char>(s.level);
  for (const std::string_view word : words) p = Word(word, p);
  p = PutText(s.line, p);
  p = PutText(s.message, p);
  p = PutVarint(s.captures.size(), p);
  for (const auto& [name, text] : s.captures) p = PutText(text, Word(name, p));
  out->resize(static_cast<size_t>(p - out->data()));
}

void EntryEncoder::Encode(const MarkView& mark, std::string* out) {
  const size_t begin = out->size();
  out->resize(begin + 3 * kMaxVarint + 1 + mark.component.size());
  char* p = out->data() + begin;
  *p++ = static_cast<char>(kMark);
  p = Word(mark.component, Time(mark.time, p));
  out->resize(static_cast<size_t>(p - out->data()));
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
