#include "engine/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace culprit {
namespace {

using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string Hex(const Bytes& digest, unsigned size) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::string Digest(const EVP_MD* kind, std::initializer_list<std::string_view> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  Bytes digest{};
  unsigned size = 0;
  bool done = context && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1;
  for (const std::string_view part : parts)
    done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  // Fails only without memory or in a library built without it: nothing here goes on then.
  if (!done || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) std::abort();
  return Hex(digest, size);
}

}  // namespace

std::string Sha256Hex(std::initializer_list<std::string_view> parts) {
  return Digest(EVP_sha256(), parts);
}
std::string Sha512Hex(std::initializer_list<std::string_view> parts) {
  return Digest(EVP_sha512(), parts);
}

std::string HmacSha256Hex(const Secret& key, std::string_view bytes) {
  Bytes digest{};
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), key.Reveal().data(), static_cast<int>(key.Reveal().size()),
            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
            &size))
    std::abort();
  return Hex(digest, size);
}

}  // namespace culprit
