// Tests of what counts as text.
#include "core/utf8.h"

#include <gtest/gtest.h>

namespace strata::internal {
namespace {

TEST(CheckText, TextOfEveryLengthOfSequenceIsFine) {
  EXPECT_EQ(check_text(""), TextFault::kNone);
  EXPECT_EQ(check_text("org:7 ~"), TextFault::kNone);
  EXPECT_EQ(check_text("\xc3\xa9"), TextFault::kNone);          // e with acute
  EXPECT_EQ(check_text("\xe2\x82\xac"), TextFault::kNone);      // euro sign
  EXPECT_EQ(check_text("\xf0\x9f\x98\x80"), TextFault::kNone);  // a face
  EXPECT_EQ(check_text("\xc2\xa0"), TextFault::kNone);          // the first after the controls
  EXPECT_EQ(check_text("\xf4\x8f\xbf\xbf"), TextFault::kNone);  // the last code point
}

TEST(CheckText, WhatNoEncoderWritesIsNotUtf8) {
  EXPECT_EQ(check_text("\x80"), TextFault::kNotUtf8) << "a continuation alone";
  EXPECT_EQ(check_text("\xc3"), TextFault::kNotUtf8) << "cut";
  EXPECT_EQ(check_text("\xe2\x82"), TextFault::kNotUtf8) << "cut later";
  EXPECT_EQ(check_text("\xc3("), TextFault::kNotUtf8) << "no continuation";
  EXPECT_EQ(check_text("\xc0\xaf"), TextFault::kNotUtf8) << "overlong, two bytes";
  EXPECT_EQ(check_text("\xe0\x9f\xbf"), TextFault::kNotUtf8) << "overlong, three bytes";
  EXPECT_EQ(check_text("\xf0\x8f\xbf\xbf"), TextFault::kNotUtf8) << "overlong, four bytes";
  EXPECT_EQ(check_text("\xed\xa0\x80"), TextFault::kNotUtf8) << "a surrogate";
  EXPECT_EQ(check_text("\xed\xbf\xbf"), TextFault::kNotUtf8) << "the last surrogate";
  EXPECT_EQ(check_text("\xf4\x90\x80\x80"), TextFault::kNotUtf8) << "above U+10FFFF";
  EXPECT_EQ(check_text("\xf8\x88\x80\x80\x80"), TextFault::kNotUtf8) << "five bytes";
  EXPECT_EQ(check_text("\xff"), TextFault::kNotUtf8);
}

TEST(CheckText, ControlCharactersOfBothRangesAreFound) {
  EXPECT_EQ(check_text("a\nb"), TextFault::kControl);
  EXPECT_EQ(check_text(std::string_view("\0", 1)), TextFault::kControl);
  EXPECT_EQ(check_text("\x1f"), TextFault::kControl);
  EXPECT_EQ(check_text("\x7f"), TextFault::kControl);
  EXPECT_EQ(check_text("\xc2\x80"), TextFault::kControl);
  EXPECT_EQ(check_text("\xc2\x9f"), TextFault::kControl);
}

}  // namespace
}  // namespace strata::internal
