// ApplicationDatabase: a SQLite file as an application uses it, knowing nothing of an outbox.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

namespace strata::testkit {

// One connection, for one thread at a time. Makes the file if there is none.
class ApplicationDatabase {
 public:
  explicit ApplicationDatabase(const std::string& path) {
    // Without mutexes of SQLite's: a test copies a database there and back, which takes them in
    // both orders, in one thread.
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle_, kFlags, nullptr), SQLITE_OK) << path;
    sqlite3_busy_timeout(handle_, 10'000);
  }
  ~ApplicationDatabase() { sqlite3_close(handle_); }
  ApplicationDatabase(const ApplicationDatabase&) = delete;
  ApplicationDatabase& operator=(const ApplicationDatabase&) = delete;

  // Runs statements that must succeed.
  void run(const std::string& sql) { EXPECT_EQ(try_run(sql), "ok") << sql; }

  // Runs statements. Returns "ok", or what SQLite says.
  std::string try_run(const std::string& sql) {
    char* message = nullptr;
    sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message);
    std::string said = message != nullptr ? message : "ok";
    sqlite3_free(message);
    return said;
  }

  // What a query gives: columns between `|`, each row ended by a line feed.
  std::string ask(const std::string& sql) {
    std::string rows;
    char* message = nullptr;
    const auto add_row = [](void* into, int count, char** columns, char**) {
      for (int i = 0; i < count; ++i) {
        *static_cast<std::string*>(into) += i == 0 ? "" : "|";
        *static_cast<std::string*>(into) += columns[i] != nullptr ? columns[i] : "NULL";
      }
      *static_cast<std::string*>(into) += '\n';
      return 0;
    };
    sqlite3_exec(handle_, sql.c_str(), add_row, &rows, &message);
    EXPECT_TRUE(message == nullptr) << message << ": " << sql;
    sqlite3_free(message);
    return rows;
  }

  // The rows of the outbox after the first `skip`, without number and time.
  std::string notes(std::int64_t skip = 0) {
    return ask("SELECT type, id, operation, fields, old_fields FROM strata_outbox WHERE seq > " +
               std::to_string(skip) + " ORDER BY seq");
  }
  // The number of the last row that there ever was.
  std::int64_t last_note() {
    return std::stoll("0" + ask("SELECT seq FROM sqlite_sequence WHERE name = 'strata_outbox'"));
  }
  // The rows that `sql` adds to the outbox.
  std::string notes_of(const std::string& sql) {
    const std::int64_t before = last_note();
    run(sql);
    return notes(before);
  }

  [[nodiscard]] sqlite3* handle() { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace strata::testkit
