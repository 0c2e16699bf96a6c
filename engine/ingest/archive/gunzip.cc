#include "engine/ingest/archive/gunzip.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr size_t kInputBytes = 64 * 1024;
constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr int kBehindHeader = 128;  // in data_type of a z_stream
constexpr size_t kCareful = 7;      // bytes of input: fewer than isa-l's fast loop wants

const char* ReasonOf(int rc) {
  switch (rc) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid code";
    default:
      return "invalid distance too far back";
  }
}

// isa-l looks up to three literals up at once, and gives none of them if the bits of the last are
// missing. What it kept back at the end of its input: that which comes out whatever follows, and
// whatever came before, for it is no copy of that.
size_t LastLiterals(const inflate_state& ended, char* buffer, size_t size) {
  if (ended.block_state != ISAL_BLOCK_CODED) return 0;
  constexpr std::array<int, 4> kPaddings = {0x00, 0xff, 0x55, 0xaa};
  std::array<uint8_t, 2> sure{};
  size_t n = std::min(size, sure.size());
  for (const int padding : kPaddings) {
    auto guess = std::make_unique<inflate_state>(ended);
    std::array<uint8_t, kCareful> in;
    std::array<uint8_t, 2> out{};
    in.fill(static_cast<uint8_t>(padding));
    std::fill_n(guess->tmp_out_buffer, guess->tmp_out_valid, static_cast<uint8_t>(padding));
    guess->next_in = in.data();
    guess->avail_in = in.size();
    guess->next_out = out.data();
    guess->avail_out = static_cast<uint32_t>(n);
    isal_inflate(guess.get());
    n -= guess->avail_out;
    if (padding == kPaddings.front()) sure = out;
    n = std::mismatch(sure.begin(), sure.begin() + static_cast<ptrdiff_t>(n), out.begin()).first -
        sure.begin();
  }
  std::copy_n(sure.begin(), n, buffer);
  return n;
}

}  // namespace

struct GunzipInput::State {
  enum class Part { kHeader, kText, kTrailer, kBetween, kEnd };

  // Not yet given out by isa-l.
  size_t Held() const { return text.tmp_out_valid - text.tmp_out_processed; }

  Part part = Part::kHeader;
  z_stream header{};
  inflate_state text;
  inflate_state before;   // text at the last call, without what it does not use of its buffer
  uint8_t* next = input;  // what is not used yet of the input
  size_t left = 0;
  bool inner_ended = false;
  std::array<uint8_t, 8> trailer;  // CRC-32 and size of the text, little endian
  size_t trailer_size = 0;         // of it, so far
  uint8_t input[kInputBytes];
};

GunzipInput::GunzipInput(ByteInput& inner, std::string name)
    : inner_(&inner), name_(std::move(name)), state_(new State) {
  if (inflateInit2(&state_->header, kGzipOnly) != Z_OK) throw std::bad_alloc();
  isal_inflate_init(&state_->text);
}

GunzipInput::~GunzipInput() { inflateEnd(&state_->header); }

absl::Status GunzipInput::Fill() {
  State& s = *state_;
  std::memmove(s.input, s.next, s.left);
  s.next = s.input;
  absl::StatusOr<size_t> n =
      inner_->Read(reinterpret_cast<char*>(s.input) + s.left, kInputBytes - s.left);
  if (!n.ok()) return n.status();
  s.inner_ended = *n == 0;
  s.left += *n;
  return absl::OkStatus();
}

void GunzipInput::Damaged(const char* reason) {
  error_ = absl::DataLossError(
      absl::StrCat(name_, ": gzip data is damaged (", reason,
                   "); what came before was read. Copy the file again, in binary mode"));
}

void GunzipInput::Truncated() {
  error_ = absl::DataLossError(
      absl::StrCat(name_,
                   ": gzip data ends too early (truncated); what came before was read. Copy the "
                   "file again if its end matters"));
}

void GunzipInput::ReadHeader() {
  State& s = *state_;
  z_stream& z = s.header;
  Bytef nothing;
  z.next_in = s.next;
  z.avail_in = static_cast<uInt>(s.left);
  z.next_out = &nothing;
  z.avail_out = sizeof(nothing);
  const int rc = inflate(&z, Z_BLOCK);
  s.next = z.next_in;
  s.left = z.avail_in;
  if (rc != Z_OK && rc != Z_BUF_ERROR) {
    Damaged(z.msg == nullptr ? "error" : z.msg);
  } else if ((z.data_type & kBehindHeader) != 0) {
    isal_inflate_reset(&s.text);
    s.text.crc_flag = ISAL_GZIP_NO_HDR;
    s.part = State::Part::kText;
  }
}

size_t GunzipInput::ReadText(char* buffer, size_t size) {
  State& s = *state_;
  inflate_state& t = s.text;
  std::memcpy(&s.before, &t, offsetof(inflate_state, tmp_out_buffer) + t.tmp_out_valid);
  t.next_in = s.next;
  t.avail_in = static_cast<uint32_t>(s.left);
  t.next_out = reinterpret_cast<uint8_t*>(buffer);
  t.avail_out = static_cast<uint32_t>(std::min<size_t>(size, 1u << 30));
  if (isal_inflate(&t) < 0) return ReadTextBeforeDamage(buffer, size);
  s.next = t.next_in;
  s.left = t.avail_in;
  if (t.block_state == ISAL_BLOCK_FINISH) {
    // Whole bytes that isa-l took already are the trailer's.
    s.trailer_size = static_cast<size_t>(t.read_in_length / 8);
    const uint64_t bits = t.read_in >> (t.read_in_length % 8);
    for (size_t i = 0; i < s.trailer_size; ++i) s.trailer[i] = static_cast<uint8_t>(bits >> 8 * i);
    s.part = State::Part::kTrailer;
  }
  return reinterpret_cast<char*>(t.next_out) - buffer;
}

// isa-l's fast loop also counts bytes that it did not write when it meets damage. The same text
// once more, by the careful one, up to the damage or as much as there is room for.
size_t GunzipInput::ReadTextBeforeDamage(char* buffer, size_t size) {
  State& s = *state_;
  inflate_state& t = s.text;
  std::memcpy(&t, &s.before, offsetof(inflate_state, tmp_out_buffer) + s.before.tmp_out_valid);
  t.next_out = reinterpret_cast<uint8_t*>(buffer);
  t.avail_out = static_cast<uint32_t>(std::min<size_t>(size, 1u << 30));
  while (s.left > 0 && t.avail_out > 0 && error_.ok()) {
    t.next_in = s.next;
    t.avail_in = static_cast<uint32_t>(std::min(s.left, kCareful));
    const int rc = isal_inflate(&t);
    s.left -= static_cast<size_t>(t.next_in - s.next);
    s.next = t.next_in;
    if (rc < 0) Damaged(ReasonOf(rc));
  }
  return reinterpret_cast<char*>(t.next_out) - buffer;
}

void GunzipInput::ReadTrailer() {
  State& s = *state_;
  const size_t n = std::min(s.left, s.trailer.size() - s.trailer_size);
  std::copy_n(s.next, n, s.trailer.begin() + static_cast<ptrdiff_t>(s.trailer_size));
  s.next += n;
  s.left -= n;
  s.trailer_size += n;
  if (s.trailer_size < s.trailer.size()) return;
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | s.trailer[at + i];
    return value;
  };
  if (number(0) != s.text.crc) {
    Damaged("incorrect data check");
  } else if (number(4) != s.text.total_out) {
    Damaged("incorrect length check");
  } else {
    s.part = State::Part::kBetween;
  }
}

void GunzipInput::BeginNextMember() {
  State& s = *state_;
  const bool more = s.left >= 2 && s.next[0] == 0x1f && s.next[1] == 0x8b;
  s.part = more ? State::Part::kHeader : State::Part::kEnd;
  inflateReset(&s.header);
}

absl::StatusOr<size_t> GunzipInput::Read(char* buffer, size_t size) {
  State& s = *state_;
  size_t n = 0;
  while (n == 0 && error_.ok() && s.part != State::Part::kEnd) {
    // Between members two bytes must be seen before it is known whether another one follows.
    const size_t needed = s.part == State::Part::kBetween ? 2 : 1;
    if (s.left < needed && !s.inner_ended && s.Held() == 0) {
      if (error_ = Fill(); !error_.ok()) return error_;
      continue;
    }
    const bool starved = s.left == 0;
    const State::Part part = s.part;
    switch (s.part) {
      case State::Part::kHeader:
        ReadHeader();
        break;
      case State::Part::kText:
        n = ReadText(buffer, size);
        break;
      case State::Part::kTrailer:
        ReadTrailer();
        break;
      default:
        BeginNextMember();
        continue;
    }
    if (starved && n == 0 && s.part == part && error_.ok()) {
      if (part == State::Part::kText) n = LastLiterals(s.text, buffer, size);
      Truncated();
    }
  }
  if (n == 0 && !error_.ok()) {
    // Text in front of the damage that found no room before.
    n = std::min(size, s.Held());
    if (n == 0) return error_;
    std::memcpy(buffer, s.text.tmp_out_buffer + s.text.tmp_out_processed, n);
    s.text.tmp_out_processed += static_cast<int>(n);
  }
  return n;
}

}  // namespace culprit
