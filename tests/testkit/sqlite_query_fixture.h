// SqliteQueryFixture: a folder with a SQLite file, and queries on it as sources.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>

#include "strata/sources/sqlite_query_source.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

class SqliteQueryFixture : public testing::Test {
 protected:
  // Runs statements on a file of the test's folder, which the first use makes.
  void write(const std::string& sql, const std::string& file = "data.db") {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file(file).c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    EXPECT_EQ(message, nullptr) << message;
    sqlite3_free(message);
    sqlite3_close(database);
  }

  SqliteQueryOptions options(const std::string& sql) const {
    SqliteQueryOptions result;
    result.name = "data";
    result.path = folder_.file("data.db");
    result.sql = sql;
    return result;
  }

  Result<std::shared_ptr<Source>> open(const std::string& sql) const {
    return sqlite_query_source(options(sql));
  }

  static std::string body(Source& source, Params params = {}) {
    SourceRequest request;
    request.params = std::move(params);
    const Result<SourceReply> reply = source.fetch(request);
    if (!reply.ok()) return "error: " + reply.error().message;
    return reply->status == SourceReply::Status::kAbsent ? "absent" : reply->body;
  }

  std::string body(const std::string& sql) const { return body(*open(sql).value()); }

  static Error error(Source& source, Deadline deadline = {}) {
    SourceRequest request;
    request.deadline = deadline;
    const Result<SourceReply> reply = source.fetch(request);
    return reply.ok() ? Error{ErrorCode::kCorrupt, "no error: " + reply->body, {}} : reply.error();
  }

  // Opening fails with `code`, and the message mentions `part`.
  void expect_refused(const Result<std::shared_ptr<Source>>& source, ErrorCode code,
                      const std::string& part) const {
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(source.error().code, code) << source.error().message;
    EXPECT_NE(source.error().message.find(part), std::string::npos) << source.error().message;
    EXPECT_NE(source.error().message.find("\"data\""), std::string::npos);
  }

  const TempDir folder_;
};

inline constexpr const char* kCities =
    "CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, size REAL, note TEXT, image BLOB);"
    "INSERT INTO city VALUES (1, 'Ulm', 1.5, NULL, x'00ff'), (2, 'K\xC3\xB6ln', 2.0, '', x'')";

inline constexpr const char* kEndless =
    "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count)"
    " SELECT max(n) AS n FROM count";

}  // namespace strata::testkit
