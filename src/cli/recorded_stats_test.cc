#include "cli/recorded_stats.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::cli {
namespace {

RecordedStats random_run(testkit::Random& random) {
  RecordedStats run;
  run.since.unix_ms = static_cast<std::int64_t>(random.between(1, 1'000'000));
  run.runs = random.between(1, 3);
  run.counts.invalidations = random.skewed();
  run.counts.tier_errors = random.below(5);
  for (const char* name : {"memory", "sqlite"}) {
    TierStats tier;
    tier.name = name;
    tier.hits = random.skewed();
    tier.misses = random.below(100);
    tier.stored = random.below(100);
    for (std::uint64_t& count : tier.removals) count = random.below(10);
    tier.reads = {.opened = random.below(10), .failures = random.below(10)};
    tier.fills = {.slow = random.below(10), .skipped = random.below(10)};
    if (random.one_in(2)) run.counts.tiers.push_back({tier, {}});
  }
  for (const char* name : {"user", "census", "bls"}) {
    KeyspaceStats keyspace;
    keyspace.name = name;
    keyspace.source = name[0] == 'u' ? "" : name;
    for (std::uint64_t& count : keyspace.outcomes) count = random.below(1000);
    for (std::uint64_t& count : keyspace.misses) count = random.below(1000);
    keyspace.loads = random.below(100);
    keyspace.load_time_saved = Duration(random.below(1000));
    if (random.one_in(2)) run.counts.keyspaces.push_back(keyspace);
  }
  for (const char* name : {"census", "bls"}) {
    SourceStats source;
    source.name = name;
    source.breaker.opened = random.below(10);
    source.refused = random.below(10);
    if (random.one_in(2)) run.counts.sources.push_back(source);
  }
  Histogram calls;
  for (std::uint64_t i = random.below(20); i > 0; --i) {
    calls.record(Duration(static_cast<std::int64_t>(random.skewed() >> 8)));
  }
  run.calls = calls.snapshot();
  return run;
}

TEST(RecordedStats, ReadAsTheyWereWritten) {
  testkit::for_each_seed(100, [](testkit::Random& random) {
    const std::string json = to_json(random_run(random));
    const Result<RecordedStats> read = recorded_stats_from_json(json);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(*read), json);
  });
}

TEST(RecordedStats, AddUpInAnyOrderAndGrouping) {
  testkit::for_each_seed(50, [](testkit::Random& random) {
    const RecordedStats a = random_run(random);
    const RecordedStats b = random_run(random);
    RecordedStats stepwise = a;
    stepwise.add(b);
    EXPECT_EQ(stepwise.runs, a.runs + b.runs);
    EXPECT_EQ(stepwise.since.unix_ms, std::min(a.since.unix_ms, b.since.unix_ms));
    EXPECT_EQ(stepwise.calls.count(), a.calls.count() + b.calls.count());
    std::uint64_t lookups = 0;
    for (const RecordedStats* run : {&a, &b}) {
      for (const KeyspaceStats& keyspace : run->counts.keyspaces) lookups += keyspace.lookups();
    }
    std::uint64_t summed = 0;
    for (const KeyspaceStats& keyspace : stepwise.counts.keyspaces) summed += keyspace.lookups();
    EXPECT_EQ(summed, lookups);

    RecordedStats reversed = b;
    reversed.add(a);
    EXPECT_EQ(reversed.counts.request_hit_rate(), stepwise.counts.request_hit_rate());
    EXPECT_EQ(reversed.counts.lookup_hit_rate(), stepwise.counts.lookup_hit_rate());
  });
}

TEST(RecordedStats, AddUpWhatGuardsDid) {
  RecordedStats sum;
  for (const std::uint64_t count : {2u, 3u}) {
    RecordedStats run;
    TierStats tier;
    tier.name = "sqlite";
    tier.reads.skipped = count;
    tier.fills.slow = count;
    run.counts.tiers.push_back({tier, {}});
    SourceStats source;
    source.name = "users";
    source.refused = count;
    source.breaker.opened = count;
    run.counts.sources.push_back(source);
    sum.add(run);
  }
  const RecordedStats read = recorded_stats_from_json(to_json(sum)).value();
  EXPECT_EQ(read.counts.tiers[0].tier.reads.skipped, 5u);
  EXPECT_EQ(read.counts.tiers[0].tier.fills.slow, 5u);
  ASSERT_EQ(read.counts.sources.size(), 1u);
  EXPECT_EQ(read.counts.sources[0].refused, 5u);
  EXPECT_EQ(read.counts.sources[0].breaker.opened, 5u);
}

TEST(RecordedStats, ReadFilesThatTellNothingOfGuards) {
  RecordedStats run;
  run.runs = 4;
  TierStats tier;
  tier.name = "sqlite";
  run.counts.tiers.push_back({tier, {}});
  std::string json = to_json(run);
  for (const std::string name : {"reads", "fills"}) {
    const std::size_t begin = json.find(",\"" + name + "\":{");
    ASSERT_NE(begin, std::string::npos) << json;
    json.erase(begin, json.find('}', begin) + 1 - begin);
  }
  const std::size_t sources = json.find("\"sources\":[],");
  ASSERT_NE(sources, std::string::npos) << json;
  json.erase(sources, std::string("\"sources\":[],").size());
  const Result<RecordedStats> read = recorded_stats_from_json(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->runs, 4u);
}

TEST(RecordedStats, AddUpTheReasonsOfMisses) {
  RecordedStats sum;
  for (const std::uint64_t count : {2u, 3u}) {
    RecordedStats run;
    KeyspaceStats keyspace;
    keyspace.name = "user";
    keyspace.misses[static_cast<std::size_t>(MissReason::kExpired)] = count;
    run.counts.keyspaces.push_back(keyspace);
    sum.add(run);
  }
  const RecordedStats read = recorded_stats_from_json(to_json(sum)).value();
  EXPECT_EQ(read.counts.keyspaces[0].misses[static_cast<std::size_t>(MissReason::kExpired)], 5u);
}

TEST(RecordedStats, ReadFilesThatTellNoReasonsOfMisses) {
  RecordedStats run;
  KeyspaceStats keyspace;
  keyspace.name = "user";
  keyspace.loads = 7;
  keyspace.misses[0] = 7;
  run.counts.keyspaces.push_back(keyspace);
  std::string json = to_json(run);
  const std::size_t begin = json.find(",\"misses\":[7,");
  ASSERT_NE(begin, std::string::npos) << json;
  json.erase(begin, json.find(']', begin) + 1 - begin);
  const Result<RecordedStats> read = recorded_stats_from_json(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->counts.keyspaces[0].loads, 7u);
  EXPECT_EQ(read->counts.keyspaces[0].misses[0], 0u);
}

TEST(RecordedStats, StartWithTheFirstRunRatherThanInTheYear1970) {
  RecordedStats sum;
  RecordedStats run;
  run.since.unix_ms = 5000;
  run.runs = 1;
  sum.add(run);
  EXPECT_EQ(sum.since.unix_ms, 5000);
}

TEST(RecordedStats, DoNotWrapAround) {
  RecordedStats sum;
  sum.runs = UINT64_MAX;
  RecordedStats run;
  run.runs = 1;
  sum.add(run);
  EXPECT_EQ(sum.runs, UINT64_MAX);
}

TEST(RecordedStats, KeepABoundedNumberOfKeyspaces) {
  RecordedStats sum;
  for (std::size_t i = 0; i < kRecordedKeyspaces + 50; ++i) {
    RecordedStats run;
    KeyspaceStats keyspace;
    keyspace.name = "k" + std::to_string(i);
    keyspace.outcomes[0] = 1;
    run.counts.keyspaces.push_back(keyspace);
    sum.add(run);
  }
  EXPECT_EQ(sum.counts.keyspaces.size(), kRecordedKeyspaces + 1);
  EXPECT_EQ(sum.counts.keyspaces.back().name, "(other)");
  EXPECT_EQ(sum.counts.keyspaces.back().lookups(), 50u);
  ASSERT_TRUE(recorded_stats_from_json(to_json(sum)));
}

TEST(RecordedStats, RefuseWhatTheyDidNotWrite) {
  for (const char* wrong : {"", "null", "[]", "{}", "{\"schema\":\"strata.recorded-stats/2\"}",
                            "\x00", "[[[[", R"({"schema":"strata.recorded-stats/1"})"}) {
    const Result<RecordedStats> read = recorded_stats_from_json(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
}

// Any damage is an error or gives numbers that can be written again, but nothing else.
TEST(RecordedStats, SurviveDamage) {
  testkit::for_each_seed(300, [](testkit::Random& random) {
    std::string json = to_json(random_run(random));
    const std::string_view pieces[] = {
        "-1", "1e400", "9", "null", "\"", "]", "[", "{}", "18446744073709551616"};
    for (std::uint64_t i = random.between(1, 3); i > 0; --i) {
      const std::string_view piece = pieces[random.below(std::size(pieces))];
      json.replace(random.below(json.size()), random.below(6), piece);
    }
    const Result<RecordedStats> read = recorded_stats_from_json(json);
    if (read) {
      EXPECT_TRUE(recorded_stats_from_json(to_json(*read)));
    }
  });
}

}  // namespace
}  // namespace strata::cli
