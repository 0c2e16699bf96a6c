#include "engine/base/checkpoint.h"

#include <zlib.h>

#include <cstdlib>

#include "engine/base/views.h"

namespace culprit {
namespace {

// Far beyond any time a log can have, far from where sums of two of them wrap.
constexpr int64_t kMaxTime = int64_t{1} << 60;
constexpr std::string_view kMagic = "CPT\x01";

void PutLittleEndian(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t GetLittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return value;
}

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

void CheckpointWriter::Varint(uint64_t value) {
  char buffer[10];
  size_t n = 0;
  while (value >= 0x80) {
    buffer[n++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  buffer[n++] = static_cast<char>(value);
  bytes_.append(buffer, n);
}

void CheckpointWriter::Fixed64(uint64_t value) { PutLittleEndian(value, 8, &bytes_); }

void CheckpointWriter::Text(std::string_view text) {
  Varint(text.size());
  bytes_.append(text);
}

// 0 and the text: a new word, which gets the next number; n: word n.
void CheckpointWriter::Word(std::string_view word) {
  const auto it = words_.find(ToAbsl(word));
  if (it != words_.end()) return Varint(it->second);
  words_.emplace(std::string(word), words_.size() + 1);
  Varint(0);
  Text(word);
}

// 0: none; else the difference, moved by one where it is not negative.
void CheckpointWriter::Time(int64_t time) {
  if (time == INT64_MIN) return Varint(0);
  const int64_t difference = time - last_time_;
  Signed(difference >= 0 ? difference + 1 : difference);
  last_time_ = time;
}

uint64_t CheckpointReader::Varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    Require(i < 9 || byte <= 1, "number out of range");
    rest_.remove_prefix(i + 1);
    return value;
  }
  throw CheckpointDamage("number cut short");
}

uint64_t CheckpointReader::Fixed64() {
  Require(rest_.size() >= 8, "cut short");
  const uint64_t value = GetLittleEndian(rest_.substr(0, 8));
  rest_.remove_prefix(8);
  return value;
}

std::string_view CheckpointReader::Text() {
  const size_t size = Count();
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

std::string_view CheckpointReader::Word() {
  const uint64_t number = Varint();
  Require(number <= words_.size(), "unknown word");
  if (number > 0) return words_[number - 1];
  words_.push_back(Text());
  return words_.back();
}

int64_t CheckpointReader::Time() {
  const int64_t moved = Signed();
  if (moved == 0) return INT64_MIN;
  Require(std::abs(moved / 4) <= kMaxTime, "time out of range");
  last_time_ += moved > 0 ? moved - 1 : moved;
  Require(std::abs(last_time_) <= kMaxTime, "time out of range");
  return last_time_;
}

size_t CheckpointReader::Count() {
  const uint64_t n = Varint();
  Require(n <= rest_.size(), "size beyond the end");
  return n;
}

std::string SealCheckpoint(std::string_view kind, uint32_t version, std::string_view content) {
  CheckpointWriter head;
  head.Text(kind);
  head.Varint(version);
  std::string bytes;
  bytes.reserve(kMagic.size() + 4 + head.bytes().size() + content.size());
  bytes += kMagic;
  PutLittleEndian(0, 4, &bytes);
  bytes += head.bytes();
  bytes += content;
  const uint32_t sum = Checksum(std::string_view(bytes).substr(kMagic.size() + 4));
  for (size_t i = 0; i < 4; ++i) bytes[kMagic.size() + i] = static_cast<char>(sum >> (8 * i));
  return bytes;
}

absl::Status OpenCheckpoint(std::string_view bytes, std::string_view kind, uint32_t version,
                            std::string_view* content) {
  const std::string name(kind);
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 4) {
    return absl::DataLossError(name + " checkpoint: does not begin like one");
  }
  const uint64_t sum = GetLittleEndian(bytes.substr(kMagic.size(), 4));
  bytes.remove_prefix(kMagic.size() + 4);
  if (sum != Checksum(bytes)) {
    return absl::DataLossError(name + " checkpoint: damaged (checksum)");
  }
  try {
    CheckpointReader head(bytes);
    const std::string_view found = head.Text();
    const uint64_t written = head.Varint();
    if (found != kind) {
      return absl::InvalidArgumentError(name + " checkpoint: is one of " + std::string(found));
    }
    if (written != version) {
      return absl::FailedPreconditionError(name + " checkpoint: version " +
                                           std::to_string(written) + ", this program reads " +
                                           std::to_string(version));
    }
    *content = bytes.substr(bytes.size() - head.left());
  } catch (const CheckpointDamage& e) {
    return absl::DataLossError(name + " checkpoint: " + e.what());
  }
  return absl::OkStatus();
}

}  // namespace culprit
