// Tests of opening on a disk that fails: what it leaves to the next opening.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "sqlite/files.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

// What the system calls below do. Set while no tier is open.
std::string file_that_stays;     // cannot be removed
std::string file_in_folder;      // the one that is looked for when a folder is synced
std::uint64_t inode_synced = 0;  // what was found then, the last time

class SqliteOpeningTrouble : public testing::Test {
 protected:
  ~SqliteOpeningTrouble() override {
    file_that_stays.clear();
    file_in_folder.clear();
    inode_synced = 0;
  }

  // Folders where files are to be made: neither a journal nor a new database can be.
  void break_disk() const {
    for (const char* suffix : {".journal.new", ".new"}) fs::create_directory(bed.path() + suffix);
  }
  void heal_disk() const {
    for (const char* suffix : {".journal.new", ".new"}) fs::remove(bed.path() + suffix);
  }
  void leave_clean(const std::string& value) {
    const auto tier = bed.open();
    bed.put(*tier, "a", value, {tag("t")});
    tier->close({});
  }

  TestBed bed;
};

TEST_F(SqliteOpeningTrouble, WhatWasInvalidatedWithoutAFileIsNotServedByTheNextRun) {
  leave_clean("1");
  break_disk();
  auto tier = bed.open();
  EXPECT_EQ(tier->stats().state, TierState::kOff);
  EXPECT_FALSE(fs::exists(bed.path()));
  const Label label = tag("t");
  tier->invalidate({&label, 1});
  tier->close({});
  tier.reset();
  heal_disk();
  EXPECT_EQ(value_of(*bed.open(), "a"), "-");
}

TEST_F(SqliteOpeningTrouble, ItComesBackByItself) {
  leave_clean("1");
  break_disk();
  const auto tier = bed.open();
  heal_disk();
  wait_until([&] { return tier->stats().state == TierState::kOk; });
  bed.put(*tier, "a", "2");
  EXPECT_EQ(value_of(*tier, "a"), "2");
}

// Whoever goes on without the file leaves a mark beside it, which a tier would not.
TEST_F(SqliteOpeningTrouble, AnOldFileThatCannotBeRemovedIsRefused) {
  leave_clean("1");
  break_disk();
  file_that_stays = bed.path();
  const auto opened = bed.try_open(bed.options());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(opened.error().message.find("removing " + bed.path()), std::string::npos)
      << opened.error().message;
  EXPECT_TRUE(fs::exists(bed.path()));
}

// A log that stays would be taken for the new file's.
TEST_F(SqliteOpeningTrouble, NoFileIsMadeBesideAnOldLog) {
  std::ofstream(bed.path() + "-wal") << "old";
  file_that_stays = bed.path() + "-wal";
  EXPECT_FALSE(bed.try_open(bed.options()).ok());
  EXPECT_FALSE(fs::exists(bed.path()));
}

// The name may have been that of a file that is trusted after a loss of power.
TEST_F(SqliteOpeningTrouble, TheNameOfANewFileIsOnTheDiskWhateverTheDurability) {
  for (const Durability durability : {Durability::kNormal, Durability::kPower}) {
    TestBed other;
    SqliteOptions options = other.options();
    options.durability = durability;
    file_in_folder = other.path();
    inode_synced = 0;
    const auto tier = other.open(options);
    EXPECT_NE(inode_synced, 0u);
    EXPECT_EQ(inode_synced, inode_of(other.path()));
    tier->close({});
  }
}

}  // namespace
}  // namespace strata::sqlite

// In the place of the C library's.
extern "C" int unlink(const char* path) noexcept {
  if (!strata::sqlite::file_that_stays.empty() && strata::sqlite::file_that_stays == path) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

extern "C" int fsync(int file) {
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    strata::sqlite::inode_synced = strata::sqlite::inode_of(strata::sqlite::file_in_folder);
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}
