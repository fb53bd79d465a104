// Migrations, checks and repairs on a disk that fails at its 1st, 2nd, 3rd call: each is done as a
// whole or not at all, and says so.
#include <gtest/gtest.h>

#include <filesystem>

#include "fault/fault_vfs.h"
#include "sqlite/check.h"
#include "sqlite/files.h"
#include "sqlite/schema.h"
#include "testkit/fault_loop.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

using testkit::FailingFiles;
using testkit::FaultKind;
using testkit::FaultLook;

std::vector<Migration> later() {
  return {migrations().back(), {2, "CREATE TABLE second(x)"}, {3, "CREATE TABLE third(x)"}};
}

// A copy that has the name is whole, and there is one before anything is migrated.
void migrate_once(FaultPlan& plan, FaultLook look) {
  const testkit::TempDir folder;
  const std::string path = folder.file("cache.db");
  make_file(path).value();
  {
    Database made = Database::open({.path = path, .use = Database::Use::kMake}).value();
    make_schema(made, {.epoch = 1, .position = 5}).value();
  }
  Result<void> done;
  {
    const FailingFiles failing(plan, look);
    Result<Database> database =
        Database::open({.path = path, .vfs = testkit::fault_vfs(), .use = Database::Use::kWrite});
    done = database ? migrate(*database, later(),
                              {.prefix = path + ".before-v", .vfs = testkit::fault_vfs()})
                    : Result<void>(database.error());
  }
  Database database = Database::open({.path = path, .use = Database::Use::kWrite}).value();
  const std::int64_t version = database.ask("PRAGMA user_version").value();
  if (done) {
    EXPECT_EQ(version, 3);
  }
  const std::string copy = path + ".before-v1";
  if (version > 1) {
    ASSERT_TRUE(std::filesystem::exists(copy));
  }
  if (!std::filesystem::exists(copy)) return;
  Database whole = Database::open({.path = copy, .use = Database::Use::kRead}).value();
  EXPECT_EQ(whole.ask("PRAGMA user_version").value(), 1);
  EXPECT_EQ(read_meta(whole).value().position, 5u);
  EXPECT_EQ(std::filesystem::status(copy).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(SqliteUpkeepFaults, AMigrationHasAWholeCopyOrDoesNotBegin) {
  for (const FaultLook look : {FaultLook::kIoError, FaultLook::kFull}) {
    for (const FaultKind kind : {FaultKind::kOnce, FaultKind::kFromThenOn}) {
      testkit::fail_each_call(kind, [&](const auto& plan) { migrate_once(*plan, look); });
    }
  }
}

constexpr int kEntries = 30;
std::string key(int i) { return "1:space::" + std::to_string(i) + ":"; }

void repair_once(FaultPlan& plan, FaultLook look) {
  TestBed bed;
  {
    const auto tier = bed.open();
    for (int i = 0; i < kEntries; ++i) bed.put(*tier, key(i), "value", {tag("all")});
    tier->close({});
  }
  {
    Database database = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    database.execute("DELETE FROM entry_labels WHERE entry<=10").value();
  }
  bool is_repaired = false;
  {
    const FailingFiles failing(plan, look);
    const auto report = check_cache(
        {.sqlite = bed.options(), .vfs = testkit::fault_vfs(), .repairs = true}, *bed.clock);
    is_repaired = report.ok();
  }
  const auto report = check_cache({.sqlite = bed.options()}, *bed.clock);
  ASSERT_TRUE(report.ok()) << report.error().message;
  // A page that could not be read in full is taken for damage, and then the file was moved.
  if (report->exists) {
    const bool is_whole = report->is_sound() && report->entries == kEntries - 10u;
    const bool is_untouched = report->entries == kEntries && report->damage.size() == 1 &&
                              report->damage[0].what == Damage::kLabels;
    EXPECT_TRUE(is_whole || is_untouched) << report->entries;
    if (is_repaired) {
      EXPECT_TRUE(is_whole);
    }
  }
  const auto tier = bed.open();
  for (int i = 0; i < kEntries; ++i) {
    const std::string value = value_of(*tier, key(i));
    EXPECT_TRUE(value == "value" || value == "-") << value;
  }
}

TEST(SqliteUpkeepFaults, ARepairIsDoneOrNotDone) {
  for (const FaultLook look : {FaultLook::kIoError, FaultLook::kFull, FaultLook::kShortRead}) {
    testkit::fail_each_call(FaultKind::kOnce, [&](const auto& plan) { repair_once(*plan, look); });
  }
}
// As after an end of the process at that call.
TEST(SqliteUpkeepFaults, ARepairThatIsCutOffIsDoneOrNotDone) {
  testkit::fail_each_call(FaultKind::kFromThenOn,
                          [&](const auto& plan) { repair_once(*plan, FaultLook::kIoError); });
}

}  // namespace
}  // namespace strata::sqlite
