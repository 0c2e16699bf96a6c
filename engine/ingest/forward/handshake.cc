#include "engine/ingest/forward/handshake.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <msgpack.hpp>
#include <sstream>
#include <utility>

#include "engine/base/digest.h"
#include "engine/base/json_text.h"
#include "engine/base/utf8.h"
#include "engine/ingest/forward/msgpack_reader.h"

namespace culprit {
namespace {

constexpr size_t kNonceBytes = 16;
constexpr size_t kMaxHostBytes = 255;

std::string Random() {
  std::string bytes(kNonceBytes, '\0');
  // Without randomness there is no proof; OpenSSL then cannot do TLS either.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kNonceBytes) != 1) std::abort();
  return bytes;
}

using Packer = msgpack::packer<std::ostringstream>;

void PackText(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<uint32_t>(text.size()));
}

void PackBytes(Packer& packer, std::string_view bytes) {
  packer.pack_bin(static_cast<uint32_t>(bytes.size()));
  packer.pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
}

}  // namespace

Handshake::Handshake(const ForwardConfig& config, std::string server_name)
    : config_(config), server_name_(std::move(server_name)), nonce_(Random()) {
  if (!config.users.empty()) auth_salt_ = Random();
}

std::string Handshake::Helo() const {
  std::ostringstream out;
  Packer packer(out);
  packer.pack_array(2);
  PackText(packer, "HELO");
  packer.pack_map(3);
  PackText(packer, "nonce");
  PackBytes(packer, nonce_);
  PackText(packer, "auth");
  PackBytes(packer, auth_salt_);
  PackText(packer, "keepalive");
  packer.pack_true();
  return out.str();
}

absl::Status Handshake::Check(std::string_view host, std::string_view salt,
                              std::string_view key_digest, std::string_view user,
                              std::string_view password_digest) const {
  const Secret expected(Sha512Hex({salt, host, nonce_, config_.shared_key.Reveal()}));
  if (!expected.Matches(key_digest)) return absl::PermissionDeniedError("shared key mismatch");
  if (config_.users.empty()) return absl::OkStatus();
  // All users are tried, so that the time tells nothing about which names exist.
  bool known = false;
  for (const ForwardUser& candidate : config_.users) {
    const Secret proof(Sha512Hex({auth_salt_, user, candidate.password.Reveal()}));
    const bool right = proof.Matches(password_digest) && candidate.name == user;
    known = known || right;
  }
  return known ? absl::OkStatus() : absl::PermissionDeniedError("username/password mismatch");
}

absl::Status Handshake::Answer(std::string_view ping, std::string* answer,
                               std::string* host) const {
  MsgpackCursor cursor(ping);
  uint64_t values = 0;
  std::string_view word, name, salt, key_digest, user, password_digest;
  if (!cursor.ReadArray(&values) || values != 6 || !cursor.ReadText(&word) || word != "PING" ||
      !cursor.ReadText(&name) || !cursor.ReadText(&salt) || !cursor.ReadText(&key_digest) ||
      !cursor.ReadText(&user) || !cursor.ReadText(&password_digest)) {
    return absl::InvalidArgumentError(
        "expected PING: a shared key is configured here; does the sender have one?");
  }
  const absl::Status status = Check(name, salt, key_digest, user, password_digest);
  std::ostringstream out;
  Packer packer(out);
  packer.pack_array(5);
  PackText(packer, "PONG");
  if (status.ok()) {
    packer.pack_true();
    PackText(packer, "");
    PackText(packer, server_name_);
    PackText(packer, Sha512Hex({salt, server_name_, nonce_, config_.shared_key.Reveal()}));
    *host = ToValidUtf8(name, kMaxHostBytes);
  } else {
    packer.pack_false();
    PackText(packer, std::string_view(status.message().data(), status.message().size()));
    PackText(packer, "");
    PackText(packer, "");
  }
  *answer = out.str();
  return status;
}

std::string AckMessage(std::string_view chunk, bool json) {
  if (json) {
    std::string text = "{\"ack\":";
    AppendJsonString(chunk, &text);
    return text + "}";
  }
  std::ostringstream out;
  Packer packer(out);
  packer.pack_map(1);
  PackText(packer, "ack");
  PackText(packer, chunk);
  return out.str();
}

}  // namespace culprit
