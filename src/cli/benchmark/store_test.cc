// What every store promises, whatever is behind it.
#include "cli/benchmark/store.h"

#include <gtest/gtest.h>

#include "testkit/temp_dir.h"

namespace strata::benchmark {
namespace {

class StoreTest : public testing::TestWithParam<Subject> {
 protected:
  Result<std::unique_ptr<Store>> open() {
    const StoreOptions options{
        .settings = settings_, .sqlite_path = folder_.file("b.db"), .clock = system_clock()};
    switch (GetParam()) {
      case Subject::kMemory:
        return memory_store(options, origin_);
      case Subject::kSqlite:
        return sqlite_store(options, origin_);
      case Subject::kBoth:
        return cache_store(options, origin_);
      case Subject::kMap:
        return map_store(origin_);
      case Subject::kOrigin:
        break;
    }
    return origin_store(origin_);
  }
  [[nodiscard]] static bool is_origin() { return GetParam() == Subject::kOrigin; }

  testkit::TempDir folder_;
  Settings settings_;
  const std::shared_ptr<Random> random_ = seeded_random(7);
  const Values values_{64, *random_};
  Origin origin_{values_, {}};
};

TEST_P(StoreTest, ReadsThroughOnceAndAnswersFromThenOn) {
  const std::unique_ptr<Store> store = open().value();
  Reading reading;
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (const std::uint64_t number : {0u, 1u, 9'999'999u}) {
      ASSERT_TRUE(store->read(number, reading).ok());
      EXPECT_EQ(reading.bytes, values_.make(number, 0));
      EXPECT_EQ(reading.is_hit, round > 0 && !is_origin());
    }
  }
  EXPECT_EQ(origin_.calls(), is_origin() ? 9u : 3u);
}

TEST_P(StoreTest, AnswersWhatWasWrittenLast) {
  if (is_origin()) return;
  const std::unique_ptr<Store> store = open().value();
  Reading reading;
  for (const std::uint64_t version : {1u, 2u, 3u}) {
    ASSERT_TRUE(store->write(5, values_.make(5, version)).value());
    if (version == 2) {
      ASSERT_TRUE(store->settle().ok());
    }
    ASSERT_TRUE(store->read(5, reading).ok());
    EXPECT_EQ(reading.bytes, values_.make(5, version));
    EXPECT_TRUE(reading.is_hit);
  }
  EXPECT_EQ(origin_.calls(), 0u);
}

// What was read stays as it is while it is looked at.
TEST_P(StoreTest, AReadingOutlivesWhatComesAfterIt) {
  const std::unique_ptr<Store> store = open().value();
  Reading first;
  Reading second;
  ASSERT_TRUE(store->read(5, first).ok());
  ASSERT_TRUE(store->read(5, second).ok());
  if (!is_origin()) {
    ASSERT_TRUE(store->write(5, values_.make(5, 1)).value());
  }
  ASSERT_TRUE(store->read(6, second).ok());
  EXPECT_EQ(first.bytes, values_.make(5, 0));
}

TEST_P(StoreTest, OnlyTheOriginIsNotWrittenTo) {
  EXPECT_EQ(open().value()->takes_writes(), !is_origin());
}

std::string name_of(const testing::TestParamInfo<Subject>& info) {
  return info.param == Subject::kBoth ? "both" : std::string(to_string(info.param));
}

INSTANTIATE_TEST_SUITE_P(Each, StoreTest,
                         testing::Values(Subject::kMemory, Subject::kSqlite, Subject::kBoth,
                                         Subject::kMap, Subject::kOrigin),
                         name_of);

// What makes a configuration an application's own has no part in a benchmark.
class ConfiguredStore : public StoreTest {};

TEST_P(ConfiguredStore, UsesTheOptionsAndNoneOfTheData) {
  constexpr std::string_view kText = R"(
cache:
  graceful: true
  memory: {max_entries: 2}
  sqlite: {path: /nowhere/at/all.db, durability: sync}
  keyspaces: {benchmark: {ttl: 0, enabled: false}}
  sources:
    rates:
      sqlite: {path: none.db, query: SELECT 1}
)";
  settings_ = parse_settings(kText, "test.yaml").value();
  settings_.defaults.tenants = true;
  const auto opened = open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Reading reading;
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t number = 0; number < 4; ++number) {
      ASSERT_TRUE((*opened)->read(number, reading).ok());
    }
  }
  const bool holds_two = GetParam() == Subject::kMemory;
  EXPECT_EQ(origin_.calls() > 4, holds_two);
}

INSTANTIATE_TEST_SUITE_P(Each, ConfiguredStore,
                         testing::Values(Subject::kMemory, Subject::kSqlite, Subject::kBoth),
                         name_of);

TEST_P(ConfiguredStore, SaysWhyAFileCannotBeMade) {
  if (GetParam() == Subject::kMemory) return;
  settings_.sqlite.options.readers = 0;
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("readers"), std::string::npos) << opened.error().message;
}

TEST(IdleStore, AnswersTheSameForNothing) {
  const std::unique_ptr<Store> store = idle_store("x");
  Reading reading;
  ASSERT_TRUE(store->read(5, reading).ok());
  EXPECT_EQ(reading.bytes, "x");
}

}  // namespace
}  // namespace strata::benchmark
