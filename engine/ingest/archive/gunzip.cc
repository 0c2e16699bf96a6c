#include "engine/ingest/archive/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {
constexpr size_t kInputBytes = 64 * 1024;
constexpr int kGzipOnly = 16 + MAX_WBITS;
}  // namespace

struct GunzipInput::State {
  z_stream stream{};
  char input[kInputBytes];
  bool inner_ended = false;
  bool between_members = false;  // a member ended; another may follow
};

GunzipInput::GunzipInput(ByteInput& inner, std::string name)
    : inner_(&inner), name_(std::move(name)), state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

GunzipInput::~GunzipInput() { inflateEnd(&state_->stream); }

absl::Status GunzipInput::Fill() {
  z_stream& z = state_->stream;
  std::memmove(state_->input, z.next_in, z.avail_in);
  absl::StatusOr<size_t> n =
      inner_->Read(state_->input + z.avail_in, sizeof(state_->input) - z.avail_in);
  z.next_in = reinterpret_cast<Bytef*>(state_->input);
  if (!n.ok()) return n.status();
  if (*n == 0) state_->inner_ended = true;
  z.avail_in += static_cast<uInt>(*n);
  return absl::OkStatus();
}

absl::StatusOr<size_t> GunzipInput::Read(char* buffer, size_t size) {
  if (!error_.ok()) return error_;
  if (done_) return 0;
  z_stream& z = state_->stream;
  z.next_out = reinterpret_cast<Bytef*>(buffer);
  const uInt room = static_cast<uInt>(std::min<size_t>(size, 1u << 30));
  z.avail_out = room;
  if (z.next_in == nullptr) z.next_in = reinterpret_cast<Bytef*>(state_->input);
  while (z.avail_out == room) {
    // Between members two bytes must be seen before it is known whether another one follows.
    if ((z.avail_in == 0 || (state_->between_members && z.avail_in < 2)) && !state_->inner_ended) {
      if (error_ = Fill(); !error_.ok()) return error_;
      continue;
    }
    if (state_->between_members) {
      if (z.avail_in < 2 || z.next_in[0] != 0x1f || z.next_in[1] != 0x8b) {
        done_ = true;
        return 0;
      }
      inflateReset(&z);
      state_->between_members = false;
    }
    const int rc = inflate(&z, Z_NO_FLUSH);
    if (rc == Z_STREAM_END) {
      state_->between_members = true;
    } else if (rc == Z_BUF_ERROR || rc == Z_OK) {
      if (z.avail_in == 0 && state_->inner_ended && z.avail_out == room) {
        error_ = absl::DataLossError(
            absl::StrCat(name_,
                         ": gzip data ends too early (truncated); what came before was read. Copy "
                         "the file again if its end matters"));
        return error_;
      }
    } else {
      error_ = absl::DataLossError(
          absl::StrCat(name_, ": gzip data is damaged (", z.msg == nullptr ? "error" : z.msg,
                       "); what came before was read. Copy the file again, in binary mode"));
      if (z.avail_out == room) return error_;
    }
  }
  return room - z.avail_out;
}

}  // namespace culprit
