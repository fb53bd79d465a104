// sqlite_query_source(): a source that is a query on a SQLite file, answered as JSON.
//
//   auto places = strata::sqlite_query_source({
//       .name = "places",
//       .path = "places.db",
//       .sql = "SELECT name, population FROM place WHERE cbsa = :cbsa",
//       .shape = QueryShape::kRow}).value();
//   places->fetch({.params = {{"cbsa", "14500"}}});  // {"name":"Boulder, CO","population":330758}
//
// Parameters are written `:name` and are always bound, as text: no value becomes SQL. Columns
// of type INTEGER and REAL compare with text as expected; in an expression, say
// CAST(:n AS INTEGER). No row is kAbsent. Integers, reals, texts and nulls keep their type;
// blobs become base64. Infinite reals become null.
//
// Promise    The file is never changed: it is opened read-only, and only a single SELECT is
//            accepted. A file that was replaced (renamed over) is noticed by the next fetch.
// Threads    Thread-safe. At most `connections` queries run at a time; further ones wait.
// Errors     sqlite_query_source(): kRejected for anything but one SELECT with named parameters
//            and distinct column names, for a declared parameter that the SQL does not use, and
//            for SQL that does not fit the file; kUnavailable for a file that does not open.
//            fetch(): kUnavailable when the file is locked, gone or unreadable and when
//            `timeout` is over; kLoadFailed when a limit is exceeded (naming it), when the file
//            is corrupt and when its tables no longer fit the SQL.
// Time       The deadline and `timeout` interrupt the query. close() does too, and waits for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/source.h"

namespace strata {

enum class QueryShape {
  kRows,  // an array of objects, one for each row
  kRow,   // one object: the first row
};

struct SqliteQueryOptions {
  // Behaviour.
  std::string name{};
  std::string path{};
  std::string sql{};
  // Those that the SQL names and that are not declared here are required.
  std::vector<SourceParameter> parameters{};
  QueryShape shape = QueryShape::kRows;
  bool refuse_symlinks = false;                     // anywhere in the path
  std::size_t max_rows = 10'000;                    // more are an error
  std::size_t max_bytes = 16u << 20;                // of the JSON text
  Duration busy_timeout = std::chrono::seconds(2);  // for a lock on the file
  Duration timeout = std::chrono::seconds(10);      // for the whole of a fetch

  // Performance.
  std::size_t connections = 4;  // opened when needed
};

[[nodiscard]] Result<std::shared_ptr<Source>> sqlite_query_source(
    SqliteQueryOptions options, std::shared_ptr<Clock> clock = system_clock());

}  // namespace strata
