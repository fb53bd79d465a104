// Writing and invalidating: what is gone when a call has returned, in which tiers, and why.
#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

class WriteTest : public CacheFixture {};

std::vector<std::string> names_of(const InvalidationResult& result) {
  std::vector<std::string> names;
  for (const auto& tier : result.tiers) names.push_back(tier.name);
  return names;
}

TEST_F(WriteTest, APutTakesThePlaceOfTheValueInEveryTier) {
  Cache cache = make_cache(2);
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_TRUE(users.put("1", "anna").ok());
  EXPECT_EQ(users.get("1").value(), "anna");
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "anna");
  tiers_[0]->set_broken(true);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "anna");
}

TEST_F(WriteTest, EraseRemovesFromEveryTierAndSaysSo) {
  Cache cache = make_cache(2);
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_TRUE(users.put("2", "bob").ok());
  const InvalidationResult erased = users.erase("1");
  EXPECT_TRUE(erased.ok());
  EXPECT_EQ(names_of(erased), (std::vector<std::string>{"deep", "records", "memory"}));
  EXPECT_EQ(erased.tiers.back().removed, 1u);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(users.get("2").outcome(), Outcome::kHit);
  EXPECT_EQ(users.erase("1").tiers.back().removed, 0u);
  const TierStats stats = cache.hot_tier().stats();
  EXPECT_EQ(stats.removed(RemovalCause::kErased), 1u);
}

TEST_F(WriteTest, TagsKeyspacesAndSourcesAreInvalidatedInEveryTier) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.source = "crm"});
  auto orders = cache.keyspace<std::string>("order", {.source = "crm"});
  auto other = cache.keyspace<std::string>("other");
  const auto fill = [&] {
    EXPECT_TRUE(users.put("1", "ann", {.labels = {tag("org:7")}}).ok());
    EXPECT_TRUE(orders.put("1", "book", {.labels = {tag("org:7"), tag("paid")}}).ok());
    EXPECT_TRUE(other.put("1", "x").ok());
    empty_memory(cache);
    EXPECT_TRUE(users.get("1"));  // in memory again; the rest is below only
  };
  fill();
  EXPECT_EQ(cache.invalidate(tag("org:7")).removed(), 3u);
  EXPECT_FALSE(users.get("1"));
  EXPECT_FALSE(orders.get("1"));
  EXPECT_TRUE(other.get("1"));
  fill();
  EXPECT_EQ(cache.invalidate(keyspace("user")).removed(), 2u);
  EXPECT_FALSE(users.get("1"));
  EXPECT_TRUE(orders.get("1"));
  fill();
  EXPECT_EQ(cache.invalidate(source("crm")).removed(), 3u);
  EXPECT_FALSE(users.get("1"));
  EXPECT_FALSE(orders.get("1"));
  EXPECT_TRUE(other.get("1"));
  fill();
  EXPECT_TRUE(users.clear().ok());
  EXPECT_FALSE(users.get("1"));
  EXPECT_TRUE(orders.get("1"));
  fill();
  EXPECT_TRUE(cache.clear().ok());
  EXPECT_FALSE(users.get("1"));
  EXPECT_FALSE(orders.get("1"));
  EXPECT_FALSE(other.get("1"));
  EXPECT_EQ(tiers_[0]->size(), 0u);
  check(cache);
}

TEST_F(WriteTest, SeveralLabelsAreOneInvalidation) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann", {.labels = {tag("a")}}).ok());
  EXPECT_TRUE(users.put("2", "bob", {.labels = {tag("b")}}).ok());
  const Ticket before = cache.hot_tier().position();
  const InvalidationResult result = cache.invalidate({tag("a"), tag("b")});
  EXPECT_EQ(number(result.tiers.back().position), number(before) + 1);
  EXPECT_FALSE(users.get("1"));
  EXPECT_FALSE(users.get("2"));
}

TEST_F(WriteTest, NoLabelsIsNoInvalidation) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  const InvalidationResult result = cache.invalidate(std::span<const Label>());
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.removed(), 0u);
  EXPECT_TRUE(users.get("1"));
}

TEST_F(WriteTest, InvalidatingAKeyLeavesTheOthers) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_TRUE(users.put("11", "bob").ok());
  EXPECT_TRUE(users.invalidate("1").ok());
  EXPECT_FALSE(users.get("1"));
  EXPECT_TRUE(users.get("11"));
  cache.invalidate(users.key({.identifier = "11"}).value().label());
  EXPECT_FALSE(users.get("11"));
}

TEST_F(WriteTest, TouchChangesTheLifeInPlaceInEveryTier) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10), .ttl_jitter = 0});
  EXPECT_TRUE(users.put("1", "ann").ok());
  const auto held = users.get("1");
  EXPECT_EQ(users.touch("1", minutes(10)).value(), true);
  clock_->advance(minutes(9));
  EXPECT_EQ(users.get("1").entry().get(), held.entry().get()) << "not replaced";
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "ann");
  clock_->advance(minutes(1));
  EXPECT_FALSE(users.get("1"));
  EXPECT_EQ(users.touch("2", minutes(1)).value(), false);
  EXPECT_EQ(users.touch("2", Duration(0)).error().code, ErrorCode::kRejected);
}

TEST_F(WriteTest, APutThatATierCannotTakeStillRemovesTheOldValueThere) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  tiers_[0]->set_broken(true);
  const PutResult put = users.put("1", "anna");
  EXPECT_TRUE(put.stored());
  EXPECT_NE(put.tiers[0].error, nullptr);
  EXPECT_EQ(put.tiers[0].outcome, FillOutcome::kDeclined);
  tiers_[0]->set_broken(false);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(WriteTest, AKeyspaceMayBeKeptOutOfTiers) {
  Cache cache = make_cache(2);
  auto hot = cache.keyspace<std::string>("hot", {.tiers = {"memory"}});
  auto cold = cache.keyspace<std::string>("cold", {.tiers = {"deep"}});
  auto secret = cache.keyspace<std::string>("secret", {.sensitive = true});
  EXPECT_TRUE(hot.put("1", "x").stored());
  EXPECT_TRUE(cold.put("1", "x").stored());
  EXPECT_TRUE(secret.put("1", "x").stored());
  EXPECT_EQ(tiers_[0]->size(), 0u);
  EXPECT_EQ(tiers_[1]->size(), 1u);
  EXPECT_EQ(cold.get("1").tier(), "deep");
  EXPECT_EQ(cold.get("1").tier(), "deep") << "never promoted";
  empty_memory(cache);
  EXPECT_FALSE(hot.get("1"));
  EXPECT_FALSE(secret.get("1"));
}

TEST_F(WriteTest, ANewKeyVersionLeavesTheOldKeysBehind) {
  Cache cache = make_cache();
  auto old_users = cache.keyspace<std::string>("user", {.key_version = "1"});
  EXPECT_TRUE(old_users.put("1", "ann").ok());
  EXPECT_EQ(old_users.get("1").entry()->key_text(), "1:user::1:");
}

TEST_F(WriteTest, AnInvalidationDuringTheLoadKeepsItsValueOut) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const auto found = users.get_or_load("1", [&](Load& load) {
    load.tag("t");
    cache.invalidate(tag("t"));
    return std::string("old");
  });
  EXPECT_EQ(found.value(), "old") << "the caller asked before the invalidation";
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(tiers_[0]->size(), 0u);
  EXPECT_EQ(cache.stats().keyspaces.at(0).refused, 1u);
  // An unrelated one does not matter.
  EXPECT_TRUE(users.get_or_load("1", [&](Load& load) {
    load.tag("t");
    cache.invalidate(tag("other"));
    return std::string("new");
  }));
  EXPECT_EQ(users.get("1").value(), "new");
}

TEST_F(WriteTest, APutDuringTheLoadWins) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  (void)users.get_or_load("1", [&] {
    EXPECT_TRUE(users.put("1", "put").ok());
    return std::string("loaded");
  });
  EXPECT_EQ(users.get("1").value(), "put");
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "put");
}

TEST_F(WriteTest, ARefreshWithTheSameValueLeavesDependantsAlone) {
  Cache cache = make_cache();
  const KeyspaceOptions options{.ttl = seconds(10), .ttl_jitter = 0, .stale_for = minutes(10)};
  auto users = cache.keyspace<std::string>("user", options);
  auto pages = cache.keyspace<std::string>("page", {.ttl = minutes(5)});
  std::string origin = "ann";
  const auto load_user = [&](Load&) { return origin; };
  const auto refresh = [&] {
    clock_->advance(seconds(11));
    EXPECT_EQ(users.get_or_load("1", load_user).outcome(), Outcome::kStaleHit);
    executor_->run_all();
    EXPECT_EQ(users.get("1").value(), origin);
  };
  const Label on_user = users.key({.identifier = "1"}).value().label();
  EXPECT_TRUE(users.get_or_load("1", load_user));
  EXPECT_TRUE(pages.put("home", "about ann", {.labels = {on_user}}).ok());
  refresh();
  EXPECT_TRUE(pages.get("home")) << "the same value: nothing changed";
  origin = "anna";
  refresh();
  EXPECT_FALSE(pages.get("home")) << "another value is an invalidation of what depends on it";
}

TEST_F(WriteTest, ARefreshThatSomebodyOvertookIsDropped) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = minutes(10)});
  EXPECT_TRUE(users.put("1", "old").ok());
  clock_->advance(seconds(11));
  EXPECT_EQ(users
                .get_or_load("1",
                             [&] {
                               EXPECT_TRUE(users.put("1", "put").ok());
                               return std::string("loaded");
                             })
                .outcome(),
            Outcome::kStaleHit);
  executor_->run_all();
  EXPECT_EQ(users.get("1").value(), "put");
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "put");
}

TEST_F(WriteTest, ARemovalListenerMayWriteTheSameKey) {
  std::optional<Keyspace<std::string>> users;
  Cache cache = make_cache(1, {.on_removal = [&](const EntryRef& entry, RemovalCause cause) {
                             if (cause != RemovalCause::kErased) return;
                             EXPECT_EQ(entry->value<std::string>(), "ann");
                             EXPECT_TRUE(users->put("1", "again").ok());
                           }});
  users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users->put("1", "ann").ok());
  users->erase("1");
  EXPECT_EQ(users->get("1").value(), "again");
}

// With a turn held while the listener runs, two threads that write each other's keys there would
// wait for each other for ever.
TEST_F(WriteTest, RemovalListenersMayWriteEachOthersKeys) {
  std::optional<Keyspace<std::string>> users;
  std::atomic<int> told{0};
  Cache cache = make_cache(1, {.on_removal = [&](const EntryRef& entry, RemovalCause cause) {
                             if (cause != RemovalCause::kErased) return;
                             ++told;
                             const bool one = entry->value<std::string>() == "one";
                             EXPECT_TRUE(users->put(one ? "2" : "1", one ? "two" : "one").ok());
                           }});
  users = cache.keyspace<std::string>("user");
  const auto erase = [&](const char* id, const char* value) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(users->put(id, value).ok());
      users->erase(id);
    }
  };
  std::thread other([&] { erase("2", "two"); });
  erase("1", "one");
  other.join();
  EXPECT_GT(told, 0);
}

TEST_F(WriteTest, ATierThatFailsIsLoggedOnceInAWhileAndTheSinkMayWrite) {
  std::optional<Keyspace<std::string>> users;
  std::vector<std::string> lines;
  Cache cache = make_cache(1, {.log = [&](LogLevel, std::string_view line) {
                             lines.emplace_back(line);
                             EXPECT_TRUE(users->put("1", "from the sink").ok());
                           }});
  users = cache.keyspace<std::string>("user");
  tiers_[0]->set_broken(true);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(users->put("1", "ann").ok());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], testing::HasSubstr("records: writing failed (unavailable)"));
  EXPECT_GE(cache.stats().tier_errors, 10u);
}

TEST_F(WriteTest, ManyArePutAndErasedTogether) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  for (const PutResult& put : users.put_many({{"1", "ann"}, {"2", "bob"}, {"3", "carl"}})) {
    EXPECT_TRUE(put.stored());
  }
  const std::vector<std::string> ids{"1", "3", "9"};
  EXPECT_TRUE(users.erase_many(ids).ok());
  EXPECT_FALSE(users.get("1"));
  EXPECT_EQ(users.get("2").value(), "bob");
  EXPECT_FALSE(users.get("3"));
  EXPECT_EQ(cache.stats().invalidations, 1u) << "one for all of them";
  EXPECT_TRUE(users.erase_many({}).ok());
  const std::vector<std::string> too_many(limits::kBatchKeys + 1, "x");
  EXPECT_EQ(users.erase_many(too_many).error->code, ErrorCode::kRejected);
  const std::vector<std::string> one_bad{"2", std::string(5000, 'x')};
  EXPECT_EQ(users.erase_many(one_bad).error->code, ErrorCode::kRejected);
  EXPECT_EQ(users.get("2").value(), "bob") << "nothing was changed";
}

TEST_F(WriteTest, WhatIsTooLargeForMemoryIsKeptBelow) {
  Cache cache = make_cache(1, {}, {.max_bytes = 1 << 12, .shards = 1});
  auto users = cache.keyspace<std::string>("user");
  const std::string large(1 << 14, 'x');
  EXPECT_TRUE(users.put("1", large).ok());
  for (int i = 0; i < 2; ++i) {
    const auto found = users.get("1");
    EXPECT_EQ(found.value(), large);
    EXPECT_EQ(found.tier(), "records");
  }
}

TEST_F(WriteTest, ACacheHasAtMostSoManyKeyspaces) {
  Cache cache = make_cache();
  for (std::size_t i = 0; i < limits::kKeyspaces; ++i) {
    ASSERT_TRUE(cache.keyspace<int>("k" + std::to_string(i)).status().ok());
  }
  auto one_more = cache.keyspace<int>("one-more");
  EXPECT_THAT(one_more.status().error().message, testing::HasSubstr("4096"));
  EXPECT_EQ(one_more.put("1", 1).error->code, ErrorCode::kRejected);
  EXPECT_TRUE(cache.keyspace<int>("k7").status().ok()) << "those that are open stay";
}

TEST_F(WriteTest, ExpiredEntriesAreRemovedWhenAsked) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10)});
  EXPECT_TRUE(users.put("1", "ann").ok());
  clock_->advance(seconds(11));
  EXPECT_EQ(cache.remove_expired(), 2u) << "in memory and in the tier below";
  EXPECT_EQ(cache.stats().tiers.at(0).tier.entries, 0u);
  EXPECT_TRUE(cache.flush().ok());
}

TEST_F(WriteTest, StatsNameBothHitRates) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_EQ(cache.stats().request_hit_rate(), 0.0);
  EXPECT_EQ(cache.stats().lookup_hit_rate(), 0.0);
  EXPECT_TRUE(users.put("1", "ann").ok());
  empty_memory(cache);
  EXPECT_TRUE(users.get("1"));   // memory misses, records hits
  EXPECT_TRUE(users.get("1"));   // memory hits
  EXPECT_FALSE(users.get("2"));  // both miss
  const CacheStats stats = cache.stats();
  EXPECT_DOUBLE_EQ(stats.request_hit_rate(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(stats.lookup_hit_rate(), 2.0 / 5);
  EXPECT_EQ(stats.tiers.at(1).get.count, 2u);
}

}  // namespace
}  // namespace strata::testkit
