#include "labels/cause_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/utf8.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

std::string kept(std::string_view text) {
  std::string out(limits::kCauseTextBytes, '#');
  out.resize(internal::keep_text(text, out.data()));
  return out;
}

TEST(CauseText, KindsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const CauseKind kind : kCauseKinds) {
    EXPECT_FALSE(to_string(kind).empty());
    EXPECT_TRUE(names.insert(to_string(kind)).second);
  }
  EXPECT_EQ(names.size(), kCauseKindCount);
}

TEST(CauseText, TextIsCutAtTheLimit) {
  const std::string longest(limits::kCauseTextBytes, 'x');
  EXPECT_EQ(kept(""), "");
  EXPECT_EQ(kept(longest), longest);
  EXPECT_EQ(kept(longest + "x"), longest.substr(3) + "...");
}

TEST(CauseText, TextIsCutBetweenTwoCharacters) {
  // Each of these has three bytes, so 32 fill the limit and 31 are left beside the mark.
  std::string text;
  for (int i = 0; i < 32; ++i) text += "\u20ac";
  EXPECT_EQ(kept(text), text);
  EXPECT_EQ(kept(text + "x"), text.substr(3) + "...");
  EXPECT_EQ(kept("x" + text), "x" + text.substr(0, 30 * 3) + "...");
}

TEST(CauseText, WhatCannotBeShownIsReplaced) {
  EXPECT_EQ(kept("a\nb\x7f\xff"
                 "c"),
            "a?b??c");
  EXPECT_EQ(kept("\xe2\x82"), "??");
  EXPECT_EQ(kept("caf\u00e9"), "caf\u00e9");
}

TEST(CauseText, AnyBytesBecomeTextThatCanBeShown) {
  testkit::for_each_seed(500, [](testkit::Random& random) {
    const std::string bytes = random.bytes(200);
    const std::string text = kept(bytes);
    ASSERT_LE(text.size(), limits::kCauseTextBytes);
    ASSERT_EQ(internal::check_text(text), internal::TextFault::kNone);
    ASSERT_EQ(kept(text), text);
    if (internal::check_text(bytes) == internal::TextFault::kNone &&
        bytes.size() <= limits::kCauseTextBytes) {
      ASSERT_EQ(text, bytes);
    }
  });
}

TEST(CauseText, AgesAreNeverNegativeAndNeverWrap) {
  EXPECT_EQ(internal::age_text({1'000}, {4'000}), "3 s");
  EXPECT_EQ(internal::age_text({4'000}, {1'000}), "0 s");
  EXPECT_EQ(internal::age_text({INT64_MAX}, {INT64_MIN}), "0 s");
  EXPECT_NE(internal::age_text({INT64_MIN}, {INT64_MAX}), "never");
}

}  // namespace
}  // namespace strata
