// Tests of sizes in bytes as text.
#include "core/byte_size.h"

#include <gtest/gtest.h>

namespace strata::internal {
namespace {

TEST(ByteSize, IsANumberPerhapsWithAUnit) {
  EXPECT_EQ(parse_byte_size("0"), 0);
  EXPECT_EQ(parse_byte_size("1000"), 1'000);
  EXPECT_EQ(parse_byte_size("1KiB"), 1'024);
  EXPECT_EQ(parse_byte_size("3 MiB"), 3 << 20);
  EXPECT_EQ(parse_byte_size("2GB"), 2'000'000'000);
  EXPECT_EQ(parse_byte_size("-1kB"), -1'000);
}

TEST(ByteSize, AnythingElseIsNone) {
  for (const char* text : {"", "MiB", "1.5MiB", "1mib", "1 B", "01", "0x10", "1MiB ", "1  MiB"}) {
    EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
  }
}

TEST(ByteSize, WhatDoesNotFitIsTheNearestThatDoes) {
  EXPECT_EQ(parse_byte_size("99999999999999999999"), INT64_MAX);
  EXPECT_EQ(parse_byte_size("9999999999999GiB"), INT64_MAX);
  EXPECT_EQ(parse_byte_size("-9999999999999GiB"), INT64_MIN);
}

TEST(ByteSize, IsWrittenWithTheLargestUnitThatDividesIt) {
  EXPECT_EQ(format_byte_size(0), "0");
  EXPECT_EQ(format_byte_size(1'000), "1000");
  EXPECT_EQ(format_byte_size(64 << 20), "64MiB");
  EXPECT_EQ(format_byte_size(1'536), "1536");
}

}  // namespace
}  // namespace strata::internal
