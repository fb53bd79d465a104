// Tests of foreign text in error messages.
#include "core/quote.h"

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(Quoted, PlainTextOnlyGetsQuotes) { EXPECT_EQ(internal::quoted("a b~"), "\"a b~\""); }

TEST(Quoted, WhatCouldEndTheQuotesIsEscaped) {
  EXPECT_EQ(internal::quoted("a\"b\\"), "\"a\\\"b\\\\\"");
}

TEST(Quoted, BytesThatATerminalWouldObeyAreEscaped) {
  EXPECT_EQ(internal::quoted("\x1b[31m\n\x7f\xff"), "\"\\x1b[31m\\x0a\\x7f\\xff\"");
}

TEST(Quoted, LongTextIsCutAndSaysSo) {
  EXPECT_EQ(internal::quoted(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  EXPECT_EQ(internal::quoted(std::string(65, 'x')), "\"" + std::string(64, 'x') + "...\"");
}

}  // namespace
}  // namespace strata
