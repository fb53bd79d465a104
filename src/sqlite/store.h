// Store: the database file, the connection that writes it, and those that read it.
//
// Threads   Confined to one thread: first to the one that opens the tier, then to the writer's.
//           readers() is thread-safe.
// Errors    As Database has them. After an error of open() or start_over() the store is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "sqlite/database.h"
#include "sqlite/files.h"
#include "sqlite/readers.h"
#include "sqlite/rows.h"
#include "sqlite/schema.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::sqlite {

struct StoreOptions {
  Paths paths;
  std::string vfs;
  std::size_t cache_bytes = 0;
  std::size_t readers = 0;
  bool is_durable = false;  // commits wait for the disk
};

class Store {
 public:
  Store(StoreOptions options, Clock& clock);
  ~Store();

  // Opens the file that is there, and migrates it. kRejected if it is a newer Strata's.
  [[nodiscard]] Result<void> open();
  // Makes an empty file in the place of whatever is there.
  [[nodiscard]] Result<void> start_over(const Meta& meta);
  // Lets readers in.
  void admit_readers();
  void close(const std::string& reason);
  // The same, to be followed by start_over(): readers wait for that.
  void close_for_a_new_one();
  [[nodiscard]] bool is_open() const { return rows_ != nullptr; }

  // What a file that is in use says of its boot.
  [[nodiscard]] std::uint64_t boot_in_use() const {
    return options_.is_durable ? kAnyBoot : clock_.boot_id();
  }
  // Says on the disk that the file is in use, and since which boot, so that the end of that boot
  // can be told from a clean end.
  [[nodiscard]] Result<void> mark_in_use(std::uint64_t position);
  // Whether the pages fit together, as far as that is seen in `at_most`. kCorrupt.
  [[nodiscard]] Result<void> quick_check(Duration at_most);

  // What the last commit wrote.
  [[nodiscard]] const Meta& meta() const { return meta_; }
  void set_meta(const Meta& meta) { meta_ = meta; }
  // Reads it again, after a commit of which nobody knows whether it happened.
  [[nodiscard]] Result<void> read_meta_again();

  [[nodiscard]] Database& database() { return database_; }
  [[nodiscard]] Rows& rows() { return *rows_; }
  [[nodiscard]] Readers& readers() { return readers_; }
  [[nodiscard]] const Paths& paths() const { return options_.paths; }
  [[nodiscard]] std::uint64_t inode() const { return inode_of(options_.paths.database); }
  // Whether the file that is open is still the one under its name.
  [[nodiscard]] bool is_in_place() const {
    return !leads_elsewhere(options_.paths.database, opened_inode_);
  }

  // Pages in the write-ahead log since it was last begun anew.
  [[nodiscard]] std::uint64_t log_pages() const { return log_pages_; }
  // Copies the log's pages into the file. `truncate`: and gives its room back.
  [[nodiscard]] int checkpoint(bool truncate);
  [[nodiscard]] bool is_copied() const { return is_copied_; }  // all of it, the last time
  // Ends with a file that needs no log.
  void finish();

 private:
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> make_fresh(const Meta& meta);

  const StoreOptions options_;
  Database database_;
  std::unique_ptr<Rows> rows_;
  Meta meta_;
  std::uint64_t log_pages_ = 0;
  bool is_copied_ = true;
  std::uint64_t opened_inode_ = 0;
  Clock& clock_;
  Readers readers_;
};

}  // namespace strata::sqlite
