// Tests of what can be said of a source before it is opened.
#include "config/source_checks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::internal {
namespace {

using Names = std::vector<std::string>;

TEST(NamesInQuery, AreThoseThatSqliteWouldBind) {
  EXPECT_EQ(names_in_query("SELECT a FROM t WHERE i = :id AND j = :other_2"),
            (Names{"id", "other_2"}));
  EXPECT_EQ(names_in_query("SELECT :a, :b, :a"), (Names{"a", "b"}));
  EXPECT_EQ(names_in_query("SELECT 1"), Names());
  EXPECT_EQ(names_in_query(""), Names());
  EXPECT_EQ(names_in_query("SELECT :"), Names());
  EXPECT_EQ(names_in_query(":a"), Names{"a"});
  EXPECT_EQ(names_in_query("SELECT :stra\xc3\x9f"
                           "e"),
            Names{"stra\xc3\x9f"
                  "e"});
}

TEST(NamesInQuery, MeanNothingInsideTextsAndComments) {
  EXPECT_EQ(names_in_query("SELECT ':x', 'it''s :y', :a"), Names{"a"});
  EXPECT_EQ(names_in_query("SELECT \":x\", `:y`, [:z], :a"), Names{"a"});
  EXPECT_EQ(names_in_query("SELECT 1 -- :x\n, :a"), Names{"a"});
  EXPECT_EQ(names_in_query("SELECT 1 /* :x -- */ , :a"), Names{"a"});
  EXPECT_EQ(names_in_query("SELECT 5 - :a / :b"), (Names{"a", "b"}));
  for (const char* open : {"SELECT ':x", "SELECT \":x", "-- :x", "/* :x", "[:x", "`:x"}) {
    EXPECT_EQ(names_in_query(open), Names()) << open;
  }
}

TEST(ParametersOf, AreDeclaredOrNamed) {
  SourceSettings source;
  SqliteQueryOptions query;
  query.sql = "SELECT :a, :b";
  query.parameters = {{.name = "b", .required = false, .default_value = "2"}};
  source.kind = query;
  const auto parameters = parameters_of(source).value();
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].name, "b");
  EXPECT_FALSE(parameters[0].required);
  EXPECT_EQ(parameters[1].name, "a");
  EXPECT_TRUE(parameters[1].required);
}

}  // namespace
}  // namespace strata::internal
