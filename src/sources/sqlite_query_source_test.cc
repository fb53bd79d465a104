#include "strata/sources/sqlite_query_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "testkit/sqlite_query_fixture.h"

namespace strata {
namespace {

using testkit::kCities;

class SqliteQuerySource : public testkit::SqliteQueryFixture {};

TEST_F(SqliteQuerySource, RowsBecomeAnArrayThatKeepsTypes) {
  write(kCities);
  const auto source = open("SELECT * FROM city ORDER BY id").value();
  EXPECT_EQ(body(*source),
            R"([{"id":1,"name":"Ulm","size":1.5,"note":null,"image":"AP8="},)"
            "{\"id\":2,\"name\":\"K\xC3\xB6ln\",\"size\":2.0,\"note\":\"\",\"image\":\"\"}]");
  EXPECT_EQ(source->fetch({})->content_type, "application/json");
}

TEST_F(SqliteQuerySource, ARowBecomesAnObject) {
  write(kCities);
  SqliteQueryOptions one = options("SELECT id, name FROM city ORDER BY id DESC");
  one.shape = QueryShape::kRow;
  EXPECT_EQ(body(*sqlite_query_source(one).value()), "{\"id\":2,\"name\":\"K\xC3\xB6ln\"}");
}

TEST_F(SqliteQuerySource, NoRowIsAbsentInEveryShape) {
  write(kCities);
  SqliteQueryOptions none = options("SELECT id FROM city WHERE id = 7");
  EXPECT_EQ(body(*sqlite_query_source(none).value()), "absent");
  none.shape = QueryShape::kRow;
  EXPECT_EQ(body(*sqlite_query_source(none).value()), "absent");
}

TEST_F(SqliteQuerySource, EveryValueOfSqliteHasAJsonForm) {
  write("CREATE TABLE t (x)");
  EXPECT_EQ(
      body("SELECT 9223372036854775807 AS a, -9223372036854775808 AS b, 1e300 AS c, 0.1 AS d"),
      R"([{"a":9223372036854775807,"b":-9223372036854775808,"c":1e+300,"d":0.1}])");
  EXPECT_EQ(body("SELECT 9e999 AS infinite, 'a\"\n' AS quoted, CAST(x'ff41' AS TEXT) AS broken"),
            "[{\"infinite\":null,\"quoted\":\"a\\\"\\n\",\"broken\":\"\xEF\xBF\xBD"
            "A\"}]");
  EXPECT_EQ(body("SELECT CAST(x'610062' AS TEXT) AS nul"), "[{\"nul\":\"a\\u0000b\"}]");
}

TEST_F(SqliteQuerySource, ParametersOfTheSqlAreRequiredUnlessDeclared) {
  write(kCities);
  SqliteQueryOptions some = options(
      "SELECT name FROM city WHERE id = :id AND size < :size"
      " AND :id IS NOT NULL");
  some.parameters = {{.name = "size", .required = false, .default_value = "1.75"}};
  const auto source = sqlite_query_source(some).value();
  ASSERT_EQ(source->parameters().size(), 2u);
  EXPECT_EQ(body(*source, {{"id", "1"}}), R"([{"name":"Ulm"}])");
  EXPECT_EQ(body(*source, {{"id", "2"}}), "absent");
  EXPECT_EQ(body(*source, {{"id", "2"}, {"size", "3"}}), "[{\"name\":\"K\xC3\xB6ln\"}]");
  const std::string missing = body(*source);
  EXPECT_NE(missing.find("id"), std::string::npos) << missing;
}

TEST_F(SqliteQuerySource, ADeclaredParameterMustBeUsed) {
  write(kCities);
  SqliteQueryOptions unused = options("SELECT name FROM city WHERE id = :id");
  unused.parameters = {{.name = "nmae"}};
  expect_refused(sqlite_query_source(unused), ErrorCode::kRejected, "nmae");
}

TEST_F(SqliteQuerySource, ParametersMustBeNamedWithAColon) {
  write(kCities);
  for (const char* sql : {"SELECT ?", "SELECT ?1", "SELECT @id", "SELECT $id", "SELECT :id, ?"}) {
    expect_refused(open(sql), ErrorCode::kRejected, ":name");
  }
}

TEST_F(SqliteQuerySource, FullTextTablesCanBeAsked) {
  write("CREATE VIRTUAL TABLE note USING fts5(text); INSERT INTO note VALUES ('red fox'), ('owl')");
  const auto source = open("SELECT text FROM note WHERE note MATCH :word").value();
  EXPECT_EQ(body(*source, {{"word", "fox"}}), R"([{"text":"red fox"}])");
  write("INSERT INTO note VALUES ('grey fox')");
  EXPECT_EQ(body(*source, {{"word", "grey"}}), R"([{"text":"grey fox"}])");
}

TEST_F(SqliteQuerySource, SpatialAndOlderFullTextTablesCanBeAsked) {
  write(
      "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1); INSERT INTO box VALUES (1, 2, 3);"
      "CREATE VIRTUAL TABLE note USING fts4(text); INSERT INTO note VALUES ('red fox')");
  EXPECT_EQ(body("SELECT id FROM box WHERE x0 < 2.5"), R"([{"id":1}])");
  EXPECT_EQ(body("SELECT text FROM note WHERE note MATCH 'fox'"), R"([{"text":"red fox"}])");
}

TEST_F(SqliteQuerySource, TableFunctionsAndViewsCanBeAsked) {
  write(std::string(kCities) + "; CREATE VIEW small AS SELECT name FROM city WHERE size < 1.8");
  EXPECT_EQ(body("SELECT value FROM json_each('[1,\"x\"]')"), R"([{"value":1},{"value":"x"}])");
  EXPECT_EQ(body("SELECT * FROM small"), R"([{"name":"Ulm"}])");
}

TEST_F(SqliteQuerySource, SqlThatDoesNotFitTheFileIsRejectedAtOnce) {
  write(kCities);
  expect_refused(open("SELECT * FROM town"), ErrorCode::kRejected, "town");
  expect_refused(open("SELECT zip FROM city"), ErrorCode::kRejected, "zip");
  expect_refused(open("SELEKT 1"), ErrorCode::kRejected, "SELEKT");
  expect_refused(open("SELECT id, name AS id FROM city"), ErrorCode::kRejected, "two columns");
}

TEST_F(SqliteQuerySource, AFileThatDoesNotOpenIsUnavailable) {
  expect_refused(open("SELECT 1"), ErrorCode::kUnavailable, "data.db");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("data.db"))) << "nothing may be created";
  SqliteQueryOptions nameless = options("SELECT 1");
  for (const char* path : {"", ":memory:"}) {
    nameless.path = path;
    expect_refused(sqlite_query_source(nameless), ErrorCode::kRejected, "path");
  }
}

TEST_F(SqliteQuerySource, AFileThatIsNoDatabaseIsALoadFailure) {
  std::FILE* file = std::fopen(folder_.file("data.db").c_str(), "w");
  std::fputs("This is no SQLite database, however long it is read; it only looks at one.\n", file);
  std::fclose(file);
  expect_refused(open("SELECT * FROM city"), ErrorCode::kLoadFailed, "not a database");
}

TEST_F(SqliteQuerySource, MalformedOptionsAreRejected) {
  write(kCities);
  SqliteQueryOptions bad = options("SELECT 1");
  bad.name = "two words";
  EXPECT_EQ(sqlite_query_source(bad).error().code, ErrorCode::kRejected);
  bad = options("SELECT 1");
  bad.connections = 0;
  expect_refused(sqlite_query_source(bad), ErrorCode::kRejected, "connection");
}

TEST_F(SqliteQuerySource, ASchemaThatNoLongerFitsIsALoadFailure) {
  write(kCities);
  const auto source = open("SELECT name FROM city WHERE id = 1").value();
  EXPECT_EQ(body(*source), R"([{"name":"Ulm"}])");
  write("ALTER TABLE city RENAME TO town");
  EXPECT_EQ(error(*source).code, ErrorCode::kLoadFailed);
  write("ALTER TABLE town RENAME TO city");
  EXPECT_EQ(body(*source), R"([{"name":"Ulm"}])");
}

TEST_F(SqliteQuerySource, ColumnsThatAppearLaterAreBrought) {
  write(kCities);
  const auto source = open("SELECT * FROM city WHERE id = 1").value();
  EXPECT_EQ(body(*source).find("mayor"), std::string::npos);
  write("ALTER TABLE city ADD COLUMN mayor TEXT DEFAULT 'Ada'");
  EXPECT_NE(body(*source).find("\"mayor\":\"Ada\""), std::string::npos);
}

TEST_F(SqliteQuerySource, AReplacedFileIsNoticed) {
  write(kCities);
  const auto source = open("SELECT count(*) AS n FROM city").value();
  EXPECT_EQ(body(*source), R"([{"n":2}])");
  write(std::string(kCities) + "; DELETE FROM city WHERE id = 1", "new.db");
  std::filesystem::rename(folder_.file("new.db"), folder_.file("data.db"));
  EXPECT_EQ(body(*source), R"([{"n":1}])");

  write("CREATE TABLE other (x)", "new.db");
  std::filesystem::rename(folder_.file("new.db"), folder_.file("data.db"));
  EXPECT_EQ(error(*source).code, ErrorCode::kLoadFailed);
  std::filesystem::remove(folder_.file("data.db"));
  EXPECT_EQ(error(*source).code, ErrorCode::kUnavailable);
  write(kCities);
  EXPECT_EQ(body(*source), R"([{"n":2}])");
}

TEST_F(SqliteQuerySource, AFileWithAWriteAheadLogIsReadWhileItIsWritten) {
  write(std::string("PRAGMA journal_mode = WAL; ") + kCities);
  const auto source = open("SELECT count(*) AS n FROM city").value();
  sqlite3* writer = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("data.db").c_str(), &writer), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(writer, "BEGIN IMMEDIATE; DELETE FROM city", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(body(*source), R"([{"n":2}])");
  ASSERT_EQ(sqlite3_exec(writer, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(body(*source), R"([{"n":0}])");
  sqlite3_close(writer);
}

}  // namespace
}  // namespace strata
