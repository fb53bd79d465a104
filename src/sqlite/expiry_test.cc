// Tests of what happens to expired entries: by themselves, for room, and when asked too often.
#include <gtest/gtest.h>

#include <string>

#include "sqlite/ledger.h"
#include "sqlite/opening.h"
#include "sqlite/writer.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SqliteExpiry : public testing::Test {
 protected:
  void fill(Tier& tier, const std::string& key, Duration keep_for, std::size_t bytes = 10) const {
    Record record = bed.record(key, std::string(bytes, 'x'));
    record.lifetime.fresh_for = record.lifetime.keep_for = keep_for;
    ASSERT_EQ(tier.fill(record, tier.position(), {}).value(), FillOutcome::kStored);
  }
  void fill_many(Tier& tier, const std::string& prefix, int count, Duration keep_for,
                 std::size_t bytes = 10) const {
    for (int i = 0; i < count; ++i) fill(tier, prefix + std::to_string(i), keep_for, bytes);
    tier.flush({}).value();
  }
  static int count_of(Tier& tier, const std::string& prefix, int count) {
    int found = 0;
    for (int i = 0; i < count; ++i) {
      found += value_of(tier, prefix + std::to_string(i)) != "-" ? 1 : 0;
    }
    return found;
  }
  static std::uint64_t expired(const Tier& tier) {
    return tier.stats().removed(RemovalCause::kExpired);
  }

  TestBed bed;
};

TEST_F(SqliteExpiry, ExpiredRowsVanishWithoutACall) {
  const auto tier = bed.open();
  fill_many(*tier, "short", 3'000, minutes(3));
  fill_many(*tier, "long", 50, hours(1));
  fill_many(*tier, "always", 50, kForever);
  bed.clock->advance(kSweepInterval);
  wait_until([&] { return expired(*tier) >= 3'000; });
  EXPECT_EQ(tier->stats().entries, 100u);
  EXPECT_EQ(count_of(*tier, "long", 50) + count_of(*tier, "always", 50), 100);

  bed.clock->advance(hours(1));
  wait_until([&] { return tier->stats().entries == 50; });
  EXPECT_EQ(count_of(*tier, "always", 50), 50);
  EXPECT_EQ(expired(*tier), 3'050u);
  EXPECT_EQ(tier->stats().state, TierState::kOk);
}

TEST_F(SqliteExpiry, ItIsLookedForWhileOthersWriteToo) {
  const auto tier = bed.open();
  fill_many(*tier, "short", 5'000, minutes(3));
  bed.clock->advance(kSweepInterval);
  int written = 0;
  while (expired(*tier) < 5'000 && written < 1'000'000) {
    fill(*tier, "k" + std::to_string(written++), kForever);
    tier->flush({}).value();
  }
  EXPECT_EQ(tier->stats().entries, static_cast<std::uint64_t>(written));
}

// After a look, asked for or not, nobody looks before the interval is over.
TEST_F(SqliteExpiry, ItIsLookedForOnceInAnInterval) {
  const auto tier = bed.open();
  fill_many(*tier, "a", 1, seconds(10));
  bed.clock->advance(kSweepInterval);
  wait_until([&] { return expired(*tier) == 1; });
  const auto stays = [&](const std::string& key) {
    fill(*tier, key, seconds(10));
    bed.clock->advance(kSweepInterval - seconds(1));
    for (int i = 0; i < 20; ++i) {
      fill(*tier, "again", kForever);
      tier->flush({}).value();
    }
    return tier->stats().entries == 2;
  };
  EXPECT_TRUE(stays("b"));
  EXPECT_EQ(tier->remove_expired({}).value(), 1u);
  EXPECT_TRUE(stays("c"));
  bed.clock->advance(seconds(1));
  wait_until([&] { return tier->stats().entries == 1; });
}

TEST_F(SqliteExpiry, OverTheLimitWhatHasExpiredGoesBeforeWhatLives) {
  SqliteOptions options = bed.options();
  options.max_bytes = 2u << 20;
  const auto tier = bed.open(options);
  // The first to come would be the first to be evicted.
  fill_many(*tier, "live", 300, kForever, 1'000);
  fill_many(*tier, "short", 900, minutes(1), 1'000);
  ASSERT_EQ(tier->stats().removed(RemovalCause::kEvicted), 0u);
  bed.clock->advance(minutes(3));
  fill_many(*tier, "later", 600, kForever, 1'000);
  wait_until([&] { return expired(*tier) == 900; });
  wait_until([&] { return tier->stats().bytes <= options.max_bytes; });
  EXPECT_EQ(tier->stats().removed(RemovalCause::kEvicted), 0u);
  EXPECT_EQ(count_of(*tier, "live", 300) + count_of(*tier, "later", 600), 900);

  // With nothing expired left, live ones go as ever.
  fill_many(*tier, "more", 1'500, kForever, 1'000);
  wait_until([&] { return tier->stats().removed(RemovalCause::kEvicted) > 0; });
  wait_until([&] { return tier->stats().bytes <= options.max_bytes; });
  EXPECT_EQ(expired(*tier), 900u);
}

// The writer's connection may not make the file any larger: that is the error of a full disk.
TEST_F(SqliteExpiry, OnAFullDiskWhatHasExpiredGoesBeforeWhatLives) {
  {
    const auto tier = bed.open();
    fill_many(*tier, "live", 300, kForever, 1'000);
    fill_many(*tier, "short", 600, minutes(1), 1'000);
    tier->close({});
  }
  bed.clock->advance(minutes(3));
  const SqliteOptions options = bed.options();
  Opened opened = open_files(options, {}, *bed.clock, *bed.random).value();
  Store& store = *opened.store;
  const std::int64_t pages = store.database().ask("PRAGMA page_count").value();
  ASSERT_EQ(
      store.database().ask(("PRAGMA max_page_count=" + std::to_string(pages)).c_str()).value(),
      pages);
  Ledger ledger({.remembered_labels = 1'000,
                 .max_pending_writes = 1'000,
                 .max_pending_bytes = 10'000'000,
                 .max_tombstones = 64},
                {.position = opened.position, .epoch = opened.epoch, .marks = opened.marks},
                *bed.clock, std::move(opened.journal));
  Condition condition;
  Recent recent;
  Writer writer({.max_bytes = options.max_bytes, .epoch = opened.epoch, .journal_slots = 256},
                ledger, store, condition, recent, *bed.clock);
  writer.start();
  for (int i = 0; i < 300; ++i) {
    const std::string key = "more" + std::to_string(i);
    auto record = std::make_shared<Record>(bed.record(key, std::string(1'000, 'x')));
    (void)ledger.fill(std::move(record), key_label_id(key_hash(key)), ledger.position());
  }
  TierStats stats;
  wait_until([&] { return condition.describe(stats), stats.errors > 0; });
  wait_until([&] { return ledger.flush({}).ok(); });
  ledger.close({});
  writer.stop();
  condition.describe(stats);
  EXPECT_GT(stats.removed(RemovalCause::kExpired), 0u);
  EXPECT_EQ(stats.removed(RemovalCause::kEvicted), 0u);
}

// The wall clock decides which rows are looked at, and nothing else.
TEST_F(SqliteExpiry, AStepOfTheWallClockRemovesNothingFresh) {
  SqliteOptions options = bed.options();
  options.max_bytes = 2u << 20;
  const auto tier = bed.open(options);
  fill_many(*tier, "fresh", 1'100, hours(2), 100);
  fill_many(*tier, "short", 1, minutes(5));
  bed.clock->step_wall(hours(48));
  bed.clock->advance(kSweepInterval);
  wait_until([&] { return expired(*tier) == 1; });
  EXPECT_EQ(count_of(*tier, "fresh", 1'100), 1'100);

  bed.clock->step_wall(-hours(96));
  fill_many(*tier, "short", 1, minutes(1));
  bed.clock->advance(kSweepInterval);
  wait_until([&] { return expired(*tier) == 2; });
  EXPECT_EQ(count_of(*tier, "fresh", 1'100), 1'100);

  // A clock that was set does not keep a file from getting smaller.
  bed.clock->step_wall(hours(96));
  fill_many(*tier, "more", 2'500, kForever, 1'000);
  wait_until([&] { return tier->stats().removed(RemovalCause::kEvicted) > 0; });
  wait_until([&] { return tier->stats().bytes <= options.max_bytes; });
  EXPECT_EQ(expired(*tier), 2u);
  bed.clock->advance(hours(2));
  wait_until([&] { return count_of(*tier, "fresh", 1'100) == 0; });
}

// A row is past its life in the file and not in memory, where a touch is on its way to it.
TEST_F(SqliteExpiry, WhatWasTouchedInTimeStays) {
  const auto tier = bed.open();
  for (int round = 0; round < 20; ++round) {
    fill(*tier, "a", minutes(6));
    tier->flush({}).value();
    bed.clock->advance(minutes(6) - seconds(1));
    Lifetime longer = bed.record("a", "").lifetime;
    longer.fresh_for = longer.keep_for = hours(1);
    ASSERT_TRUE(tier->touch(key_of("a"), longer, {}).value());
    bed.clock->advance(minutes(2));
    ASSERT_NE(value_of(*tier, "a"), "-");
    tier->flush({}).value();
    ASSERT_NE(value_of(*tier, "a"), "-") << "round " << round;
  }
  EXPECT_EQ(expired(*tier), 0u);
}

TEST_F(SqliteExpiry, ARowWhoseTouchIsNotCommittedIsKnown) {
  Ledger ledger({.remembered_labels = 10,
                 .max_pending_writes = 10,
                 .max_pending_bytes = 1'000'000,
                 .max_tombstones = 10},
                {}, *bed.clock, Journal::make_in_memory(10));
  const LabelId label = key_label_id(key_hash("a"));
  const Record row = bed.record("a", "1");
  EXPECT_FALSE(ledger.is_touched(label));
  ASSERT_TRUE(ledger.touch_row(ledger.look(label, key_of("a")), label,
                               std::make_shared<Record>(row), row.lifetime));
  EXPECT_TRUE(ledger.is_touched(label));
  Batch batch;
  ASSERT_EQ(ledger.take(batch, {bed.clock->now()}), Ledger::Taken::kWork);
  EXPECT_TRUE(ledger.is_touched(label)) << "taken is not committed";
  ledger.finish(batch, {.number = 1});
  EXPECT_FALSE(ledger.is_touched(label));
}

// While the file is locked, each call that gives up leaves its work behind.
TEST_F(SqliteExpiry, CallsThatTimedOutDoNotPileUp) {
  const auto tier = bed.open();
  fill(*tier, "a", seconds(10));
  tier->flush({}).value();
  bed.clock->advance(minutes(1));
  WriterHold hold(bed.path());
  for (std::size_t call = 1; call <= kExpiriesMax; ++call) {
    const auto removed = tier->remove_expired({bed.clock->now()});
    ASSERT_FALSE(removed.ok());
    ASSERT_EQ(removed.error().code, ErrorCode::kDeadlineExceeded) << "call " << call;
  }
  const auto refused = tier->remove_expired({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("16 calls of remove_expired"), std::string::npos)
      << refused.error().message;
  hold.release();
  wait_until([&] { return tier->remove_expired({}).ok(); });
  EXPECT_EQ(expired(*tier), 1u);
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
}

TEST_F(SqliteExpiry, ATierThatSweepsClosesAtOnceAndClean) {
  auto tier = bed.open();
  fill_many(*tier, "short", 3'000, minutes(3));
  fill(*tier, "a", kForever);
  tier->flush({}).value();
  bed.clock->advance(kSweepInterval);
  tier->close({});
  tier = bed.open();
  EXPECT_NE(value_of(*tier, "a"), "-");
  EXPECT_EQ(count_of(*tier, "short", 3'000), 0);
  bed.clock->advance(kSweepInterval);
  wait_until([&] { return tier->stats().entries == 1; });
}

}  // namespace
}  // namespace strata::sqlite
