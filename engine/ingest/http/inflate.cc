#include "engine/ingest/http/inflate.h"

#include <zlib.h>

#include <string>

#include "engine/base/status.h"

namespace culprit {

struct InflateInput::State {
  ~State() {
    if (begun) inflateEnd(&stream);
  }
  z_stream stream{};
  std::string packed = std::string(64 * 1024, '\0');
  bool begun = false, ended = false;
  absl::Status error;
};

InflateInput::InflateInput(ByteInput& inner) : inner_(&inner), state_(std::make_unique<State>()) {}
InflateInput::~InflateInput() = default;

absl::StatusOr<size_t> InflateInput::Read(char* buffer, size_t size) {
  State& state = *state_;
  z_stream& stream = state.stream;
  if (!state.error.ok()) return state.error;
  const auto fail = [&](const char* why) -> absl::Status {
    return state.error = absl::DataLossError(why);
  };
  stream.next_out = reinterpret_cast<Bytef*>(buffer);
  stream.avail_out = static_cast<uInt>(size);
  while (!state.ended && stream.avail_out == size) {
    if (stream.avail_in == 0) {
      CULPRIT_ASSIGN_OR_RETURN(const size_t n,
                               inner_->Read(state.packed.data(), state.packed.size()));
      if (n == 0) return fail("deflate: ends too early");
      stream.next_in = reinterpret_cast<Bytef*>(state.packed.data());
      stream.avail_in = static_cast<uInt>(n);
    }
    if (!state.begun) {
      // zlib's head: method 8, and a multiple of 31 with the byte behind it.
      const auto* head = stream.next_in;
      const bool zlib =
          stream.avail_in >= 2 && (head[0] & 0x0f) == 8 && ((head[0] << 8) | head[1]) % 31 == 0;
      if (inflateInit2(&stream, zlib ? MAX_WBITS : -MAX_WBITS) != Z_OK) return fail("zlib");
      state.begun = true;
    }
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      state.ended = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return fail("deflate: damaged");
    }
  }
  return size - stream.avail_out;
}

}  // namespace culprit
