// Tests of the SQLite tier that its contract does not have: files, restarts, bounds.
#include "sqlite/tier.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "sqlite/files.h"
#include "sqlite/schema.h"
#include "sqlite/test_bed.h"
#include "testkit/threads.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class SqliteTierTest : public testing::Test {
 protected:
  static void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static std::string read_file(const std::string& path) {
    std::string bytes;
    EXPECT_TRUE(read_whole_file(path, bytes));
    return bytes;
  }
  void expect_rejected(const SqliteOptions& options, const std::string& part) {
    const auto opened = bed.try_open(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kRejected);
    EXPECT_NE(opened.error().message.find(part), std::string::npos) << opened.error().message;
  }
  static Ticket invalidate(Tier& tier, const Label& label) {
    return tier.invalidate({&label, 1}).position;
  }

  TestBed bed;
};

TEST_F(SqliteTierTest, OptionsOutOfRangeAreRejected) {
  const auto with = [this](auto change) {
    SqliteOptions options = bed.options();
    change(options);
    return options;
  };
  expect_rejected(with([](SqliteOptions& o) { o.max_bytes = 1'000; }), "max_bytes");
  expect_rejected(with([](SqliteOptions& o) { o.readers = 0; }), "readers");
  expect_rejected(with([](SqliteOptions& o) { o.readers = 65; }), "readers");
  expect_rejected(with([](SqliteOptions& o) { o.journal_slots = 8; }), "journal_slots");
  expect_rejected(with([](SqliteOptions& o) { o.max_pending_writes = 0; }), "max_pending_writes");
  expect_rejected(with([](SqliteOptions& o) { o.put_wait = -Duration(1); }), "put_wait");
  expect_rejected(with([](SqliteOptions& o) { o.path = ""; }), "empty");
  EXPECT_TRUE(fs::is_empty(bed.folder.path()));
}

TEST_F(SqliteTierTest, ItsFilesAreTheOwnersAlone) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  for (const char* suffix : {"", "-wal", "-shm", ".journal", ".lock"}) {
    struct stat status {};
    ASSERT_EQ(::stat((bed.path() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 07777u, 0600u) << suffix;
  }
}

TEST_F(SqliteTierTest, ASecondOpenIsToldWhoHasTheFile) {
  auto tier = bed.open();
  const auto second = bed.try_open(bed.options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("in use by process"), std::string::npos);
  tier->close({});
  EXPECT_TRUE(bed.try_open(bed.options()).ok()) << "closed is closed, before the end of its life";
}

TEST_F(SqliteTierTest, AForeignFileIsLeftAsItIs) {
  const std::string text = "not a database at all";
  write_file(bed.path(), text);
  expect_rejected(bed.options(), "not a cache of Strata");
  EXPECT_EQ(read_file(bed.path()), text);

  fs::remove(bed.path());
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open(bed.path().c_str(), &foreign), SQLITE_OK);
  sqlite3_exec(foreign, "CREATE TABLE precious(x); INSERT INTO precious VALUES(1)", nullptr,
               nullptr, nullptr);
  sqlite3_close(foreign);
  const std::string before = read_file(bed.path());
  expect_rejected(bed.options(), "not a cache of Strata");
  EXPECT_EQ(read_file(bed.path()), before);
}

TEST_F(SqliteTierTest, AFileOfANewerStrataIsLeftAsItIs) {
  bed.open()->close({});
  {
    Database newer =
        Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    newer.execute("PRAGMA user_version=99; PRAGMA wal_checkpoint(truncate)").value();
  }
  // As it would be if the newer one had closed it.
  fs::remove(bed.path() + ".journal");
  const std::string before = read_file(bed.path());
  expect_rejected(bed.options(), "newer Strata");
  EXPECT_EQ(read_file(bed.path()), before);
}

TEST_F(SqliteTierTest, SymbolicLinksAreRefused) {
  fs::create_symlink(bed.folder.file("elsewhere"), bed.path());
  expect_rejected(bed.options(), "symbolic link");
  EXPECT_FALSE(fs::exists(bed.folder.file("elsewhere")));
}

TEST_F(SqliteTierTest, AfterAKillItHoldsWhatWasCommittedAndKnowsWhatWasInvalidated) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1", {tag("t")});
  bed.put(*tier, "b", "2");
  bed.put(*tier, "c", "3");
  tier->flush({}).value();
  WriterHold hold(bed.path());
  invalidate(*tier, tag("t"));
  bed.put(*tier, "b", "4");
  TestBed later;
  const auto again = bed.open_after_crash(later);
  EXPECT_EQ(value_of(*again, "a"), "-");
  EXPECT_EQ(value_of(*again, "b"), "-") << "the put was lost, what it replaced does not come back";
  EXPECT_EQ(value_of(*again, "c"), "3");
  EXPECT_GE(again->position(), tier->position()) << "numbers go on above those of the journal";
  again->flush({}).value();
  EXPECT_EQ(again->stats().tombstones, 0u);
  EXPECT_EQ(again->stats().entries, 1u);
  EXPECT_EQ(again->stats().state, TierState::kOk);
}

TEST_F(SqliteTierTest, AfterManyKillsMarksAreStillThere) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1", {tag("t")});
  tier->flush({}).value();
  const WriterHold hold(bed.path());
  invalidate(*tier, tag("t"));
  TestBed second;
  TestBed third;
  const auto again = bed.open_after_crash(second);
  const auto and_again = second.open_after_crash(third);
  EXPECT_EQ(value_of(*and_again, "a"), "-");
}

TEST_F(SqliteTierTest, AnUncleanFileWithoutItsJournalIsEmptied) {
  auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  TestBed later;
  for (const char* suffix : {"", "-wal"}) {
    fs::copy_file(bed.path() + suffix, later.path() + suffix);
  }
  EXPECT_EQ(value_of(*later.open(), "a"), "-");

  TestBed other;
  other.random = seeded_random(77);
  (void)other.open();
  fs::remove(later.path() + ".journal");
  for (const char* suffix : {"", "-wal"}) {
    fs::copy_file(bed.path() + suffix, later.path() + suffix,
                  fs::copy_options::overwrite_existing);
  }
  fs::copy_file(other.path() + ".journal", later.path() + ".journal");
  EXPECT_EQ(value_of(*later.open(), "a"), "-") << "the journal is another file's";
}

TEST_F(SqliteTierTest, ACleanFileNeedsNoJournal) {
  auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->close({});
  fs::remove(bed.path() + ".journal");
  EXPECT_EQ(value_of(*bed.open(), "a"), "1");
}

// A log that was cut off, a file that was restored: commits that the journal knows of are gone,
// and with them removals whose marks are gone as well.
TEST_F(SqliteTierTest, AFileThatLacksCommitsIsEmptied) {
  auto tier = bed.open();
  bed.put(*tier, "a", "1", {tag("t")});
  tier->close({});
  const std::string old_file = read_file(bed.path());
  tier = bed.open();
  invalidate(*tier, tag("t"));
  tier->close({});
  write_file(bed.path(), old_file);
  EXPECT_EQ(value_of(*bed.open(), "a"), "-");
}

TEST_F(SqliteTierTest, AfterARestartOfTheMachineOnlyACleanFileIsTrusted) {
  auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->close({});
  bed.clock->reboot();
  tier = bed.open();
  EXPECT_EQ(value_of(*tier, "a"), "1");
  bed.put(*tier, "b", "2");
  tier->flush({}).value();
  TestBed later;
  bed.clock->reboot();
  const auto again = bed.open_after_crash(later);
  EXPECT_EQ(value_of(*again, "a"), "-");
  EXPECT_EQ(value_of(*again, "b"), "-");
}

TEST_F(SqliteTierTest, WithPowerDurabilityTheFileIsTrustedAfterThat) {
  SqliteOptions options = bed.options();
  options.durability = Durability::kPower;
  const auto tier = bed.open(options);
  bed.put(*tier, "a", "1", {tag("t")});
  bed.put(*tier, "b", "2");
  const WriterHold hold(bed.path());
  invalidate(*tier, tag("t"));
  TestBed later;
  for (const char* suffix : {"", "-wal", ".journal"}) {
    fs::copy_file(bed.path() + suffix, later.path() + suffix);
  }
  later.clock = bed.clock;
  bed.clock->reboot();
  options.path = later.path();
  const auto again = later.open(options);
  EXPECT_EQ(value_of(*again, "a"), "-");
  EXPECT_EQ(value_of(*again, "b"), "2");
}

TEST_F(SqliteTierTest, ADamagedFileIsPutAsideAndSaysSoUntilItIsOpenedAgain) {
  bed.open()->close({});
  std::string bytes = read_file(bed.path());
  std::fill_n(bytes.begin(), 200, '\0');
  write_file(bed.path(), bytes);
  auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  EXPECT_NE(tier->stats().reason.find(".corrupt-"), std::string::npos) << tier->stats().reason;
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(bed.folder.path())) {
    kept += entry.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(kept, 1u);
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  tier->close({});
  tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a"), "1");
}

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
  const std::uint64_t before = fs::file_size(bed.path());
  invalidate(*tier, tag("t"));
  tier->flush({}).value();
  tier->close({});
  const auto again = bed.open();
  wait_until([&] {
    bed.put(*again, "a", "1");
    again->flush({}).value();
    return again->stats().bytes < before / 4;
  });
  again->close({});
  EXPECT_LT(fs::file_size(bed.path()), before);
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
  wait_until([&] {
    bed.put(*tier, "more", std::string(1'000, 'x'));
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

}  // namespace
}  // namespace strata::sqlite
