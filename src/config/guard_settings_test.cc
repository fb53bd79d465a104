// Settings of the guards before the SQLite tier and before sources.
#include <gtest/gtest.h>

#include "config/test_settings.h"
#include "strata/config/open.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kText = R"(
cache:
  sqlite:
    path: cache.db
    timeout: 100ms
    max_waiting: 8
    breaker_failures: 2
    breaker_open_for: 1s
    breaker_open_for_max: 4m
  sources:
    users:
      max_concurrent: 3
      max_waiting: 7
      max_wait: 4s
      breaker_failures: 0
      breaker_open_for: 2s
      breaker_open_for_max: 3s
      http: {url: "https://api.example.com/users/{id}"}
)";

TEST(GuardSettings, ArriveWhereTheyBelong) {
  const Settings settings = parse(kText).value();
  const TierGuardOptions& tier = settings.sqlite.guard;
  EXPECT_EQ(tier.timeout, milliseconds(100));
  EXPECT_EQ(tier.max_waiting, 8u);
  EXPECT_EQ(tier.breaker.failures, 2u);
  EXPECT_EQ(tier.breaker.open_for, seconds(1));
  EXPECT_EQ(tier.breaker.open_for_max, minutes(4));
  const SourceGuardOptions& source = settings.sources.at("users").cache.guard;
  EXPECT_EQ(source.max_concurrent, 3u);
  EXPECT_EQ(source.max_waiting, 7u);
  EXPECT_EQ(source.max_wait, seconds(4));
  EXPECT_EQ(source.breaker.failures, 0u);
  EXPECT_EQ(source.breaker.open_for, seconds(2));
  EXPECT_EQ(source.breaker.open_for_max, seconds(3));
}

TEST(GuardSettings, ABoundBelowWhatItBoundsIsRefused) {
  const auto refused = [](const char* text) { return error_of(text); };
  EXPECT_EQ(refused("cache: {sqlite: {breaker_open_for: 2m}}"),
            "f.yaml:1:36: cache.sqlite.breaker_open_for: 2m is longer than breaker_open_for_max, "
            "which is 1m");
  EXPECT_EQ(refused("cache: {sources: {a: {breaker_open_for_max: 1s,"
                    " http: {url: 'https://a.example'}}}}"),
            "f.yaml:1:45: cache.sources.a.breaker_open_for_max: 1s is shorter than "
            "breaker_open_for, which is 5s");
  EXPECT_EQ(refused("cache: {defaults: {error_backoff: 1m}}"),
            "f.yaml:1:35: cache.defaults.error_backoff: 1m is longer than error_backoff_max, "
            "which is 30s");
  EXPECT_EQ(refused("cache: {keyspaces: {k: {error_backoff: 31s}}}"),
            "f.yaml:1:40: cache.keyspaces.k.error_backoff: 31s is longer than error_backoff_max, "
            "which is 30s");
}

TEST(GuardSettings, AreInForceInTheCacheThatIsOpened) {
  const testkit::TempDir folder;
  Settings settings = parse(kText).value();
  settings.folder = folder.path().string();
  const Cache cache = open(settings, {.log = [](LogLevel, std::string_view) {}}).value();
  const CacheStats stats = cache.stats();
  EXPECT_EQ(stats.tiers.at(1).tier.reads.state, BreakerState::kClosed);
  ASSERT_EQ(stats.sources.size(), 1u);
  EXPECT_EQ(stats.sources[0].max_concurrent, 3u);
  EXPECT_EQ(stats.sources[0].max_waiting, 7u);
  EXPECT_EQ(stats.sources[0].breaker.state, BreakerState::kOff);
}

TEST(GuardSettings, OutOfRangeTheySayWhatToWrite) {
  EXPECT_EQ(error_of("cache:\n  sqlite: {max_waiting: 0}\n"),
            "f.yaml:2:25: cache.sqlite.max_waiting: \"0\" is out of range; write 1 to 100000");
  EXPECT_EQ(error_of("cache:\n  sqlite: {breaker_failures: 1001}\n"),
            "f.yaml:2:30: cache.sqlite.breaker_failures: \"1001\" is out of range; write 0 to "
            "1000");
  EXPECT_NE(error_of("cache:\n  sqlite: {timeout: 0}\n").find("cache.sqlite.timeout"),
            std::string::npos);
  EXPECT_NE(error_of("cache:\n  sqlite: {breaker_failure: 2}\n").find("breaker_failures"),
            std::string::npos)
      << "the nearest key is named";
}

}  // namespace
}  // namespace strata
