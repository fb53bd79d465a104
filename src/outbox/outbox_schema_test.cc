#include "strata/outbox/outbox_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "testkit/application_database.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class OutboxSchema : public testing::Test {
 protected:
  OutboxSchema() {
    application_.run(
        "CREATE TABLE issue(id INTEGER PRIMARY KEY, title TEXT, project_id INTEGER);"
        "CREATE TABLE person(id INTEGER PRIMARY KEY)");
  }

  OutboxChange install(const OutboxTable& table, OutboxMode mode = OutboxMode::kApply) {
    Result<OutboxChange> change = install_outbox(database_, table, {}, mode);
    EXPECT_TRUE(change.ok()) << change.error().message;
    return change.ok() ? *change : OutboxChange();
  }

  std::string schema() {
    return application_.ask("SELECT name, sql FROM sqlite_schema ORDER BY name");
  }

  void expect_refused(const OutboxTable& table, const std::string& part) {
    const std::string before = schema();
    const Result<OutboxChange> change = install_outbox(database_, table);
    ASSERT_FALSE(change.ok());
    EXPECT_EQ(change.error().code, ErrorCode::kRejected);
    EXPECT_THAT(change.error().message, HasSubstr(part));
    EXPECT_THAT(change.error().message, HasSubstr("application.db"));
    EXPECT_EQ(schema(), before);
  }

  OutboxStatus status() { return outbox_status(database_).value(); }

  const testkit::TempDir folder_;
  const OutboxDatabase database_{.path = folder_.file("application.db"),
                                 .busy_timeout = std::chrono::milliseconds(1)};
  testkit::ApplicationDatabase application_{database_.path};
  const OutboxTable issue_{"issue", "issue", "id", {"project_id"}};
};

TEST_F(OutboxSchema, InstallingAgainChangesNothing) {
  EXPECT_THAT(install(issue_).statements, Not(IsEmpty()));
  const std::string before = schema();
  EXPECT_THAT(install(issue_).statements, IsEmpty());
  EXPECT_THAT(install({"ISSUE", "issue", "id", {"project_id"}}).statements, IsEmpty());
  EXPECT_EQ(schema(), before);
}

TEST_F(OutboxSchema, OtherFieldsReplaceTheTriggersAndLoseNothing) {
  install(issue_);
  application_.run("INSERT INTO issue VALUES (1, 'a', 7)");
  const std::int64_t before = application_.last_note();
  install({"issue", "issue", "id", {"title"}});
  EXPECT_EQ(application_.last_note(), before) << "nobody has to be told";
  EXPECT_EQ(application_.notes_of("DELETE FROM issue"), "issue|1|delete|NULL|'title','a'\n");
}

TEST_F(OutboxSchema, WhatWasNotNotedBeforeIsAGap) {
  install(issue_);
  EXPECT_EQ(application_.notes(), "issue||gap|NULL|NULL\n");
  std::int64_t before = application_.last_note();
  install({"issue", "ticket", "id", {}});
  EXPECT_EQ(application_.notes(before), "issue||gap|NULL|NULL\nticket||gap|NULL|NULL\n");
  before = application_.last_note();
  install({"issue", "ticket", "title", {}});
  EXPECT_EQ(application_.notes(before), "ticket||gap|NULL|NULL\n");
}

TEST_F(OutboxSchema, ADryRunTellsTheStatementsAndChangesNothing) {
  const std::string before = schema();
  const OutboxChange planned = install(issue_, OutboxMode::kDryRun);
  EXPECT_EQ(schema(), before);
  std::string script;
  for (const std::string& statement : planned.statements) script += statement + ";\n";
  application_.run(script);  // by hand
  EXPECT_THAT(install(issue_).statements, IsEmpty()) << "they are the ones that are run";
}

TEST_F(OutboxSchema, WhatIsNotThereIsRefusedWithTheNearestName) {
  expect_refused({"isue", "issue", "id", {}}, "did you mean \"issue\"?");
  expect_refused({"issue", "issue", "idd", {}}, "did you mean \"id\"?");
  expect_refused({"issue", "issue", "id", {"projectid"}}, "did you mean \"project_id\"?");
  expect_refused({"issue", "issue", "id", {"title", "TITLE"}}, "twice");
  expect_refused({"issue", "", "id", {}}, "type");
  expect_refused({"issue", std::string(513, 't'), "id", {}}, "512");
  EXPECT_THAT(install({"issue", std::string(128, 't'), "id", {}}).statements, Not(IsEmpty()));
}

TEST_F(OutboxSchema, ATypeThatRulesCannotNameIsRefused) {
  expect_refused({"issue", "or*", "id", {}}, "\"or*\" has a wildcard");
  expect_refused({"issue", "or?", "id", {}}, "\"or?\" has a wildcard");
  expect_refused({"issue", "or der", "id", {}}, "\"or der\" has a blank");
  expect_refused({"issue", std::string(129, 't'), "id", {}}, "the limit is 128");
  expect_refused({"issue",
                  "or\x01"
                  "der",
                  "id",
                  {}},
                 "control character");
  expect_refused({"issue", "\xff", "id", {}}, "not UTF-8");
}

TEST_F(OutboxSchema, WhatHasNoTriggersIsRefused) {
  application_.run(
      "CREATE VIEW v AS SELECT * FROM issue;"
      "CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE s(a INTEGER PRIMARY KEY"
      " AUTOINCREMENT); CREATE TABLE bare(rowid, oid, _rowid_)");
  expect_refused({"v", "v", "id", {}}, "it is a view");
  expect_refused({"f", "f", "a", {}}, "it is a virtual table");
  expect_refused({"f_data", "f", "id", {}}, "it is a virtual table");
  expect_refused({"sqlite_sequence", "s", "name", {}}, "it is SQLite's own");
  expect_refused({"bare", "bare", "oid", {}}, "no primary key");
  install(issue_);
  expect_refused({"strata_outbox", "o", "id", {}}, "it is the outbox's own");
}

TEST_F(OutboxSchema, UniqueIndexesThatCannotBeFollowedAreToldAbout) {
  application_.run(
      "CREATE UNIQUE INDEX part ON issue(title) WHERE project_id > 3;"
      "CREATE UNIQUE INDEX lowered ON issue(lower(title))");
  EXPECT_THAT(install(issue_).warnings,
              ElementsAre(HasSubstr("\"part\""), HasSubstr("\"lowered\"")));
  application_.run("INSERT INTO issue VALUES (1, 'a', 7)");
}

TEST_F(OutboxSchema, ACollationOfTheApplicationsOwnIsNoHindrance) {
  const auto compare = [](void*, int a, const void*, int b, const void*) { return a - b; };
  ASSERT_EQ(
      sqlite3_create_collation(application_.handle(), "by_length", SQLITE_UTF8, nullptr, compare),
      SQLITE_OK);
  application_.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE by_length UNIQUE)");
  install({"t", "t", "id", {"a"}});
  application_.run("INSERT INTO t VALUES (1, 'one')");
  EXPECT_THAT(application_.notes_of("REPLACE INTO t VALUES (2, 'two')"), HasSubstr("t|1|delete"));
}

TEST_F(OutboxSchema, StatusTellsTablesRowsAndReaders) {
  EXPECT_FALSE(status().installed);
  install(issue_);
  install({"person", "person", "id", {}});
  application_.run("DELETE FROM strata_outbox; INSERT INTO issue VALUES (1, 'a', 7), (2, 'b', 7)");
  application_.run(
      "INSERT INTO strata_outbox_readers SELECT 'shop', 3, 5, outbox"
      " FROM strata_outbox_meta; INSERT INTO strata_outbox_readers SELECT 'far', 1, 5,"
      " outbox FROM strata_outbox_meta; INSERT INTO strata_outbox_readers"
      " VALUES ('old', 4, 5, 'another')");
  const OutboxStatus now = status();
  EXPECT_TRUE(now.installed);
  ASSERT_EQ(now.tables.size(), 2u);
  EXPECT_EQ(now.tables[0].table, issue_);
  EXPECT_EQ(now.tables[0].state, OutboxTableStatus::State::kWatched);
  EXPECT_EQ(now.rows, 2u);
  EXPECT_EQ(now.max_rows, 1'000'000u);
  EXPECT_TRUE(now.oldest_at.has_value());
  ASSERT_EQ(now.readers.size(), 3u);
  EXPECT_EQ(now.readers[0].name, "far");
  EXPECT_TRUE(now.readers[0].misses_rows) << "row 2 is gone";
  EXPECT_TRUE(now.readers[1].misses_rows) << "of another outbox";
  EXPECT_EQ(now.readers[2].behind, 1u);
  EXPECT_FALSE(now.readers[2].misses_rows);
  EXPECT_EQ(now.readers[2].seen_at.unix_ms, 5);
}

TEST_F(OutboxSchema, StatusTellsWhatNoLongerFits) {
  install(issue_);
  application_.run("CREATE UNIQUE INDEX by_title ON issue(title)");
  EXPECT_EQ(status().tables[0].state, OutboxTableStatus::State::kOutdated);
  install(issue_);
  EXPECT_EQ(status().tables[0].state, OutboxTableStatus::State::kWatched);
  application_.run("ALTER TABLE issue RENAME TO ticket");
  EXPECT_EQ(status().tables[0].table.table, "ticket") << "the triggers go with the table";
  EXPECT_EQ(application_.notes_of("INSERT INTO ticket VALUES (1, 'a', 7)"),
            "issue|1|insert|'project_id','7'|NULL\n");
  application_.run("CREATE TABLE issue(id INTEGER PRIMARY KEY, project_id)");
  install(issue_);
  EXPECT_EQ(status().tables.size(), 2u);
  application_.run("DROP TABLE ticket");
  EXPECT_EQ(status().tables[0].state, OutboxTableStatus::State::kLost);
  EXPECT_EQ(status().tables[1].state, OutboxTableStatus::State::kWatched);
}

TEST_F(OutboxSchema, ATableThatIsMadeAnewIsWatchedAgainAfterAGap) {
  install(issue_);
  application_.run("DROP TABLE issue; CREATE TABLE issue(id INTEGER PRIMARY KEY, project_id)");
  EXPECT_EQ(application_.notes_of("INSERT INTO issue VALUES (1, 7)"), "");
  const std::int64_t before = application_.last_note();
  install(issue_);
  EXPECT_EQ(application_.notes(before), "issue||gap|NULL|NULL\n");
  EXPECT_EQ(status().tables.size(), 1u);
  EXPECT_THAT(application_.notes_of("DELETE FROM issue"), HasSubstr("issue|1|delete"));
}

TEST_F(OutboxSchema, ATableIsRemovedAndWhatItNotedStays) {
  install(issue_);
  install({"person", "person", "id", {}});
  application_.run("DELETE FROM strata_outbox; INSERT INTO issue(id) VALUES (1)");
  EXPECT_FALSE(remove_outbox(database_, "issue", OutboxMode::kDryRun)->statements.empty());
  ASSERT_TRUE(remove_outbox(database_, "issue").ok());
  EXPECT_EQ(application_.notes_of("INSERT INTO issue(id) VALUES (2)"), "");
  EXPECT_THAT(application_.notes(), HasSubstr("issue|1|insert"));
  EXPECT_EQ(application_.notes_of("INSERT INTO person VALUES (1)"), "person|1|insert|NULL|NULL\n");
  const Result<OutboxChange> again = remove_outbox(database_, "persona");
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().message, HasSubstr("did you mean \"person\"?"));
}

TEST_F(OutboxSchema, RemovingAllLeavesTheApplicationsTablesAsTheyWere) {
  const std::string before = schema();
  install(issue_);
  install({"person", "person", "id", {}});
  ASSERT_TRUE(remove_whole_outbox(database_).ok());
  EXPECT_EQ(application_.ask("SELECT name, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence'"
                             " ORDER BY name"),
            before);
  EXPECT_THAT(remove_whole_outbox(database_)->statements, IsEmpty());
  application_.run("INSERT INTO issue(id) VALUES (1)");
}

TEST_F(OutboxSchema, AnOutboxThatSomebodyHasTakenApartIsMendedAsANewOne) {
  install(issue_);
  const std::string outbox = application_.ask("SELECT outbox FROM strata_outbox_meta");
  application_.run("DROP TABLE strata_outbox");
  EXPECT_FALSE(status().installed);
  install(issue_);
  EXPECT_NE(application_.ask("SELECT outbox FROM strata_outbox_meta"), outbox);
  application_.run("DROP TABLE strata_outbox_tables");
  install(issue_);
  EXPECT_THAT(application_.notes_of("INSERT INTO issue(id) VALUES (1)"), HasSubstr("|insert|"));
  EXPECT_EQ(application_.ask("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), "6\n");
}

TEST_F(OutboxSchema, AnOutboxOfANewerStrataIsLeftAlone) {
  install(issue_);
  application_.run("UPDATE strata_outbox_meta SET version = 2");
  expect_refused({"person", "person", "id", {}}, "version 2");
  EXPECT_FALSE(outbox_status(database_).ok());
  EXPECT_FALSE(remove_whole_outbox(database_).ok());
}

TEST_F(OutboxSchema, FilesThatAreNoDatabasesAreErrorsThatSayWhy) {
  const auto error = [](const std::string& path) {
    const Result<OutboxStatus> status = outbox_status({.path = path});
    return status.ok() ? "no error" : status.error().message;
  };
  EXPECT_THAT(error(folder_.file("none.db")), HasSubstr("No such file"));
  EXPECT_FALSE(std::ifstream(folder_.file("none.db")).good()) << "and it is not made";
  EXPECT_THAT(error(folder_.path().string()), HasSubstr("directory"));
  std::ofstream(folder_.file("text")) << std::string(4096, 'x');
  EXPECT_THAT(error(folder_.file("text")), HasSubstr("is not a SQLite database"));
  EXPECT_THAT(error(""), HasSubstr("path"));
  EXPECT_THAT(error(":memory:"), HasSubstr("path"));
  EXPECT_THAT(error(std::string("a\0b", 3)), HasSubstr("NUL"));
  EXPECT_THAT(error("file:x?mode=memory"), HasSubstr("No such file")) << "a path is no URI";
}

TEST_F(OutboxSchema, ALockedDatabaseIsUnavailableAndUnchanged) {
  application_.run("BEGIN IMMEDIATE");
  const Result<OutboxChange> change = install_outbox(database_, issue_);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(change.error().message, HasSubstr("locked by another program"));
  application_.run("ROLLBACK");
  EXPECT_FALSE(status().installed);
}

TEST_F(OutboxSchema, MaxRowsHasARange) {
  for (const std::uint64_t wrong : {std::uint64_t{0}, kOutboxRowsMax + 1}) {
    const Result<OutboxChange> change = install_outbox(database_, issue_, wrong);
    ASSERT_FALSE(change.ok());
    EXPECT_THAT(change.error().message, HasSubstr("rows, not " + std::to_string(wrong)));
  }
  EXPECT_TRUE(install_outbox(database_, issue_, kOutboxRowsMax, OutboxMode::kDryRun).ok());
  ASSERT_TRUE(install_outbox(database_, issue_, 1).ok());
  EXPECT_EQ(status().max_rows, 1u);
  install({"person", "person", "id", {}});
  EXPECT_EQ(status().max_rows, 1u) << "it stays when it is not given";
}

}  // namespace
}  // namespace strata
