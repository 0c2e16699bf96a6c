#include "engine/ingest/net/json_scanner.h"

namespace culprit {
namespace {
constexpr int kMaxDepth = 67;  // a record of 64 levels in the arrays of an envelope
}  // namespace

JsonScanner::State JsonScanner::Scan(std::string_view bytes) {
  for (; position_ < bytes.size(); ++position_) {
    const char c = bytes[position_];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') in_string_ = true;
    if (c == '[' || c == '{') ++depth_;
    if (depth_ == 0 || depth_ > kMaxDepth) return State::kInvalid;
    if ((c == ']' || c == '}') && --depth_ == 0) {
      ++position_;
      return State::kOk;
    }
  }
  return State::kMore;
}

}  // namespace culprit
