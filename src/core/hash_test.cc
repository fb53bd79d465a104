// Known answers of the hashes. They are written to disk, so they may never change.
#include "core/hash.h"

#include <gtest/gtest.h>

namespace strata::internal {
namespace {

TEST(Hash, KnownAnswersOf64Bits) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash64("a"), 0xe6c632b61e964e1fu);
}

TEST(Hash, KnownAnswersOf128BitsAsHex) {
  EXPECT_EQ(hash128_hex(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash128_hex("a"), "a96faf705af16834e6c632b61e964e1f");
}

}  // namespace
}  // namespace strata::internal
