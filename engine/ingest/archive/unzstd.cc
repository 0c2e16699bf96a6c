#include "engine/ingest/archive/unzstd.h"

#include <zstd.h>

#include <new>

#include "absl/strings/str_cat.h"

namespace culprit {

struct UnzstdInput::State {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::unique_ptr<char[]> packed{new char[ZSTD_DStreamInSize()]};
  ZSTD_inBuffer in{.src = nullptr, .size = 0, .pos = 0};
  bool inner_ended = false;
  bool inside = false;  // of a frame
  absl::Status error;
};

UnzstdInput::UnzstdInput(ByteInput& inner, std::string name, int window_log)
    : inner_(&inner), name_(std::move(name)), state_(std::make_unique<State>()) {
  if (state_->context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(state_->context.get(), ZSTD_d_windowLogMax, window_log);
}

UnzstdInput::~UnzstdInput() = default;

absl::StatusOr<size_t> UnzstdInput::Read(char* buffer, size_t size) {
  State& s = *state_;
  ZSTD_outBuffer out{.dst = buffer, .size = size, .pos = 0};
  while (out.pos == 0 && s.error.ok()) {
    if (s.in.pos == s.in.size && !s.inner_ended) {
      const absl::StatusOr<size_t> n = inner_->Read(s.packed.get(), ZSTD_DStreamInSize());
      if (!n.ok()) {
        s.error = n.status();
        break;
      }
      s.in = {.src = s.packed.get(), .size = *n, .pos = 0};
      s.inner_ended = *n == 0;
    }
    if (s.inner_ended && !s.inside) return 0;
    // Without input too: what the decoder still holds comes out.
    const size_t left = ZSTD_decompressStream(s.context.get(), &out, &s.in);
    std::string reason;
    if (ZSTD_isError(left) != 0) {
      reason = absl::StrCat("Zstd decompression failed: ", ZSTD_getErrorName(left));
    } else if (s.inner_ended && left != 0 && out.pos == 0) {
      reason = "Truncated zstd input";
    }
    s.inside = left != 0;
    if (reason.empty()) continue;
    s.error = absl::DataLossError(
        absl::StrCat(name_, ": zstd data is damaged or cut short (", reason,
                     "); what came before was read, what follows is lost. Copy it again"));
  }
  if (out.pos == 0) return s.error;
  return out.pos;
}

}  // namespace culprit
