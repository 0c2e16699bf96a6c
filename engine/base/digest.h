// Digests of bytes as lower-case hex (OpenSSL). Pure functions, any thread.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/base/secret.h"

namespace culprit {

// Of the parts one behind the other: 64 digits, 128 digits.
std::string Sha256Hex(std::initializer_list<std::string_view> parts);
std::string Sha512Hex(std::initializer_list<std::string_view> parts);
// HMAC-SHA256 (RFC 2104), 64 digits.
std::string HmacSha256Hex(const Secret& key, std::string_view bytes);

}  // namespace culprit
