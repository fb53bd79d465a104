// Tests of what may be in the way of a cache's files.
#include "sqlite/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sqlite/schema.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  [[nodiscard]] Result<Paths> prepare(const std::string& name) const {
    return prepare_paths(folder.file(name), false);
  }
  void write(const std::string& name, const std::string& bytes = "x") const {
    std::ofstream(folder.file(name), std::ios::binary) << bytes;
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777u;
  }
  template <typename T>
  static void expect_rejected(const Result<T>& result, const std::string& part) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kRejected);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  }

  testkit::TempDir folder;
};

TEST_F(FilesTest, MissingFoldersAreMadeForTheOwnerAlone) {
  const auto paths = prepare("a/b/c/cache.db");
  ASSERT_TRUE(paths.ok()) << paths.error().message;
  EXPECT_EQ(mode_of(folder.file("a")), 0700u);
  EXPECT_EQ(mode_of(folder.file("a/b/c")), 0700u);
  EXPECT_EQ(paths->database, fs::canonical(folder.file("a/b/c")).string() + "/cache.db");
  EXPECT_EQ(paths->journal, paths->database + ".journal");
  EXPECT_TRUE(prepare("a/b/c/cache.db").ok()) << "and then they are there";
}

TEST_F(FilesTest, AFolderThatIsReachedThroughALinkIsResolved) {
  fs::create_directory(folder.file("real"));
  fs::create_directory_symlink(folder.file("real"), folder.file("link"));
  const auto paths = prepare("link/cache.db");
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->folder, fs::canonical(folder.file("real")).string());
}

TEST_F(FilesTest, PathsThatCannotBeUsedAreRejected) {
  write("file");
  expect_rejected(prepare("file/cache.db"), "file");
  expect_rejected(prepare("file/deeper/cache.db"), "file");
  expect_rejected(prepare_paths("", false), "empty");
  expect_rejected(prepare_paths(folder.file("x/"), false), "empty");
  expect_rejected(prepare_paths(folder.file(".."), false), "is a folder");
  expect_rejected(prepare_paths(std::string("a\0b", 3), false), "zero byte");
  expect_rejected(prepare(std::string(250, 'n')), "too long");
  expect_rejected(prepare_paths("/proc/strata/cache.db", false), "/proc/strata");
}

TEST_F(FilesTest, AFolderThatOthersWriteToIsRejected) {
  fs::create_directory(folder.file("open"));
  ASSERT_EQ(::chmod(folder.file("open").c_str(), 0777), 0);
  expect_rejected(prepare("open/cache.db"), "others may write");
  ASSERT_EQ(::chmod(folder.file("open").c_str(), 01777), 0);
  EXPECT_TRUE(prepare("open/cache.db").ok()) << "sticky, like /tmp";
}

TEST_F(FilesTest, FilesThatAreNotPlainAreRejected) {
  const Paths paths = prepare("cache.db").value();
  EXPECT_TRUE(check_files(paths).ok());
  write("target");
  for (const std::string& file :
       {paths.database, paths.wal, paths.shm, paths.rollback, paths.journal, paths.lock}) {
    SCOPED_TRACE(file);
    fs::create_symlink(folder.file("target"), file);
    expect_rejected(check_files(paths), "symbolic link");
    fs::remove(file);
    fs::create_symlink(folder.file("nowhere"), file);
    expect_rejected(check_files(paths), "symbolic link");
    fs::remove(file);
    fs::create_hard_link(folder.file("target"), file);
    expect_rejected(check_files(paths), "second name");
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    expect_rejected(check_files(paths), "not a plain file");
    fs::remove(file);
    fs::create_directory(file);
    expect_rejected(check_files(paths), "not a plain file");
    fs::remove(file);
  }
  EXPECT_TRUE(check_files(paths).ok());
}

TEST_F(FilesTest, ALinkInTheLocksPlaceIsNotFollowed) {
  const Paths paths = prepare("cache.db").value();
  fs::create_symlink(folder.file("victim"), paths.lock);
  expect_rejected(lock_files(paths), "lock");
  EXPECT_FALSE(fs::exists(folder.file("victim")));
}

TEST_F(FilesTest, OneOwnerAtATimeAndTheOtherIsToldWho) {
  const Paths paths = prepare("cache.db").value();
  {
    const auto first = lock_files(paths);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(mode_of(paths.lock), 0600u);
    const auto second = lock_files(paths);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(second.error().message.find(paths.database), std::string::npos);
    EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
              std::string::npos)
        << second.error().message;
  }
  EXPECT_TRUE(lock_files(paths).ok());
}

TEST_F(FilesTest, WhatIsThereIsToldWithoutChangingIt) {
  const Paths paths = prepare("cache.db").value();
  using Kind = Found::Kind;
  EXPECT_EQ(inspect(paths, {}).value().kind, Kind::kNothing);
  write("cache.db", "");
  EXPECT_EQ(inspect(paths, {}).value().kind, Kind::kNothing) << "an empty file";

  const std::string foreign = "dear diary, this is not a database";
  write("cache.db", foreign);
  expect_rejected(inspect(paths, {}), "not a cache of Strata");
  const JournalContents journal{.owner = {.epoch = 1, .schema = kSchemaVersion},
                                .inode = inode_of(paths.database)};
  EXPECT_EQ(inspect(paths, journal).value().kind, Kind::kDamaged) << "our journal knows the file";
  JournalContents of_another = journal;
  ++of_another.inode;
  expect_rejected(inspect(paths, of_another), "not a cache of Strata");
  std::string bytes;
  ASSERT_TRUE(read_whole_file(paths.database, bytes));
  EXPECT_EQ(bytes, foreign);
}

TEST_F(FilesTest, TheNewestDamagedFileIsKept) {
  const Paths paths = prepare("cache.db").value();
  write("cache.db", "one");
  write("cache.db-wal", "log of one");
  write("cache.dbx.corrupt-1", "of another cache");
  const std::string first = quarantine(paths, WallTime{1'000});
  EXPECT_EQ(fs::path(first).filename(), "cache.db.corrupt-1970-01-01T00:00:01.000Z");
  EXPECT_TRUE(fs::exists(first + "-wal"));
  EXPECT_FALSE(fs::exists(paths.database));
  EXPECT_FALSE(fs::exists(paths.wal));
  write("cache.db", "two");
  const std::string second = quarantine(paths, WallTime{2'000});
  EXPECT_TRUE(fs::exists(second));
  EXPECT_FALSE(fs::exists(first));
  EXPECT_FALSE(fs::exists(first + "-wal"));
  EXPECT_TRUE(fs::exists(folder.file("cache.dbx.corrupt-1")));
  EXPECT_EQ(quarantine(paths, WallTime{3'000}), "") << "there is nothing to move";
}

TEST(FilePlaces, APathLeadsElsewhereIfItIsKnownTo) {
  const testkit::TempDir folder;
  const std::string path = folder.file("a");
  EXPECT_TRUE(leads_elsewhere(path, 1)) << "there is none";
  ASSERT_TRUE(make_file(path).ok());
  EXPECT_FALSE(leads_elsewhere(path, inode_of(path)));
  EXPECT_TRUE(leads_elsewhere(path, inode_of(path) + 1));
  EXPECT_TRUE(leads_elsewhere(path + "/b", 1)) << "it is no folder";
  EXPECT_FALSE(leads_elsewhere(folder.file(std::string(300, 'x')), 1)) << "nobody knows";
}

}  // namespace
}  // namespace strata::sqlite
