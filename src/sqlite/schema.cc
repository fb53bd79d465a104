// Making and migrating the tables; the meta row.
#include "sqlite/schema.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/assert.h"
#include "sqlite/files.h"

namespace strata::sqlite {
namespace {

// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction() {
    if (is_open_) static_cast<void>(database_.run("ROLLBACK"));
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] Result<void> begin() {
    auto begun = database_.execute("BEGIN IMMEDIATE");
    is_open_ = begun.ok();
    return begun;
  }
  [[nodiscard]] Result<void> commit() {
    auto committed = database_.execute("COMMIT");
    is_open_ = !committed.ok();
    return committed;
  }

 private:
  Database& database_;
  bool is_open_ = false;
};

Result<void> run_step(Database& database, const Migration& step) {
  Transaction transaction(database);
  if (auto begun = transaction.begin(); !begun) return begun;
  if (auto done = database.execute(std::string(step.sql).c_str()); !done) return done;
  const std::string version = "PRAGMA user_version=" + std::to_string(step.version);
  if (auto done = database.execute(version.c_str()); !done) return done;
  return transaction.commit();
}

// What SQLite has beside a database while it writes it goes with it.
void remove_copy(const std::string& path) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) remove_file(path + suffix);
}

Result<void> copy_pages(Database& from, const std::string& path, const std::string& vfs) {
  if (auto made = make_file(path); !made) return made;
  Result<Database> to = Database::open({.path = path, .vfs = vfs, .use = Database::Use::kMake});
  if (!to) return to.error();
  if (auto done = to->execute("PRAGMA synchronous=full"); !done) return done;
  sqlite3_backup* const backup = sqlite3_backup_init(to->handle(), "main", from.handle(), "main");
  if (backup == nullptr) return to->error("copying to", sqlite3_extended_errcode(to->handle()));
  const int step = sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) return to->error("copying to", code);
  // Without an error it may still not have come to the end: somebody writes.
  return step == SQLITE_DONE ? Result<void>() : to->error("copying to", step);
}

// The copy has its name when it is whole.
Result<void> copy_database(Database& from, const std::string& path, const std::string& vfs) {
  const std::string fresh = path + ".new";
  remove_copy(fresh);
  if (auto copied = copy_pages(from, fresh, vfs); !copied) {
    remove_copy(fresh);
    return copied;
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    Error error{
        ErrorCode::kUnavailable, "naming the copy " + path + ": " + std::strerror(errno), {}};
    remove_copy(fresh);
    return error;
  }
  sync_folder_of(path);
  return {};
}

}  // namespace

Result<Meta> read_meta(Database& database) {
  Result<Statement> statement =
      database.prepare("SELECT epoch, position, commits, entries, boot_id, clean FROM meta");
  if (!statement) return statement.error();
  const int code = statement->step();
  if (code == SQLITE_DONE) {
    return Error{ErrorCode::kCorrupt, "the cache file " + database.path() + " has no meta row", {}};
  }
  if (code != SQLITE_ROW) return database.error("reading", code);
  const auto column = [&](int index) {
    return static_cast<std::uint64_t>(statement->number(index));
  };
  return Meta{.epoch = column(0),
              .position = column(1),
              .commits = column(2),
              .entries = column(3),
              .boot_id = column(4),
              .clean = column(5) != 0};
}

Result<void> write_meta(Database& database, const Meta& meta) {
  Result<Statement> statement = database.prepare(
      "INSERT INTO meta(id, epoch, position, commits, entries, boot_id, clean)"
      " VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(id) DO UPDATE SET"
      " epoch=excluded.epoch, position=excluded.position, commits=excluded.commits,"
      " entries=excluded.entries, boot_id=excluded.boot_id, clean=excluded.clean");
  if (!statement) return statement.error();
  int index = 0;
  for (const std::uint64_t field : {meta.epoch, meta.position, meta.commits, meta.entries,
                                    meta.boot_id, std::uint64_t{meta.clean ? 1u : 0u}}) {
    statement->bind(++index, static_cast<std::int64_t>(field));
  }
  const int code = statement->run();
  if (code != SQLITE_OK) return database.error("writing to", code);
  return {};
}

Result<void> make_schema(Database& database, const Meta& meta) {
  const std::string settings =
      "PRAGMA page_size=4096; PRAGMA auto_vacuum=incremental; PRAGMA journal_mode=memory;"
      "PRAGMA synchronous=off; PRAGMA application_id=" +
      std::to_string(kApplicationId);
  if (auto done = database.execute(settings.c_str()); !done) return done;
  for (const Migration& step : migrations()) {
    if (auto done = run_step(database, step); !done) return done;
  }
  if (auto done = write_meta(database, meta); !done) return done;
  // The last commit takes the whole file to the disk: half of one would look like another
  // program's after a loss of power.
  return database.execute("PRAGMA synchronous=full; PRAGMA journal_mode=wal");
}

Result<void> migrate(Database& database, std::span<const Migration> steps, const Backup& backup) {
  STRATA_ASSERT(!steps.empty());
  const Result<std::int64_t> version = database.ask("PRAGMA user_version");
  if (!version) return version.error();
  const std::uint32_t newest = steps.back().version;
  if (*version > newest) {
    return Error{ErrorCode::kRejected,
                 "the cache file " + database.path() + " has version " + std::to_string(*version) +
                     ", written by a newer Strata; this one knows " + std::to_string(newest),
                 {}};
  }
  if (*version == newest) return {};
  const std::string copy = backup.prefix + std::to_string(*version);
  if (auto copied = copy_database(database, copy, backup.vfs); !copied) return copied;
  for (const Migration& step : steps) {
    if (step.version <= *version) continue;
    if (auto done = run_step(database, step); !done) return done;
  }
  // What the header says must not be in the log alone: others look at the header.
  return database.execute("PRAGMA wal_checkpoint(truncate)");
}

}  // namespace strata::sqlite
