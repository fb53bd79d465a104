// Connections and statements over SQLite's C interface.
#include "sqlite/database.h"

#include <algorithm>
#include <utility>

#include "sqlite/checked_vfs.h"
#include "strata/core/limits.h"

namespace strata::sqlite {
namespace {

// How long a connection waits for a lock. Within this process nobody holds one for long; this
// is for programs that look into the file from outside.
constexpr int kBusyTimeoutReadMs = 100;
constexpr int kBusyTimeoutWriteMs = 2'000;

constexpr int kSqlBytes = 16 * 1024;

int flags_for(Database::Use use) {
  constexpr int kAlways =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  return kAlways | (use == Database::Use::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
}

}  // namespace

Fault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return Fault::kNone;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::kBusy;
    case SQLITE_FULL:
      return Fault::kFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Fault::kCorrupt;
    default:
      // A page whose checksum is wrong, and a file that ends too early.
      if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_CORRUPTFS) return Fault::kCorrupt;
      return Fault::kOther;
  }
}

void Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
}

void Statement::bind(int index, std::string_view blob) {
  // A null address would bind null instead of an empty blob.
  const char* address = blob.data() != nullptr ? blob.data() : "";
  sqlite3_bind_blob64(statement_.get(), index, address, blob.size(), SQLITE_STATIC);
}

void Statement::bind_null(int index) { sqlite3_bind_null(statement_.get(), index); }

int Statement::step() { return sqlite3_step(statement_.get()); }

void Statement::reset() { sqlite3_reset(statement_.get()); }

int Statement::run() {
  int code = step();
  while (code == SQLITE_ROW) code = step();
  reset();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::blob(int column) const {
  const void* address = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (address == nullptr || size <= 0) return {};
  return {static_cast<const char*>(address), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const Options& options) {
  Database database;
  database.path_ = options.path;
  const char* vfs = checked_vfs(options.vfs);
  if (vfs == nullptr) {
    return Error{
        ErrorCode::kUnavailable, "SQLite has no file system layer named " + options.vfs, {}};
  }
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &connection, flags_for(options.use), vfs);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return database.error("opening", code);
  if (auto configured = database.configure(options); !configured) return configured.error();
  return database;
}

Result<void> Database::configure(const Options& options) {
  sqlite3* const connection = handle();
  const bool reads = options.use == Use::kRead;
  sqlite3_busy_timeout(connection, reads ? kBusyTimeoutReadMs : kBusyTimeoutWriteMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, options.use == Use::kMake ? 0 : 1,
                    nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH,
                static_cast<int>(limits::kRecordBytes + (1u << 20)));
  sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, kSqlBytes);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);

  if (options.use == Use::kMake) {
    int reserved = static_cast<int>(kPageChecksumBytes);
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  }
  const std::size_t cache_kib = std::max<std::size_t>(options.cache_bytes / 1024, 64);
  const std::string pragmas =
      "PRAGMA mmap_size=0; PRAGMA cell_size_check=1;"
      "PRAGMA temp_store=memory; PRAGMA wal_autocheckpoint=0;"
      "PRAGMA secure_delete=fast; PRAGMA cache_size=-" +
      std::to_string(cache_kib) + (reads ? "; PRAGMA query_only=1" : "");
  return execute(pragmas.c_str());
}

void Database::reset_statements() {
  for (sqlite3_stmt* each = sqlite3_next_stmt(handle(), nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle(), each)) {
    sqlite3_reset(each);
  }
}

int Database::run(const char* sql) {
  return sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
}

Result<void> Database::execute(const char* sql) {
  const int code = run(sql);
  if (code != SQLITE_OK) return error("using", code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  Statement prepared(statement);
  if (code != SQLITE_OK) return error("using", code);
  return prepared;
}

Result<std::int64_t> Database::ask(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  const int code = statement->step();
  if (code == SQLITE_ROW) return statement->number(0);
  if (code == SQLITE_DONE) {
    return Error{ErrorCode::kCorrupt, "the cache file " + path_ + " lacks its description", {}};
  }
  return error("reading", code);
}

Error Database::error(std::string_view doing, int code) const {
  std::string message(doing);
  message += " the cache file ";
  message += path_;
  message += ": ";
  // The connection's own message says more, if it is about this error.
  const bool has_own = is_open() && (sqlite3_errcode(handle()) & 0xff) == (code & 0xff);
  const Fault fault = fault_of(code);
  if (code == SQLITE_IOERR_DATA) {
    message += "a page does not fit its checksum: it is damaged, or not written by Strata";
  } else {
    message += has_own ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  }
  message += " (SQLite error " + std::to_string(code) + ")";
  if (fault == Fault::kBusy) message += "; another program holds a lock on it";
  return {fault == Fault::kCorrupt ? ErrorCode::kCorrupt
          : fault == Fault::kBusy  ? ErrorCode::kDeadlineExceeded
                                   : ErrorCode::kUnavailable,
          std::move(message),
          {}};
}

}  // namespace strata::sqlite
