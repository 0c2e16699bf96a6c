#include "engine/state/entry_codec.h"

#include <cstring>
#include <limits>

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

uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

char* PutText(std::string_view text, char* out) {
  out = PutVarint(text.size(), out);
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

void EntryEncoder::Reset() {
  words_.Clear();
  last_time_ = 0;
  last_offset_ = 0;
}

// 0 + text: new word (gets the next number while there is room); n > 0: word n.
char* EntryEncoder::Word(std::string_view text, uint32_t* guess, char* out) {
  bool added = false;
  if (!words_.Is(*guess, text))
    *guess = words_.size() < kMaxWords ? words_.FindOrAdd(text, &added) : words_.Find(text);
  if (!added && *guess != WordTable::kNone) return PutVarint(uint64_t{*guess} + 1, out);
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

size_t EntryEncoder::MostBytes(const SignalView& s) {
  constexpr size_t kNumbers = 16;  // with those before the texts
  size_t most = kNumbers * kMaxVarint + s.component.size() + s.target.size() + s.service.size() +
                s.instance.size() + s.line.size() + s.message.size();
  for (const auto& [name, text] : s.captures) most += name.size() + text.size() + 3 * kMaxVarint;
  return most;
}

size_t EntryEncoder::MostBytes(const MarkView& mark) {
  return 1 + 3 * kMaxVarint + mark.component.size();
}

char* EntryEncoder::Encode(const SignalView& s, char* p) {
  *p++ = static_cast<char>(kSignal);
  p = PutVarint(s.signature, p);
  p = PutVarint(ZigZag(static_cast<int64_t>(s.offset - last_offset_)), p);
  last_offset_ = s.offset;
  p = PutVarint(s.length, p);
  p = Time(s.time, p);
  *p++ = static_cast<char>(s.time_origin);
  *p++ = static_cast<char>(s.level);
  p = Word(s.component, &component_, p);
  p = Word(s.target, &target_, p);
  uint32_t guess = component_;
  p = Word(s.service, &guess, p);
  p = Word(s.instance, &instance_, p);
  p = PutText(s.line, p);
  p = PutText(s.message, p);
  p = PutVarint(s.captures.size(), p);
  for (const auto& [name, text] : s.captures) p = PutText(text, Word(name, &guess, p));
  return p;
}

char* EntryEncoder::Encode(const MarkView& mark, char* p) {
  *p++ = static_cast<char>(kMark);
  return Word(mark.component, &component_, Time(mark.time, p));
}

// Each call takes what it is named after off the front; false: it is not there.
class EntryDecoder::Input {
 public:
  explicit Input(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  size_t size() const { return static_cast<size_t>(end_ - at_); }

  bool Byte(uint8_t* value) {
    if (at_ == end_) return false;
    *value = static_cast<uint8_t>(*at_++);
    return true;
  }
  // One that is at most `most`.
  template <typename Enum>
  bool Choice(Enum most, Enum* value) {
    uint8_t byte = 0;
    if (!Byte(&byte) || byte > static_cast<uint8_t>(most)) return false;
    *value = static_cast<Enum>(byte);
    return true;
  }
  bool Varint(uint64_t* value) {
    if (at_ != end_ && (*at_ & 0x80) == 0) {  // nearly all
      *value = static_cast<uint8_t>(*at_++);
      return true;
    }
    *value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool Varint32(uint32_t* value) {
    uint64_t wide = 0;
    if (!Varint(&wide) || wide > std::numeric_limits<uint32_t>::max()) return false;
    *value = static_cast<uint32_t>(wide);
    return true;
  }
  // The difference to `last`, which goes on.
  bool Step(uint64_t* last) {
    uint64_t raw = 0;
    if (!Varint(&raw)) return false;
    *last += static_cast<uint64_t>(UnZigZag(raw));
    return true;
  }
  bool Text(std::string_view* text) {
    uint64_t size = 0;
    if (!Varint(&size) || size > this->size()) return false;
    *text = {at_, size};
    at_ += size;
    return true;
  }

 private:
  const char* at_;
  const char* const end_;
};

void EntryDecoder::Reset() {
  forgotten_ += words_.size();
  words_.clear();
  last_time_ = 0;
  last_offset_ = 0;
}

[[gnu::always_inline]] inline bool EntryDecoder::Word(Input* in, std::string_view* text,
                                                      WordId* id) {
  uint64_t number = 0;
  if (!in->Varint(&number) || number > words_.size()) return false;
  KnownWord fresh;
  if (number == 0 && !NewWord(in, &fresh)) return false;
  const KnownWord& word = number == 0 ? fresh : words_[number - 1];
  *text = word.text;
  *id = word.id;
  return true;
}

bool EntryDecoder::NewWord(Input* in, KnownWord* word) {
  if (!in->Text(&word->text)) return false;
  const size_t number = words_.size();
  if (number == kMaxWords) return true;
  if (texts_.size() == number) texts_.emplace_back();
  word->text = texts_[number].assign(word->text);
  if (forgotten_ + number < kNoWord) word->id = static_cast<WordId>(forgotten_ + number);
  words_.push_back(*word);
  return true;
}

bool EntryDecoder::DecodeSignal(Input* in, SignalView* signal) {
  SignalView& s = *signal;
  if (!in->Varint32(&s.signature) || !in->Step(&last_offset_) || !in->Varint32(&s.length) ||
      !in->Step(&last_time_) || !in->Choice(TimeOrigin::kAssumed, &s.time_origin) ||
      !in->Choice(Level::kFatal, &s.level) || !Word(in, &s.component, &s.component_word) ||
      !Word(in, &s.target, &s.target_word) || !Word(in, &s.service, &s.service_word) ||
      !Word(in, &s.instance, &s.instance_word) || !in->Text(&s.line) || !in->Text(&s.message))
    return false;
  s.offset = last_offset_;
  s.time = static_cast<TimeUs>(last_time_);
  uint64_t captures = 0;
  if (!in->Varint(&captures)) return false;
  if (captures > in->size() / 2) return false;  // each takes two bytes or more
  captures_.resize(captures);
  WordId unused = kNoWord;
  for (auto& [name, text] : captures_)
    if (!Word(in, &name, &unused) || !in->Text(&text)) return false;
  s.captures = captures_;
  return true;
}

bool EntryDecoder::Decode(std::string_view* bytes, EntryView* entry) {
  Input in(*bytes);
  uint8_t kind = 0;
  if (!in.Byte(&kind)) return false;
  if (kind == kSignal) {
    SignalView* signal = std::get_if<SignalView>(entry);
    if (!DecodeSignal(&in, signal != nullptr ? signal : &entry->emplace<SignalView>()))
      return false;
  } else if (kind == kMark) {
    MarkView* known = std::get_if<MarkView>(entry);
    MarkView& mark = known != nullptr ? *known : entry->emplace<MarkView>();
    if (!in.Step(&last_time_) || !Word(&in, &mark.component, &mark.component_word)) return false;
    mark.time = static_cast<TimeUs>(last_time_);
  } else {
    return false;
  }
  bytes->remove_prefix(bytes->size() - in.size());
  return true;
}

}  // namespace culprit
