#include "cli/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <string>

#include "ports/small_file.h"

namespace strata::cli {
namespace {

Environment table(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

// A pipe whose contents can be read after the writing end was closed.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  std::string text() {
    close_writer();
    return internal::read_all(ends_[0], 1u << 20, "the pipe").value();
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  int ends_[2] = {-1, -1};
};

TEST(Console, KeepsDataAndMessagesApart) {
  Pipe data;
  Pipe messages;
  {
    Console console(table({}), {.data = data.writer(), .messages = messages.writer()});
    console.data(std::string("va\0lue\xff", 7));
    console.note("stored");
    console.warning("old\x1b[31m");
    console.error("first\nsecond");
  }
  EXPECT_EQ(data.text(), std::string("va\0lue\xff", 7)) << "bytes as they are";
  EXPECT_EQ(messages.text(),
            "strata: stored\n"
            "strata: warning: old\\x1b[31m\n"
            "strata: error: first\nsecond\n");
}

TEST(Console, SaysOnlyErrorsWhenQuiet) {
  Pipe messages;
  {
    Console console(table({}), {.data = messages.writer(), .messages = messages.writer()});
    console.be_quiet();
    console.note("a");
    console.warning("b");
    console.message("c");
    console.error("d");
  }
  EXPECT_EQ(messages.text(), "strata: error: d\n");
}

TEST(Console, WritesNoColourIntoAPipe) {
  Pipe data;
  const Console console(table({{"COLUMNS", "80"}}), {.data = data.writer()});
  EXPECT_FALSE(console.data_is_terminal());
  EXPECT_FALSE(console.table_style().color);
  EXPECT_EQ(console.table_style().columns, 0u) << "a pipe is as wide as it gets";
}

TEST(Console, EndsQuietlyWhenNobodyReads) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe data;
  data.close_reader();
  Console console(table({}), {.data = data.writer()});
  console.data("a");
  EXPECT_TRUE(console.flush());
  console.data(std::string(1u << 20, 'b'));
  EXPECT_TRUE(console.flush());
  EXPECT_EQ(console.failure(), "");
}

TEST(Console, RemembersThatDataCouldNotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  Console console(table({}), {.data = full});
  console.data("a");
  EXPECT_FALSE(console.flush());
  EXPECT_NE(console.failure(), "");
  console.data("b");
  EXPECT_FALSE(console.flush()) << "and does not forget it";
  ::close(full);
}

}  // namespace
}  // namespace strata::cli
