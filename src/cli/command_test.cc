#include "cli/command.h"

#include <gtest/gtest.h>

#include <chrono>

namespace strata::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

template <typename T>
std::string problem(T& variable, const std::string& text) {
  const Result<void> set = setter(variable)(text);
  return set ? std::string() : set.error().message;
}

TEST(Setter, TakesWhatItsVariableCanHold) {
  std::string text;
  std::vector<std::string> texts{"first"};
  std::uint64_t number = 0;
  bool flag = false;
  std::optional<Duration> duration;

  EXPECT_EQ(problem(text, "a b"), "");
  EXPECT_EQ(problem(texts, "second"), "");
  EXPECT_EQ(problem(number, "18446744073709551615"), "");
  EXPECT_EQ(problem(flag, ""), "");
  EXPECT_EQ(problem(duration, "1h30m"), "");

  EXPECT_EQ(text, "a b");
  EXPECT_EQ(texts, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(number, 18446744073709551615u);
  EXPECT_TRUE(flag);
  EXPECT_EQ(duration, hours(1) + minutes(30));
}

TEST(Setter, SaysWhatANumberMustBe) {
  unsigned number = 7;
  for (const char* wrong : {"", "-1", "1.5", "x", "1x", " 1", "4294967296", "0x10", "1e3"}) {
    EXPECT_NE(problem(number, wrong).find("whole number from 0 to 4294967295"), std::string::npos)
        << wrong;
  }
  EXPECT_EQ(number, 7u);
}

TEST(Argument, HasARangeOfItsOwn) {
  Command command("c", "C.");
  std::uint64_t number = 7;
  Argument& argument = command.option("--n", "N", "n", number).within(1, 64);
  for (const char* wrong : {"0", "65", "-1", "x", "99999999999999999999"}) {
    EXPECT_EQ(argument.set(wrong).error().message,
              '"' + std::string(wrong) + "\" is not a whole number from 1 to 64");
  }
  EXPECT_EQ(number, 7u);
  EXPECT_TRUE(argument.set("64"));
  EXPECT_EQ(number, 64u);
}

TEST(Argument, OfBytesTakesUnits) {
  Command command("c", "C.");
  std::uint64_t number = 7;
  Argument& argument = command.option("--n", "N", "n", number).bytes_within(24, 64 << 20);
  for (const char* wrong : {"23", "65MiB", "-1MiB", "1.5MiB", "99999999999999999999"}) {
    EXPECT_EQ(argument.set(wrong).error().message,
              '"' + std::string(wrong) +
                  "\" is not a size from 24 to 64MiB; write bytes, or a whole number with KiB, "
                  "MiB or GiB");
  }
  EXPECT_EQ(number, 7u);
  EXPECT_TRUE(argument.set("64MiB"));
  EXPECT_EQ(number, 64u << 20);
  EXPECT_TRUE(argument.set("100"));
  EXPECT_EQ(number, 100u);
}

TEST(Setter, SaysWhatADurationMustBe) {
  std::optional<Duration> duration;
  EXPECT_NE(problem(duration, "soon").find("soon"), std::string::npos);
  EXPECT_NE(problem(duration, "-1h"), "");
  EXPECT_FALSE(duration);
}

TEST(Setter, TakesADateOrAMomentInUtc) {
  std::optional<WallTime> time;
  EXPECT_EQ(problem(time, "1970-01-02"), "");
  EXPECT_EQ(time->unix_ms, 86'400'000);
  EXPECT_EQ(problem(time, "1970-01-01T00:00:01Z"), "");
  EXPECT_EQ(time->unix_ms, 1000);
  for (const char* wrong : {"", "yesterday", "1970-13-01", "1970-02-30", "1970-01-1"}) {
    EXPECT_NE(problem(time, wrong).find("is not a date"), std::string::npos) << wrong;
  }
  EXPECT_EQ(time->unix_ms, 1000);
}

TEST(Command, FindsItsChildrenByName) {
  Command root("strata", "");
  root.add(Command("config", "")).add(Command("check", ""));
  ASSERT_NE(root.find("config"), nullptr);
  EXPECT_EQ(root.find("check"), nullptr);
  EXPECT_EQ(full_name({&root, root.find("config"), root.find("config")->find("check")}),
            "strata config check");
}

}  // namespace
}  // namespace strata::cli
