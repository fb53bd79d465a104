// What processes do to each other that change one file: the lock is nobody's for long.
#include <gtest/gtest.h>

#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "core/yield_point.h"
#include "sqlite/shared_tier.h"
#include "testkit/script.h"
#include "testkit/shared_bed.h"

namespace strata::sqlite {
namespace {

class SharedTurnTest : public ::testing::Test, protected SharedBed {};

TEST_F(SharedTurnTest, AnInvalidationOfManyLabelsRemovesAsManyRowsAtOnceAsOneOfOne) {
  Labels changed;
  for (const char* name : {"t", "u", "v"}) {
    changed.push_back(tag(name));
    for (int i = 0; i < 500; ++i) bed.fill(*a, name + std::to_string(i), "old", {tag(name)});
  }
  a->invalidate(changed);
  EXPECT_EQ(a->stats().entries, 500u);
  EXPECT_EQ(value_of(*a, "v499"), "-");
  ASSERT_TRUE(a->flush({}).ok());
  EXPECT_EQ(a->stats().entries, 0u);
}

// Rows that have to be decoded count by their size.
TEST_F(SharedTurnTest, AnExpireOfManyLabelsDecodesNoMoreAtOnceThanOneOfOne) {
  Labels changed;
  const std::string large(2u << 20, ' ');
  ASSERT_TRUE(a->flush({}).ok());
  ASSERT_EQ(a->stats().tombstones, 0u);
  constexpr int kLabels = 6;
  for (int i = 0; i < kLabels; ++i) {
    changed.push_back(tag(std::to_string(i)));
    ASSERT_EQ(bed.fill(*a, std::to_string(i), large, {changed.back()}), FillOutcome::kStored);
  }
  a->expire(changed);
  EXPECT_EQ(a->stats().tombstones, 1u) << "something is left to do";
  ASSERT_TRUE(a->flush({}).ok());
  EXPECT_EQ(a->stats().tombstones, 0u);
}

// What the others invalidate is heard of between two slices of a long sweep.
#if defined(STRATA_YIELD_POINTS)
TEST_F(SharedTurnTest, ASweepListensBetweenItsSlices) {
  Told told;
  constexpr int kRows = 2'500;
  Record brief = bed.record("", "value");
  brief.lifetime.fresh_for = brief.lifetime.keep_for = std::chrono::seconds(1);
  for (int i = 0; i < kRows; ++i) {
    brief.key_text = "k" + std::to_string(i);
    ASSERT_EQ(a->fill(brief, a->position(), {}).value(), FillOutcome::kStored);
  }
  std::atomic<bool> is_due{false};
  std::atomic<int> rests{0};
  std::atomic<std::size_t> told_at_second_rest{0};
  strata::testing::set_yield_hook([&](const char* point) {
    if (!is_due || std::string(point) != "sqlite.shared.rest") return;
    if (++rests == 1) invalidate(*a, tag("t"));
    if (rests == 2) told_at_second_rest = told.so_far().size();
  });
  SqliteOptions often = options();
  often.sharing_poll = std::chrono::milliseconds(1);
  b = bed.open(often);
  b->set_invalidation_listener(told.listener());
  is_due = true;
  bed.clock->advance(std::chrono::minutes(10));
  wait_until([&] { return rests >= 3; });
  EXPECT_EQ(told_at_second_rest, 1u);
  b->close({});
  strata::testing::set_yield_hook({});
}

// The last process closes the file while an invalidation is about to take the lock.
TEST_F(SharedTurnTest, AnInvalidationBesideTheLastCloseIsNotLost) {
  bed.fill(*a, "k", "old", {tag("t")});
  b->close({});
  {
    testkit::Script script;
    script.actor("invalidates", [&] { invalidate(*a, tag("t")); });
    script.run_to("invalidates", "sqlite.shared.before_lock");
    a->close({bed.clock->now()});
    script.finish("invalidates");
  }
  a = open();
  EXPECT_EQ(value_of(*a, "k"), "-");
}

TEST_F(SharedTurnTest, TheLastCloseWaitsForAnInvalidation) {
  bed.fill(*a, "k", "old", {tag("t")});
  bed.fill(*a, "j", "value");
  b->close({});
  {
    testkit::Script script;
    script.actor("invalidates", [&] { invalidate(*a, tag("t")); });
    script.actor("closes", [&] { a->close({}); });
    script.run_to("invalidates", "sqlite.shared.before_lock");
    script.finish("closes");
    script.finish("invalidates");
  }
  a = open();
  EXPECT_EQ(value_of(*a, "k"), "-");
  EXPECT_EQ(value_of(*a, "j"), "value");
}
#endif

TEST_F(SharedTurnTest, AnInvalidationThatCannotBeWrittenIsTold) {
  std::vector<std::string> messages;
  auto& teller = dynamic_cast<TellsTrouble&>(*a);
  teller.set_trouble_listener([&](const Error& error) { messages.push_back(error.message); });
  {
    const WriterHold hold(bed.path());
    invalidate(*a, tag("t"));
  }
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].find("an invalidation could not be written"), 0u) << messages[0];
  EXPECT_EQ(a->stats().state, TierState::kDegraded);
  EXPECT_EQ(a->stats().reason, messages[0]);
  invalidate(*a, tag("t"));
  EXPECT_EQ(a->stats().state, TierState::kOk);
}

TEST_F(SharedTurnTest, AWriterThatFindsTheFileDamagedSaysSoToAll) {
  auto database = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
  database.execute("DELETE FROM meta").value();
  database.close();
  EXPECT_FALSE(a->fill(bed.record("k", "value"), a->position(), {}).ok());
  EXPECT_EQ(b->stats().state, TierState::kOff);
}

TEST_F(SharedTurnTest, AFileThatWasReplacedIsUsedNoMore) {
  for (const char* suffix : {"", ".lock", ".shared"}) {
    SharedBed other;
    SqliteOptions often = other.options();
    often.sharing_poll = std::chrono::milliseconds(1);
    other.b = other.bed.open(often);
    other.bed.fill(*other.a, "k", "value");
    std::filesystem::rename(other.bed.path() + suffix, other.bed.folder.file("away"));
    other.bed.clock->advance(std::chrono::seconds(2));
    wait_until([&] { return other.b->stats().state == TierState::kOff; });
    EXPECT_FALSE(other.a->get(key_of("k"), {}).ok()) << suffix;
  }
}

// The log of a small file would take all the room of its entries.
TEST_F(SharedTurnTest, TheLogTakesNoRoomThatIsForEntries) {
  a->close({});
  b->close({});
  SqliteOptions small = options();
  small.max_bytes = 1u << 20;
  small.sharing_poll = std::chrono::milliseconds(1);
  a = bed.open(small);
  bed.fill(*a, "k", "value");
  const std::string long_name(1'000, 'x');
  for (int i = 0; i < 1'300; ++i) invalidate(*a, tag(long_name + std::to_string(i)));
  EXPECT_GT(a->stats().bytes, small.max_bytes);
  bed.clock->advance(std::chrono::seconds(2));
  wait_until([&] { return a->stats().bytes < small.max_bytes / 4; });
  bed.clock->advance(std::chrono::seconds(2));
  ASSERT_TRUE(a->flush({}).ok());
  EXPECT_EQ(value_of(*a, "k"), "value");
}

// Of processes that do not live long enough to do it behind.
TEST_F(SharedTurnTest, WhatIsStoredMakesRoomForItself) {
  SqliteOptions small = options();
  small.max_bytes = 1u << 20;
  b->close({});
  const std::string payload(100'000, ' ');
  for (int i = 0; i < 40; ++i) {
    a->close({});
    a = bed.open(small);
    bed.put(*a, "k" + std::to_string(i), payload);
    EXPECT_LE(a->stats().bytes, small.max_bytes + payload.size()) << i;
  }
  EXPECT_EQ(value_of(*a, "k39"), payload);
  const std::uint64_t bytes = a->stats().bytes;
  a->close({});
  a = bed.open(small);
  EXPECT_GE(a->stats().bytes, bytes / 2) << "it is known from the beginning";
}

TEST_F(SharedTurnTest, LeasesEndWithTheTier) {
  auto& in_a = dynamic_cast<LeasesLoads&>(*a);
  auto& in_b = dynamic_cast<LeasesLoads&>(*b);
  const std::uint64_t last = ~std::uint64_t{0};
  EXPECT_TRUE(in_a.try_lease(1) && in_a.try_lease(last));
  EXPECT_FALSE(in_b.try_lease(1) || in_b.try_lease(last));
  a->close({});
  EXPECT_TRUE(in_b.try_lease(1) && in_b.try_lease(last));
}

std::atomic<std::uint64_t> slept_us{0};

// A layer of SQLite's file interface on which waiting takes no time, and is added up.
const char* layer_that_counts_sleep() {
  static sqlite3_vfs layer = *sqlite3_vfs_find(nullptr);
  layer.zName = "counts-sleep";
  layer.xSleep = [](sqlite3_vfs*, int microseconds) {
    slept_us += static_cast<std::uint64_t>(microseconds);
    return microseconds;
  };
  sqlite3_vfs_register(&layer, 0);
  return layer.zName;
}

// As one does that is stopped within a read: the log cannot be cut while it is.
TEST_F(SharedTurnTest, AReaderThatDoesNotGoOnDelaysTheOthersOncePerSecond) {
  a->close({});
  SqliteOptions small = options();
  small.max_bytes = 1u << 20;
  a = open_shared_tier(layer_that_counts_sleep(), small, bed.clock, bed.random).value();
  bed.put(*a, "first", "value");
  auto stopped = Database::open({.path = bed.path(), .use = Database::Use::kRead}).value();
  stopped.execute("BEGIN; SELECT count(*) FROM entries").value();
  const std::string payload(20'000, ' ');
  slept_us = 0;
  for (int i = 0; i < 100; ++i) bed.put(*a, "k" + std::to_string(i % 10), payload);
  EXPECT_LE(slept_us, 20'000u);
  stopped.execute("COMMIT").value();
  stopped.close();
  bed.clock->advance(std::chrono::seconds(2));
  bed.put(*a, "last", "value");
  EXPECT_LT(std::filesystem::file_size(bed.path() + "-wal"), 1u << 20) << "the log is cut again";
}

}  // namespace
}  // namespace strata::sqlite
