// Who may ask what. Without a token the server listens on loopback alone, and three things keep web
// pages in the same person's browser out: the Host must be an address or localhost (a name could be
// pointed at loopback by its owner: DNS rebinding), what changes something must not come from
// another origin, and no answer allows other origins to read it (no CORS). With a token every
// request needs it, as "Authorization: Bearer TOKEN" or as the password of Basic authentication,
// which browsers ask for. Immutable; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/serve/message.h"

namespace culprit {

class Access {
 public:
  explicit Access(Secret token) : token_(std::move(token)) {}
  // The refusal, or nothing.
  std::optional<ServeResponse> Check(const ServeRequest& request) const;

 private:
  bool HasToken(const ServeRequest& request) const;

  const Secret token_;
};

// The user of Basic authentication; empty: none.
std::string UserOf(const ServeRequest& request);

// "127.0.0.1:9797", "[::1]", "localhost:80": an address or localhost.
bool IsAddressOrLocalhost(std::string_view host);

}  // namespace culprit
