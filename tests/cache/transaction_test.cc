// Transactions: what they collect, what they read, how they end. P3.
#include "strata/tiered/transaction.h"

#include <string>

#include "cache/cache_fixture.h"
#include "strata/core/limits.h"

namespace strata::testkit {
namespace {

class TransactionTest : public CacheFixture {
 protected:
  void SetUp() override {
    users_.put("1", "old", {.labels = {tag("org:7")}});
    users_.put("2", "other");
  }
  void TearDown() override { check(cache_); }

  std::string read() { return users_.get("1").value_or("-"); }

  Cache cache_ = make_cache(2);
  Keyspace<std::string> users_ = cache_.keyspace<std::string>("user");
  CountingLoader loader_;
};

TEST_F(TransactionTest, WhatItCollectsTakesEffectAtItsCommitInEveryTier) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate(tag("org:7")).ok());
  EXPECT_EQ(read(), "old");
  const InvalidationResult result = change.commit();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.tiers.size(), 3u);
  EXPECT_EQ(read(), "-");
  EXPECT_EQ(users_.get("2").value_or("-"), "other");
}

TEST_F(TransactionTest, ARollbackLeavesNoTrace) {
  const Ticket before = cache_.hot_tier().position();
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate({tag("org:7"), keyspace("user")}).ok());
  EXPECT_TRUE(change.invalidate(users_, "2").ok());
  EXPECT_EQ(*change.get_or_load(users_, "3", loader_()), "value");
  change.rollback();
  EXPECT_EQ(cache_.hot_tier().position(), before);
  EXPECT_EQ(read(), "old");
  for (int tier = 0; tier < 2; ++tier) {
    EXPECT_EQ(users_.get("3").outcome(), Outcome::kMiss);
    empty_memory(cache_);
  }
}

TEST_F(TransactionTest, ACommitIsOneInvalidation) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate({tag("a"), tag("b"), tag("a")}).ok());
  EXPECT_TRUE(change.invalidate(users_, "1").ok());
  EXPECT_EQ(change.collected().size(), 3u);
  const std::uint64_t before = cache_.stats().invalidations;
  change.commit();
  EXPECT_EQ(cache_.stats().invalidations, before + 1);
}

TEST_F(TransactionTest, BeforeItsFirstWriteItsLoadsAreStored) {
  Transaction change = cache_.transaction();
  EXPECT_EQ(*change.get_or_load(users_, "3", loader_()), "value");
  EXPECT_EQ(users_.get("3").value_or("-"), "value");
  EXPECT_EQ(*change.get_or_load(users_, "3", loader_()), "value");
  EXPECT_EQ(loader_.runs, 1);
}

TEST_F(TransactionTest, AfterItItReadsCachedValuesThatCarryNothingCollected) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate(tag("org:7")).ok());
  EXPECT_EQ(change.get(users_, "2").value_or("-"), "other");
  EXPECT_EQ(change.get(users_, "1").outcome(), Outcome::kMiss);
  empty_memory(cache_);
  EXPECT_EQ(change.get(users_, "1").outcome(), Outcome::kMiss);
  EXPECT_EQ(*change.get_or_load(users_, "1", loader_()), "value");
  EXPECT_EQ(read(), "old");
}

TEST_F(TransactionTest, EveryKindOfLabelHidesWhatCarriesIt) {
  auto typed = cache_.keyspace<std::string>("typed", {.type = "t", .source = "s", .schema = "v"});
  typed.of_tenant("acme").put("1", "x");
  auto acme = typed.of_tenant("acme");
  const Labels labels{keyspace("typed"),
                      type("t"),
                      source("s"),
                      schema("v"),
                      tenant("acme"),
                      everything(),
                      acme.key({.identifier = "1"})->label(),
                      keyspace("acme/typed")};
  for (const Label& label : labels) {
    Transaction change = cache_.transaction();
    EXPECT_EQ(change.get(acme, "1").value_or("-"), "x");
    EXPECT_TRUE(change.invalidate(label).ok());
    EXPECT_EQ(change.get(acme, "1").value_or("-"), "-") << format_label(label);
    change.rollback();
  }
}

TEST_F(TransactionTest, ItsLoadsJoinNobodyAndNobodyJoinsThem) {
  Transaction change = cache_.transaction();
  change.wrote();
  int inner = 0;
  const auto outer = change.get_or_load(users_, "3", [&](Load&) {
    // Another caller, meanwhile: it runs a load of its own.
    inner = users_.get_or_load("3", loader_()).value() == "value" ? 1 : 0;
    return std::string("mine");
  });
  EXPECT_EQ(*outer, "mine");
  EXPECT_EQ(inner, 1);
  EXPECT_EQ(users_.get("3").value_or("-"), "value");
}

TEST_F(TransactionTest, AFailedLoadIsAnErrorAndServesNothingKept) {
  auto kept = cache_.keyspace<std::string>("kept", {.ttl = seconds(1), .keep_for = minutes(5)});
  kept.put("1", "old");
  clock_->advance(seconds(2));
  Transaction change = cache_.transaction();
  EXPECT_EQ(change.get_or_load(kept, "1", loader_.failing()).outcome(), Outcome::kError);
  EXPECT_EQ(kept.get_or_load("1", loader_.failing()).outcome(), Outcome::kStaleHit);
}

TEST_F(TransactionTest, OneThatEndsWithoutAWordCountsAsCommitted) {
  {
    Transaction change = cache_.transaction();
    EXPECT_TRUE(change.invalidate(tag("org:7")).ok());
    Transaction moved = std::move(change);
    EXPECT_FALSE(change.open());  // NOLINT: what is left of a moved one is said to be closed
  }
  EXPECT_EQ(read(), "-");
}

TEST_F(TransactionTest, WhatIsAssignedOverCountsAsCommitted) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate(tag("org:7")).ok());
  change = cache_.transaction();
  EXPECT_EQ(read(), "-");
  EXPECT_TRUE(change.open());
}

TEST_F(TransactionTest, AfterItsEndItCollectsNothingAndReadsAsTheCacheDoes) {
  Transaction change = cache_.transaction();
  change.commit();
  EXPECT_FALSE(change.open());
  EXPECT_EQ(change.invalidate(tag("org:7")).error().code, ErrorCode::kClosed);
  EXPECT_EQ(change.commit().error->code, ErrorCode::kClosed);
  EXPECT_EQ(change.get(users_, "1").value_or("-"), "old");
  EXPECT_EQ(*change.get_or_load(users_, "3", loader_()), "value");
  EXPECT_EQ(users_.get("3").value_or("-"), "value");
}

TEST_F(TransactionTest, BadLabelsAndKeysAreRefusedWithTheirText) {
  Transaction change = cache_.transaction();
  EXPECT_EQ(change.invalidate(tag("")).error().message, "a tag label has no text");
  EXPECT_FALSE(change.invalidate({tag("good"), tag(std::string(129, 'x'))}).ok());
  EXPECT_FALSE(change.invalidate(users_, std::string(2'000, 'x')).ok());
  EXPECT_TRUE(change.collected().empty());
  Cache other = make_cache();
  auto foreign = other.keyspace<std::string>("user");
  EXPECT_EQ(change.get(foreign, "1").outcome(), Outcome::kError);
  change.rollback();
}

TEST_F(TransactionTest, ManyLabelsAreInvalidatedAndTooManyAreEverything) {
  Transaction change = cache_.transaction();
  for (std::size_t i = 0; i < limits::kTransactionLabels; ++i) {
    EXPECT_TRUE(change.invalidate(tag(std::to_string(i))).ok());
  }
  EXPECT_EQ(change.collected().size(), limits::kTransactionLabels);
  EXPECT_EQ(change.get(users_, "2").value_or("-"), "other");
  EXPECT_TRUE(change.invalidate(tag("one more")).ok());
  EXPECT_EQ(change.collected(), Labels{everything()});
  EXPECT_EQ(change.get(users_, "2").value_or("-"), "-");
  change.commit();
  EXPECT_EQ(users_.get("2").value_or("-"), "-");
}

TEST_F(TransactionTest, MoreEventsThanItKeepsAreRefusedAndTheirLabelsCollected) {
  ASSERT_TRUE(
      cache_.set_rules({.rules = {{.name = "r", .on = {"write org"}, .invalidate = {"org:{id}"}}}})
          .ok());
  int told = 0;
  const Subscription subscription =
      cache_.events().subscribe(EventKind::kEntityWrite, [&](const Event&) { ++told; }).value();
  Transaction change = cache_.transaction();
  for (std::size_t i = 0; i < limits::kTransactionEvents; ++i) {
    ASSERT_TRUE(change.emit(entity_write("org", "1")).ok());
  }
  EXPECT_EQ(change.emit(entity_write("org", "7")).error().code, ErrorCode::kRejected);
  change.commit();
  EXPECT_EQ(told, static_cast<int>(limits::kTransactionEvents));
  EXPECT_EQ(read(), "-");
}

TEST_F(TransactionTest, OneThatWasMovedFromRefusesAndDoesNothing) {
  Transaction change = cache_.transaction();
  const Transaction there = std::move(change);
  change.wrote();
  change.rollback();
  EXPECT_FALSE(change.open());
  EXPECT_TRUE(change.collected().empty());
  EXPECT_EQ(change.get(users_, "1").outcome(), Outcome::kError);
  EXPECT_FALSE(change.invalidate(tag("a")).ok());
  EXPECT_FALSE(change.commit().ok());
}

TEST_F(TransactionTest, AfterCloseNothingIsCommitted) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate(tag("org:7")).ok());
  cache_.close();
  const InvalidationResult result = change.commit();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error->code, ErrorCode::kClosed);
  EXPECT_TRUE(change.open());
}

TEST_F(TransactionTest, ARollbackForgetsThatEverythingWasCollected) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate(everything()).ok());
  EXPECT_EQ(change.collected(), Labels{everything()});
  change.rollback();
  EXPECT_TRUE(change.collected().empty());
}

}  // namespace
}  // namespace strata::testkit
