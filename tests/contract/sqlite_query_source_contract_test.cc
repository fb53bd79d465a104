#include <sqlite3.h>

#include "contract/source_contract.h"
#include "strata/codecs/json.h"
#include "strata/sources/sqlite_query_source.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {
namespace {

// A file with a table, changed through a connection of its own.
//
// The query counts up to a number that the table `setting` has, which is how it can be made to
// hang; while it does, its shared lock keeps others from locking the file.
class SqliteWorld : public SourceWorld {
 public:
  SqliteWorld() {
    EXPECT_EQ(sqlite3_open(path_.c_str(), &database_), SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
    run("CREATE TABLE value (id BLOB, language TEXT, text TEXT, PRIMARY KEY (id, language))");
    run("CREATE TABLE setting (steps INTEGER)");
    run("INSERT INTO setting VALUES (1)");
  }
  ~SqliteWorld() override { sqlite3_close(database_); }

  std::shared_ptr<Source> make_source(std::shared_ptr<Clock> clock) override {
    SqliteQueryOptions options;
    options.name = "contract";
    options.path = path_;
    options.sql =
        "SELECT text FROM value WHERE CAST(id AS BLOB) = CAST(:id AS BLOB)"
        " AND language = :language AND (WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL"
        " SELECT n + 1 FROM count WHERE n < (SELECT steps FROM setting))"
        " SELECT max(n) FROM count) > 0";
    options.shape = QueryShape::kRow;
    options.parameters = {{.name = "language", .required = false, .default_value = "en"}};
    options.timeout = std::chrono::hours(1);
    return sqlite_query_source(std::move(options), std::move(clock)).value();
  }

  void set(const std::string& id, const std::string& language, const std::string& text) override {
    run("INSERT OR REPLACE INTO value VALUES (?1, ?2, ?3)", {id, language, text});
  }
  void remove(const std::string& id, const std::string& language) override {
    run("DELETE FROM value WHERE CAST(id AS BLOB) = CAST(?1 AS BLOB) AND language = ?2",
        {id, language});
  }
  std::string body_of(const std::string& text) const override {
    return "{\"text\":" + json_quote(text) + "}";
  }
  void set_broken(bool is_broken) override {
    run(is_broken ? "ALTER TABLE value RENAME TO gone" : "ALTER TABLE gone RENAME TO value");
  }
  void hang() override { run("UPDATE setting SET steps = 9000000000000000"); }
  void wait_until_hanging() override {
    sqlite3_busy_timeout(database_, 0);
    while (sqlite3_exec(database_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK) {
      run("ROLLBACK");
      std::this_thread::yield();
    }
  }

 private:
  void run(const char* sql, const std::vector<std::string>& values = {}) {
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_);
    int index = 0;
    for (const std::string& value : values) {
      sqlite3_bind_text64(statement, ++index, value.data(), value.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
    }
    EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(database_);
    sqlite3_finalize(statement);
  }

  const TempDir folder_;
  const std::string path_ = folder_.file("values.db");
  sqlite3* database_ = nullptr;
};

std::unique_ptr<SourceWorld> sqlite_world() { return std::make_unique<SqliteWorld>(); }

INSTANTIATE_TEST_SUITE_P(SqliteQuery, SourceContract, testing::Values(sqlite_world));
INSTANTIATE_TEST_SUITE_P(SqliteQuery, InterruptibleSourceContract, testing::Values(sqlite_world));

}  // namespace
}  // namespace strata::testkit
