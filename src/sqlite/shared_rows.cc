// Statements over the tables of those who share a file.
#include "sqlite/shared_rows.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sqlite/columns.h"

namespace strata::sqlite {
namespace {

constexpr std::int64_t kRemoves = 1;
constexpr std::int64_t kEnds = 2;

Ticket ticket_at(const Statement& row, int column) {
  return Ticket{static_cast<std::uint64_t>(row.number(column))};
}

SharedLabel label_at(const Statement& row, int first) {
  const std::int64_t live = row.number(first + 5);
  return {.hard = ticket_at(row, first),
          .soft = ticket_at(row, first + 1),
          .end = {.now = Instant{Duration(row.number(first + 2))},
                  .wall_now = {row.number(first + 3)},
                  .boot_id = static_cast<std::uint64_t>(row.number(first + 4))},
          .removes = (live & kRemoves) != 0,
          .ends = (live & kEnds) != 0};
}

// SQLITE_OK for a statement that found at most one row.
int only(int step) { return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : step; }

}  // namespace

Result<void> SharedRows::make_tables(Database& database) {
  return database.execute(
      "CREATE TABLE IF NOT EXISTS shared_state("
      " id INTEGER PRIMARY KEY CHECK(id = 1), floor INTEGER NOT NULL,"
      " cleared INTEGER NOT NULL, log_end INTEGER NOT NULL, labels INTEGER NOT NULL);"
      "INSERT OR IGNORE INTO shared_state VALUES(1, 0, 0, 0, 0);"
      "CREATE TABLE IF NOT EXISTS shared_labels("
      " label INTEGER PRIMARY KEY, hard INTEGER NOT NULL, soft INTEGER NOT NULL,"
      " end_now INTEGER NOT NULL, end_wall INTEGER NOT NULL, end_boot INTEGER NOT NULL,"
      " live INTEGER NOT NULL);"
      "CREATE INDEX IF NOT EXISTS shared_labels_live ON shared_labels(label) WHERE live<>0;"
      "CREATE TABLE IF NOT EXISTS shared_log("
      " id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, soft INTEGER NOT NULL,"
      " kind INTEGER NOT NULL, text BLOB NOT NULL);");
}

Result<std::unique_ptr<SharedRows>> SharedRows::prepare(Database& database, Use use) {
  std::unique_ptr<SharedRows> rows(new SharedRows());
  if (auto prepared = rows->prepare_all(database, use); !prepared) return prepared.error();
  return rows;
}

Result<void> SharedRows::prepare_all(Database& database, Use use) {
  struct Wanted {
    Statement* statement;
    std::string_view sql;
    Use use = Use::kWrite;
  };
  const Wanted wanted[] = {
      {&read_,
       "SELECT m.position, s.floor, s.cleared, s.log_end, s.labels FROM shared_state s, meta m"
       " WHERE s.id=1 AND m.id=1",
       Use::kRead},
      {&find_,
       "SELECT hard, soft, end_now, end_wall, end_boot, live FROM shared_labels WHERE label=?1",
       Use::kRead},
      {&log_after_,
       "SELECT id, origin, soft, kind, text FROM shared_log WHERE id>?1 ORDER BY id LIMIT ?2",
       Use::kRead},
      {&write_, "UPDATE shared_state SET floor=?1, cleared=?2, log_end=?3, labels=?4 WHERE id=1"},
      {&keep_,
       "INSERT OR REPLACE INTO shared_labels(label, hard, soft, end_now, end_wall, end_boot, live)"
       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {&log_, "INSERT INTO shared_log(id, origin, soft, kind, text) VALUES(?1, ?2, ?3, ?4, ?5)"},
      {&live_,
       "SELECT hard, soft, end_now, end_wall, end_boot, live, label FROM shared_labels"
       " WHERE live<>0 LIMIT 1"},
      {&count_, "SELECT count(*) FROM shared_labels"},
      {&middle_,
       "SELECT max(hard, soft) AS n FROM shared_labels WHERE live=0 ORDER BY n"
       " LIMIT 1 OFFSET ?1"},
      {&forget_, "DELETE FROM shared_labels WHERE live=0 AND max(hard, soft)<=?1"},
      {&newest_, "SELECT id, length(text) FROM shared_log ORDER BY id DESC LIMIT ?1"},
      {&cut_, "DELETE FROM shared_log WHERE id<=?1"},
      {&record_, "SELECT record FROM entries WHERE key=?1"},
  };
  for (const Wanted& each : wanted) {
    if (use == Use::kRead && each.use != Use::kRead) continue;
    Result<Statement> prepared = database.prepare(each.sql);
    if (!prepared) return prepared.error();
    *each.statement = std::move(*prepared);
  }
  return {};
}

int SharedRows::read(SharedState& state) {
  const ResetGuard guard(read_);
  const int step = read_.step();
  if (step != SQLITE_ROW) return step == SQLITE_DONE ? SQLITE_CORRUPT : step;
  state = {.position = ticket_at(read_, 0),
           .floor = ticket_at(read_, 1),
           .cleared = static_cast<std::uint64_t>(read_.number(2)),
           .log_end = static_cast<std::uint64_t>(read_.number(3)),
           .labels = static_cast<std::uint64_t>(read_.number(4))};
  return SQLITE_OK;
}

int SharedRows::find(LabelId label, SharedLabel& found) {
  const ResetGuard guard(find_);
  find_.bind(1, column_of(label));
  const int step = find_.step();
  found = step == SQLITE_ROW ? label_at(find_, 0) : SharedLabel{};
  return only(step);
}

int SharedRows::read_log(std::uint64_t after, std::size_t limit,
                         std::vector<SharedChange>& changes) {
  const ResetGuard guard(log_after_);
  log_after_.bind(1, static_cast<std::int64_t>(after));
  log_after_.bind(2, static_cast<std::int64_t>(limit));
  int code = log_after_.step();
  for (; code == SQLITE_ROW; code = log_after_.step()) {
    const auto kind = static_cast<LabelKind>(log_after_.number(3));
    SharedChange change{.id = static_cast<std::uint64_t>(log_after_.number(0)),
                        .origin = static_cast<std::uint64_t>(log_after_.number(1)),
                        .expires = log_after_.number(2) != 0,
                        .label = everything()};
    if (kind != LabelKind::kAll) change.label = Label(kind, log_after_.blob(4));
    changes.push_back(std::move(change));
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

int SharedRows::write(const SharedState& state) {
  write_.bind(1, column_of(state.floor));
  write_.bind(2, static_cast<std::int64_t>(state.cleared));
  write_.bind(3, static_cast<std::int64_t>(state.log_end));
  write_.bind(4, static_cast<std::int64_t>(state.labels));
  return write_.run();
}

int SharedRows::keep(LabelId label, const SharedLabel& known) {
  keep_.bind(1, column_of(label));
  keep_.bind(2, column_of(known.hard));
  keep_.bind(3, column_of(known.soft));
  keep_.bind(4, known.end.now.since_boot.count());
  keep_.bind(5, known.end.wall_now.unix_ms);
  keep_.bind(6, static_cast<std::int64_t>(known.end.boot_id));
  keep_.bind(7, (known.removes ? kRemoves : 0) | (known.ends ? kEnds : 0));
  return keep_.run();
}

int SharedRows::log(const SharedChange& change) {
  log_.bind(1, static_cast<std::int64_t>(change.id));
  log_.bind(2, static_cast<std::int64_t>(change.origin));
  log_.bind(3, std::int64_t{change.expires ? 1 : 0});
  log_.bind(4, static_cast<std::int64_t>(change.label.kind()));
  log_.bind(5, change.label.text());
  return log_.run();
}

int SharedRows::find_live(std::optional<Live>& found) {
  const ResetGuard guard(live_);
  const int step = live_.step();
  if (step == SQLITE_ROW) {
    found = {.label = LabelId{static_cast<std::uint64_t>(live_.number(6))},
             .known = label_at(live_, 0)};
  }
  return only(step);
}

int SharedRows::forget_labels(SharedState& state) {
  middle_.bind(1, static_cast<std::int64_t>(state.labels / 2));
  int step = middle_.step();
  const Ticket middle = step == SQLITE_ROW ? ticket_at(middle_, 0) : Ticket{};
  middle_.reset();
  if (step != SQLITE_ROW) return only(step);
  // What is forgotten counts as invalidated at the floor.
  state.floor = std::max(state.floor, middle);
  forget_.bind(1, column_of(middle));
  if (const int code = forget_.run(); code != SQLITE_OK) return code;
  step = count_.step();
  if (step == SQLITE_ROW) state.labels = static_cast<std::uint64_t>(count_.number(0));
  count_.reset();
  return only(step);
}

int SharedRows::cut_log(std::uint64_t bytes) {
  const ResetGuard guard(newest_);
  newest_.bind(1, static_cast<std::int64_t>(kSharedLogRows + 1));
  std::uint64_t rows = 0;
  std::uint64_t taken = 0;
  int code = newest_.step();
  for (; code == SQLITE_ROW; code = newest_.step()) {
    taken += kSharedRowBytes + static_cast<std::uint64_t>(newest_.number(1));
    if (++rows > kSharedLogRows || taken > bytes) break;
  }
  if (code != SQLITE_ROW) return only(code);
  cut_.bind(1, newest_.number(0));
  newest_.reset();
  return cut_.run();
}

int SharedRows::record_of(LabelId key, std::optional<Record>& record) {
  const ResetGuard guard(record_);
  record_.bind(1, column_of(key));
  const int step = record_.step();
  if (step == SQLITE_ROW) {
    Result<Record> decoded = decode_record(record_.blob(0));
    if (decoded) record = std::move(*decoded);
  }
  return only(step);
}

}  // namespace strata::sqlite
