// Where a JSON document ends, without reading what is in it. Pure; any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace culprit {

// Finds the end of one JSON array or object while its bytes come in pieces.
class JsonScanner {
 public:
  enum class State : uint8_t { kMore, kOk, kInvalid };
  // `bytes`: from the opening bracket on. kInvalid: no bracket in front, or nested too deep.
  State Scan(std::string_view bytes);
  size_t end() const { return position_; }
  void Reset() { *this = JsonScanner(); }

 private:
  size_t position_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace culprit
