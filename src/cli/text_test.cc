#include "cli/text.h"
#include "codecs/utf8.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::cli {
namespace {

TEST(Text, DescribesSizesWithAUnit) {
  EXPECT_EQ(describe_bytes(0), "0 B");
  EXPECT_EQ(describe_bytes(1023), "1023 B");
  EXPECT_EQ(describe_bytes(1024), "1.00 KiB");
  EXPECT_EQ(describe_bytes(1536), "1.50 KiB");
  EXPECT_EQ(describe_bytes(10'240), "10.0 KiB");
  EXPECT_EQ(describe_bytes((1u << 20) - 1), "1.00 MiB");
  EXPECT_EQ(describe_bytes(256u << 20), "256.0 MiB");
  EXPECT_EQ(describe_bytes(UINT64_MAX), "16384.0 PiB");
}

TEST(Text, DescribesCountsWithCommas) {
  EXPECT_EQ(describe_count(0), "0");
  EXPECT_EQ(describe_count(999), "999");
  EXPECT_EQ(describe_count(1000), "1,000");
  EXPECT_EQ(describe_count(12'345'678), "12,345,678");
  EXPECT_EQ(describe_count(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(describe_count(0, "entry", "entries"), "0 entries");
}

TEST(Text, HasNoShareOfNothing) {
  EXPECT_EQ(describe_share(0, 0), "-");
  EXPECT_EQ(describe_share(1, 3), "33.3 %");
  EXPECT_EQ(describe_share(3, 3), "100.0 %");
}

TEST(Printable, EscapesWhatATerminalWouldActOn) {
  EXPECT_EQ(printable_line("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(printable_line("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(printable_line("a\tb\nc\rd"), "a\\tb\\nc\\x0dd");
  EXPECT_EQ(printable("a\tb\nc\r", true), "a\tb\nc\\x0d");
  EXPECT_EQ(printable_line(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable_line("\xc2\x9b"), "\\u{009b}") << "CSI in one character";
  EXPECT_EQ(printable_line("\xe2\x80\xae"), "\\u{202e}") << "right to left from here on";
  EXPECT_EQ(printable_line("\xff\xc3"), "\\xff\\xc3");
}

TEST(Printable, IsTextWithoutControlCharactersWhateverItIsGiven) {
  testkit::for_each_seed(200, [](testkit::Random& random) {
    const std::string shown = printable_line(random.bytes(40));
    EXPECT_TRUE(is_utf8(shown));
    for (const char c : shown) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
  });
}

TEST(Text, IsCutByColumnsNotBytes) {
  EXPECT_EQ(columns_of("h\xc3\xa9h\xc3\xa9"), 4u);
  EXPECT_EQ(fit("h\xc3\xa9h\xc3\xa9", 4), "h\xc3\xa9h\xc3\xa9");
  EXPECT_EQ(fit("h\xc3\xa9h\xc3\xa9h\xc3\xa9", 5), "h\xc3\xa9...");
  EXPECT_EQ(fit("abcdef", 2), "..");
}

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace strata::cli
