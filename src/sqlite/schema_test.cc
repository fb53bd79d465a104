// Tests of migrations: run in order, after a copy, each as a whole.
#include "sqlite/schema.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "sqlite/files.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    make_file(path).value();
    Database made = Database::open({.path = path, .use = Database::Use::kMake}).value();
    make_schema(made, {.epoch = UINT64_MAX, .position = 5, .commits = 6, .boot_id = 7}).value();
  }
  [[nodiscard]] Database open() const {
    return Database::open({.path = path, .use = Database::Use::kWrite}).value();
  }
  [[nodiscard]] Backup backup() const { return {.prefix = path + ".before-v"}; }

  // As if later releases had come.
  static std::vector<Migration> later() {
    return {migrations().back(),
            {2, "ALTER TABLE meta ADD COLUMN extra INTEGER DEFAULT 2"},
            {3, "CREATE TABLE third(x); UPDATE meta SET extra=3"}};
  }

  testkit::TempDir folder;
  const std::string path = folder.file("cache.db");
};

TEST_F(SchemaTest, TheMigrationsOfTheFolderLeadToThisVersion) {
  ASSERT_FALSE(migrations().empty());
  for (std::size_t i = 0; i < migrations().size(); ++i) {
    EXPECT_EQ(migrations()[i].version, i + 1) << "one for each version, in order";
  }
  EXPECT_EQ(migrations().back().version, kSchemaVersion);
}

TEST_F(SchemaTest, AFileSaysWhatItIs) {
  Database database = open();
  EXPECT_EQ(database.ask("PRAGMA application_id").value(), kApplicationId);
  EXPECT_EQ(database.ask("PRAGMA user_version").value(), kSchemaVersion);
  EXPECT_EQ(database.ask("PRAGMA page_size").value(), 4096);
  EXPECT_EQ(database.ask("PRAGMA auto_vacuum").value(), 2) << "incremental";
  const Meta meta = read_meta(database).value();
  EXPECT_EQ(meta.epoch, UINT64_MAX);
  EXPECT_EQ(meta.position, 5u);
  EXPECT_EQ(meta.commits, 6u);
  EXPECT_EQ(meta.boot_id, 7u);
  EXPECT_FALSE(meta.clean);
}

TEST_F(SchemaTest, AFileOfThisVersionIsLeftAsItIs) {
  Database database = open();
  EXPECT_TRUE(migrate(database, migrations(), backup()).ok());
  EXPECT_FALSE(std::filesystem::exists(backup().prefix + "1"));
}

TEST_F(SchemaTest, AnOlderFileIsCopiedAndMigrated) {
  Database database = open();
  ASSERT_TRUE(migrate(database, later(), backup()).ok());
  EXPECT_EQ(database.ask("PRAGMA user_version").value(), 3);
  EXPECT_EQ(database.ask("SELECT extra FROM meta").value(), 3);
  database.close();

  Database copy =
      Database::open({.path = backup().prefix + "1", .use = Database::Use::kWrite}).value();
  EXPECT_EQ(copy.ask("PRAGMA user_version").value(), 1);
  EXPECT_EQ(read_meta(copy).value().position, 5u) << "with what was in it";
}

TEST_F(SchemaTest, TheCopyIsTheOwnersAloneAndOnlyTheWholeOneIsThere) {
  // What a process left behind that was killed while it copied.
  make_file(backup().prefix + "1.new").value();
  Database database = open();
  ASSERT_TRUE(database.execute("CREATE TABLE old(x); INSERT INTO old VALUES(7)").ok());
  ASSERT_TRUE(migrate(database, later(), backup()).ok());
  EXPECT_EQ(std::filesystem::status(backup().prefix + "1").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(backup().prefix + "1.new"));
  Database copy =
      Database::open({.path = backup().prefix + "1", .use = Database::Use::kRead}).value();
  EXPECT_EQ(copy.ask("SELECT x FROM old").value(), 7) << "what was in the log alone too";
  EXPECT_EQ(
      copy.ask("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'").value(),
      1);
}

TEST_F(SchemaTest, WithoutRoomForACopyNothingIsMigrated) {
  Database database = open();
  // The name is taken by what cannot be replaced.
  std::filesystem::create_directories(backup().prefix + "1/full");
  const auto done = migrate(database, later(), backup());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(done.error().message.find("before-v1"), std::string::npos) << done.error().message;
  EXPECT_EQ(database.ask("PRAGMA user_version").value(), 1);
  EXPECT_FALSE(std::filesystem::exists(backup().prefix + "1.new"));
}

// What the header says is seen by those who look at the file without SQLite.
TEST_F(SchemaTest, AfterAMigrationTheHeaderHasTheNewVersion) {
  Database database = open();
  ASSERT_TRUE(migrate(database, later(), backup()).ok());
  std::string bytes;
  ASSERT_TRUE(read_whole_file(path, bytes));
  EXPECT_EQ(bytes[63], 3);
}

TEST_F(SchemaTest, AMigrationThatFailsChangesNothing) {
  Database database = open();
  const std::vector<Migration> broken{
      later()[0], later()[1], {3, "CREATE TABLE third(x); INSERT INTO missing VALUES(1)"}};
  const auto done = migrate(database, broken, backup());
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("missing"), std::string::npos) << done.error().message;
  EXPECT_EQ(database.ask("PRAGMA user_version").value(), 2) << "the step before it is whole";
  EXPECT_FALSE(database.ask("SELECT count(*) FROM third").ok());
  EXPECT_TRUE(std::filesystem::exists(backup().prefix + "1"));
  ASSERT_TRUE(migrate(database, later(), backup()).ok()) << "a better one goes on from there";
  EXPECT_EQ(database.ask("SELECT extra FROM meta").value(), 3);
}

TEST_F(SchemaTest, ANewerFileIsRejected) {
  Database database = open();
  ASSERT_TRUE(migrate(database, later(), backup()).ok());
  const auto done = migrate(database, migrations(), backup());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kRejected);
  EXPECT_EQ(database.ask("PRAGMA user_version").value(), 3);
}

TEST_F(SchemaTest, AFileWithoutItsRowIsCorrupt) {
  Database database = open();
  ASSERT_TRUE(database.execute("DELETE FROM meta").ok());
  EXPECT_EQ(read_meta(database).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace strata::sqlite
