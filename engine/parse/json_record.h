// One JSON log line -> LineFields, by the key table of json_keys.h.
// Not thread-safe; owns a simdjson parser and its buffers. The views it hands out hold until the
// next Read of the same reader.
#pragma once
#include <memory>
#include <string_view>

#include "engine/parse/fields.h"
#include "engine/parse/stamp.h"

namespace culprit {

constexpr size_t kLeastPartialBytes = 8 * 1024;  // Docker cuts at 16 KiB; shorter lines are whole

struct JsonLine {
  std::string_view inner;               // the text that a wrapper carries; else the message
  FormatId wrapper = FormatId::kPlain;  // kDocker, kJournald, ...; kPlain: not a wrapper
  bool has_level = false;
  std::string_view extra;  // string value of the key asked for
};

class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  // `line` starts with '{'. False: not JSON that can be read; *out is then untouched. A line that
  // was cut is read as far as it goes. `extra_key`: a top-level (or dotted) key whose value is
  // wanted too; may be empty.
  bool Read(std::string_view line, std::string_view extra_key, StampReader& stamps, LineFields* out,
            JsonLine* json);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// False if `name` looks like a class, module or file path rather than a service.
bool LooksLikeServiceName(std::string_view name);

}  // namespace culprit
