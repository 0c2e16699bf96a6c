// The forward protocol's proof of a shared key and, on top, of a user's password: HELO, PING, PONG.
// One per connection; one thread.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ingest/forward/forward_config.h"

namespace culprit {

class Handshake {
 public:
  // Draws the nonce. `config` must outlive this.
  explicit Handshake(const ForwardConfig& config, std::string server_name);
  // What the server says first.
  std::string Helo() const;
  // The server's answer to a PING; *host becomes the sender's name for itself. PermissionDenied:
  // wrong key, user or password; send *answer (it says so), then close. InvalidArgument: no PING;
  // *answer stays empty. No secret is in any message.
  absl::Status Answer(std::string_view ping, std::string* answer, std::string* host) const;

 private:
  absl::Status Check(std::string_view host, std::string_view salt, std::string_view key_digest,
                     std::string_view user, std::string_view password_digest) const;
  const ForwardConfig& config_;
  std::string server_name_;
  std::string nonce_, auth_salt_;
};

// {"ack": chunk} as MessagePack, or as JSON.
std::string AckMessage(std::string_view chunk, bool json);

}  // namespace culprit
