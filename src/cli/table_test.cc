#include "cli/table.h"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

TEST(Table, AlignsItsColumns) {
  Table table({{"NAME"}, {"SIZE", Align::kRight}, {"NOTE"}});
  table.row({"a", "1,024", "x"});
  table.row({"h\xc3\xa9llo", "7", ""});
  EXPECT_EQ(table.text({}),
            "NAME    SIZE  NOTE\n"
            "a      1,024  x\n"
            "h\xc3\xa9llo      7\n");
}

TEST(Table, LeavesOutColumnsInWhichNothingStands) {
  Table table({{"NAME"}, {"SOURCE"}, {"SIZE"}});
  table.row({"a", "", "1"});
  EXPECT_EQ(table.text({}), "NAME  SIZE\na     1\n");
}

TEST(Table, CutsTheWidestColumnThatMayBeCut) {
  Table table({{"ID", Align::kLeft, true}, {"KEY"}, {"TAGS", Align::kLeft, true}});
  table.row({"0123456789012345", "0123456789012345", "01234567"});
  EXPECT_EQ(table.text({.columns = 40}),
            "ID            KEY               TAGS\n"
            "012345678...  0123456789012345  01234567\n");
}

TEST(Table, CutsColumnsEvenlyOnceTheyAreAlike) {
  Table table({{"A", Align::kLeft, true}, {"B", Align::kLeft, true}});
  table.row({"0123456789", "01234567890123456789"});
  EXPECT_EQ(table.text({.columns = 22}),
            "A           B\n"
            "0123456789  0123456...\n");
}

TEST(Table, DoesNotCutBelowWhatCanBeRead) {
  Table table({{"ID", Align::kLeft, true}, {"KEY"}});
  table.row({"0123456789", "0123456789012345678901234567890123456789"});
  EXPECT_EQ(table.text({.columns = 20}),
            "ID        KEY\n"
            "01234...  0123456789012345678901234567890123456789\n");
}

TEST(Table, PrintsTitlesInBoldOnlyIfColoured) {
  Table table({{"A"}});
  table.row({"1"});
  EXPECT_EQ(table.text({.color = true}), "\x1b[1mA\x1b[0m\n1\n");
}

}  // namespace
}  // namespace strata::cli
