// install_outbox(): triggers that write every change of a table to an outbox in its own database.
//
// An outbox is a table of a SQLite database that belongs to an application. Triggers fill it
// within the transactions that change the application's tables, whichever program runs them, so
// that a change and the note of it are committed together or not at all. An OutboxRelay
// (outbox_relay.h) reads the notes and tells the caches. docs/outbox.md is the guide.
//
//   const OutboxDatabase orders{.path = "orders.db"};
//   install_outbox(orders, {.table = "orders", .type = "order", .id_column = "id",
//                           .fields = {"customer_id"}});
//   outbox_status(orders)->rows;  // how many changes wait for their readers
//
// Promise   A call changes all that it has to change, in one transaction, or nothing. Repeated,
//           it changes nothing. Other tables, and rows that wait, are left as they are.
// Threads   Thread-safe: every call has a connection of its own.
// Errors    kRejected, changing nothing, for what cannot be installed: no such table or column
//           (with the nearest name), a view, a virtual or system table, a name that is too long,
//           a type that rules cannot name (a blank, a wildcard, what is no label), 0 rows;
//           also for a file that is no database or has a newer Strata's outbox. kUnavailable if
//           the file cannot be opened or written, or stays locked. kCorrupt if it is damaged.
// Time      Waits up to `busy_timeout` for other programs' locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata {

struct OutboxDatabase {
  std::string path;  // of a file that exists
  Duration busy_timeout = std::chrono::seconds(5);
};

struct OutboxTable {
  std::string table;
  std::string type;                 // of the events: "order"
  std::string id_column;            // whose value is the events' id; should never be NULL
  std::vector<std::string> fields;  // columns that events carry, as they are and as they were
  friend bool operator==(const OutboxTable&, const OutboxTable&) = default;
};

inline constexpr std::uint64_t kOutboxRowsMax = std::uint64_t{1} << 62;  // upper end of max_rows

enum class OutboxMode { kApply, kDryRun };

// What a call did, or in a dry run would do.
struct OutboxChange {
  std::vector<std::string> statements;  // SQL, in order; none: everything is as it should be
  std::vector<std::string> warnings;    // for people: changes of the table that go unnoticed
};

// Makes the triggers of one table, and the outbox if there is none. A table that has triggers
// already gets those that `table` describes. With `max_rows`, from 1 on, a row that is so many rows
// old goes although somebody may not have read it; without, that stays as it is (or 1,000,000).
[[nodiscard]] Result<OutboxChange> install_outbox(
    const OutboxDatabase& database, const OutboxTable& table,
    std::optional<std::uint64_t> max_rows = std::nullopt, OutboxMode mode = OutboxMode::kApply);

// Removes the triggers of one table. What it has written is still read. kRejected if it has none.
[[nodiscard]] Result<OutboxChange> remove_outbox(const OutboxDatabase& database,
                                                 const std::string& table,
                                                 OutboxMode mode = OutboxMode::kApply);

// Removes all triggers and tables of the outbox, and what nobody has read yet.
[[nodiscard]] Result<OutboxChange> remove_whole_outbox(const OutboxDatabase& database,
                                                       OutboxMode mode = OutboxMode::kApply);

struct OutboxTableStatus {
  enum class State {
    kWatched,   // every change is written down
    kOutdated,  // the table has changed since; install again. What was described is written down
    kLost,      // the triggers are gone, with the table or alone; nothing is written down
  };
  OutboxTable table;
  State state = State::kWatched;
};

struct OutboxReaderStatus {
  std::string name;
  std::uint64_t behind = 0;  // rows that it has not read
  WallTime seen_at;          // when it last was here, to within an hour
  bool misses_rows = false;  // rows that it has not read are gone: it will be told of a gap
};

struct OutboxStatus {
  bool installed = false;  // if not, the rest is empty
  std::vector<OutboxTableStatus> tables;
  std::vector<OutboxReaderStatus> readers;
  std::uint64_t rows = 0;  // that are in the outbox
  std::uint64_t max_rows = 0;
  std::optional<WallTime> oldest_at;  // when the oldest of them was written
};

[[nodiscard]] Result<OutboxStatus> outbox_status(const OutboxDatabase& database);

}  // namespace strata
