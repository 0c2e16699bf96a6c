#include "engine/ingest/forward/msgpack_reader.h"

#include <bit>
#include <limits>

namespace culprit {
namespace {

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// A head whose length stands in `width` bytes behind the first one.
MsgpackState Sized(std::string_view bytes, MsgpackType type, size_t width, MsgpackHead* head) {
  if (bytes.size() < 1 + width) return MsgpackState::kMore;
  const uint64_t n = BigEndian(bytes.substr(1, width));
  *head = {.type = type, .head_bytes = static_cast<uint8_t>(1 + width)};
  switch (type) {
    case MsgpackType::kArray:
      head->values = n;
      break;
    case MsgpackType::kMap:
      head->values = 2 * n;
      break;
    case MsgpackType::kExt:
      if (bytes.size() < 2 + width) return MsgpackState::kMore;
      head->ext_type = static_cast<int8_t>(bytes[1 + width]);
      ++head->head_bytes;
      head->size = n;
      break;
    default:
      head->size = n;
      break;
  }
  return MsgpackState::kOk;
}

MsgpackState FixExt(std::string_view bytes, uint64_t size, MsgpackHead* head) {
  if (bytes.size() < 2) return MsgpackState::kMore;
  *head = {.type = MsgpackType::kExt,
           .head_bytes = 2,
           .ext_type = static_cast<int8_t>(bytes[1]),
           .size = size};
  return MsgpackState::kOk;
}

}  // namespace

MsgpackState ReadMsgpackHead(std::string_view bytes, MsgpackHead* head) {
  using T = MsgpackType;
  if (bytes.empty()) return MsgpackState::kMore;
  const auto b = static_cast<uint8_t>(bytes[0]);
  const auto fixed = [&](MsgpackHead value) {
    value.head_bytes = 1;
    *head = value;
    return MsgpackState::kOk;
  };
  if (b <= 0x7f) return fixed({.type = T::kUint, .number = b});
  if (b <= 0x8f) return fixed({.type = T::kMap, .values = 2ULL * (b & 0x0f)});
  if (b <= 0x9f) return fixed({.type = T::kArray, .values = b & 0x0fULL});
  if (b <= 0xbf) return fixed({.type = T::kStr, .size = b & 0x1fULL});
  if (b >= 0xe0) {
    return fixed({.type = T::kInt,
                  .number = static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(b)))});
  }
  switch (b) {
    case 0xc0:
      return fixed({.type = T::kNil});
    case 0xc1:
      return MsgpackState::kInvalid;
    case 0xc2:
    case 0xc3:
      return fixed({.type = T::kBool, .number = b & 1ULL});
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return Sized(bytes, T::kBin, 1U << (b - 0xc4), head);
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return Sized(bytes, T::kExt, 1U << (b - 0xc7), head);
    case 0xca:
      return fixed({.type = T::kFloat, .size = 4});
    case 0xcb:
      return fixed({.type = T::kFloat, .size = 8});
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return fixed({.type = T::kUint, .size = 1ULL << (b - 0xcc)});
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return fixed({.type = T::kInt, .size = 1ULL << (b - 0xd0)});
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return FixExt(bytes, 1ULL << (b - 0xd4), head);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return Sized(bytes, T::kStr, 1U << (b - 0xd9), head);
    case 0xdc:
    case 0xdd:
      return Sized(bytes, T::kArray, 2U << (b - 0xdc), head);
    default:
      return Sized(bytes, T::kMap, 2U << (b - 0xde), head);
  }
}

MsgpackState MsgpackScanner::Scan(std::string_view bytes) {
  while (pending_ > 0) {
    // Every value takes a byte at least.
    if (position_ > max_bytes_ || pending_ > max_bytes_ - position_) return MsgpackState::kTooLarge;
    if (position_ >= bytes.size()) return MsgpackState::kMore;
    MsgpackHead head;
    const MsgpackState state = ReadMsgpackHead(bytes.substr(position_), &head);
    if (state != MsgpackState::kOk) return state;
    position_ += head.head_bytes + head.size;
    pending_ += head.values;
    --pending_;
  }
  if (position_ > max_bytes_) return MsgpackState::kTooLarge;
  return position_ <= bytes.size() ? MsgpackState::kOk : MsgpackState::kMore;
}

bool MsgpackCursor::Take(const MsgpackHead& head, std::string_view* payload) {
  if (rest_.size() - head.head_bytes < head.size) return false;
  *payload = rest_.substr(head.head_bytes, head.size);
  rest_.remove_prefix(head.head_bytes + head.size);
  return true;
}

bool MsgpackCursor::ReadArray(uint64_t* values) {
  MsgpackHead head;
  if (!Peek(&head) || head.type != MsgpackType::kArray) return false;
  *values = head.values;
  rest_.remove_prefix(head.head_bytes);
  return true;
}

bool MsgpackCursor::ReadMap(uint64_t* pairs) {
  MsgpackHead head;
  if (!Peek(&head) || head.type != MsgpackType::kMap) return false;
  *pairs = head.values / 2;
  rest_.remove_prefix(head.head_bytes);
  return true;
}

bool MsgpackCursor::ReadText(std::string_view* text) {
  MsgpackHead head;
  if (!Peek(&head) || (head.type != MsgpackType::kStr && head.type != MsgpackType::kBin)) {
    return false;
  }
  return Take(head, text);
}

bool MsgpackCursor::ReadInteger(int64_t* value) {
  MsgpackHead head;
  std::string_view payload;
  if (!Peek(&head) || (head.type != MsgpackType::kUint && head.type != MsgpackType::kInt) ||
      !Take(head, &payload)) {
    return false;
  }
  uint64_t number = payload.empty() ? head.number : BigEndian(payload);
  if (head.type == MsgpackType::kUint) {
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return false;
  } else if (!payload.empty() && payload.size() < 8) {
    const size_t unused = 64 - 8 * payload.size();
    number = static_cast<uint64_t>(static_cast<int64_t>(number << unused) >> unused);
  }
  *value = static_cast<int64_t>(number);
  return true;
}

bool MsgpackCursor::ReadFloat(double* value) {
  MsgpackHead head;
  std::string_view payload;
  if (!Peek(&head) || head.type != MsgpackType::kFloat || !Take(head, &payload)) return false;
  const uint64_t bits = BigEndian(payload);
  *value = payload.size() == 8 ? std::bit_cast<double>(bits)
                               : std::bit_cast<float>(static_cast<uint32_t>(bits));
  return true;
}

bool MsgpackCursor::ReadNil() {
  MsgpackHead head;
  std::string_view payload;
  return Peek(&head) && head.type == MsgpackType::kNil && Take(head, &payload);
}

bool MsgpackCursor::ReadBool(bool* value) {
  MsgpackHead head;
  std::string_view payload;
  if (!Peek(&head) || head.type != MsgpackType::kBool) return false;
  *value = head.number != 0;
  return Take(head, &payload);
}

bool MsgpackCursor::ReadExt(int8_t* type, std::string_view* payload) {
  MsgpackHead head;
  if (!Peek(&head) || head.type != MsgpackType::kExt) return false;
  *type = head.ext_type;
  return Take(head, payload);
}

bool MsgpackCursor::ReadValue(std::string_view* value) {
  MsgpackScanner scanner(rest_.size());
  if (scanner.Scan(rest_) != MsgpackState::kOk) return false;
  *value = rest_.substr(0, scanner.end());
  rest_.remove_prefix(scanner.end());
  return true;
}

}  // namespace culprit
