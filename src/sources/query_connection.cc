// A read-only SQLite connection: opening it safely, checking its query, and running that.
//
// Three things keep the file as it is, each enough by itself: it is opened read-only,
// query_only is on, and only a statement that SQLite calls read-only is accepted.
#include "sources/query_connection.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "core/assert.h"
#include "core/quote.h"
#include "sources/query_row.h"
#include "strata/codecs/json_writer.h"

namespace strata {

namespace {

// How often a running query asks whether to go on: about every 50 us.
constexpr int kStepsBetweenQuestions = 1000;

// SQLite refuses its own schema if it may not read strings of some length.
constexpr std::size_t kShortestLengthLimit = 1u << 20;

int primary(int code) { return code & 0xFF; }

int ask_patience(void* patience) {
  auto* const asked = *static_cast<QueryPatience**>(patience);
  return asked != nullptr && asked->ended().has_value() ? 1 : 0;
}

int wait_for_lock(void* patience, int tries) {
  auto* const asked = *static_cast<QueryPatience**>(patience);
  return asked != nullptr && asked->wait_for_lock(tries) ? 1 : 0;
}

// Refuses what sqlite3_stmt_readonly() lets pass although it is more than reading the file.
//
// It is no list of what a SELECT does: virtual tables prepare statements of their own, writing
// ones included, when a SELECT opens them, and read two pragmas.
int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return SQLITE_DENY;
    case SQLITE_PRAGMA: {
      const std::string_view name = first != nullptr ? first : "";
      const bool is_harmless = name == "data_version" || name == "page_size";
      return is_harmless && second == nullptr ? SQLITE_OK : SQLITE_DENY;
    }
    default:
      return SQLITE_OK;
  }
}

// Ends a run of the statement on every path, and the read transaction with it.
class Run {
 public:
  explicit Run(sqlite3_stmt* statement) : statement_(statement) {}
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

Result<std::unique_ptr<QueryConnection>> QueryConnection::open(const SqliteQueryOptions& options,
                                                               QueryPatience& patience) {
  std::unique_ptr<QueryConnection> connection(new QueryConnection(options));
  connection->patience_ = &patience;
  for (const auto& step :
       {&QueryConnection::connect, &QueryConnection::harden, &QueryConnection::prepare}) {
    const Result<void> done = (*connection.*step)();
    if (done) continue;
    const std::optional<Error> ended = patience.ended();
    return ended ? *ended : done.error();
  }
  connection->patience_ = nullptr;
  return connection;
}

QueryConnection::~QueryConnection() {
  sqlite3_finalize(statement_);
  sqlite3_close(database_);
}

Result<void> QueryConnection::connect() {
  if (options_.path.empty() || options_.path == ":memory:") {
    return rejected("needs the path of a file");
  }
  if (options_.path.find('\0') != std::string::npos) return rejected("has a path with a NUL");
  int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options_.refuse_symlinks) flags |= SQLITE_OPEN_NOFOLLOW;
  // A path is a path, also where SQLite would see a URI with settings of its own.
  const std::string prefix = options_.path.starts_with("file:") ? "./" : "";
  const int code = sqlite3_open_v2((prefix + options_.path).c_str(), &database_, flags, nullptr);
  if (code != SQLITE_OK) return error(code, "cannot open");
  return {};
}

Result<void> QueryConnection::harden() {
  sqlite3_busy_handler(database_, &strata::wait_for_lock, &patience_);
  sqlite3_progress_handler(database_, kStepsBetweenQuestions, &ask_patience, &patience_);

  const std::size_t length = std::max(options_.max_bytes, kShortestLengthLimit);
  constexpr std::size_t kLongest = std::numeric_limits<int>::max();
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, static_cast<int>(std::min(length, kLongest)));
  sqlite3_limit(database_, SQLITE_LIMIT_ATTACHED, 0);

  const std::pair<int, int> switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                          {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                          {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                          {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0}};
  for (const auto& [name, value] : switches) {
    const int code = sqlite3_db_config(database_, name, value, nullptr);
    if (code != SQLITE_OK) return error(code, "cannot secure");
  }
  constexpr const char* kPragmas =
      "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;";
  const int code = sqlite3_exec(database_, kPragmas, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, "cannot secure");
  sqlite3_set_authorizer(database_, &authorize, nullptr);
  return {};
}

Result<void> QueryConnection::prepare() {
  const std::string& sql = options_.sql;
  if (sql.find('\0') != std::string::npos) return rejected("has SQL with a NUL");
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, &tail);
  if (primary(code) == SQLITE_AUTH) return rejected("may only SELECT");
  if (primary(code) == SQLITE_ERROR || primary(code) == SQLITE_RANGE) {
    return rejected(std::string("has SQL that does not compile: ") + sqlite3_errmsg(database_));
  }
  if (code != SQLITE_OK) return error(code, "cannot read");
  if (statement_ == nullptr) return rejected("has no SQL statement");
  const bool is_select =
      sqlite3_stmt_readonly(statement_) != 0 && sqlite3_column_count(statement_) > 0;
  if (!is_select) return rejected("may only SELECT");

  for (const Result<void>& check :
       {check_tail(std::string_view(sql).substr(static_cast<std::size_t>(tail - sql.data()))),
        check_parameters(), check_columns()}) {
    if (!check) return check;
  }
  return {};
}

// White space and comments may follow the statement; a second statement, even a wrong one, not.
Result<void> QueryConnection::check_tail(std::string_view tail) {
  while (!tail.empty()) {
    sqlite3_stmt* second = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v2(database_, tail.data(), static_cast<int>(tail.size()), &second, &rest);
    const bool is_blank = code == SQLITE_OK && second == nullptr;
    sqlite3_finalize(second);
    if (!is_blank) return rejected("has more than one SQL statement");
    tail.remove_prefix(static_cast<std::size_t>(rest - tail.data()));
  }
  return {};
}

Result<void> QueryConnection::check_parameters() const {
  for (int index = 1; index <= sqlite3_bind_parameter_count(statement_); ++index) {
    const char* name = sqlite3_bind_parameter_name(statement_, index);
    if (name != nullptr && name[0] == ':') continue;
    const std::string which = name != nullptr ? internal::quoted(name) : std::to_string(index);
    return rejected("has SQL parameter " + which + "; write it as :name");
  }
  return {};
}

Result<void> QueryConnection::check_columns() const {
  std::vector<std::string_view> names;
  for (int column = 0; column < sqlite3_column_count(statement_); ++column) {
    const std::string_view name = sqlite3_column_name(statement_, column);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return rejected("has two columns named " + internal::quoted(name) + "; use AS");
    }
    names.push_back(name);
  }
  return {};
}

std::vector<std::string> QueryConnection::parameter_names() const {
  std::vector<std::string> names;
  for (int index = 1; index <= sqlite3_bind_parameter_count(statement_); ++index) {
    names.emplace_back(sqlite3_bind_parameter_name(statement_, index) + 1);
  }
  return names;
}

Result<std::optional<std::string>> QueryConnection::run(const Params& params,
                                                        QueryPatience& patience) {
  patience_ = &patience;
  Result<std::optional<std::string>> rows = [&] {
    const Run run(statement_);
    const Result<void> bound = bind(params);
    return bound ? read_rows() : bound.error();
  }();
  patience_ = nullptr;
  if (rows) return rows;
  const std::optional<Error> ended = patience.ended();
  return ended ? *ended : rows;
}

Result<void> QueryConnection::bind(const Params& params) {
  for (const auto& [name, value] : params) {
    const int index = sqlite3_bind_parameter_index(statement_, (":" + name).c_str());
    STRATA_ASSERT(index > 0);
    // Borrowed: the run ends before `params` does.
    const int code = sqlite3_bind_text64(statement_, index, value.data(), value.size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
    if (code == SQLITE_TOOBIG) return rejected("was given too long a " + internal::quoted(name));
    if (code != SQLITE_OK) return error(code, "cannot ask");
  }
  return {};
}

Result<std::optional<std::string>> QueryConnection::read_rows() {
  const bool is_single = options_.shape == QueryShape::kRow;
  JsonWriter writer;
  if (!is_single) writer.begin_array();
  std::size_t rows = 0;
  while (true) {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_DONE) break;
    if (primary(code) == SQLITE_TOOBIG) return over_limit("max_bytes", options_.max_bytes);
    if (code != SQLITE_ROW) return error(code, "cannot read");
    if (++rows > options_.max_rows) return over_limit("max_rows", options_.max_rows);
    if (!write_row(writer, statement_, options_.max_bytes)) {
      return over_limit("max_bytes", options_.max_bytes);
    }
    if (is_single) break;
  }
  if (rows == 0) return std::optional<std::string>();
  if (!is_single) writer.end_array();
  return std::optional<std::string>(writer.take());
}

bool QueryConnection::file_has_moved() const {
  int has_moved = 0;
  const int code = sqlite3_file_control(database_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  return code == SQLITE_OK && has_moved != 0;
}

Error QueryConnection::rejected(std::string_view what) const {
  return {ErrorCode::kRejected,
          "source " + internal::quoted(options_.name) + " " + std::string(what),
          {}};
}

Error QueryConnection::over_limit(std::string_view limit, std::size_t value) const {
  return {ErrorCode::kLoadFailed,
          "source " + internal::quoted(options_.name) + ": the result exceeds " +
              std::string(limit) + " of " + std::to_string(value),
          {}};
}

Error QueryConnection::error(int code, std::string_view doing) const {
  ErrorCode kind = ErrorCode::kUnavailable;
  switch (primary(code)) {
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_AUTH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      kind = ErrorCode::kLoadFailed;
      break;
    default:
      break;
  }
  const char* text = database_ != nullptr ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
  return {kind,
          "source " + internal::quoted(options_.name) + " " + std::string(doing) + " " +
              internal::quoted(options_.path) + ": " + text,
          {}};
}

}  // namespace strata
