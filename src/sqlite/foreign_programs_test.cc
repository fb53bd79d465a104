// Tests of what other programs do to the files of a tier: hold locks, read, cut short, remove.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "sqlite/checked_vfs.h"
#include "sqlite/files.h"
#include "sqlite/tier.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

// A program that knows SQLite and not Strata.
class Shell {
 public:
  explicit Shell(const std::string& path, int flags = SQLITE_OPEN_READWRITE) {
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database_, flags, nullptr), SQLITE_OK);
  }
  ~Shell() { sqlite3_close(database_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void run(const char* sql) {
    EXPECT_EQ(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database_);
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteForeignPrograms : public testing::Test {
 protected:
  void leave_clean(const std::string& value) {
    const auto tier = bed.open();
    bed.put(*tier, "a", value, {tag("t")});
    tier->close({});
  }
  // What a killed process leaves, with more pages in the log than in the file.
  void leave_killed(TestBed& killed) {
    const auto tier = bed.open();
    for (int key = 0; key < 200; ++key) bed.put(*tier, std::to_string(key), std::string(900, 'v'));
    bed.put(*tier, "a", "1");
    ASSERT_TRUE(tier->flush({}).ok());
    for (const char* suffix : {"", "-wal", ".journal"}) {
      fs::copy_file(bed.path() + suffix, killed.path() + suffix);
    }
    killed.clock = bed.clock;
  }
  static bool has(const TierStats& stats, const std::string& part) {
    return stats.reason.find(part) != std::string::npos;
  }
  static std::size_t quarantined(const TestBed& in) {
    std::size_t kept = 0;
    for (const auto& entry : fs::directory_iterator(in.folder.path())) {
      kept += entry.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
    }
    return kept;
  }
  static void mark(Tier& tier, const std::string& name) {
    const Label label = tag(name);
    tier.invalidate({&label, 1});
  }

  TestBed bed;
};

TEST_F(SqliteForeignPrograms, AFileThatIsLockedWhileItIsOpenedIsLeftAsItIs) {
  for (const char* lock : {"BEGIN IMMEDIATE", "PRAGMA locking_mode=exclusive; BEGIN EXCLUSIVE"}) {
    leave_clean("1");
    {
      Shell shell(bed.path());
      shell.run(lock);
      const auto opened = bed.try_open(bed.options());
      ASSERT_FALSE(opened.ok()) << lock;
      EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
      EXPECT_NE(opened.error().message.find("another program holds a lock"), std::string::npos)
          << opened.error().message;
    }
    const auto tier = bed.open();
    EXPECT_EQ(tier->stats().state, TierState::kOk);
    EXPECT_EQ(value_of(*tier, "a"), "1") << lock;
    tier->close({});
    EXPECT_EQ(quarantined(bed), 0u);
  }
}

TEST_F(SqliteForeignPrograms, ReadersBeforeAndWhileItIsOpenChangeNothing) {
  leave_clean("1");
  Shell before(bed.path());
  before.run("BEGIN; SELECT count(*) FROM entries");
  {
    const auto tier = bed.open();
    Shell meanwhile(bed.path());
    meanwhile.run("SELECT count(*) FROM entries");
    bed.put(*tier, "b", "2");
    ASSERT_TRUE(tier->flush({}).ok());
    meanwhile.run("SELECT count(*) FROM entries");
    EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
    tier->close({});
  }
  before.run("COMMIT");
  const auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a"), "1");
  EXPECT_EQ(value_of(*tier, "b"), "2");
}

// SQLite's last connection copies the log into the file, and knows no checksums of pages.
TEST_F(SqliteForeignPrograms, AReaderThatIsTheLastToCloseIsNoDamage) {
  TestBed killed;
  leave_killed(killed);
  { Shell(killed.path()).run("SELECT count(*) FROM entries"); }
  ASSERT_FALSE(fs::exists(killed.path() + "-wal"));
  const auto tier = killed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a"), "1");
  EXPECT_EQ(value_of(*tier, "199"), std::string(900, 'v'));
  EXPECT_EQ(quarantined(killed), 0u);
}

TEST_F(SqliteForeignPrograms, AReaderThatClosesAfterTheTierIsNoDamage) {
  leave_clean("1");
  {
    Shell reader(bed.path());
    const auto tier = bed.open();
    bed.put(*tier, "b", "2");
    ASSERT_TRUE(tier->flush({}).ok());
    reader.run("BEGIN; SELECT count(*) FROM entries");
    bed.put(*tier, "c", "3");
    tier->close({});
    reader.run("COMMIT");
  }
  const auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
  for (const auto& [key, value] : {std::pair("a", "1"), {"b", "2"}, {"c", "3"}}) {
    EXPECT_EQ(value_of(*tier, key), value);
  }
}

TEST_F(SqliteForeignPrograms, OneThatReadsOnlyLeavesTheLog) {
  TestBed killed;
  leave_killed(killed);
  { Shell(killed.path(), SQLITE_OPEN_READONLY).run("SELECT count(*) FROM entries"); }
  EXPECT_TRUE(fs::exists(killed.path() + "-wal"));
  EXPECT_EQ(value_of(*killed.open(), "a"), "1");
}

TEST_F(SqliteForeignPrograms, OneThatWritesIsNamedAsAPossibleCause) {
  leave_clean("1");
  { Shell(bed.path()).run("UPDATE meta SET commits=commits+1"); }
  const auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  EXPECT_TRUE(has(tier->stats(), "not written by Strata")) << tier->stats().reason;
  EXPECT_EQ(value_of(*tier, "a"), "-");
}

TEST_F(SqliteForeignPrograms, AJournalThatIsCutShortInUseIsMadeAgain) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1", {tag("t")});
  bed.put(*tier, "b", "2");
  ASSERT_TRUE(tier->flush({}).ok());
  ASSERT_EQ(::truncate((bed.path() + ".journal").c_str(), 0), 0);
  for (int i = 0; i < 100; ++i) mark(*tier, "t" + std::to_string(i));
  mark(*tier, "t");
  ASSERT_TRUE(tier->flush({}).ok());
  wait_until([&] { return tier->stats().state == TierState::kDegraded; });
  EXPECT_TRUE(has(tier->stats(), ".journal")) << tier->stats().reason;
  EXPECT_GE(tier->stats().errors, 1u);
  TestBed killed;
  const auto next = bed.open_after_crash(killed);
  EXPECT_EQ(value_of(*next, "a"), "-");
  EXPECT_EQ(value_of(*next, "b"), "2");
}

TEST_F(SqliteForeignPrograms, ADatabaseThatIsRemovedInUseIsMadeAgain) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  ASSERT_TRUE(tier->flush({}).ok());
  for (const char* suffix : {"", "-wal", "-shm", ".journal"}) fs::remove(bed.path() + suffix);
  // The first write may come between the look at the database and its removal.
  wait_until([&] {
    bed.put(*tier, "b", "2");
    return has(tier->stats(), "removed or replaced while in use");
  });
  EXPECT_EQ(tier->stats().state, TierState::kDegraded);
  wait_until([&] { return fs::exists(bed.path()); });
  wait_until([&] {
    bed.put(*tier, "c", "3");
    return fs::exists(bed.path() + ".journal");
  });
  ASSERT_TRUE(tier->flush({}).ok());
  EXPECT_TRUE(has(tier->stats(), "removed or replaced while in use")) << "not the journal alone";
  tier->close({});
  EXPECT_EQ(value_of(*bed.open(), "c"), "3");
}

TEST_F(SqliteForeignPrograms, AFileThatTookThePlaceOfTheDatabaseIsKeptAside) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  ASSERT_TRUE(tier->flush({}).ok());
  std::ofstream(bed.path() + ".other") << "somebody's";
  fs::rename(bed.path() + ".other", bed.path());
  bed.put(*tier, "b", "2");
  wait_until([&] { return quarantined(bed) > 0; });
  wait_until([&] { return tier->stats().state == TierState::kDegraded; });
  bed.put(*tier, "c", "3");
  EXPECT_EQ(value_of(*tier, "c"), "3");
}

TEST_F(SqliteForeignPrograms, WithoutItsLockFileItLeavesTheFilesToWhoHasThatNow) {
  const auto tier = bed.open();
  bed.put(*tier, "a", "1");
  ASSERT_TRUE(tier->flush({}).ok());
  // It makes a new one if it sees that before the other one has done so.
  std::unique_ptr<Tier> other;
  wait_until([&] {
    fs::remove(bed.path() + ".lock");
    auto opened = bed.try_open(bed.options());
    if (opened.ok()) other = std::move(*opened);
    return other != nullptr;
  });
  bed.put(*other, "o", "9");
  ASSERT_TRUE(other->flush({}).ok());
  bed.put(*tier, "b", "2");
  wait_until([&] { return tier->stats().state == TierState::kOff; });
  EXPECT_TRUE(has(tier->stats(), "in use by process")) << tier->stats().reason;
  EXPECT_EQ(value_of(*other, "o"), "9");
  EXPECT_EQ(quarantined(bed), 0u);
  other->close({});
  wait_until([&] { return tier->stats().state != TierState::kOff; });
  bed.put(*tier, "c", "3");
  EXPECT_EQ(value_of(*tier, "c"), "3");
}

TEST_F(SqliteForeignPrograms, TroubleBehindIsToldOnceUntilItIsOver) {
  const auto opened = bed.open();
  auto* const tier = dynamic_cast<TellsTrouble*>(opened.get());
  ASSERT_NE(tier, nullptr);
  std::atomic<int> told{0};
  const std::string home = bed.folder.path().string();
  for (int round = 1; round <= 2; ++round) {
    // Neither the database nor its lock can be made.
    fs::rename(home, home + ".away");
    bed.put(*opened, "a", "1");
    if (round == 1) {
      wait_until([&] { return opened->stats().errors >= 2; });
      tier->set_trouble_listener([&](const Error&) { ++told; });
    }
    const std::uint64_t errors = opened->stats().errors;
    wait_until([&] { return opened->stats().errors >= errors + 2; });
    EXPECT_EQ(told, round);
    fs::rename(home + ".away", home);
    wait_until([&] { return opened->stats().state != TierState::kOff; });
  }
  opened->close({});
}

}  // namespace
}  // namespace strata::sqlite
