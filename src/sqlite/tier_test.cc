// Tests of the SQLite tier that its contract does not have: bounds, upkeep, trouble.
#include "sqlite/tier.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "sqlite/files.h"
#include "testkit/sqlite_bed.h"
#include "testkit/threads.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class SqliteTierTest : public testing::Test {
 protected:
  static std::string read_file(const std::string& path) {
    std::string bytes;
    EXPECT_TRUE(read_whole_file(path, bytes));
    return bytes;
  }
  static Ticket invalidate(Tier& tier, const Label& label) {
    return tier.invalidate({&label, 1}).position;
  }

  TestBed bed;
};

// Damage that is found while the tier is in use, by a reader or by the writer.
TEST_F(SqliteTierTest, DamageUnderAnOpenTierIsPutAsideToo) {
  SqliteOptions options = bed.options();
  options.cache_bytes = 256 * 1024;
  auto tier = bed.open(options);
  for (int i = 0; i < 2'000; ++i) bed.put(*tier, "k" + std::to_string(i), std::string(500, 'x'));
  tier->flush({}).value();
  tier->close({});
  tier = bed.open(options);
  std::string bytes = read_file(bed.path());
  for (std::size_t at = 8 * 4096; at < bytes.size(); at += 4096) bytes[at + 100] ^= 1;
  {
    std::fstream file(bed.path(), std::ios::in | std::ios::out | std::ios::binary);
    file << bytes;
  }
  bed.put(*tier, "new", "1");
  for (int i = 0; i < 2'000; ++i) {
    const std::string seen = value_of(*tier, "k" + std::to_string(i));
    ASSERT_TRUE(seen == "-" || seen == std::string(500, 'x') || seen.starts_with("error")) << seen;
  }
  wait_until([&] { return tier->stats().state == TierState::kDegraded; });
  wait_until([&] { return tier->flush({}).ok(); });
  bed.put(*tier, "after", "2");
  tier->flush({}).value();
  EXPECT_EQ(value_of(*tier, "after"), "2");
  EXPECT_EQ(value_of(*tier, "k77"), "-");
  EXPECT_NE(tier->stats().reason.find("damaged"), std::string::npos) << tier->stats().reason;
}

TEST_F(SqliteTierTest, TheSizeStaysBelowItsLimitAndWhatIsReadStays) {
  SqliteOptions options = bed.options();
  options.max_bytes = 2u << 20;
  const auto tier = bed.open(options);
  const std::string value(1'000, 'v');
  bed.put(*tier, "read", value);
  for (int i = 0; i < 6'000; ++i) {
    bed.put(*tier, "k" + std::to_string(i), value, {tag("t" + std::to_string(i % 10))});
    if (i % 200 == 0) {
      tier->flush({}).value();
      ASSERT_EQ(value_of(*tier, "read"), value) << "after " << i;
    }
  }
  tier->flush({}).value();
  wait_until([&] { return tier->stats().bytes <= options.max_bytes; });
  const TierStats stats = tier->stats();
  EXPECT_GT(stats.removed(RemovalCause::kEvicted), 4'000u);
  EXPECT_GT(stats.entries, 800u) << "it is used as far as it goes";
  EXPECT_EQ(value_of(*tier, "k5999"), value) << "the newest are there";
  EXPECT_EQ(value_of(*tier, "k0"), "-");
  invalidate(*tier, tag("t9"));
  tier->flush({}).value();
  EXPECT_EQ(value_of(*tier, "k5999"), "-") << "labels leave with their entries, and only then";
  EXPECT_EQ(value_of(*tier, "k5998"), value);
}

TEST_F(SqliteTierTest, ClearingALargeCacheReplacesItsFile) {
  const auto tier = bed.open();
  for (int i = 0; i < 5'000; ++i) bed.fill(*tier, "k" + std::to_string(i), "old");
  tier->flush({}).value();
  const std::uint64_t before = inode_of(bed.path());
  bed.put(*tier, "pending", "old");
  invalidate(*tier, everything());
  EXPECT_EQ(value_of(*tier, "k1"), "-");
  EXPECT_EQ(value_of(*tier, "pending"), "-");
  bed.put(*tier, "k2", "new");
  EXPECT_EQ(value_of(*tier, "k2"), "new");
  tier->flush({}).value();
  EXPECT_NE(inode_of(bed.path()), before);
  EXPECT_EQ(value_of(*tier, "k1"), "-");
  EXPECT_EQ(value_of(*tier, "k2"), "new");
  EXPECT_EQ(tier->stats().entries, 1u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kCleared), 5'001u);
  TestBed later;
  EXPECT_EQ(value_of(*bed.open_after_crash(later), "k2"), "new");
}

TEST_F(SqliteTierTest, ABulkRemovalDoesNotHoldUpOthers) {
  const auto tier = bed.open();
  for (int i = 0; i < 6'000; ++i) bed.fill(*tier, "k" + std::to_string(i), "old", {tag("t")});
  tier->flush({}).value();
  invalidate(*tier, tag("t"));
  for (int i = 0; i < 6'000; i += 100) bed.fill(*tier, "k" + std::to_string(i), "new", {tag("t")});
  for (int i = 0; i < 6'000; i += 50) {
    ASSERT_EQ(value_of(*tier, "k" + std::to_string(i)), i % 100 == 0 ? "new" : "-") << i;
  }
  tier->flush({}).value();
  for (int i = 0; i < 6'000; i += 50) {
    ASSERT_EQ(value_of(*tier, "k" + std::to_string(i)), i % 100 == 0 ? "new" : "-") << i;
  }
  EXPECT_EQ(tier->stats().entries, 60u);
  EXPECT_EQ(tier->stats().tombstones, 0u);
}

TEST_F(SqliteTierTest, WhatIsRemovedGivesItsRoomBack) {
  const auto tier = bed.open();
  for (int i = 0; i < 3'000; ++i) {
    bed.fill(*tier, "k" + std::to_string(i), std::string(3'000, 'x'), {tag("t")});
  }
  tier->flush({}).value();
  Database other = Database::open({.path = bed.path()}).value();
  const std::int64_t pages = other.ask("PRAGMA page_count").value();
  EXPECT_GT(pages, 2'000);
  invalidate(*tier, tag("t"));
  wait_until([&] { return other.ask("PRAGMA page_count").value() < pages / 2; });
  EXPECT_LT(tier->stats().bytes, 500'000u);
}

TEST_F(SqliteTierTest, SyncMeansThatAPutIsCommittedWhenItReturns) {
  SqliteOptions options = bed.options();
  options.durability = Durability::kSync;
  const auto tier = bed.open(options);
  bed.put(*tier, "a", "1");
  EXPECT_EQ(tier->stats().pending_writes, 0u);
  TestBed later;
  EXPECT_EQ(value_of(*bed.open_after_crash(later), "a"), "1");
}

TEST_F(SqliteTierTest, ARowThatDoesNotDecodeIsAMissAndIsRemoved) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  {
    Database other = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    other.execute("UPDATE entries SET record=zeroblob(200)").value();
  }
  EXPECT_EQ(value_of(*tier, "a"), "-");
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().removed(RemovalCause::kCorrupt), 1u);
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->stats().state, TierState::kOk) << "one row is not the file";
}

TEST_F(SqliteTierTest, WhileTheFileIsLockedItGoesOnFromMemory) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1", {tag("t")});
  tier->flush({}).value();
  WriterHold hold(bed.path());
  bed.put(*tier, "b", "2");
  EXPECT_EQ(value_of(*tier, "b"), "2");
  invalidate(*tier, tag("t"));
  EXPECT_EQ(value_of(*tier, "a"), "-");
  EXPECT_EQ(tier->flush({bed.clock->now()}).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_GT(tier->stats().pending_writes, 0u);
  EXPECT_GT(tier->stats().tombstones, 0u);
  hold.release();
  EXPECT_TRUE(tier->flush({}).ok());
  EXPECT_EQ(value_of(*tier, "b"), "2");
}

// No file of the process may grow beyond the limit: like a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = former_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FullDisk() { end(); }
  void end() { ::setrlimit(RLIMIT_FSIZE, &former_); }

 private:
  rlimit former_{};
};

TEST_F(SqliteTierTest, OnAFullDiskItStartsFromMemoryAndMakesItsFilesLater) {
  FullDisk disk(1'000);
  const auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOff);
  EXPECT_FALSE(tier->stats().reason.empty());
  bed.put(*tier, "a", "1", {tag("t")});
  bed.put(*tier, "b", "2");
  EXPECT_EQ(value_of(*tier, "b"), "2") << "what is pending is served";
  EXPECT_EQ(tier->get(key_of("c"), {}).error().code, ErrorCode::kUnavailable);
  invalidate(*tier, tag("t"));
  EXPECT_EQ(tier->flush({}).error().code, ErrorCode::kUnavailable);
  disk.end();
  wait_until([&] { return tier->flush({}).ok(); });
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a") + value_of(*tier, "b") + value_of(*tier, "c"), "-2-");
  // The journal is a real one from now on.
  const WriterHold hold(bed.path());
  bed.put(*tier, "b", "3");
  TestBed later;
  EXPECT_EQ(value_of(*bed.open_after_crash(later), "b"), "-");
}

TEST_F(SqliteTierTest, WhenTheDiskIsFullReadsGoOn) {
  const auto tier = bed.open();
  const std::string value(1'000, 'x');
  for (int i = 0; i < 100; ++i) bed.put(*tier, "k" + std::to_string(i), value, {tag("t")});
  tier->flush({}).value();
  FullDisk disk(fs::file_size(bed.path() + "-wal"));
  for (int i = 0; i < 300; ++i) bed.put(*tier, "more" + std::to_string(i), value);
  EXPECT_EQ(tier->flush({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  // Nothing fails. What nobody read lately may have made room for the rest.
  EXPECT_TRUE(tier->get(key_of("k7"), {}).ok());
  EXPECT_TRUE(tier->get(key_of("more7"), {}).ok());
  invalidate(*tier, tag("t"));
  EXPECT_EQ(value_of(*tier, "k7"), "-");
  disk.end();
  wait_until([&] { return tier->flush({}).ok(); });
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "k7"), "-");
  bed.put(*tier, "later", value);
  tier->flush({}).value();
  EXPECT_EQ(value_of(*tier, "later"), value);
}

TEST_F(SqliteTierTest, GroupsWithoutEntriesAreForgotten) {
  SqliteOptions options = bed.options();
  options.max_bytes = 1u << 20;
  const auto tier = bed.open(options);
  for (int i = 0; i < 3'000; ++i) {
    Record record = bed.record("k" + std::to_string(i), std::string(1'000, 'x'));
    record.group = {keyspace("s" + std::to_string(i)), source("db")};
    const Ticket ticket = tier->position();
    (void)tier->fill(record, ticket, {}).value();
  }
  tier->flush({}).value();
  Database other = Database::open({.path = bed.path()}).value();
  int more = 0;
  wait_until([&] {
    for (int i = 0; i < 100; ++i) {
      bed.put(*tier, "more" + std::to_string(++more), std::string(1'000, 'x'));
    }
    tier->flush({}).value();
    return other.ask("SELECT count(*) FROM label_groups").value() < 5'000;
  });
}

TEST_F(SqliteTierTest, ManyThreadsMayAskForTheSameUpkeep) {
  const auto tier = bed.open();
  Record record = bed.record("a", "1");
  record.lifetime.fresh_for = record.lifetime.keep_for = std::chrono::seconds(1);
  (void)tier->fill(record, tier->position(), {}).value();
  bed.clock->advance(std::chrono::seconds(2));
  std::atomic<std::uint64_t> removed{0};
  testkit::run_threads(4, [&](std::size_t) {
    removed += tier->remove_expired({}).value();
    tier->flush({}).value();
    (void)tier->stats();
  });
  EXPECT_EQ(removed, 1u);
}

// What rows carry is learned while the tier is used already. A label that was learned too late, or
// not at all, would leave its rows in the file.
TEST_F(SqliteTierTest, RowsOfAFileThatWasThereAreReclaimedWhileItsLabelsAreLearned) {
  constexpr int kRows = 6'000;
  auto tier = bed.open();
  for (int i = 0; i < kRows; ++i) {
    const std::string number = std::to_string(i);
    bed.fill(*tier, "k" + number, "1", {tag("t" + number), Label(LabelKind::kKey, "of" + number)});
  }
  tier->close({});
  tier = bed.open();
  std::uint64_t left = kRows;
  for (int i = 0; i < kRows; i += 40) {
    const std::string number = std::to_string(i);
    const std::string next = std::to_string(i + 1);
    invalidate(*tier, tag("t" + number));
    invalidate(*tier, Label(LabelKind::kKey, "k" + next));
    bed.put(*tier, "of" + std::to_string(i + 2), "derived ones go");
    invalidate(*tier, tag("none" + number));
    tier->flush({}).value();
    left -= 3 - 1;
    ASSERT_EQ(tier->stats().entries, left) << i;
  }
  invalidate(*tier, source("db"));
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().entries, 0u);
}

}  // namespace
}  // namespace strata::sqlite
