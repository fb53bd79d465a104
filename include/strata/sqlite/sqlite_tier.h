// The SQLite tier: records in one file of this machine, kept across restarts.
//
// One process owns the file. Numbers, pending writes and tombstones live in memory, so fills,
// puts and invalidations take about a microsecond and work while the disk does not; one thread
// writes them behind, in groups. What an invalidation has to survive a kill is in a small
// journal beside the file before the call returns. docs/formats/sqlite.md has the
// files byte by byte.
//
//   std::unique_ptr<Tier> tier =
//       open_sqlite_tier({.path = "/var/cache/app/cache.db"}, system_clock(), system_random())
//           .value();
//
// With `sharing` several processes of one machine have the file open. Then each fill, put and
// invalidation is a transaction in the caller's thread. A disk that fails is then an error of the
// opening (kUnavailable), and a damaged file is off until all have closed it.
//
// Promise    Tier's. The file may forget but never lies: damage, a crash at any moment, and a
//            reboot without `Durability::kPower` lose records, never invalidations.
// Files      path, path-wal, path-shm; path.journal, or path.shared while it is shared; path.lock,
//            whose owner's process id is in it; path.corrupt-<time>, the newest file that was
//            damaged; path.before-v<N>, as it was before a migration. All 0600, in folders of 0700.
// Time       What is past its keep_for is not served. It is removed by remove_expired(), by a sweep
//            every five minutes, and when room is lacking, before anything is evicted.
// Errors     Opening fails only for what somebody must put right, and then changes nothing: an
//            option out of range, a path that cannot be used, a symbolic link, a file of another
//            program or of a newer Strata (kRejected), another process that has it open or locked
//            (kUnavailable). Everything else - a damaged file, a full or failing disk - gives a
//            tier that starts empty, says so in stats(), and goes on by itself when it can. Then
//            the old file is removed; if even that fails, opening does (kUnavailable).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "strata/core/limits.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/ports/tier.h"

namespace strata {

enum class Durability {
  kNormal,  // fills and puts return before they are written: a crash may forget the last ones
  kSync,    // they return when they are committed: a record survives the end of the process
  kPower,   // and the loss of power; every commit and invalidation waits for the disk
};

struct SqliteOptions {
  // Behaviour

  std::string path;
  // Of records and indexes; at least 1 MiB. Beyond it what was not read lately is evicted. The
  // write-ahead log comes on top, 64 MiB at most while the disk works.
  std::uint64_t max_bytes = 2ull << 30;
  Durability durability = Durability::kNormal;
  // How long a put waits for room among the pending writes, whatever its deadline; then its
  // record is declined and only the invalidation stays.
  Duration put_wait = std::chrono::seconds(1);
  // Several processes of this machine open the file at a time, all of them with this option. Each
  // change is then written when its call returns, and seen by all in their next read of the file;
  // what they hold in memory ends after `sharing_poll` at the latest, or two seconds if the file
  // cannot be read. docs/operations.md has the cost.
  bool sharing = false;
  Duration sharing_poll = std::chrono::milliseconds(100);
  // SQLite's locks do not work on most of them.
  bool allow_network_file_system = false;

  // Performance

  std::size_t max_pending_writes = 65'536;  // accepted, not committed; further fills decline
  std::size_t max_pending_bytes = 64u << 20;
  std::size_t readers = 4;              // connections that read, 1 to 64
  std::size_t cache_bytes = 32u << 20;  // of pages, over all connections
  std::size_t remembered_labels = limits::kRememberedLabels;
  // Invalidations not yet carried out in the file, 64 at least, 32 bytes each. When they do not
  // suffice, one tombstone for everything takes the place of all.
  std::size_t journal_slots = 65'536;
};

[[nodiscard]] Result<std::unique_ptr<Tier>> open_sqlite_tier(SqliteOptions options,
                                                             std::shared_ptr<Clock> clock,
                                                             std::shared_ptr<Random> random);

}  // namespace strata
