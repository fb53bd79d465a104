// QueryConnection: one read-only connection to a SQLite file and the query prepared on it.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/result.h"
#include "strata/sources/sqlite_query_source.h"

namespace strata {

// Says how long a query may take. Asked from within SQLite, in the thread that runs it.
class QueryPatience {
 public:
  virtual ~QueryPatience() = default;
  // Why the query must stop now, if it must.
  [[nodiscard]] virtual std::optional<Error> ended() = 0;
  // Waits a moment for a locked file; returns whether to try again. `tries` counts from 0.
  [[nodiscard]] virtual bool wait_for_lock(int tries) = 0;
};

// Confined to one thread at a time.
class QueryConnection {
 public:
  // Errors as sqlite_query_source() has them. `options` must outlive the connection.
  [[nodiscard]] static Result<std::unique_ptr<QueryConnection>> open(
      const SqliteQueryOptions& options, QueryPatience& patience);
  ~QueryConnection();
  QueryConnection(const QueryConnection&) = delete;
  QueryConnection& operator=(const QueryConnection&) = delete;

  // The parameters of the SQL, without their colon, each once.
  [[nodiscard]] std::vector<std::string> parameter_names() const;

  // The rows as JSON, or nothing if there are none. Precondition: every parameter has a value.
  [[nodiscard]] Result<std::optional<std::string>> run(const Params& params,
                                                       QueryPatience& patience);

  // Whether another file, or none, now has the path's name.
  [[nodiscard]] bool file_has_moved() const;

 private:
  explicit QueryConnection(const SqliteQueryOptions& options) : options_(options) {}
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> harden();
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> check_tail(std::string_view tail);
  [[nodiscard]] Result<void> check_parameters() const;
  [[nodiscard]] Result<void> check_columns() const;
  [[nodiscard]] Result<void> bind(const Params& params);
  [[nodiscard]] Result<std::optional<std::string>> read_rows();
  [[nodiscard]] Error rejected(std::string_view what) const;
  [[nodiscard]] Error over_limit(std::string_view limit, std::size_t value) const;
  // The error of a call of SQLite that returned `code`.
  [[nodiscard]] Error error(int code, std::string_view doing) const;

  const SqliteQueryOptions& options_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  QueryPatience* patience_ = nullptr;  // while a call runs
};

}  // namespace strata
