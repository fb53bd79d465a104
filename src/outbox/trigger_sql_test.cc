// What the triggers write when an application changes its tables.
#include "outbox/trigger_sql.h"

#include <gtest/gtest.h>

#include "outbox/literal_list.h"
#include "strata/core/limits.h"
#include "strata/outbox/outbox_schema.h"
#include "testkit/application_database.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

class OutboxTriggers : public testing::Test {
 protected:
  // Makes a table and watches it. What the installation itself notes is cleared away.
  void watch(const std::string& schema, const OutboxTable& table) {
    application_.run(schema);
    const Result<OutboxChange> installed = install_outbox({.path = path_}, table);
    ASSERT_TRUE(installed.ok()) << installed.error().message;
    application_.run("DELETE FROM strata_outbox");
  }

  void watch_issues() {
    watch("CREATE TABLE issue(id INTEGER PRIMARY KEY, key TEXT UNIQUE, project INTEGER)",
          {.table = "issue", .type = "issue", .id_column = "id", .fields = {"key", "project"}});
  }

  const testkit::TempDir folder_;
  const std::string path_ = folder_.file("application.db");
  testkit::ApplicationDatabase application_{path_};
};

TEST_F(OutboxTriggers, AnInsertAnUpdateAndADeleteAreNotedWithTheirFields) {
  watch_issues();
  application_.run("INSERT INTO issue VALUES (1, 'A-1', 7)");
  application_.run("UPDATE issue SET project = 8");
  application_.run("DELETE FROM issue");
  EXPECT_EQ(application_.notes(),
            "issue|1|insert|'key','A-1','project','7'|NULL\n"
            "issue|1|update|'key','A-1','project','8'|'key','A-1','project','7'\n"
            "issue|1|delete|NULL|'key','A-1','project','8'\n");
}

TEST_F(OutboxTriggers, WhatIsRolledBackIsNotNoted) {
  watch_issues();
  application_.run("BEGIN; INSERT INTO issue VALUES (1, 'A-1', 7); ROLLBACK");
  application_.run(
      "BEGIN; SAVEPOINT s; INSERT INTO issue VALUES (2, 'A-2', 7); ROLLBACK TO s;"
      "INSERT INTO issue VALUES (3, 'A-3', 7); COMMIT");
  EXPECT_NE(application_.try_run("INSERT INTO issue VALUES (4, 'A-4', 7), (5, 'A-3', 7)"), "ok");
  EXPECT_EQ(application_.ask("SELECT seq, id FROM strata_outbox"), "2|3\n")
      << "and leaves no hole in the numbers";
}

TEST_F(OutboxTriggers, AnUpdateOfTheIdNotesBothIds) {
  watch_issues();
  application_.run("INSERT INTO issue VALUES (1, 'A-1', 7)");
  EXPECT_EQ(application_.notes_of("UPDATE issue SET id = 2"),
            "issue|2|update|'key','A-1','project','7'|'key','A-1','project','7'\n"
            "issue|1|delete|NULL|'key','A-1','project','7'\n");
}

TEST_F(OutboxTriggers, IdsThatDifferInCaseAreTwo) {
  watch("CREATE TABLE t(name TEXT COLLATE NOCASE PRIMARY KEY)",
        {.table = "t", .type = "t", .id_column = "name", .fields = {}});
  application_.run("INSERT INTO t VALUES ('ada')");
  EXPECT_EQ(application_.notes_of("UPDATE t SET name = 'Ada'"),
            "t|Ada|update|NULL|NULL\nt|ada|delete|NULL|NULL\n");
}

TEST_F(OutboxTriggers, ARowThatReplaceRemovesIsNoted) {
  watch_issues();
  application_.run("INSERT INTO issue VALUES (1, 'A-1', 7), (2, 'A-2', 7)");
  EXPECT_EQ(application_.notes_of("INSERT OR REPLACE INTO issue VALUES (1, 'A-1', 9)"),
            "issue|1|update|NULL|'key','A-1','project','7'\n"
            "issue|1|update|NULL|'key','A-1','project','7'\n"
            "issue|1|insert|'key','A-1','project','9'|NULL\n");
  EXPECT_EQ(application_.notes_of("REPLACE INTO issue VALUES (3, 'A-2', 7)"),
            "issue|2|delete|NULL|'key','A-2','project','7'\n"
            "issue|3|insert|'key','A-2','project','7'|NULL\n")
      << "also one with another id, for a unique key";
  EXPECT_EQ(application_.notes_of("UPDATE OR REPLACE issue SET id = 1 WHERE id = 3"),
            "issue|1|update|NULL|'key','A-1','project','9'\n"
            "issue|1|update|'key','A-2','project','7'|'key','A-2','project','7'\n"
            "issue|3|delete|NULL|'key','A-2','project','7'\n");
  EXPECT_EQ(application_.ask("SELECT id, key, project FROM issue"), "1|A-2|7\n");
}

TEST_F(OutboxTriggers, AReplaceIsFoundByTheCollationOfTheIndex) {
  watch(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT AS (a || '!') STORED);"
      "CREATE UNIQUE INDEX by_a ON t(a COLLATE NOCASE); CREATE UNIQUE INDEX by_b ON t(b)",
      {.table = "t", .type = "t", .id_column = "id", .fields = {}});
  application_.run("INSERT INTO t(id, a) VALUES (1, 'x'), (2, 'y')");
  EXPECT_EQ(application_.notes_of("REPLACE INTO t(id, a) VALUES (3, 'X')"),
            "t|1|delete|NULL|NULL\nt|3|insert|NULL|NULL\n");
  EXPECT_EQ(application_.notes_of("UPDATE OR REPLACE t SET a = 'x' WHERE id = 2"),
            "t|3|delete|NULL|NULL\nt|2|update|NULL|NULL\n");
  EXPECT_EQ(application_.ask("SELECT id, a FROM t"), "2|x\n");
}

// Whether it looks up rows in the way by their index: 20,000 inserts into a table of as many rows
// would otherwise read 400 million.
TEST_F(OutboxTriggers, RowsInTheWayAreFoundByTheirIndexes) {
  watch_issues();
  const std::string fill =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
      " INSERT INTO issue SELECT i, 'A-' || i, i % 10 FROM n";
  int scanned = 0;
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(application_.handle(), fill.c_str(), -1, &statement, nullptr), 0);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
  scanned = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
  sqlite3_finalize(statement);
  EXPECT_LT(scanned, 100'000);
}

TEST_F(OutboxTriggers, AnUpsertNotesTheRowThatItChanges) {
  watch_issues();
  application_.run("INSERT INTO issue VALUES (1, 'A-1', 7)");
  const std::string notes = application_.notes_of(
      "INSERT INTO issue(key, project) VALUES ('A-1', 9)"
      " ON CONFLICT(key) DO UPDATE SET project = excluded.project");
  EXPECT_NE(notes.find("issue|1|update|'key','A-1','project','9'"), std::string::npos) << notes;
}

TEST_F(OutboxTriggers, ForeignKeyActionsAreNoted) {
  watch(
      "PRAGMA foreign_keys = ON; CREATE TABLE org(id INTEGER PRIMARY KEY);"
      "CREATE TABLE person(id INTEGER PRIMARY KEY, org REFERENCES org ON DELETE CASCADE)",
      {.table = "person", .type = "person", .id_column = "id", .fields = {}});
  application_.run("INSERT INTO org VALUES (1); INSERT INTO person VALUES (5, 1), (6, NULL)");
  EXPECT_EQ(application_.notes_of("DELETE FROM org"), "person|5|delete|NULL|NULL\n");
}

TEST_F(OutboxTriggers, DeletingEverythingNotesEveryRow) {
  watch_issues();
  application_.run("INSERT INTO issue(id) VALUES (1), (2)");
  EXPECT_EQ(application_.ask("SELECT count(*) FROM strata_outbox"), "2\n");
  application_.run("DELETE FROM issue");
  EXPECT_EQ(application_.ask("SELECT count(*) FROM strata_outbox"), "4\n");
}

TEST_F(OutboxTriggers, NamesMayBeAnything) {
  const std::string odd = "o\"dd 'na[me]` select \xC3\xA9\xE2\x82\xAC%";
  const auto name = outbox::quote_name(odd);
  watch("CREATE TABLE " + name + "(" + name +
            " TEXT PRIMARY KEY, \"group\" TEXT, \"r\" TEXT,"
            " \"new\" TEXT UNIQUE)",
        {.table = odd, .type = "it's", .id_column = odd, .fields = {"group", "r", "new", odd}});
  EXPECT_EQ(
      application_.notes_of("INSERT INTO " + name + " VALUES ('a', 'b', 'c', 'd')"),
      "it's|a|insert|'group','b','r','c','new','d'," + outbox::quote_text(odd) + ",'a'|NULL\n");
  EXPECT_EQ(application_.notes_of("REPLACE INTO " + name + " VALUES ('e', 'b', 'c', 'd')")
                .find("it's|a|delete"),
            0u);
}

TEST_F(OutboxTriggers, TablesOfEveryKindAreWatched) {
  watch(
      "CREATE TABLE plain(a, b); CREATE TABLE keyed(a TEXT, b TEXT, PRIMARY KEY (a, b))"
      " WITHOUT ROWID; CREATE TABLE strict_one(a TEXT PRIMARY KEY, b INT) STRICT;"
      " CREATE TABLE hidden(rowid, oid, _rowid_, a PRIMARY KEY)",
      {.table = "plain", .type = "plain", .id_column = "a", .fields = {}});
  for (const std::string table : {"keyed", "strict_one", "hidden"}) {
    ASSERT_TRUE(install_outbox({.path = path_},
                               {.table = table, .type = table, .id_column = "a", .fields = {}})
                    .ok());
  }
  for (const std::string table : {"plain", "strict_one", "hidden"}) {
    EXPECT_EQ(application_.notes_of("INSERT INTO " + table + "(a) VALUES ('1')"),
              table + "|1|insert|NULL|NULL\n");
  }
  EXPECT_EQ(application_.notes_of("INSERT INTO keyed VALUES ('1', 'x')"),
            "keyed|1|insert|NULL|NULL\n");
  EXPECT_EQ(application_.notes_of("INSERT OR REPLACE INTO keyed VALUES ('1', 'x')"),
            "keyed|1|update|NULL|NULL\nkeyed|1|insert|NULL|NULL\n");
  EXPECT_EQ(application_.notes_of("UPDATE keyed SET b = 'y'"), "keyed|1|update|NULL|NULL\n");
  EXPECT_EQ(application_.notes_of("INSERT OR REPLACE INTO plain(rowid, a) VALUES (1, '2')"),
            "plain|1|delete|NULL|NULL\nplain|2|insert|NULL|NULL\n");
}

TEST_F(OutboxTriggers, ValuesOfEveryTypeBecomeText) {
  watch("CREATE TABLE t(id, a)", {.table = "t", .type = "t", .id_column = "id", .fields = {"a"}});
  EXPECT_EQ(application_.notes_of("INSERT INTO t VALUES (1, 2), (1.5, -2.25), ('x', 'y''z'),"
                                  " (x'00ff', x'a0'), (NULL, NULL), ('', '')"),
            "t|1|insert|'a','2'|NULL\n"
            "t|1.5|insert|'a','-2.25'|NULL\n"
            "t|x|insert|'a','y''z'|NULL\n"
            "t|00FF|insert|'a','A0'|NULL\n"
            "t||insert|'a',NULL|NULL\n"
            "t||insert|'a',''|NULL\n");
}

TEST_F(OutboxTriggers, LongValuesAreCutAndLongIdsStayTooLong) {
  watch("CREATE TABLE t(id, a)", {.table = "t", .type = "t", .id_column = "id", .fields = {"a"}});
  application_.run("INSERT INTO t VALUES (hex(zeroblob(256)), hex(zeroblob(256)))");
  EXPECT_EQ(application_.ask("SELECT length(id), length(fields) FROM strata_outbox"), "512|518\n");
  application_.run("DELETE FROM strata_outbox");
  application_.run(
      "INSERT INTO t VALUES (hex(zeroblob(300)), hex(zeroblob(257))),"
      " (zeroblob(100000), zeroblob(100000)),"
      " (hex(zeroblob(100000)), hex(zeroblob(100000)))");
  EXPECT_EQ(application_.ask("SELECT length(id), length(fields) FROM strata_outbox"),
            "600|518\n514|518\n1026|518\n");
}

TEST_F(OutboxTriggers, AnIdWithANulIsWhole) {
  watch("CREATE TABLE t(id)", {.table = "t", .type = "t", .id_column = "id", .fields = {}});
  application_.run("INSERT INTO t VALUES ('a' || char(0) || 'b')");
  EXPECT_EQ(application_.ask("SELECT hex(id) FROM strata_outbox"), "610062\n");
}

TEST_F(OutboxTriggers, DatabasesInUtf16AreWatchedToo) {
  watch("PRAGMA encoding = 'UTF-16'; CREATE TABLE t(id, a)",
        {.table = "t", .type = "t", .id_column = "id", .fields = {"a"}});
  EXPECT_EQ(application_.notes_of("INSERT INTO t VALUES ('\xC3\xA9\xE2\x82\xAC', 12)"),
            "t|\xC3\xA9\xE2\x82\xAC|insert|'a','12'|NULL\n");
}

TEST_F(OutboxTriggers, AnApplicationThatTrustsNoSchemaIsNotHindered) {
  watch_issues();
  EXPECT_EQ(application_.notes_of("PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON;"
                                  "INSERT INTO issue(id) VALUES (1)"),
            "issue|1|insert|'key',NULL,'project',NULL|NULL\n");
  EXPECT_NE(application_.notes_of("REPLACE INTO issue(id) VALUES (1)").find("|delete|"),
            std::string::npos);
}

TEST_F(OutboxTriggers, WhatTheApplicationAsksAboutItsChangesStaysTheSame) {
  watch_issues();
  application_.run("INSERT INTO issue VALUES (41, 'A-1', 7), (42, 'A-2', 7)");
  EXPECT_EQ(application_.ask("SELECT changes(), last_insert_rowid()"), "2|42\n");
}

TEST_F(OutboxTriggers, ThereAreNeverMoreRowsThanMaxRows) {
  watch_issues();
  const OutboxTable table{.table = "issue", .type = "issue", .id_column = "id", .fields = {}};
  ASSERT_TRUE(install_outbox({.path = path_}, table, 3).ok());
  for (int i = 0; i < 10; ++i) application_.run("INSERT INTO issue DEFAULT VALUES");
  EXPECT_EQ(application_.ask("SELECT count(*), max(seq) FROM strata_outbox"), "3|11\n");
  ASSERT_TRUE(install_outbox({.path = path_}, table, 2).ok());
  EXPECT_EQ(application_.ask("SELECT count(*), max(seq) FROM strata_outbox"), "2|11\n");
}

TEST_F(OutboxTriggers, AsManyFieldsAsThereMayBeAreNoted) {
  OutboxTable table{.table = "wide", .type = "wide", .id_column = "c0", .fields = {}};
  std::string columns;
  for (std::size_t i = 0; i <= limits::kEventFields; ++i) {
    columns += (i == 0 ? "c" : ", c") + std::to_string(i);
    if (i < limits::kEventFields) table.fields.push_back("c" + std::to_string(i));
  }
  watch("CREATE TABLE wide(" + columns + ")", table);
  application_.run("INSERT INTO wide(c0, c63) VALUES (1, 2)");
  EXPECT_TRUE(application_.notes().find(",'c63','2'|") != std::string::npos);
  table.fields.push_back("c64");
  const Result<OutboxChange> refused = install_outbox({.path = path_}, table);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("64"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace strata
