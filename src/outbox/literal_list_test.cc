#include "outbox/literal_list.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::outbox {
namespace {

TEST(LiteralList, IsReadAsItWasWritten) {
  EXPECT_EQ(read_literals(""), LiteralList());
  EXPECT_EQ(read_literals("'a','it''s',NULL,''''''"), (LiteralList{"a", "it's", {}, "''"}));
  EXPECT_EQ(write_literals({"a", "it's"}), "'a','it''s'");
}

TEST(LiteralList, AnythingElseIsNoList) {
  for (const char* text : {"'", "'a", "'a'b", "'a',", ",'a'", "a", "null", "NULL,", "''' ", " ''",
                           "'a''", "NULLNULL", "7"}) {
    EXPECT_FALSE(read_literals(text).has_value()) << text;
  }
}

TEST(LiteralList, AnyBytesSurviveTheRoundTrip) {
  testkit::for_each_seed(50, [](testkit::Random& random) {
    std::vector<std::string> texts(random.between(1, 8));
    LiteralList expected;
    for (std::string& text : texts) {
      text = random.one_in(2) ? random.bytes(20) : random.text(0, 6, "',NUL");
      expected.emplace_back(text);
    }
    EXPECT_EQ(read_literals(write_literals(texts)), expected) << write_literals(texts);
  });
}

TEST(LiteralList, AnyTextIsReadOrRefused) {
  testkit::for_each_seed(200, [](testkit::Random& random) {
    const std::string text = random.text(0, 12, "'',NULa");
    const std::optional<LiteralList> list = read_literals(text);
    if (!list) return;
    std::string again;
    for (const std::optional<std::string>& literal : *list) {
      again += (again.empty() ? "" : ",") + (literal ? quote_text(*literal) : "NULL");
    }
    EXPECT_EQ(again, text) << "there is one way to write a list";
  });
}

}  // namespace
}  // namespace strata::outbox
