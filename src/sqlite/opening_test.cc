// Tests of opening: what is refused, what is trusted, and what is replaced.
#include "sqlite/opening.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "sqlite/files.h"
#include "sqlite/schema.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class SqliteOpening : public testing::Test {
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

  // As another program changes the file, without the pages' checksums.
  static void run_in_shell(const std::string& path, const std::string& sql) {
    sqlite3* shell = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &shell), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(shell, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(shell);
  }
  static std::size_t quarantined(const TestBed& in) {
    std::size_t kept = 0;
    for (const auto& entry : fs::directory_iterator(in.folder.path())) {
      kept += entry.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
    }
    return kept;
  }

  TestBed bed;
};

TEST_F(SqliteOpening, OptionsOutOfRangeAreRejected) {
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

TEST_F(SqliteOpening, ItsFilesAreTheOwnersAlone) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  for (const char* suffix : {"", "-wal", "-shm", ".journal", ".lock"}) {
    struct stat status {};
    ASSERT_EQ(::stat((bed.path() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 07777u, 0600u) << suffix;
  }
}

TEST_F(SqliteOpening, ASecondOpenIsToldWhoHasTheFile) {
  auto tier = bed.open();
  const auto second = bed.try_open(bed.options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("in use by process"), std::string::npos);
  tier->close({});
  EXPECT_TRUE(bed.try_open(bed.options()).ok()) << "closed is closed, before the end of its life";
}

TEST_F(SqliteOpening, AForeignFileIsLeftAsItIs) {
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

TEST_F(SqliteOpening, AFileThatMayNotBeWrittenIsLeftAsItIs) {
  {
    const auto tier = bed.open();
    bed.put(*tier, "a", "1");
    tier->close({});
  }
  const std::string before = read_file(bed.path());
  for (const fs::perms mode : {fs::perms::owner_read, fs::perms::owner_write, fs::perms::none}) {
    fs::permissions(bed.path(), mode);
    expect_rejected(bed.options(), "chmod u+rw");
  }
  fs::permissions(bed.path(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(read_file(bed.path()), before);
  EXPECT_EQ(value_of(*bed.open(), "a"), "1");
}

TEST_F(SqliteOpening, AFileThatWasCutToNothingIsDamaged) {
  {
    const auto tier = bed.open();
    bed.put(*tier, "a", "1");
    tier->close({});
  }
  fs::resize_file(bed.path(), 0);
  const auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  EXPECT_EQ(value_of(*tier, "a"), "-");
}

TEST_F(SqliteOpening, AFileOfANewerStrataIsLeftAsItIs) {
  bed.open()->close({});
  {
    Database newer = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    newer.execute("PRAGMA user_version=99; PRAGMA wal_checkpoint(truncate)").value();
  }
  // As it would be if the newer one had closed it.
  fs::remove(bed.path() + ".journal");
  const std::string before = read_file(bed.path());
  expect_rejected(bed.options(), "newer Strata");
  EXPECT_EQ(read_file(bed.path()), before);
}

// A newer Strata that ended in the middle of its opening, or somebody with the sqlite3 shell, which
// does not know of the pages' checksums: our journal is still there.
TEST_F(SqliteOpening, AFileOfANewerStrataIsLeftAsItIsBesideOurJournal) {
  for (const bool knows_checksums : {true, false}) {
    SCOPED_TRACE(knows_checksums);
    TestBed other;
    other.open()->close({});
    if (knows_checksums) {
      Database newer = Database::open({.path = other.path(), .use = Database::Use::kWrite}).value();
      newer.execute("PRAGMA user_version=99; PRAGMA wal_checkpoint(truncate)").value();
    } else {
      run_in_shell(other.path(), "PRAGMA user_version=99");
    }
    const std::string before = read_file(other.path());
    const std::string journal = read_file(other.path() + ".journal");
    const auto opened = other.try_open(other.options());
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kRejected);
    EXPECT_NE(opened.error().message.find("newer Strata"), std::string::npos)
        << opened.error().message;
    EXPECT_EQ(read_file(other.path()), before);
    EXPECT_EQ(read_file(other.path() + ".journal"), journal);
    EXPECT_EQ(quarantined(other), 0u);
  }
}

// Not a version at all: our journal says whose file it is.
TEST_F(SqliteOpening, AVersionThatIsGarbageIsDamage) {
  const auto opens_empty = [](TestBed& other) {
    const auto tier = other.open();
    EXPECT_EQ(tier->stats().state, TierState::kDegraded);
    EXPECT_EQ(value_of(*tier, "a"), "-");
    EXPECT_EQ(quarantined(other), 1u);
  };
  constexpr std::size_t kVersionAt = 60;
  for (std::size_t bit = 0; bit < 32; ++bit) {
    SCOPED_TRACE(bit);
    TestBed other;
    {
      const auto tier = other.open();
      other.put(*tier, "a", "1");
      tier->close({});
    }
    std::string bytes = read_file(other.path());
    bytes[kVersionAt + bit / 8] = static_cast<char>(bytes[kVersionAt + bit / 8] ^ (1 << bit % 8));
    write_file(other.path(), bytes);
    opens_empty(other);
  }
  for (const char* version : {"-5", "10000", "2147483647", "0"}) {
    SCOPED_TRACE(version);
    TestBed other;
    other.open()->close({});
    run_in_shell(other.path(), std::string("PRAGMA user_version=") + version);
    opens_empty(other);
  }
}

TEST_F(SqliteOpening, SymbolicLinksAreRefused) {
  fs::create_symlink(bed.folder.file("elsewhere"), bed.path());
  expect_rejected(bed.options(), "symbolic link");
  EXPECT_FALSE(fs::exists(bed.folder.file("elsewhere")));
}

TEST_F(SqliteOpening, AfterAKillItHoldsWhatWasCommittedAndKnowsWhatWasInvalidated) {
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

TEST_F(SqliteOpening, AfterManyKillsMarksAreStillThere) {
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

TEST_F(SqliteOpening, AnUncleanFileWithoutItsJournalIsEmptied) {
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
    fs::copy_file(bed.path() + suffix, later.path() + suffix, fs::copy_options::overwrite_existing);
  }
  fs::copy_file(other.path() + ".journal", later.path() + ".journal");
  EXPECT_EQ(value_of(*later.open(), "a"), "-") << "the journal is another file's";
}

TEST_F(SqliteOpening, ACleanFileNeedsNoJournal) {
  auto tier = bed.open();
  bed.put(*tier, "a", "1");
  tier->close({});
  fs::remove(bed.path() + ".journal");
  EXPECT_EQ(value_of(*bed.open(), "a"), "1");
}

// A log that was cut off, a file that was restored: commits that the journal knows of are gone,
// and with them removals whose marks are gone as well.
TEST_F(SqliteOpening, AFileThatLacksCommitsIsEmptied) {
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

TEST_F(SqliteOpening, AfterARestartOfTheMachineOnlyACleanFileIsTrusted) {
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

TEST_F(SqliteOpening, WithPowerDurabilityTheFileIsTrustedAfterThat) {
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

// What counts is how the file was used before the restart, not how it is opened after it.
TEST_F(SqliteOpening, AFileIsTrustedAfterARestartAsItWasUsedBeforeIt) {
  for (const bool was_power_safe : {true, false}) {
    SCOPED_TRACE(was_power_safe);
    TestBed used;
    SqliteOptions options = used.options();
    options.durability = was_power_safe ? Durability::kPower : Durability::kNormal;
    const auto tier = used.open(options);
    used.put(*tier, "a", "1");
    tier->flush({}).value();
    TestBed later;
    for (const char* suffix : {"", "-wal", ".journal"}) {
      fs::copy_file(used.path() + suffix, later.path() + suffix);
    }
    later.clock->reboot();
    options.path = later.path();
    options.durability = was_power_safe ? Durability::kNormal : Durability::kPower;
    EXPECT_EQ(value_of(*later.open(options), "a"), was_power_safe ? "1" : "-");
  }
}

// A loss of power while the log is copied into the file may do that.
TEST_F(SqliteOpening, AFirstPageThatIsTornIsReadFromTheLog) {
  SqliteOptions options = bed.options();
  options.durability = Durability::kPower;
  const auto tier = bed.open(options);
  bed.put(*tier, "a", std::string(20'000, 'x'));
  TestBed later;
  for (const char* suffix : {"", "-wal", ".journal"}) {
    fs::copy_file(bed.path() + suffix, later.path() + suffix);
  }
  std::string bytes = read_file(later.path());
  std::fill_n(bytes.begin() + 2'048, 2'048, 'x');
  write_file(later.path(), bytes);
  later.clock->reboot();
  options.path = later.path();
  EXPECT_EQ(value_of(*later.open(options), "a"), std::string(20'000, 'x'));
  EXPECT_EQ(quarantined(later), 0u);

  fs::remove(later.path() + "-wal");
  write_file(later.path(), bytes);
  EXPECT_EQ(value_of(*later.open(options), "a"), "-") << "without the log it is damage";
  EXPECT_EQ(quarantined(later), 1u);
}

TEST_F(SqliteOpening, ADamagedFileIsPutAsideAndSaysSoUntilItIsOpenedAgain) {
  bed.open()->close({});
  std::string bytes = read_file(bed.path());
  std::fill_n(bytes.begin(), 200, '\0');
  write_file(bed.path(), bytes);
  auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  EXPECT_NE(tier->stats().reason.find(".corrupt-"), std::string::npos) << tier->stats().reason;
  EXPECT_EQ(quarantined(bed), 1u);
  bed.put(*tier, "a", "1");
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  tier->close({});
  tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a"), "1");
}

}  // namespace
}  // namespace strata::sqlite
