// Reading: outcomes, promotion with the life that is left, degradation of single tiers.
#include <string>

#include "cache/cache_fixture.h"
#include "strata/sqlite/sqlite_tier.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {
namespace {

class ReadTest : public CacheFixture {};

TEST_F(ReadTest, NothingKnownIsAMiss) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const auto found = users.get("1");
  EXPECT_EQ(found.outcome(), Outcome::kMiss);
  EXPECT_FALSE(found);
  EXPECT_FALSE(found.absent());
  EXPECT_EQ(cache.stats().keyspaces.at(0).count(Outcome::kMiss), 1u);
}

TEST_F(ReadTest, APutIsHitInMemoryFirst) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const PutResult put = users.put("1", "ann");
  EXPECT_TRUE(put.ok());
  EXPECT_TRUE(put.stored());
  ASSERT_EQ(put.tiers.size(), 2u);
  EXPECT_EQ(put.tiers[0].name, "records") << "deepest first";
  const auto found = users.get("1");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "ann");
  EXPECT_EQ(found.outcome(), Outcome::kHit);
  EXPECT_EQ(found.tier(), "memory");
}

TEST_F(ReadTest, EmptyAndFalseValuesAreHits) {
  Cache cache = make_cache();
  auto texts = cache.keyspace<std::string>("text");
  auto flags = cache.keyspace<bool>("flag");
  EXPECT_TRUE(texts.put("empty", "").ok());
  EXPECT_TRUE(flags.put("no", false).ok());
  empty_memory(cache);
  EXPECT_EQ(texts.get("empty").outcome(), Outcome::kHit);
  EXPECT_EQ(flags.get("no").outcome(), Outcome::kHit);
  EXPECT_FALSE(*flags.get("no"));
}

TEST_F(ReadTest, IntegersAndTextAreTheSameIdentifier) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put(42, "ann").ok());
  EXPECT_EQ(users.get("42").value(), "ann");
  EXPECT_EQ(users.get(std::uint8_t{42}).value(), "ann");
  EXPECT_EQ(users.get(-42).outcome(), Outcome::kMiss);
}

TEST_F(ReadTest, IdentifiersThatMustBeEscapedStayApart) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("a:b", "one").ok());
  EXPECT_TRUE(users.put("a%3Ab", "two").ok());
  EXPECT_TRUE(users.put(std::string(300, ':'), "long").ok());
  EXPECT_EQ(users.get("a:b").value(), "one");
  EXPECT_EQ(users.get("a%3Ab").value(), "two");
  EXPECT_EQ(users.get(std::string(300, ':')).value(), "long");
  EXPECT_EQ(users.get("a:b").entry()->key_text(), "1:user::a%3Ab:");
}

TEST_F(ReadTest, AKeyOverTheLimitIsRefusedAndChangesNothing) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const std::string longest(limits::kKeyBytes - std::string("1:user:::").size(), 'x');
  EXPECT_TRUE(users.put(longest, "fits").ok());
  EXPECT_EQ(users.get(longest).value(), "fits");
  const auto found = users.get(longest + "x");
  EXPECT_EQ(found.outcome(), Outcome::kError);
  EXPECT_EQ(found.error().code, ErrorCode::kRejected);
  EXPECT_NE(found.error().message.find("1024"), std::string::npos);
  EXPECT_FALSE(users.put(longest + "x", "no").ok());
  EXPECT_EQ(tiers_[0]->size(), 1u);
}

TEST_F(ReadTest, KeysWithParametersAreFoundAgainInEveryTier) {
  Cache cache = make_cache();
  auto census = cache.keyspace<std::string>("census");
  const Key small = census.key({.identifier = "acs5", .params = {{"year", "2022"}}}).value();
  const Key large = census.key({.params = {{"q", std::string(500, 'x')}, {"a", "1"}}}).value();
  EXPECT_TRUE(census.put(small, "small").ok());
  EXPECT_TRUE(census.put(large, "large").ok());
  empty_memory(cache);
  EXPECT_EQ(census.get(small).value(), "small");
  EXPECT_EQ(census.get(large).value(), "large");
  EXPECT_EQ(census.get(large).tier(), "memory");
  const Key foreign = Key::make({.keyspace = "other", .identifier = "acs5"}).value();
  EXPECT_EQ(census.get(foreign).outcome(), Outcome::kError);
}

TEST_F(ReadTest, PromotionKeepsTheLifeThatIsLeft) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = minutes(5), .ttl_jitter = 0});
  EXPECT_TRUE(users.put("1", "ann").ok());
  clock_->advance(minutes(4));
  empty_memory(cache);
  EXPECT_EQ(users.get("1").tier(), "records");
  const auto promoted = users.get("1");
  EXPECT_EQ(promoted.tier(), "memory");
  EXPECT_EQ(between(clock_->now(), promoted.entry()->fresh_until()), Duration(minutes(1)));
  clock_->advance(minutes(1));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(ReadTest, ADeepHitFillsEveryTierAboveIt) {
  Cache cache = make_cache(2);
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  empty_memory(cache);
  tiers_[0]->set_broken(true);
  EXPECT_EQ(users.get("1").tier(), "deep");
  EXPECT_EQ(cache.stats().tier_errors, 2u) << "reading, and promoting to, the broken tier";
  EXPECT_FALSE(log_.empty());
}

TEST_F(ReadTest, AFailingTierDoesNotFailAReadWhenGraceful) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  tiers_[0]->set_broken(true);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  CountingLoader loader;
  EXPECT_EQ(users.get_or_load("1", loader()).value(), "value");
  EXPECT_EQ(users.get("1").value(), "value") << "from memory";
}

TEST_F(ReadTest, AFailingTierIsAnErrorWhenNotGraceful) {
  Cache cache = make_cache(1, {.graceful = false});
  auto users = cache.keyspace<std::string>("user");
  tiers_[0]->set_broken(true);
  const auto found = users.get("1");
  EXPECT_EQ(found.outcome(), Outcome::kError);
  EXPECT_EQ(found.error().code, ErrorCode::kUnavailable);
}

TEST_F(ReadTest, ManyIdsAreOneOperationPerTier) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_TRUE(users.put("2", "bob").ok());
  empty_memory(cache);
  EXPECT_EQ(users.get("1").tier(), "records");
  const std::uint64_t before = tiers_[0]->calls();
  const std::vector<std::string> ids{"1", "2", "3", std::string(2000, 'x')};
  const auto found = users.get_many(ids);
  EXPECT_EQ(tiers_[0]->calls(), before + 1);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].tier(), "memory");
  EXPECT_EQ(found[1].tier(), "records");
  EXPECT_EQ(*found[1], "bob");
  EXPECT_EQ(found[2].outcome(), Outcome::kMiss);
  EXPECT_EQ(found[3].outcome(), Outcome::kError);
}

TEST_F(ReadTest, ABatchOverTheLimitIsRefusedWhole) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const std::vector<std::string> ids(limits::kBatchKeys + 1, "1");
  const auto found = users.get_many(ids);
  ASSERT_EQ(found.size(), ids.size());
  EXPECT_EQ(found.back().outcome(), Outcome::kError);
  EXPECT_EQ(users.get_many(std::span(ids).first(limits::kBatchKeys)).back().outcome(),
            Outcome::kMiss);
}

TEST_F(ReadTest, VisitSeesTheValueWithoutAReference) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  std::string seen;
  EXPECT_EQ(users.visit("1", [&](const std::string& value) { seen = value; }), Outcome::kHit);
  EXPECT_EQ(seen, "ann");
  EXPECT_EQ(users.visit("2", [&](const std::string&) { FAIL(); }), Outcome::kMiss);
  empty_memory(cache);
  EXPECT_EQ(users.visit("1", [&](const std::string& value) { seen += value; }), Outcome::kHit);
  EXPECT_EQ(seen, "annann") << "from the tier below";
  auto kept = cache.keyspace<std::string>("kept", {.ttl = seconds(1), .stale_for = minutes(1)});
  EXPECT_TRUE(kept.put("1", "old").ok());
  clock_->advance(seconds(2));
  EXPECT_EQ(kept.visit("1", [&](const std::string& value) { seen = value; }), Outcome::kStaleHit);
  EXPECT_EQ(seen, "old");
  cache.close();
  EXPECT_EQ(users.visit("1", [&](const std::string&) { FAIL(); }), Outcome::kError);
}

TEST_F(ReadTest, AValueLivesAsLongAsItIsHeld) {
  Cache cache = make_cache();
  Ref<const std::string> held;
  {
    auto users = cache.keyspace<std::string>("user");
    EXPECT_TRUE(users.put("1", "ann").ok());
    held = users.get("1").ref();
    users.erase("1");
    EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  }
  cache.close();
  EXPECT_EQ(*held, "ann");
}

TEST_F(ReadTest, AnotherTypeUnderAnOpenNameIsRefused) {
  Cache cache = make_cache();
  auto texts = cache.keyspace<std::string>("user");
  auto numbers = cache.keyspace<int>("user");
  EXPECT_TRUE(texts.status().ok());
  EXPECT_FALSE(numbers.status().ok());
  EXPECT_EQ(numbers.get("1").error().code, ErrorCode::kRejected);
  EXPECT_FALSE(numbers.put("1", 5).ok());
  EXPECT_FALSE(cache.keyspace<int>("no good:name").status().ok());
  EXPECT_FALSE(cache.keyspace<int>("tiers", {.tiers = {"floppy"}}).status().ok());
}

TEST_F(ReadTest, ARecordOfAnotherSchemaIsAMiss) {
  Cache cache = make_cache();
  auto narrow = cache.keyspace<std::int32_t>("number");
  EXPECT_TRUE(narrow.put("1", 5).ok());
  Record record = (*tiers_[0]->get(narrow.key({.identifier = "1"}).value(), {})).value();
  record.schema += 1;
  ASSERT_EQ(*tiers_[0]->fill(record, tiers_[0]->position(), {}), FillOutcome::kStored);
  empty_memory(cache);
  EXPECT_EQ(narrow.get("1").outcome(), Outcome::kMiss);
}

// It may have been made wrong by an invalidation that could not know of it.
TEST_F(ReadTest, ARecordFromBeforeTheKeyspaceHadItsSourceIsAMiss) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.source = "crm"});
  EXPECT_TRUE(users.put("1", "ann").ok());
  Record record = (*tiers_[0]->get(users.key({.identifier = "1"}).value(), {})).value();
  record.group = {keyspace("user")};
  ASSERT_EQ(*tiers_[0]->fill(record, tiers_[0]->position(), {}), FillOutcome::kStored);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(ReadTest, EveryCombinationOfTiersOffWorks) {
  for (const bool memory : {true, false}) {
    for (const std::size_t tier_count : {0, 1, 2}) {
      Cache cache = make_cache(tier_count, {}, {.enabled = memory});
      auto users = cache.keyspace<std::string>("user");
      CountingLoader loader;
      EXPECT_EQ(users.get_or_load("1", loader()).value(), "value");
      EXPECT_EQ(users.get_or_load("1", loader()).value(), "value");
      EXPECT_EQ(loader.runs, memory || tier_count > 0 ? 1 : 2);
      cache.invalidate(keyspace("user"));
      EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
      check(cache);
    }
  }
}

// Off, invalidated, on again: what was cached before is not served.
TEST_F(ReadTest, ADisabledKeyspaceMissesButStillInvalidates) {
  TempDir folder;
  const auto make = [&](bool enabled) {
    SqliteOptions sqlite;
    sqlite.path = folder.file("cache.db");
    CacheParts parts;
    parts.hot = memory_tier({}, clock_, seeded_random(1));
    parts.tiers.push_back(open_sqlite_tier(sqlite, clock_, seeded_random(1)).value());
    parts.clock = clock_;
    parts.timer = timer_;
    parts.executor = executor_;
    Cache cache(std::move(parts));
    cache.configure_keyspace("user", {.enabled = enabled});
    return cache;
  };
  {
    Cache cache = make(true);
    EXPECT_TRUE(cache.keyspace<std::string>("user").put("1", "old", {.labels = {tag("t")}}).ok());
    EXPECT_TRUE(cache.keyspace<std::string>("user").put("2", "kept").ok());
  }
  {
    Cache cache = make(false);
    auto users = cache.keyspace<std::string>("user");
    CountingLoader loader;
    EXPECT_EQ(users.get_or_load("2", loader()).value(), "value");
    EXPECT_EQ(users.get_or_load("2", loader()).value(), "value");
    EXPECT_EQ(loader.runs, 2);
    EXPECT_FALSE(users.contains("2"));
    EXPECT_TRUE(cache.invalidate(tag("t")).ok());
  }
  Cache cache = make(true);
  auto users = cache.keyspace<std::string>("user");
  EXPECT_FALSE(users.get("1"));
  EXPECT_EQ(users.get("2").value(), "kept");
}

TEST_F(ReadTest, ALoadAsksEveryTierOnceAndIsCountedOnce) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  CountingLoader loader;
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kLoaded);
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kHit);
  EXPECT_EQ(users.get("2").outcome(), Outcome::kMiss);
  const CacheStats stats = cache.stats();
  EXPECT_EQ(stats.tiers.at(0).tier.misses, 2u);
  EXPECT_EQ(stats.tiers.at(0).tier.hits, 1u);
  EXPECT_EQ(stats.tiers.at(1).tier.misses, 2u);
  EXPECT_EQ(stats.keyspaces.at(0).lookups(), 3u);
}

// 500 look-ups of memory, and 130 of the tier below: 450 + 100 hits of 630 are 0.873.
TEST(CacheStats, TheLookUpHitRateIsPooledOverTheTiers) {
  CacheStats stats;
  stats.tiers.resize(2);
  stats.tiers[0].tier.hits = 450;
  stats.tiers[0].tier.misses = 50;
  stats.tiers[1].tier.hits = 100;
  stats.tiers[1].tier.misses = 30;
  EXPECT_NEAR(stats.lookup_hit_rate(), 0.87, 0.005);
}

TEST_F(ReadTest, ContainsIsNoLookUpAndNoUse) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10), .ttl_jitter = 0});
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_TRUE(users.contains("1"));
  EXPECT_FALSE(users.contains("2"));
  EXPECT_FALSE(users.contains(std::string(5000, 'x')));
  EXPECT_EQ(cache.stats().tiers.at(0).tier.hits, 0u);
  EXPECT_EQ(cache.stats().keyspaces.at(0).lookups(), 0u);
  empty_memory(cache);
  EXPECT_TRUE(users.contains("1")) << "the records have it";
  clock_->advance(seconds(11));
  EXPECT_FALSE(users.contains("1"));
}

TEST_F(ReadTest, AClosedCacheAnswersClosed) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  cache.close();
  cache.close();
  EXPECT_EQ(users.get("1").error().code, ErrorCode::kClosed);
  EXPECT_EQ(users.put("1", "ann").error->code, ErrorCode::kClosed);
  EXPECT_EQ(users.erase("1").error->code, ErrorCode::kClosed);
  EXPECT_EQ(cache.invalidate(tag("t")).error->code, ErrorCode::kClosed);
  EXPECT_EQ(users.touch("1", seconds(1)).error().code, ErrorCode::kClosed);
}

TEST_F(ReadTest, AHandleMayOutliveItsCache) {
  auto cache = std::make_unique<Cache>(make_cache());
  auto users = cache->keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  cache.reset();
  EXPECT_EQ(users.get("1").error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace strata::testkit
