// Keeps the places in a SQLite file and changes them.
#include "cli/demo/places_origin.h"

#include <sqlite3.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/mutex.h"

namespace strata::demo {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Error failed(sqlite3* database) {
  return {ErrorCode::kUnavailable,
          std::string("the SQLite origin failed: ") + sqlite3_errmsg(database),
          {}};
}

Result<void> execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failed(database);
}

Result<Statement> prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) {
    return failed(database);
  }
  return Statement(statement);
}

// The text outlives the statement's next step.
void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

Result<void> insert_places(sqlite3* database, const Objects& objects) {
  Result<Statement> insert = prepare(database, "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, 1)");
  if (!insert) return insert.error();
  sqlite3_stmt* const statement = insert->get();
  for (const ObjectId id : objects.all(ObjectKind::kPlace)) {
    const PlaceRow& row = objects.place(id);
    bind_text(statement, 1, row.zone);
    bind_text(statement, 2, row.country_code);
    bind_text(statement, 3, row.country_name);
    sqlite3_bind_double(statement, 4, row.latitude);
    sqlite3_bind_double(statement, 5, row.longitude);
    bind_text(statement, 6, row.comments);
    if (sqlite3_step(statement) != SQLITE_DONE) return failed(database);
    sqlite3_reset(statement);
  }
  return {};
}

}  // namespace

struct PlacesOrigin::State {
  State(const Objects& the_objects, History& the_history)
      : objects(the_objects), history(the_history) {}

  const Objects& objects;
  History& history;
  Mutex mutex;  // over both: one change at a time, in the order of the versions
  Database database STRATA_GUARDED_BY(mutex);
  Statement update STRATA_GUARDED_BY(mutex);
};

PlacesOrigin::PlacesOrigin(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlacesOrigin::~PlacesOrigin() = default;

Result<std::unique_ptr<PlacesOrigin>> PlacesOrigin::create(const std::string& path,
                                                           const Objects& objects,
                                                           History& history) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) return failed(database.get());

  // WAL, so that a change waits for no reader and no reader for a change.
  Result<void> made = execute(database.get(),
                              "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                              "CREATE TABLE place (zone TEXT PRIMARY KEY, country_code TEXT,"
                              " country_name TEXT, latitude REAL, longitude REAL, comments TEXT,"
                              " version INTEGER NOT NULL);"
                              "BEGIN");
  if (made) made = insert_places(database.get(), objects);
  if (made) made = execute(database.get(), "COMMIT");
  if (!made) return made.error();
  Result<Statement> update = prepare(database.get(), "UPDATE place SET version = ? WHERE zone = ?");
  if (!update) return update.error();

  auto state = std::make_unique<State>(objects, history);
  {
    const MutexLock lock(state->mutex);
    state->database = std::move(database);
    state->update = std::move(*update);
  }
  return std::unique_ptr<PlacesOrigin>(new PlacesOrigin(std::move(state)));
}

Result<void> PlacesOrigin::change(ObjectId place) {
  const MutexLock lock(state_->mutex);
  const std::uint64_t version = state_->history.announce(place);
  sqlite3_stmt* const statement = state_->update.get();
  sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(version));
  bind_text(statement, 2, state_->objects.name(place));
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) return failed(state_->database.get());
  state_->history.committed(place, version);
  return {};
}

}  // namespace strata::demo
