// Database: one connection to a SQLite file that belongs to another program; and Statement and
// Transaction on it.
//
// The file's schema is not trusted, no second file can be attached and no extension loaded. The
// connection never checkpoints: when that is done is the application's business.
//
// Threads   Confined to one thread at a time.
// Errors    kRejected if the file is no database or the SQL does not fit it, kCorrupt if it is
//           damaged, kUnavailable otherwise; all name the file and what SQLite said.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::outbox {

class Database;

class Statement {
 public:
  Statement() = default;

  // Parameters count from 1. Texts are copied.
  Statement& bind(int index, std::int64_t number);
  Statement& bind(int index, std::string_view text);

  // Whether there is a row. False and errors end the run, and the next step begins another.
  [[nodiscard]] Result<bool> step();
  // Steps a statement that gives no rows.
  [[nodiscard]] Result<void> run();
  void reset();

  // Columns of the current row, from 0. A text is valid until the next step.
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // What is done about other programs' locks: wait so long, or as long as `wait` returns true.
  void wait_for_locks(Duration at_most);
  void wait_for_locks(std::function<bool(int tries)> wait);

  // From now on no trigger runs on this connection.
  [[nodiscard]] Result<void> leave_triggers_alone();

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] Result<void> run(std::string_view sql);  // one statement
  // The first column of every row of a query.
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view sql,
                                                       std::string_view parameter = {});
  // The first column of the first row, as a number; 0 if there is none or it is NULL.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql, std::string_view parameter = {});

  [[nodiscard]] const std::string& path() const { return path_; }  // as it was given
  [[nodiscard]] std::string real_path() const;                     // absolute, without links
  [[nodiscard]] bool may_be_written() const;
  // Whether another file, or none, now has the path's name.
  [[nodiscard]] bool has_moved() const;

  // `message` about this database.
  [[nodiscard]] Error rejected(std::string_view message) const;
  [[nodiscard]] Error unavailable(std::string_view message) const;
  // The error of a call of SQLite that returned `code`.
  [[nodiscard]] Error error(int code) const;

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Result<void> connect();

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::function<bool(int)> wait_;
};

// Rolls back at the end of a scope unless it was committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] Result<void> begin(Kind kind);
  [[nodiscard]] Result<void> commit();

 private:
  Database& database_;
  bool is_open_ = false;
};

}  // namespace strata::outbox
