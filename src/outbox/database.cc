#include "outbox/database.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "core/quote.h"

namespace strata::outbox {
namespace {

int primary(int code) { return code & 0xFF; }

int ask(void* wait, int tries) {
  return (*static_cast<std::function<bool(int)>*>(wait))(tries) ? 1 : 0;
}

Error about(const std::string& path, ErrorCode code, std::string_view message) {
  return {code, "database " + internal::quoted(path) + " " + std::string(message), {}};
}

}  // namespace

Statement& Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // An error, for want of memory, leaves the parameter NULL, which no statement here accepts.
  sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = database_->error(code);
  reset();
  return error;
}

Result<void> Statement::run() {
  Result<bool> stepped = step();
  reset();
  if (!stepped) return stepped.error();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* const bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  const Result<void> connected = database->connect();
  if (!connected) return connected.error();
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<void> Database::connect() {
  if (path_.empty() || path_ == ":memory:") {
    return about(path_, ErrorCode::kRejected, "is not the path of a file");
  }
  if (path_.find('\0') != std::string::npos) {
    return about(path_, ErrorCode::kRejected, "has a path with a NUL");
  }
  // A path is a path, also where SQLite would see a URI with settings of its own.
  const std::string prefix = path_.starts_with("file:") ? "./" : "";
  const int code =
      sqlite3_open_v2((prefix + path_).c_str(), &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) {
    const int reason = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
    if (primary(code) != SQLITE_CANTOPEN || reason == 0) return error(code);
    return about(path_, ErrorCode::kUnavailable,
                 std::string("cannot be opened: ") + std::strerror(reason));
  }

  const std::pair<int, int> switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                          {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                          {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}};
  for (const auto& [name, value] : switches) {
    const int switched = sqlite3_db_config(handle_, name, value, nullptr);
    if (switched != SQLITE_OK) return error(switched);
  }
  sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_wal_autocheckpoint(handle_, 0);  // closing the last connection to the file still does it
  return {};
}

void Database::wait_for_locks(Duration at_most) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count();
  constexpr std::int64_t kLongest = std::numeric_limits<int>::max();
  sqlite3_busy_timeout(handle_, static_cast<int>(std::min<std::int64_t>(ms, kLongest)));
}

void Database::wait_for_locks(std::function<bool(int tries)> wait) {
  wait_ = std::move(wait);
  sqlite3_busy_handler(handle_, &ask, &wait_);
}

Result<void> Database::leave_triggers_alone() {
  const int code = sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  Statement statement;
  statement.database_ = this;
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), 0, &prepared, nullptr);
  statement.statement_.reset(prepared);
  if (code != SQLITE_OK) return error(code);
  return statement;
}

Result<void> Database::run(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  return statement ? statement->run() : statement.error();
}

Result<std::vector<std::string>> Database::texts(std::string_view sql, std::string_view parameter) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  if (!parameter.empty()) statement->bind(1, parameter);
  std::vector<std::string> found;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return found;
    found.emplace_back(statement->text(0));
  }
}

Result<std::int64_t> Database::number(std::string_view sql, std::string_view parameter) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  if (!parameter.empty()) statement->bind(1, parameter);
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return *row ? statement->number(0) : 0;
}

std::string Database::real_path() const {
  const char* const name = sqlite3_db_filename(handle_, "main");
  return name != nullptr ? name : "";
}

bool Database::may_be_written() const { return sqlite3_db_readonly(handle_, "main") == 0; }

bool Database::has_moved() const {
  int has_moved = 0;
  const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  return code == SQLITE_OK && has_moved != 0;
}

Error Database::rejected(std::string_view message) const {
  return about(path_, ErrorCode::kRejected, message);
}

Error Database::unavailable(std::string_view message) const {
  return about(path_, ErrorCode::kUnavailable, message);
}

Error Database::error(int code) const {
  const char* const said = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const std::string failed = std::string("failed: ") + said;
  switch (primary(code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return about(path_, ErrorCode::kUnavailable,
                   "is locked by another program; try again when that has finished");
    case SQLITE_NOTADB:
      return about(path_, ErrorCode::kRejected, "is not a SQLite database");
    case SQLITE_READONLY:
      return about(path_, ErrorCode::kUnavailable,
                   "may not be written; check the permissions of the file and its folder");
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_AUTH:
    case SQLITE_CONSTRAINT:
      return about(path_, ErrorCode::kRejected, failed);
    case SQLITE_CORRUPT:
      return about(path_, ErrorCode::kCorrupt, failed);
    default:
      return about(path_, ErrorCode::kUnavailable, failed);
  }
}

Transaction::~Transaction() {
  // Fails only if SQLite has rolled back by itself.
  if (is_open_) [[maybe_unused]]
    const Result<void> ended = database_.run("ROLLBACK");
}

Result<void> Transaction::begin(Kind kind) {
  Result<void> begun = database_.run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  is_open_ = begun.ok();
  return begun;
}

Result<void> Transaction::commit() {
  Result<void> done = database_.run("COMMIT");
  if (done) is_open_ = false;
  return done;
}

}  // namespace strata::outbox
