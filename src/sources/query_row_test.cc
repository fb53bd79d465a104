#include "sources/query_row.h"

#include <gtest/gtest.h>

#include <string>

namespace strata {
namespace {

// The vectors of RFC 4648, section 10, and what they leave out.
TEST(Base64, TheExamplesOfTheStandardHold) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xFF\xFE\x00\x10", 4)), "//4AEA==");
}

}  // namespace
}  // namespace strata
