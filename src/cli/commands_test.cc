// Commands in this process, on caches that other programs have filled.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "cli/commands/commands.h"
#include "cli/file.h"
#include "cli/parser.h"
#include "strata/codecs/json.h"
#include "strata/config/open.h"
#include "testkit/temp_dir.h"

namespace strata::cli {
namespace {

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    std::ofstream(folder_.file("strata.yaml")) << "cache: {sqlite: {path: cache.db}}\n";
  }

  // What a program would do that links the library.
  template <typename Fill>
  void fill(Fill fill) {
    Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
    fill(cache);
    cache.close();
  }

  struct Run {
    ExitCode code;
    std::string data;
  };
  Run run(std::vector<std::string> words) {
    GlobalOptions globals;
    const Command program = make_program(globals);
    words.insert(words.end(), {"--config", folder_.file("strata.yaml"), "--quiet"});
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    ExitCode code = ExitCode::kUsage;
    {
      const Environment environment = [](const std::string&) { return std::nullopt; };
      Console console(environment, {.data = ends[1]});
      Context context{program, globals, environment, console};
      const ParseResult parsed = parse(program, words);
      if (const auto* error = std::get_if<UsageError>(&parsed)) {
        ADD_FAILURE() << error->message;
      } else {
        console.be_quiet();
        code = std::get<Invocation>(parsed).path.back()->run()(context);
      }
    }
    ::close(ends[1]);
    std::string data = read_all(ends[0], 1u << 20, "the pipe").value();
    ::close(ends[0]);
    return {code, std::move(data)};
  }

  testkit::TempDir folder_;
};

// The codec that a value was stored with is the business of the program that stored it.
TEST_F(CommandsTest, PrintValuesOfOtherTypesAsTheyAreStored) {
  fill([](Cache& cache) {
    cache.keyspace<Json>("user").put("42", Json::parse(R"({"name": "Ada"})").value());
    cache.keyspace<std::uint32_t>("count").put("1", 0x64636261);
  });
  for (int i = 0; i < 2; ++i) {  // and looking does not remove them
    EXPECT_EQ(run({"get", "--keyspace", "user", "42"}).data, R"({"name":"Ada"})");
    EXPECT_EQ(run({"get", "--keyspace", "count", "1"}).data, "abcd");
  }
  EXPECT_EQ(run({"get", "--keyspace", "user", "42"}).code, ExitCode::kOk);
}

TEST_F(CommandsTest, ReachWhatOtherProgramsHaveStored) {
  fill([](Cache& cache) {
    auto users = cache.keyspace<Json>("user");
    for (const char* id : {"1", "2", "3"}) {
      users.put(id, Json(), {.labels = {tag("org:7"), tag(std::string("user:") + id)}});
    }
  });
  EXPECT_EQ(run({"invalidate", "--tag", "user:1"}).data, "invalidated 1 entry, 4 B\n");
  EXPECT_EQ(run({"erase", "user", "2"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"get", "--keyspace", "user", "1"}).code, ExitCode::kNotFound);
  EXPECT_EQ(run({"get", "--keyspace", "user", "2"}).code, ExitCode::kNotFound);
  EXPECT_EQ(run({"get", "--keyspace", "user", "3"}).data, "null");
}

TEST_F(CommandsTest, SeeWhatAValueWasComputedFrom) {
  fill([](Cache& cache) {
    auto rates = cache.keyspace<int>("rate");
    auto totals = cache.keyspace<int>("total");
    rates.put("eur", 2);
    const auto total =
        totals.get_or_load("all", [&](Load& load) { return *load.get(rates, "eur") * 10; });
    ASSERT_EQ(total.value(), 20);
  });
  EXPECT_NE(run({"inspect", "--keyspace", "rate"}).data.find("total"), std::string::npos)
      << "it depends on that keyspace";
  EXPECT_EQ(run({"purge", "--prefix", "eur", "--confirm"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"get", "--keyspace", "total", "all"}).code, ExitCode::kNotFound)
      << "and goes with it";
}

}  // namespace
}  // namespace strata::cli
