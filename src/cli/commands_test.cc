// Commands in this process, on caches that other programs have filled.
#include <gtest/gtest.h>

#include <algorithm>

#include "strata/codecs/json.h"
#include "strata/config/open.h"
#include "strata/outbox/outbox_relay.h"
#include "strata/outbox/outbox_schema.h"
#include "testkit/application_database.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

class CommandsTest : public testing::Test, protected testkit::ProgramRun {};

// Whoever reads in a name takes the changes away from the program that it belongs to.
TEST_F(CommandsTest, LeaveOutboxesToTheProgram) {
  fill([](Cache& cache) { cache.keyspace<std::string>("text").put("1", "one"); });
  std::ofstream(folder_.file("strata.yaml"))
      << "cache: {sqlite: {path: cache.db}, outboxes: {shop: {database: orders.db}}}\n";
  const std::string orders = folder_.file("orders.db");
  testkit::ApplicationDatabase(orders).run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
  ASSERT_TRUE(install_outbox({.path = orders}, {"item", "item", "id", {}}).ok());
  const auto program =
      OutboxRelay::open({.database = orders, .reader = "shop"},
                        {.events = [](std::span<const Event>) { return Result<void>(); },
                         .gap = [](const OutboxGap&) { return Result<void>(); }});
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(run({"get", "--keyspace", "text", "1"}).data, "one");
}

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

TEST_F(CommandsTest, CountOneLookUpForOneRequestOfAnyType) {
  fill([](Cache& cache) { cache.keyspace<std::uint32_t>("count").put("1", 0x64636261); });
  EXPECT_EQ(run({"get", "--keyspace", "count", "1"}).data, "abcd");
  EXPECT_EQ(run({"get", "--keyspace", "count", "2"}).code, ExitCode::kNotFound);
  EXPECT_EQ(run({"erase", "count", "2"}).code, ExitCode::kOk) << "is no look-up";
  const Json stats = Json::parse(run({"stats", "--json"}).data).value();
  EXPECT_EQ(stats.pick("/by_tier/sqlite/hits").value().text(), "1");
  EXPECT_EQ(stats.pick("/by_tier/sqlite/misses").value().text(), "1");
  EXPECT_EQ(stats.pick("/requests").value().text(), "2");
}

TEST_F(CommandsTest, StatsTellHowTheGuardsAre) {
  fill([](Cache& cache) { cache.keyspace<std::uint32_t>("count").put("1", 0x64636261); });
  const Json stats = Json::parse(run({"stats", "--json"}).data).value();
  EXPECT_EQ(stats.pick("/guards/by_tier/sqlite/reads/state").value().text(), "\"closed\"");
  EXPECT_EQ(stats.pick("/guards/by_tier/sqlite/fills/skipped").value().text(), "0");
  EXPECT_EQ(run({"stats"}).data.find("GUARDED"), std::string::npos) << "they had nothing to do";
}

TEST_F(CommandsTest, TellVersionAndTimesOfWhatIsCached) {
  fill([](Cache& cache) {
    const CallOptions call{.version = "v7", .source_last_modified = WallTime{1'700'000'000'000}};
    cache.keyspace<std::uint32_t>("count").put("1", 0x64636261, call);
    cache.keyspace<std::string>("user").put("42", "Ada", call);
  });
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"get", "--keyspace", "count", "1", "--json"},
        {"get", "--keyspace", "user", "42", "--json"}}) {
    const Json answer = Json::parse(run(words).data).value();
    EXPECT_EQ(answer.pick("/version").value().text(), "\"v7\"");
    EXPECT_EQ(answer.pick("/source_last_modified").value().text(), "\"2023-11-14T22:13:20.000Z\"");
  }
  const Json entries = Json::parse(run({"inspect", "--json"}).data).value();
  EXPECT_EQ(entries.pick("/entries/0/version").value().text(), "\"v7\"");
  EXPECT_EQ(entries.pick("/entries/1/source_last_modified").value().text(),
            "\"2023-11-14T22:13:20.000Z\"");
}

TEST_F(CommandsTest, ReachWhatOtherProgramsHaveStored) {
  fill([](Cache& cache) {
    auto users = cache.keyspace<Json>("user");
    for (const char* id : {"1", "2", "3"}) {
      users.put(id, Json(), {.labels = {tag("org:7"), tag(std::string("user:") + id)}});
    }
  });
  EXPECT_TRUE(
      run({"invalidate", "--tag", "user:1"}).data.starts_with("invalidated 1 entry, 4 B\n"));
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

// Each order, cut at any length, is the beginning of the whole.
TEST_F(CommandsTest, InspectShowsTheFirstOfAnyOrder) {
  constexpr int kEntries = 40;
  fill([](Cache& cache) {
    auto values = cache.keyspace<std::string>("v", {.ttl_jitter = 0});
    for (int i = 0; i < kEntries; ++i) {
      const int mixed = i * 17 % kEntries;
      values.put(mixed, std::string(static_cast<std::size_t>(i * 7 % kEntries), 'x'),
                 {.ttl = std::chrono::hours(1 + i * 11 % kEntries)});
    }
  });
  const auto member = [](const Json& entry, const char* pointer) {
    return entry.pick(pointer).value().text();
  };
  for (const std::string order : {"key", "age", "size", "ttl"}) {
    std::vector<std::string> all;
    for (const int limit : {0, 1, 7, 39, 40, 41}) {
      const Outcome inspected =
          run({"inspect", "--json", "--sort", order, "--limit", std::to_string(limit)});
      const Json answer = Json::parse(inspected.data).value();
      const int shown = std::stoi(member(answer, "/shown"));
      EXPECT_EQ(shown, limit == 0 ? kEntries : std::min(limit, kEntries));
      std::vector<std::string> keys;
      std::vector<double> measures;
      for (int i = 0; i < shown; ++i) {
        const Json entry = answer.pick("/entries/" + std::to_string(i)).value();
        keys.push_back(member(entry, "/key"));
        if (order == "size") measures.push_back(-std::stod(member(entry, "/size_bytes")));
        if (order == "age") measures.push_back(-std::stod(member(entry, "/age_seconds")));
        if (order == "ttl") measures.push_back(std::stod(member(entry, "/ttl_left_seconds")));
      }
      EXPECT_TRUE(order != "key" || std::is_sorted(keys.begin(), keys.end()));
      EXPECT_TRUE(std::is_sorted(measures.begin(), measures.end())) << order;
      if (limit == 0) all = keys;
      EXPECT_TRUE(std::equal(keys.begin(), keys.end(), all.begin())) << order << limit;
    }
  }
}

}  // namespace
}  // namespace strata::cli
