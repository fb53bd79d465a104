// Reader: the relay's connection to the outbox, and the place that it has reached there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/database.h"
#include "outbox/event_rows.h"
#include "outbox/reader_lock.h"
#include "strata/core/time.h"
#include "strata/outbox/outbox_relay.h"
#include "strata/outbox/outbox_schema.h"

namespace strata::outbox {

struct ReaderOptions {
  std::string database;
  std::string name;
  std::size_t batch_rows = 0;
  Duration reader_timeout{};
  std::function<bool(int tries)> wait_for_lock;
};

// What the outbox says at one moment.
struct Snapshot {
  std::int64_t version = 0;            // SQLite's data_version, at most as new as the rest
  std::string outbox;                  // its id
  std::int64_t highest = 0;            // number of the last row that there ever was
  std::optional<OutboxGapReason> gap;  // changes were missed; there are no rows then
  bool is_registered = false;
  std::int64_t position = 0;          // the reader's; `highest` in a gap
  std::vector<Row> rows;              // the next ones
  bool has_more = false;              // there are others behind them
  std::optional<WallTime> oldest_at;  // when the first of the rows was written
  std::optional<WallTime> next_at;    // when the first behind them was
  std::int64_t schema_version = 0;
  std::vector<OutboxTable> lost;  // tables whose triggers are gone
};

// Confined to one thread at a time.
class Reader {
 public:
  explicit Reader(ReaderOptions options) : options_(std::move(options)) {}

  // Connects, if that is necessary, takes the lock, and notes where the reader is. After an error
  // there is no connection.
  [[nodiscard]] Result<void> connect();
  void disconnect() { database_.reset(); }
  void close();  // and lets the lock go
  // From now on changes may have been missed.
  void owe_gap(OutboxGapReason reason);
  // Whether connecting failed since another relay reads in this name.
  [[nodiscard]] bool name_is_taken() const { return name_is_taken_; }

  // Precondition for the rest: connected.
  //
  // Whether anybody may have committed since the snapshot that was last settled.
  [[nodiscard]] Result<bool> has_changed();
  [[nodiscard]] Result<Snapshot> read();

  // Writes down that the rows up to `position` were handed over, and deletes a slice of those
  // that every reader has passed. Returns whether there are more to delete.
  [[nodiscard]] Result<bool> advance(const Snapshot& snapshot, std::int64_t position, WallTime now);
  // Everything in the snapshot was dealt with.
  void settle(const Snapshot& snapshot) { settled_version_ = snapshot.version; }

 private:
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> check_identity();
  [[nodiscard]] Result<void> read_state(Snapshot& snapshot);
  [[nodiscard]] Result<void> read_lost(Snapshot& snapshot);
  [[nodiscard]] Result<void> read_rows(Snapshot& snapshot);
  [[nodiscard]] std::optional<OutboxGapReason> find_gap(const Snapshot& snapshot) const;
  [[nodiscard]] Result<bool> trim(const Snapshot& snapshot, WallTime now);

  struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
  };

  const ReaderOptions options_;
  std::unique_ptr<Database> database_;
  ReaderLock lock_;
  bool name_is_taken_ = false;
  std::string locked_path_;
  std::optional<FileIdentity> identity_;
  std::optional<OutboxGapReason> owed_gap_;
  std::optional<std::int64_t> settled_version_;

  // As of the last time that they were read or written; nothing is known before.
  std::optional<std::int64_t> position_;
  std::int64_t highest_ = 0;

  std::optional<std::int64_t> schema_version_;  // for which `lost_` was read
  std::vector<OutboxTable> lost_;
};

}  // namespace strata::outbox
