// Tests of `.env` files: what a line means, what is wrong with one, and that no value is shown.
#include "config/dot_env.h"

#include <gtest/gtest.h>

#include "config/variables.h"
#include "testkit/seeds.h"

namespace strata::internal {
namespace {

using Table = std::map<std::string, std::string>;

Table variables_of(std::string_view text) {
  const DotEnv parsed = parse_dot_env(text, "f");
  EXPECT_EQ(parsed.problems, std::vector<std::string>()) << text;
  return parsed.variables;
}

std::string value_of(std::string_view written) {
  return variables_of("A=" + std::string(written)).at("A");
}

// The only problem, without the name of the file.
std::string problem_of(std::string_view text) {
  const DotEnv parsed = parse_dot_env(text, "f");
  if (parsed.problems.size() != 1) return std::to_string(parsed.problems.size()) + " problems";
  EXPECT_TRUE(parsed.problems[0].starts_with("f:")) << parsed.problems[0];
  return parsed.problems[0].substr(2);
}

TEST(DotEnv, ALineIsAVariable) {
  EXPECT_EQ(variables_of("A=1\nB_2=two words\n_c=x=y\n"),
            (Table{{"A", "1"}, {"B_2", "two words"}, {"_c", "x=y"}}));
  EXPECT_EQ(variables_of(""), Table());
  EXPECT_EQ(variables_of("A=1"), (Table{{"A", "1"}})) << "the last line feed may be missing";
}

TEST(DotEnv, CommentsAndBlankLinesAreSkipped) {
  EXPECT_EQ(variables_of("# A=1\n\n  \t\n  # x\nB=2 # why\nC='3'\t# why\nD= # nothing\n"),
            (Table{{"B", "2"}, {"C", "3"}, {"D", ""}}));
  EXPECT_EQ(value_of("a#b"), "a#b") << "not after a blank: part of the value";
  EXPECT_EQ(value_of("a#b #c"), "a#b");
  EXPECT_EQ(value_of("#c"), "");
}

TEST(DotEnv, BlanksAroundNamesAndValuesAreSkipped) {
  EXPECT_EQ(variables_of(" \tA \t=\t 1 2 \t\n"), (Table{{"A", "1 2"}}));
}

TEST(DotEnv, ExportIsAWordOfItsOwn) {
  EXPECT_EQ(variables_of("export A=1\nexport\tB='2'\nexported=3\nexport=4\n"),
            (Table{{"A", "1"}, {"B", "2"}, {"exported", "3"}, {"export", "4"}}));
}

TEST(DotEnv, SingleQuotesKeepEverything) {
  EXPECT_EQ(value_of(R"('a "b" \n $C ${D} # e ')"), R"(a "b" \n $C ${D} # e )");
  EXPECT_EQ(value_of("''"), "");
}

TEST(DotEnv, DoubleQuotesHaveThreeEscapes) {
  EXPECT_EQ(value_of(R"("a\nb \"c\" \\n 'd' # e $F ${G}")"), "a\nb \"c\" \\n 'd' # e $F ${G}");
  EXPECT_EQ(value_of(R"("")"), "");
  EXPECT_EQ(problem_of(R"(A="\t")"),
            R"(1:4: A has a \ that begins no escape; write \\, \" or \n, or put the value between )"
            "single quotes");
  EXPECT_EQ(problem_of("B=1\nA=\"\\"), problem_of("B=1\nA=\"\\x\""));
}

TEST(DotEnv, NothingIsExpanded) {
  EXPECT_EQ(variables_of("A=1\nB=$A\nC=${A}\nD=`x` $(y) \\n\n"),
            (Table{{"A", "1"}, {"B", "$A"}, {"C", "${A}"}, {"D", "`x` $(y) \\n"}}));
}

TEST(DotEnv, QuotesInsideAPlainValueAreCharacters) {
  EXPECT_EQ(value_of("don't"), "don't");
  EXPECT_EQ(value_of("a \"b\""), "a \"b\"");
}

TEST(DotEnv, LinesMayEndAsOnWindowsAndAMarkMayBegin) {
  EXPECT_EQ(variables_of("\xef\xbb\xbf"
                         "A=1\r\n\r\n# x\r\nB='2'\r\nC=\"3\" # x\r\n"),
            (Table{{"A", "1"}, {"B", "2"}, {"C", "3"}}));
  EXPECT_EQ(problem_of("A=1\rB=2\r"), "1:4: a carriage return ends no line; write a line feed");
}

TEST(DotEnv, ANameMustBeOne) {
  const std::string expected =
      "what stands before the = is not a name; write at most 128 letters, digits and _, not "
      "beginning with a digit";
  EXPECT_EQ(problem_of("2A=1\n"), "1:1: " + expected);
  EXPECT_EQ(problem_of("B=1\n  A-B=1\n"), "2:3: " + expected);
  EXPECT_EQ(problem_of("=1\n"), "1:1: " + expected);
  EXPECT_EQ(problem_of("A B=1\n"), "1:1: " + expected);
  EXPECT_EQ(problem_of("\xc3\x84=1\n"), "1:1: " + expected);
  EXPECT_EQ(problem_of("export =1\n"), "1:8: " + expected);
  std::string lengthy(kVariableNameBytes, 'A');
  EXPECT_EQ(variables_of(lengthy + "=1").size(), 1u);
  lengthy += 'A';
  EXPECT_EQ(problem_of(lengthy + "=1"), "1:1: " + expected);
  EXPECT_EQ(problem_of("A=1\nB\n"), "2:1: has no =; write NAME=value");
  EXPECT_EQ(problem_of("export B\n"), "1:8: has no =; write NAME=value");
}

TEST(DotEnv, AQuoteEndsOnItsLine) {
  const std::string expected =
      "the quote that begins the value of A is not closed on its line; write a line feed in it as "
      "\\n";
  EXPECT_EQ(problem_of("A='x\n"), "1:3: " + expected);
  EXPECT_EQ(problem_of("A=\"x\\\"\n"), "1:3: " + expected);
  EXPECT_EQ(problem_of("B=1\nA=  \"x\nC=1\n"), "2:5: " + expected);
  EXPECT_EQ(problem_of("A='x' y\n"),
            "1:7: something stands behind the closing quote of A; write nothing there, or a "
            "comment after a blank");
  EXPECT_NE(problem_of("A='x'#y\n"), "0 problems");
  EXPECT_NE(problem_of("A=\"x\"\"y\"\n"), "0 problems");
}

TEST(DotEnv, AVariableIsGivenOnce) {
  const DotEnv parsed = parse_dot_env("A=1\nB=2\nexport A=3\n", "f");
  EXPECT_EQ(parsed.problems,
            std::vector<std::string>{"f:3:8: A is given twice; the first is in line 1"});
  EXPECT_EQ(parsed.variables, (Table{{"A", "1"}, {"B", "2"}}));
}

TEST(DotEnv, ItsSizeAndItsBytesAreLimited) {
  EXPECT_EQ(problem_of(std::string(kDotEnvBytes + 1, '\n')),
            " is larger than 65536 bytes, the most it may have");
  EXPECT_EQ(variables_of("A=" + std::string(kDotEnvBytes - 2, 'x')).size(), 1u);
  EXPECT_EQ(problem_of("A=1\nB=\xff\n"), "2:3: byte 0xff is not UTF-8; save the file as UTF-8");
  EXPECT_NE(problem_of(std::string_view("A=\0", 3)), "0 problems");
  EXPECT_NE(problem_of("A=\x1b[31m\n"), "0 problems");
}

TEST(DotEnv, AtMostTwentyProblemsAreKept) {
  std::string text;
  for (int line = 0; line < 100; ++line) text += "x\n";
  EXPECT_EQ(parse_dot_env(text, "f").problems.size(), kDotEnvProblems);
}

TEST(DotEnv, NoProblemShowsAnythingOfAValue) {
  for (const char* text :
       {"A='hunter2", "A=\"hunter2", "A=\"hunter2\\q\"", "A='x' hunter2", "hunter2",
        "hunter2!=", "2hunter2=1", "A=1\nA=hunter2", "A=hunter2\xff", "A=\"x\nhunter2==\n\""}) {
    for (const std::string& problem : parse_dot_env(text, "f").problems) {
      EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
    }
  }
}

// Goal: whatever is in the file, reading it ends, and every line is a variable or a problem.
TEST(DotEnv, AnyTextIsReadOrRefused) {
  constexpr std::string_view kPieces = "A='\"\\#\n\r $n=B";
  testkit::for_each_seed(200, [&](testkit::Random& random) {
    std::string text;
    for (std::uint64_t i = random.below(60); i > 0; --i) {
      text += kPieces[static_cast<std::size_t>(random.below(kPieces.size()))];
    }
    const DotEnv parsed = parse_dot_env(text, "f");
    for (const auto& [name, value] : parsed.variables) {
      EXPECT_NE(text.find(name), std::string::npos);
      EXPECT_LE(value.size(), text.size());
    }
    EXPECT_LE(parsed.problems.size(), kDotEnvProblems);
  });
}

}  // namespace
}  // namespace strata::internal
