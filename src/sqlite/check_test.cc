// Tests of checks and repairs: what is found, that a check changes nothing, and that what a repair
// leaves is served as if nothing else had ever been there.
#include "sqlite/check.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "sqlite/columns.h"
#include "sqlite/files.h"
#include "sqlite/schema.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class CheckTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto tier = bed.open();
    for (int i = 0; i < 20; ++i) {
      bed.put(*tier, key(i), "value " + std::to_string(i),
              {tag("even:" + std::to_string(i % 2)), tag("all")});
    }
    tier->close({});
  }
  static std::string key(int i) { return "1:space::" + std::to_string(i) + ":"; }
  static std::int64_t row_key(int i) { return column_of(key_label_id(key_hash(key(i)))); }

  // As a fault in a program would change it: pages and their checksums are right.
  void change(const std::string& sql) const {
    Database database = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    const auto done = database.execute(sql.c_str());
    ASSERT_TRUE(done.ok()) << done.error().message;
    database.execute("PRAGMA wal_checkpoint(truncate)").value();
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  }
  void change_record(int i, const std::function<void(std::string&)>& how) const {
    Database database = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
    const std::string where = " WHERE key=" + std::to_string(row_key(i));
    Statement select = database.prepare("SELECT record FROM entries" + where).value();
    ASSERT_EQ(select.step(), SQLITE_ROW);
    std::string bytes(select.blob(0));
    select.reset();
    how(bytes);
    Statement update = database.prepare("UPDATE entries SET record=?1" + where).value();
    update.bind(1, bytes);
    ASSERT_EQ(update.run(), SQLITE_OK);
  }
  [[nodiscard]] Result<CheckReport> try_check(bool repairs = false) const {
    return check_cache({.sqlite = bed.options(), .repairs = repairs}, *bed.clock);
  }
  [[nodiscard]] CheckReport check(bool repairs = false) const {
    const auto report = try_check(repairs);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : CheckReport();
  }
  static std::string found(const CheckReport& report) {
    std::string text;
    for (const DamageFound& one : report.damage) {
      text += std::string(text.empty() ? "" : " ") + std::string(to_string(one.what)) + "=" +
              std::to_string(one.count);
    }
    return text;
  }
  // Finds it, repairs it, and finds nothing more; returns what the repair said.
  CheckReport expect(const std::string& damage, std::uint64_t removed) {
    const std::map<std::string, std::string> before = files();
    const CheckReport report = check();
    EXPECT_EQ(found(report), damage);
    EXPECT_EQ(report.removed, 0u);
    EXPECT_EQ(files(), before) << "a check changes nothing";
    CheckReport repaired = check(true);
    EXPECT_EQ(found(repaired), damage);
    EXPECT_EQ(repaired.removed, removed);
    const CheckReport after = check();
    EXPECT_EQ(found(after), "") << "a repair leaves nothing to repair";
    if (after.exists) {
      EXPECT_EQ(after.entries + removed, report.entries);
    }
    return repaired;
  }
  // But for what SQLite shares between those who have it open.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(bed.folder.path())) {
      const std::string name = entry.path().filename();
      if (name.ends_with("-shm") || name.ends_with(".lock")) continue;
      std::string bytes;
      EXPECT_TRUE(read_whole_file(entry.path(), bytes)) << name;
      all[name] = bytes;
    }
    return all;
  }
  // How many of the values are served, by a tier that does not find the file damaged.
  [[nodiscard]] int served() {
    const auto tier = bed.open();
    EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
    int count = 0;
    for (int i = 0; i < 20; ++i) {
      const std::string value = value_of(*tier, key(i));
      if (value == "-") continue;
      EXPECT_EQ(value, "value " + std::to_string(i));
      ++count;
    }
    tier->close({});
    return count;
  }

  TestBed bed;
};

TEST_F(CheckTest, ASoundFileIsSaidToBeSound) {
  const CheckReport report = check();
  EXPECT_TRUE(report.exists);
  EXPECT_EQ(found(report), "");
  EXPECT_EQ(report.entries, 20u);
  EXPECT_EQ(report.labels, 40u);
  EXPECT_EQ(report.groups, 1u);
  EXPECT_TRUE(report.was_closed);
  EXPECT_GT(report.record_bytes, 20u * 100);
  EXPECT_GT(report.pages, 3u);
  EXPECT_TRUE(report.remarks.empty()) << report.remarks.front();
  const auto before = files();
  EXPECT_EQ(check(true).removed, 0u) << "a repair of nothing";
  EXPECT_EQ(files(), before);
  EXPECT_EQ(served(), 20);
}

TEST_F(CheckTest, WhatDoesNotExistIsNotMade) {
  TestBed empty;
  const auto report = check_cache({.sqlite = empty.options(), .repairs = true}, *empty.clock);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->exists);
  EXPECT_TRUE(fs::is_empty(empty.folder.path()));
}

TEST_F(CheckTest, AFileThatIsInUseIsLeftAlone) {
  const auto tier = bed.open();
  const auto report = try_check(true);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(report.error().message.find("process " + std::to_string(::getpid())),
            std::string::npos);
  EXPECT_EQ(value_of(*tier, key(3)), "value 3");
}

TEST_F(CheckTest, ARecordThatDoesNotDecodeGoes) {
  change_record(3, [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  change_record(5, [](std::string& bytes) { bytes.resize(40); });
  expect("records=2", 2);
  EXPECT_EQ(served(), 18);
}

TEST_F(CheckTest, ARecordUnderTheKeyOfAnotherGoes) {
  change("UPDATE entries SET key=77 WHERE key=" + std::to_string(row_key(3)));
  expect("keys=1", 1);
  EXPECT_EQ(served(), 19);
}

TEST_F(CheckTest, NumbersThatInvalidationsCannotReachGo) {
  // Lower than the record's own, and above whatever this file will count to for a while.
  change("UPDATE entries SET number=0 WHERE key=" + std::to_string(row_key(3)));
  expect("numbers=1", 1);
  change("UPDATE meta SET position=10");
  const CheckReport report = check();
  ASSERT_EQ(report.damage.size(), 1u);
  EXPECT_EQ(report.damage[0].what, Damage::kNumber);
  EXPECT_EQ(check(true).removed, report.damage[0].count);
  EXPECT_TRUE(check().is_sound());
  EXPECT_EQ(served(), static_cast<int>(19 - report.damage[0].count));
}

TEST_F(CheckTest, WhatALabelDoesNotLeadToGoes) {
  // An invalidation of the tag would have missed them, or has.
  change("DELETE FROM entry_labels WHERE label=" + std::to_string(column_of(tag("even:1").id())));
  expect("labels=10", 10);
  EXPECT_EQ(served(), 10);
}

TEST_F(CheckTest, LabelsThatAreNotTheRecordsOwnMakeItGo) {
  change("UPDATE entries SET labels=NULL WHERE key=" + std::to_string(row_key(3)));
  expect("labels=1 stray-labels=2", 1);
  EXPECT_EQ(served(), 19);
}

TEST_F(CheckTest, WhatItsGroupDoesNotLeadToGoes) {
  change("DELETE FROM label_groups WHERE label=" + std::to_string(column_of(source("db").id())));
  expect("groups=20 group-rows=1", 20);
  EXPECT_EQ(served(), 0);
  const auto tier = bed.open();
  bed.put(*tier, key(1), "new");
  EXPECT_EQ(tier->invalidate(std::vector<Label>{source("db")}).removed, std::nullopt);
  EXPECT_EQ(value_of(*tier, key(1)), "-");
}

TEST_F(CheckTest, RowsThatLeadTooFarAreRemovedAlone) {
  change("INSERT INTO entry_labels VALUES(5, 1), (6, 999999)");
  EXPECT_EQ(expect("stray-labels=2", 0).mended, 2u);
  EXPECT_EQ(served(), 20);
}

TEST_F(CheckTest, TheMinuteOfAnEndIsPutRight) {
  change("UPDATE entries SET expires_minute=7 WHERE key=" + std::to_string(row_key(3)));
  EXPECT_EQ(expect("expiry=1", 0).mended, 1u);
  EXPECT_EQ(served(), 20);
}

TEST_F(CheckTest, TheCountIsPutRight) {
  change("UPDATE meta SET entries=1000");
  expect("count=1", 0);
  EXPECT_EQ(served(), 20);
}

TEST_F(CheckTest, MoreThanIsChangedAtOnceIsRepaired) {
  {
    const auto tier = bed.open();
    for (int i = 20; i < 2'000; ++i) bed.put(*tier, key(i), "value", {tag("many")});
    tier->close({});
  }
  change("DELETE FROM entry_labels WHERE label=" + std::to_string(column_of(tag("many").id())) +
         "; INSERT INTO entry_labels SELECT 5, id FROM entries");
  expect("labels=1980 stray-labels=2000", 1'980);
  EXPECT_EQ(served(), 20);
}

// The first keys are told, by the name that the caller gives them.
TEST_F(CheckTest, AFewOfTheDamagedAreNamed) {
  change("UPDATE entries SET group_id=0");
  const auto report =
      check_cache({.sqlite = bed.options(),
                   .name = [](const Record& record) { return "<" + record.key_text + ">"; }},
                  *bed.clock);
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->damage.size(), 1u);
  EXPECT_EQ(report->damage[0].count, 20u);
  ASSERT_EQ(report->damage[0].first.size(), kFirstShown);
  EXPECT_EQ(report->damage[0].first[0], "<" + key(0) + ">");
}

TEST_F(CheckTest, APageThatIsDamagedMovesTheFileOutOfTheWay) {
  std::fstream file(bed.path(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 * 4 + 100);
  file.put('x');
  file.close();
  const CheckReport report = check();
  ASSERT_FALSE(report.damage.empty());
  EXPECT_EQ(report.damage[0].what, Damage::kPages);
  const CheckReport repaired = check(true);
  EXPECT_NE(repaired.quarantined.find(".corrupt-"), std::string::npos);
  EXPECT_TRUE(fs::exists(repaired.quarantined));
  EXPECT_FALSE(fs::exists(bed.path()));
  EXPECT_FALSE(check().exists);
  EXPECT_EQ(served(), 0);
}

TEST_F(CheckTest, AFileWithoutItsTablesOrItsRowIsMovedToo) {
  change("DELETE FROM meta");
  EXPECT_EQ(found(check()), "pages=1");
  EXPECT_FALSE(check(true).quarantined.empty());
}

TEST_F(CheckTest, TablesOfAnotherShapeAreDamage) {
  change("ALTER TABLE entries RENAME COLUMN labels TO other");
  EXPECT_EQ(found(check()), "file=1");
  EXPECT_FALSE(check(true).quarantined.empty());
}

TEST_F(CheckTest, AClosedFileNeedsNoJournal) {
  std::ofstream(bed.path() + ".journal", std::ios::trunc) << "no journal";
  expect("journal=1", 0);
  EXPECT_EQ(served(), 20);
}

// Who knows what was invalidated that is in it.
TEST_F(CheckTest, AnOpenFileWhoseJournalIsDamagedIsNotTrusted) {
  TestBed crashed;
  {
    const auto tier = bed.open();
    const WriterHold hold(bed.path());
    tier->invalidate(std::vector<Label>{tag("even:1")});
    const auto after = bed.open_after_crash(crashed);
    after->close({});
    for (const char* suffix : {"", "-wal", ".journal"}) {
      fs::remove(crashed.path() + suffix);
      if (fs::exists(bed.path() + suffix)) {
        fs::copy_file(bed.path() + suffix, crashed.path() + suffix);
      }
    }
  }
  const auto look = [&](bool repairs) {
    return check_cache({.sqlite = crashed.options(), .repairs = repairs}, *crashed.clock).value();
  };
  const CheckReport report = look(false);
  EXPECT_EQ(found(report), "");
  EXPECT_EQ(report.invalidated, 10u);
  EXPECT_EQ(report.marks, 1u);
  EXPECT_FALSE(report.was_closed);
  EXPECT_EQ(report.remarks.size(), 1u);

  std::fstream file(crashed.path() + ".journal", std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 + 32 * 4 + 3);
  file.put('x');
  file.close();
  EXPECT_EQ(found(look(false)), "trust=1");
  const CheckReport repaired = look(true);
  EXPECT_FALSE(repaired.quarantined.empty());
}

// What the journal has against them holds after a repair too: nothing comes back.
TEST_F(CheckTest, ARepairRevivesNothing) {
  TestBed crashed;
  {
    const auto tier = bed.open();
    const WriterHold hold(bed.path());
    tier->invalidate(std::vector<Label>{tag("even:1")});
    for (const char* suffix : {"", "-wal", ".journal"}) {
      if (fs::exists(bed.path() + suffix)) {
        fs::copy_file(bed.path() + suffix, crashed.path() + suffix);
      }
    }
  }
  {
    Database database =
        Database::open({.path = crashed.path(), .use = Database::Use::kWrite}).value();
    database
        .execute(("UPDATE entries SET group_id=0 WHERE key=" + std::to_string(row_key(2))).c_str())
        .value();
  }
  crashed.clock = bed.clock;
  const CheckReport report =
      check_cache({.sqlite = crashed.options(), .repairs = true}, *crashed.clock).value();
  EXPECT_EQ(found(report), "groups=1");
  const auto tier = crashed.open();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(value_of(*tier, key(i)), i % 2 == 1 || i == 2 ? "-" : "value " + std::to_string(i));
  }
}

TEST_F(CheckTest, AMachineThatWasRestartedIsNoDamage) {
  TestBed crashed;
  {
    const auto tier = bed.open();
    fs::copy_file(bed.path(), crashed.path());
    fs::copy_file(bed.path() + "-wal", crashed.path() + "-wal");
    fs::copy_file(bed.path() + ".journal", crashed.path() + ".journal");
  }
  crashed.clock->reboot();
  const CheckReport report = check_cache({.sqlite = crashed.options()}, *crashed.clock).value();
  EXPECT_TRUE(report.is_sound()) << found(report);
  ASSERT_EQ(report.remarks.size(), 1u);
  EXPECT_NE(report.remarks[0].find("restarted"), std::string::npos);
}

TEST_F(CheckTest, LifetimesAreCounted) {
  {
    const auto tier = bed.open();
    for (int i = 0; i < 3; ++i) {
      Record record = bed.record(key(i), "value");
      record.lifetime.fresh_for = std::chrono::seconds(i == 0 ? 100 : 1);
      record.lifetime.keep_for = std::chrono::seconds(i == 2 ? 1 : 100);
      static_cast<void>(tier->put(key_of(record.key_text), &record, tier->position(), {}));
    }
    tier->close({});
  }
  bed.clock->advance(std::chrono::seconds(10));
  const CheckReport report = check();
  EXPECT_TRUE(report.is_sound()) << found(report);
  EXPECT_EQ(report.stale, 1u);
  EXPECT_EQ(report.expired, 1u);
}

TEST_F(CheckTest, TheFileOfAnotherProgramIsRefused) {
  std::ofstream(bed.path(), std::ios::trunc) << "somebody's only copy";
  fs::remove(bed.path() + ".journal");
  const auto report = try_check(true);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kRejected);
  EXPECT_TRUE(fs::exists(bed.path()));
}

TEST_F(CheckTest, OthersWhoMayReadItAreARemark) {
  fs::permissions(bed.path(), fs::perms(0644));
  const CheckReport report = check();
  EXPECT_TRUE(report.is_sound());
  ASSERT_EQ(report.remarks.size(), 1u);
  EXPECT_NE(report.remarks[0].find("chmod 600"), std::string::npos);
}

}  // namespace
}  // namespace strata::sqlite
