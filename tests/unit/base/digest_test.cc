// Digests against the vectors of FIPS 180-4 and RFC 4231.
#include "engine/base/digest.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

TEST(Digest, Sha256OfKnownVectors) {
  EXPECT_EQ(Sha256Hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, PartsAreOneText) {
  EXPECT_EQ(Sha256Hex({"a", "", "bc"}), Sha256Hex({"abc"}));
  EXPECT_EQ(Sha512Hex({"a", "bc"}), Sha512Hex({"abc"}));
  EXPECT_EQ(Sha512Hex({"abc"}),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, HmacOfKnownVector) {
  EXPECT_EQ(HmacSha256Hex(Secret("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace culprit
