// explain(), miss reasons, and the chains of causes behind them.
#include <gmock/gmock.h>

#include <string>

#include "cache/cache_fixture.h"
#include "strata/tiered/transaction.h"
#include "testkit/script.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ExplainTest : public CacheFixture {
 protected:
  void SetUp() override { store(); }
  void TearDown() override { check(cache_); }

  void store() { users_.put("1", "Ada", {.labels = {tag("org:7")}}); }
  Explanation explain(const std::string& id = "1") {
    return cache_.explain(users_.key({.identifier = id}).value());
  }
  std::string last() {
    const Explanation why = explain();
    return why.history.empty() ? "" : why.history.front();
  }
  std::uint64_t misses(MissReason reason) {
    std::uint64_t sum = 0;
    for (const KeyspaceStats& stats : cache_.stats().keyspaces) {
      sum += stats.misses[static_cast<std::size_t>(reason)];
    }
    return sum;
  }

  Cache cache_ = make_cache(1);
  Keyspace<std::string> users_ = cache_.keyspace<std::string>("user", {.ttl = minutes(1)});
};

TEST_F(ExplainTest, ItTellsWhereAKeyLives) {
  clock_->advance(seconds(10));
  const Explanation why = explain();
  EXPECT_EQ(why.key, "1:user::1:");
  ASSERT_EQ(why.places.size(), 2u);
  for (const Explanation::Place& place : why.places) {
    EXPECT_EQ(place.age, seconds(10)) << place.tier;
    EXPECT_GT(place.fresh_left, seconds(45));
    EXPECT_THAT(place.labels, ElementsAre(keyspace("user"), tag("org:7")));
    EXPECT_GT(place.size_bytes, 0u);
  }
  EXPECT_EQ(why.places[0].tier, "memory");
  EXPECT_EQ(why.places[1].tier, "records");
  EXPECT_THAT(why.history, IsEmpty());
  EXPECT_THAT(explain("nobody").places, IsEmpty());
  EXPECT_EQ(explain("nobody").miss, MissReason::kCold);
}

TEST_F(ExplainTest, ItTellsWhatATagTook) {
  cache_.invalidate(tag("org:7"));
  clock_->advance(seconds(3));
  EXPECT_EQ(last(), "invalidated by tag org:7, 3 s ago");
  EXPECT_EQ(explain().miss, MissReason::kInvalidated);
  EXPECT_THAT(explain().places, IsEmpty());
}

// Entries of a group are removed when somebody meets them, long after the call.
TEST_F(ExplainTest, ItTellsWhatAKeyspaceTookThoughNobodyHadMetItYet) {
  cache_.invalidate({keyspace("user"), tag("x")});
  cache_.invalidate(tag("unrelated"));
  EXPECT_THAT(last(), StartsWith("invalidated by keyspace user, tag x, "));
}

// Who meets the entry meanwhile removes it and does not know why yet.
TEST_F(ExplainTest, ItTellsWhatAnInvalidationTookThatHadNotReturned) {
  Script script;
  script.actor("A", [&] { cache_.invalidate(keyspace("user")); });
  ASSERT_EQ(script.run_to("A", "memory.invalidate.raised"), Script::Stop::kParked);
  EXPECT_FALSE(users_.get("1"));
  script.finish("A");
  EXPECT_THAT(last(), StartsWith("invalidated by keyspace user, "));
}

TEST_F(ExplainTest, ItTellsOfErasePutClearExpiryAndEviction) {
  users_.erase("1");
  EXPECT_THAT(last(), StartsWith("erased by erase 1:user::1:"));
  store();
  store();
  EXPECT_THAT(last(), StartsWith("replaced by put 1:user::1:"));
  cache_.clear();
  EXPECT_THAT(last(), StartsWith("cleared by clear everything"));
  store();
  clock_->advance(minutes(2));
  cache_.remove_expired();
  EXPECT_THAT(last(), StartsWith("expired 0"));
  store();
  empty_memory(cache_);
  EXPECT_THAT(last(), StartsWith("evicted 0"));
  EXPECT_EQ(explain().history.size(), 5u);
}

TEST_F(ExplainTest, ItTellsOfAPutThatTookWhatDependedOnIt) {
  auto pages = cache_.keyspace<std::string>("page");
  (void)pages.get_or_load("home", [&](Load& load) { return *load.get(users_, "1"); });
  users_.put("1", "Grace");
  const Explanation why = cache_.explain(pages.key({.identifier = "home"}).value());
  ASSERT_EQ(why.history.size(), 1u);
  EXPECT_THAT(why.history[0], StartsWith("invalidated by put 1:user::1:"));
}

TEST_F(ExplainTest, ItTellsOfEdges) {
  ASSERT_TRUE(
      cache_.dependencies().add(users_.key({.identifier = "1"})->label(), Labels{tag("db")}).ok());
  EXPECT_THAT(last(), StartsWith("invalidated by key 1:user::1: <- "));
  EXPECT_THAT(explain().sources, ElementsAre(tag("db")));
}

TEST_F(ExplainTest, MissesAreCountedByTheirReason) {
  (void)users_.get("nobody");
  EXPECT_EQ(misses(MissReason::kCold), 1u);
  cache_.invalidate(tag("org:7"));
  (void)users_.get("1");
  EXPECT_EQ(misses(MissReason::kInvalidated), 1u);
  (void)users_.get_or_load("1", [](Load&) { return std::string("new"); });
  EXPECT_EQ(misses(MissReason::kInvalidated), 2u);
  clock_->advance(minutes(2));
  cache_.remove_expired();
  (void)users_.get_many({"1", "nobody"});
  EXPECT_EQ(misses(MissReason::kExpired), 1u);
  EXPECT_EQ(misses(MissReason::kCold), 2u);
  auto off = cache_.keyspace<std::string>("off", {.enabled = false});
  (void)off.get("1");
  EXPECT_EQ(misses(MissReason::kDisabled), 1u);
}

// What a tier still holds says more than what is known to have left.
TEST_F(ExplainTest, WhoLookedKnowsWhyARecordIsNoAnswer) {
  clock_->advance(minutes(2));
  (void)users_.get("1");
  (void)users_.get_many({"1"});
  EXPECT_EQ(misses(MissReason::kExpired), 2u);
  tiers_[0]->set_broken(true);
  (void)users_.get("nobody");
  (void)users_.get_many({"nobody"});
  (void)users_.get_or_load("somebody", [](Load&) { return std::string("new"); });
  EXPECT_EQ(misses(MissReason::kError), 3u);
  EXPECT_EQ(explain("nobody").miss, MissReason::kError);
}

TEST_F(ExplainTest, ARecordOfAnotherSchemaIsAMissOfAnotherVersion) {
  const Result<Key> key = users_.key({.identifier = "1"});
  Record other = **tiers_[0]->get(key->ref(), {});
  other.schema += 1;
  empty_memory(cache_);
  ASSERT_EQ(*tiers_[0]->put(key->ref(), &other, tiers_[0]->position(), {}), FillOutcome::kStored);
  EXPECT_FALSE(users_.get("1"));
  (void)users_.get_many({"1"});
  EXPECT_EQ(explain().miss, MissReason::kVersion);
  const std::vector<std::string> ids{"1"};
  (void)users_.get_or_load_many(
      ids,
      [](std::span<const std::string>, Load&) -> Result<std::vector<std::optional<std::string>>> {
        return std::vector<std::optional<std::string>>{"new"};
      });
  EXPECT_EQ(misses(MissReason::kVersion), 3u);
  ASSERT_EQ(*tiers_[0]->put(key->ref(), &other, tiers_[0]->position(), {}), FillOutcome::kStored);
  empty_memory(cache_);
  (void)users_.get_or_load("1", [](Load&) { return std::string("new"); });
  EXPECT_EQ(misses(MissReason::kVersion), 4u);
}

TEST_F(ExplainTest, WhatIsKnownToBeAbsentSaysSo) {
  (void)users_.get_or_load("2", [](Load&) -> std::optional<std::string> { return std::nullopt; },
                           {.negative_ttl = minutes(1)});
  EXPECT_EQ(explain("2").miss, MissReason::kNegative);
  (void)users_.get("2");
  EXPECT_EQ(misses(MissReason::kNegative), 0u) << "a negative hit is a hit";
}

TEST_F(ExplainTest, AJournalOfNoSizeKnowsNothing) {
  CacheOptions options;
  options.causes = {.removals = 0, .causes = 0};
  Cache quiet = make_cache(1, options);
  auto users = quiet.keyspace<std::string>("user");
  users.put("1", "Ada");
  users.erase("1");
  const Explanation why = quiet.explain(users.key({.identifier = "1"}).value());
  EXPECT_THAT(why.history, IsEmpty());
  EXPECT_EQ(why.miss, MissReason::kCold);
}

TEST(JournalStoreTest, ADamagedJournalIsSaidAndDoesNoHarm) {
  std::vector<std::string> log;
  const auto clock = std::make_shared<ManualClock>();
  CacheParts parts;
  parts.clock = clock;
  parts.executor = std::make_shared<ManualExecutor>();
  parts.timer = std::make_shared<ManualTimer>(clock);
  parts.hot = memory_tier({}, parts.clock, seeded_random(1));
  parts.journal.read = [] { return std::string("no journal"); };
  parts.options.log = [&](LogLevel, std::string_view line) { log.emplace_back(line); };
  Cache cache(std::move(parts));
  ASSERT_EQ(log.size(), 1u);
  EXPECT_THAT(log[0], HasSubstr("cannot be told"));
  EXPECT_TRUE(cache.keyspace<std::string>("user").put("1", "v").ok());
}

}  // namespace
}  // namespace strata::testkit
