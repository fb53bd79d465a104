// Writer: the one thread that changes the file.
//
// It takes what the ledger has, applies it in one transaction, and reports the commit; what
// arrives meanwhile is the next group. Between groups it goes on with removals of many rows,
// evicts, looks for what has expired, gives room back, and copies the log into the file. When the
// file cannot be written it keeps the group and tries again, ever more seldom; when the file is
// damaged it puts it aside and begins an empty one.
//
// Threads   start() and stop() are the tier's; everything else runs in the writer's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ports/process.h"
#include "sqlite/condition.h"
#include "sqlite/files.h"
#include "sqlite/ledger.h"
#include "sqlite/rows.h"
#include "sqlite/store.h"
#include "strata/ports/clock.h"
#include "strata/ports/thread.h"

namespace strata::sqlite {

// How long after a look for expired entries another begins by itself. When room is lacking
// one begins at once, unless it would find no minute that is over and was not looked at.
inline constexpr Duration kSweepInterval = std::chrono::minutes(5);

struct WriterOptions {
  std::uint64_t max_bytes = 0;
  std::uint64_t epoch = 0;
  std::size_t journal_slots = 0;
  bool is_durable = false;
  bool needs_journal = false;  // the ledger's is in memory so far
};

class Writer {
 public:
  Writer(const WriterOptions& options, Ledger& ledger, Store& store, Condition& condition,
         Recent& recent, Clock& clock);

  void start();
  // Waits until the thread ends, which Ledger::close() makes it do.
  void stop();

 private:
  // What a transaction changed, to be taken over when it is committed.
  struct Progress {
    Tally tally;
    std::vector<Removal> begun;  // removals of the batch that are not done
    std::vector<std::uint64_t> begun_operations;
    std::vector<Removal> done;        // removals that ran on and are done now
    std::optional<Removal> furthest;  // the one that has come further
  };
  // A look for expired entries.
  struct Expiry {
    std::uint64_t operation = 0;  // whose call it is; 0: nobody's, a sweep
    Rows::ExpiryCursor cursor;
    std::uint64_t removed = 0;
  };

  void run();
  static int wait_for_lock(void* writer, int waited);
  [[nodiscard]] bool ensure_open();
  void set_aside(const std::string& reason, const char* what = "was damaged");
  [[nodiscard]] bool owns_files();
  [[nodiscard]] bool has_its_files();
  [[nodiscard]] bool start_over();
  void go_off(const Error& error);
  void recover();

  // One transaction around `change`. On an error it is undone, and handled.
  [[nodiscard]] bool transact(Tally& tally, const std::function<int()>& change);
  [[nodiscard]] bool write(Batch& batch);
  [[nodiscard]] int apply(const Operation& operation, std::size_t& limit, Progress& progress);
  [[nodiscard]] int remove(Removal removal, std::size_t& limit, Progress& progress);
  [[nodiscard]] int go_on(Progress& progress, bool is_waited_for);
  void fit_slice(Duration took);
  void take_over(Batch& batch, Progress& progress);
  [[nodiscard]] bool replace_file(Batch& batch);

  void handle(int code);
  void make_room();

  [[nodiscard]] bool has_more_to_do() const;
  [[nodiscard]] bool is_too_large() const;
  [[nodiscard]] Deadline rest() const;
  void tidy();
  void begin_sweep();
  void evict();
  [[nodiscard]] bool evict_some();
  [[nodiscard]] int find_expired(Rows::ExpiryCursor& cursor, std::size_t limit,
                                 std::vector<Rows::Expired>& expired);
  [[nodiscard]] std::optional<std::uint64_t> expire();
  void learn_labels();
  void give_room_back();
  void copy_log();
  void measure();
  void close_cleanly();

  const WriterOptions options_;
  Ledger& ledger_;
  Store& store_;
  Condition& condition_;
  Recent& recent_;
  Clock& clock_;

  std::deque<Removal> running_;
  std::deque<Expiry> expiries_;
  Instant next_sweep_;
  std::int64_t swept_minute_ = INT64_MIN;  // the last one that the last sweep looked at
  Rows::Usage usage_;
  std::int64_t hand_ = INT64_MIN;        // the last entry that eviction looked at
  std::int64_t group_hand_ = INT64_MAX;  // the last group that was looked at; the end: rest
  std::size_t slice_rows_ = 256;         // that a removal looks at in one go
  bool is_failing_ = false;
  int busy_rounds_ = 0;
  bool can_vacuum_ = true;
  bool can_learn_ = true;  // which labels the rows have
  bool has_journal_;
  std::uint64_t lock_inode_;  // of the lock file that is held
  Descriptor lock_;           // in the place of the tier's, whose file was removed
  internal::ClosedInChildren lock_in_children_;
  Duration patience_;

  Thread thread_;
};

}  // namespace strata::sqlite
