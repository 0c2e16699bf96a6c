// MessagePack from the outside: the heads of values, and where a value ends. What stands inside
// records is read by json_lines. Pure; any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace culprit {

enum class MsgpackType : uint8_t {
  kNil,
  kBool,
  kUint,
  kInt,
  kFloat,
  kStr,
  kBin,
  kArray,
  kMap,
  kExt
};

struct MsgpackHead {
  MsgpackType type = MsgpackType::kNil;
  uint8_t head_bytes = 0;  // before the payload or the first element
  int8_t ext_type = 0;
  uint64_t size = 0;    // payload bytes (str, bin, ext, and numbers behind their first byte)
  uint64_t values = 0;  // that follow as elements: n of an array, 2n of a map
  uint64_t number = 0;  // of the small integers and bool, which have no payload
};

enum class MsgpackState : uint8_t { kOk, kMore, kInvalid, kTooLarge };

// kMore: `bytes` ends inside the head.
MsgpackState ReadMsgpackHead(std::string_view bytes, MsgpackHead* head);

// Finds the end of one value while its bytes come in pieces. Looks at heads only, at each once, and
// needs no memory for nesting: it counts how many values are still to come.
class MsgpackScanner {
 public:
  explicit MsgpackScanner(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  // `bytes`: the value from its start, as far as it came. kOk: it is whole, and end() bytes long.
  MsgpackState Scan(std::string_view bytes);
  // Behind what was understood so far; may lie behind the bytes that came.
  uint64_t end() const { return position_; }
  void Reset() { position_ = 0, pending_ = 1; }
  // The first `n` of the bytes are gone: the next Scan gets what follows them.
  void Drop(uint64_t n) { position_ -= n, max_bytes_ -= n; }

 private:
  uint64_t max_bytes_;
  uint64_t position_ = 0;
  uint64_t pending_ = 1;
};

// Reads values one after the other. After a method returned false the position is undefined.
class MsgpackCursor {
 public:
  explicit MsgpackCursor(std::string_view bytes) : rest_(bytes) {}
  std::string_view rest() const { return rest_; }
  // The next value's head; does not move.
  bool Peek(MsgpackHead* head) const { return ReadMsgpackHead(rest_, head) == MsgpackState::kOk; }
  bool ReadArray(uint64_t* values);
  bool ReadMap(uint64_t* pairs);
  bool ReadText(std::string_view* text);  // str or bin
  bool ReadInteger(int64_t* value);
  bool ReadFloat(double* value);
  bool ReadNil();
  bool ReadBool(bool* value);
  bool ReadExt(int8_t* type, std::string_view* payload);
  // The whole next value, whatever it is.
  bool ReadValue(std::string_view* value);

 private:
  bool Take(const MsgpackHead& head, std::string_view* payload);
  std::string_view rest_;
};

}  // namespace culprit
