// What holds for every command, whatever it does.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>

#include "cli/commands/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/parser.h"

namespace strata::cli {
namespace {

class ProgramTest : public testing::Test {
 protected:
  void for_each_command(const std::function<void(const CommandPath&)>& visit) {
    CommandPath path{&program_};
    walk(path, visit);
  }

  GlobalOptions globals_;
  Command program_ = make_program(globals_);

 private:
  static void walk(CommandPath& path, const std::function<void(const CommandPath&)>& visit) {
    SCOPED_TRACE(full_name(path));
    visit(path);
    for (const Command& child : path.back()->children()) {
      path.push_back(&child);
      walk(path, visit);
      path.pop_back();
    }
  }
};

// As a shell does where nothing is quoted; a redirection ends the words.
std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word && word != "<" && word != "|";) words.push_back(word);
  return words;
}

TEST_F(ProgramTest, HasAnExampleOfEveryCommandThatTheParserUnderstands) {
  for_each_command([&](const CommandPath& path) {
    EXPECT_FALSE(path.back()->examples().empty());
    for (const std::string& example : path.back()->examples()) {
      std::vector<std::string> words = words_of(example);
      ASSERT_EQ(words.front(), "strata");
      words.erase(words.begin());
      const ParseResult parsed = parse(program_, words);
      const auto* error = std::get_if<UsageError>(&parsed);
      EXPECT_EQ(error, nullptr) << example << ": " << (error ? error->message : "");
      if (error == nullptr && path.size() > 1) {
        EXPECT_TRUE(full_name(std::get<Invocation>(parsed).path).starts_with(full_name(path)));
      }
    }
  });
}

TEST_F(ProgramTest, ExplainsEveryCommandOptionAndArgument) {
  for_each_command([&](const CommandPath& path) {
    const std::string text = help_text(path);
    EXPECT_NE(text.find("usage: " + full_name(path)), std::string::npos);
    EXPECT_TRUE(path.back()->summary().ends_with('.'));
    for (const auto* arguments : {&path.back()->options(), &path.back()->positionals()}) {
      for (const Argument& argument : *arguments) {
        EXPECT_FALSE(argument.help.empty()) << argument.name;
        EXPECT_NE(text.find(argument.name), std::string::npos) << argument.name;
      }
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  });
}

TEST_F(ProgramTest, NamesOptionsAlikeAndOnce) {
  std::set<std::string> global;
  for (const Argument& option : program_.options()) global.insert(option.name);
  for_each_command([&](const CommandPath& path) {
    for (const Argument& option : path.back()->options()) {
      EXPECT_TRUE(option.name.starts_with("--"));
      EXPECT_EQ(option.name.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"), std::string::npos);
      EXPECT_TRUE(path.size() == 1 || !global.contains(option.name)) << option.name;
      EXPECT_NE(option.name, "--help");
    }
    EXPECT_NE(static_cast<bool>(path.back()->run()), !path.back()->children().empty());
  });
}

TEST_F(ProgramTest, OnlyTheLastPositionalMayBeLeftOutOrRepeat) {
  for_each_command([&](const CommandPath& path) {
    const auto& positionals = path.back()->positionals();
    for (std::size_t i = 0; i + 1 < positionals.size(); ++i) {
      EXPECT_TRUE(positionals[i].required);
      EXPECT_FALSE(positionals[i].repeatable);
    }
  });
}

TEST_F(ProgramTest, CompletesEveryCommandAndOptionInEveryShell) {
  const std::string bash = bash_completion(program_);
  const std::string zsh = zsh_completion(program_);
  const std::string fish = fish_completion(program_);
  for_each_command([&](const CommandPath& path) {
    for (const std::string* script : {&bash, &zsh, &fish}) {
      EXPECT_NE(script->find("'" + full_name(path) + "'") == std::string::npos &&
                    script->find("__strata_at " + full_name(path) + "'") == std::string::npos,
                true);
    }
    for (const Argument& option : path.back()->options()) {
      EXPECT_NE(bash.find(option.name), std::string::npos) << option.name;
      EXPECT_NE(zsh.find("'" + option.name + ":"), std::string::npos) << option.name;
      EXPECT_NE(fish.find(" -l " + option.name.substr(2) + " "), std::string::npos) << option.name;
    }
  });
}

}  // namespace
}  // namespace strata::cli
