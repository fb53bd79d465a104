// Database: one connection to a SQLite file, hardened; and Statement: one that is prepared on it.
//
// The file's schema is not trusted, no second file can be attached, no extension loaded, and
// nothing is mapped into memory. Symbolic links are refused.
//
// Threads   Confined to one thread at a time: the connection has no mutex of its own.
// Errors    kCorrupt if the file is damaged or not a database, kDeadlineExceeded if another has had
//           it locked for too long, kUnavailable otherwise; all say what was done, to which file,
//           and what SQLite said. step() returns SQLite's codes.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata::sqlite {

// What an extended result code means for the one who gets it.
enum class Fault {
  kNone,
  kBusy,     // somebody else has a lock; try again
  kFull,     // no room on the disk
  kCorrupt,  // the file is damaged
  kOther,    // input and output errors, no memory, no permission
};
[[nodiscard]] Fault fault_of(int code);

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Parameters count from 1. A blob is borrowed until reset().
  void bind(int index, std::int64_t number);
  void bind(int index, std::string_view blob);
  void bind_null(int index);

  // SQLITE_ROW, SQLITE_DONE or an error's extended code. After anything but a row, and before
  // other parameters are bound, call reset().
  [[nodiscard]] int step();
  void reset();
  // Steps a statement that gives no rows, and resets it. SQLITE_OK or an error's code.
  [[nodiscard]] int run();

  // Columns of the current row, from 0. A blob is valid until the next step or reset.
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Resets a statement at the end of a scope.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

class Database {
 public:
  enum class Use {
    kRead,   // and never checkpoint
    kWrite,  // the file exists
    kMake,   // the file is empty: its pages get room for checksums
  };
  struct Options {
    std::string path{};
    std::string vfs{};  // the name of the file system layer; empty: SQLite's default
    Use use = Use::kRead;
    std::size_t cache_bytes = 1u << 20;
  };

  Database() = default;
  [[nodiscard]] static Result<Database> open(const Options& options);

  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
  // Precondition: no statement of it is left.
  void close() { connection_.reset(); }

  // Every statement, also one that something that was thrown left in its middle.
  void reset_statements();
  // Runs `sql`, whose rows are thrown away. A code, or an Error for people.
  [[nodiscard]] int run(const char* sql);
  [[nodiscard]] Result<void> execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // The first column of the only row of `sql`.
  [[nodiscard]] Result<std::int64_t> ask(std::string_view sql);

  // The error of the last call, which returned `code`.
  [[nodiscard]] Error error(std::string_view doing, int code) const;
  [[nodiscard]] sqlite3* handle() const { return connection_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  [[nodiscard]] Result<void> configure(const Options& options);

  std::unique_ptr<sqlite3, Close> connection_;
  std::string path_;
};

}  // namespace strata::sqlite
