#include "cli/parser.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::cli {
namespace {

// A program with one command of each shape.
class ParserTest : public testing::Test {
 protected:
  ParserTest() {
    root_.option("--config", "FILE", "", config_).file();
    root_.flag("--json", "", json_);

    Command& put = root_.add(Command("put", ""));
    put.positional("KEYSPACE", "", keyspace_);
    put.positional("ID", "", id_);
    put.positional("VALUE", "", value_);
    put.option("--ttl", "DURATION", "", ttl_);
    put.option("--tag", "TAG", "", tags_).repeats();
    put.option("--sort", "ORDER", "", sort_).one_of({"key", "size"});

    Command& get = root_.add(Command("get", ""));
    get.positional("SOURCE", "", id_);
    get.positional("NAME=VALUE", "", params_).optional().repeats();

    Command& group = root_.add(Command("config", ""));
    group.add(Command("check", ""));
    group.add(Command("show", ""));
  }

  // The command that was understood, and " help" if it is to be explained; or the message.
  std::string parse_words(const std::vector<std::string>& words) {
    json_ = false;
    tags_.clear();
    params_.clear();
    const ParseResult result = parse(root_, words);
    if (const auto* error = std::get_if<UsageError>(&result)) return error->message;
    const Invocation& invocation = std::get<Invocation>(result);
    return full_name(invocation.path) + (invocation.help ? " help" : "");
  }

  Command root_{"strata", ""};
  std::string config_, keyspace_, id_, value_, sort_;
  std::optional<Duration> ttl_;
  std::vector<std::string> tags_, params_;
  bool json_ = false;
};

TEST_F(ParserTest, FindsTheCommandAndItsArguments) {
  EXPECT_EQ(parse_words({"put", "user", "42", "Ada", "--ttl", "1h", "--tag", "a", "--tag=b"}),
            "strata put");
  EXPECT_EQ(keyspace_, "user");
  EXPECT_EQ(id_, "42");
  EXPECT_EQ(value_, "Ada");
  EXPECT_EQ(ttl_, std::chrono::hours(1));
  EXPECT_EQ(tags_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_words({"config", "check"}), "strata config check");
  EXPECT_EQ(parse_words({}), "strata");
}

TEST_F(ParserTest, TakesOptionsOfEveryCommandAnywhere) {
  EXPECT_EQ(parse_words({"--json", "--config", "a.yaml", "config", "show"}), "strata config show");
  EXPECT_TRUE(json_);
  EXPECT_EQ(config_, "a.yaml");
  EXPECT_EQ(parse_words({"config", "--config=b.yaml", "show", "--json"}), "strata config show");
  EXPECT_TRUE(json_);
  EXPECT_EQ(config_, "b.yaml");
  EXPECT_EQ(parse_words({"put", "--json", "user", "42", "--config", "c.yaml", "Ada"}),
            "strata put");
  EXPECT_EQ(config_, "c.yaml");
  EXPECT_EQ(value_, "Ada");
}

TEST_F(ParserTest, TakesPositionalsAsTheyAre) {
  for (const char* word : {"[1,2,3]", "++", "-", "-5", "", "{\"a\":1}", "a=b", "stats", "get",
                           "put", "%config", "@file", "\"quoted\"", "a b", "\xff\x01"}) {
    EXPECT_EQ(parse_words({"put", word, word, word}), "strata put") << word;
    EXPECT_EQ(keyspace_, word);
    EXPECT_EQ(id_, word);
    EXPECT_EQ(value_, word);
  }
}

TEST_F(ParserTest, TakesValuesOfOptionsAsTheyAre) {
  for (const char* word : {"[1,2,3]", "++", "-", "-5", "--json", "{}", "a=b", "put", "a b"}) {
    EXPECT_EQ(parse_words({"put", "a", "b", "c", "--tag", word}), "strata put") << word;
    EXPECT_EQ(tags_, std::vector<std::string>{word});
  }
  EXPECT_EQ(parse_words({"put", "a", "b", "c", "--tag=x=y"}), "strata put");
  EXPECT_EQ(tags_, std::vector<std::string>{"x=y"});
}

TEST_F(ParserTest, TakesNoOptionsAfterTwoDashes) {
  EXPECT_EQ(parse_words({"put", "user", "--", "--ttl", "--json"}), "strata put");
  EXPECT_EQ(id_, "--ttl");
  EXPECT_EQ(value_, "--json");
  EXPECT_FALSE(json_);
  EXPECT_EQ(parse_words({"put", "user", "42", "--", "--"}), "strata put");
  EXPECT_EQ(value_, "--");
}

TEST_F(ParserTest, TakesAnyNumberOfRepeatedPositionals) {
  EXPECT_EQ(parse_words({"get", "census"}), "strata get");
  EXPECT_TRUE(params_.empty());
  EXPECT_EQ(parse_words({"get", "census", "year=2022", "--json", "cbsa=1"}), "strata get");
  EXPECT_EQ(params_, (std::vector<std::string>{"year=2022", "cbsa=1"}));
}

TEST_F(ParserTest, ExplainsWithoutLookingAtTheRest) {
  EXPECT_EQ(parse_words({"--help"}), "strata help");
  EXPECT_EQ(parse_words({"-h"}), "strata help");
  EXPECT_EQ(parse_words({"put", "-h"}), "strata put help");
  EXPECT_EQ(parse_words({"--help", "put", "--nonsense"}), "strata put help");
  EXPECT_EQ(parse_words({"config", "--help"}), "strata config help");
  EXPECT_EQ(parse_words({"config", "show", "--help", "extra"}), "strata config show help");
}

TEST_F(ParserTest, SaysWhatIsWrongAndWhatWasMeant) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"putt"}, R"(unknown command "strata putt", did you mean "put"?)"},
      {{"config", "shw"}, R"(unknown command "strata config shw", did you mean "show"?)"},
      {{"zzzzzz"}, R"(unknown command "strata zzzzzz")"},
      {{"config"}, "strata config needs one of: check show"},
      {{"--jsno", "put"}, R"(unknown option "--jsno", did you mean "--json"?)"},
      {{"put", "a", "b", "c", "--tgl=1"}, R"(unknown option "--tgl", did you mean "--ttl"?)"},
      {{"put", "a", "b", "-verbose"},
       R"(unknown option "-verbose" (to pass a value that begins with -, put -- before it))"},
      {{"put", "a", "b"}, "VALUE is missing"},
      {{"put"}, "KEYSPACE is missing"},
      {{"put", "a", "b", "c", "d"}, R"(unexpected argument "d")"},
      {{"config", "check", "d"}, R"(unexpected argument "d")"},
      {{"put", "a", "b", "c", "--ttl"}, "--ttl needs a value: DURATION"},
      {{"put", "a", "b", "c", "--ttl="}, "--ttl needs a value: DURATION"},
      {{"put", "a", "b", "c", "--ttl", "1h", "--ttl", "2h"}, "--ttl was given 2 times"},
      {{"--config", "a", "put", "--config"}, "--config needs a value: FILE"},
      {{"--json=no", "put"}, "--json takes no value"},
      {{"put", "a", "b", "c", "--sort", "sise"},
       R"(--sort: "sise" is none of key size, did you mean "size"?)"},
  };
  for (const auto& [words, message] : cases) EXPECT_EQ(parse_words(words), message);
}

TEST_F(ParserTest, NamesTheOptionWhoseValueIsWrong) {
  EXPECT_TRUE(parse_words({"put", "a", "b", "c", "--ttl", "soon"}).starts_with("--ttl: "));
}

// Whatever is typed, there is an answer, and it is not an exception.
TEST_F(ParserTest, SurvivesAnyWords) {
  const std::vector<std::string> pieces{
      "put", "get", "config", "show", "--ttl", "--tag", "--json",   "--",   "-",  "-h", "=",
      "[",   "]",   "1h",     "",     "--=",   "---",   "--ttl=1h", "\xc3", "++", "-5", "--config"};
  testkit::for_each_seed(500, [&](testkit::Random& random) {
    std::vector<std::string> words(random.below(8));
    for (std::string& word : words) word = random.one_in(5) ? random.bytes(6) : random.pick(pieces);
    EXPECT_FALSE(parse_words(words).empty());
  });
}

}  // namespace
}  // namespace strata::cli
