#include "engine/ingest/net/unzstd.h"

#include <zstd.h>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace culprit {
namespace {
constexpr int kWindowLog = 23;
}  // namespace

struct UnzstdInput::State {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string packed = std::string(ZSTD_DStreamInSize(), '\0');
  ZSTD_inBuffer in{.src = nullptr, .size = 0, .pos = 0};
  bool inside = false;  // of a frame
  absl::Status error;
};

UnzstdInput::UnzstdInput(ByteInput& inner) : inner_(&inner), state_(std::make_unique<State>()) {
  ZSTD_DCtx_setParameter(state_->context.get(), ZSTD_d_windowLogMax, kWindowLog);
}

UnzstdInput::~UnzstdInput() = default;

absl::StatusOr<size_t> UnzstdInput::Read(char* buffer, size_t size) {
  State& state = *state_;
  if (!state.error.ok()) return state.error;
  ZSTD_outBuffer out{.dst = buffer, .size = size, .pos = 0};
  bool ended = false;
  while (out.pos == 0 && !ended) {
    if (state.in.pos == state.in.size) {
      CULPRIT_ASSIGN_OR_RETURN(const size_t n,
                               inner_->Read(state.packed.data(), state.packed.size()));
      state.in = {.src = state.packed.data(), .size = n, .pos = 0};
      ended = n == 0;
    }
    // Without input too: what the decoder still holds comes out.
    if (ended && !state.inside) break;
    const size_t left = ZSTD_decompressStream(state.context.get(), &out, &state.in);
    if (ZSTD_isError(left) != 0) {
      state.error = absl::DataLossError(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
      return state.error;
    }
    state.inside = left != 0;
    if (ended && out.pos == 0) {
      state.error = absl::DataLossError("zstd: ends inside a frame");
      return state.error;
    }
  }
  return out.pos;
}

}  // namespace culprit
