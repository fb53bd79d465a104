// Opening a file that several processes share.
//
// Members hold path.lock in common. Who finds it free owns the files for a moment: it recovers
// them as a single owner would, and leaves a SharedControl that vouches for the file. Members
// join a file that is vouched for, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sqlite/files.h"
#include "sqlite/shared_control.h"
#include "sqlite/shared_rows.h"
#include "sqlite/store.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::sqlite {

// How long those who have the lock wait for programs that look into the file from outside.
inline constexpr int kSharedBusyMs = 500;

struct SharedOpened {
  Descriptor lock;  // in common with others
  Paths paths;
  std::unique_ptr<SharedControl> control;
  std::unique_ptr<Store> store;      // open
  std::unique_ptr<SharedRows> rows;  // on its connection
  SharedState state;
  std::uint64_t origin = 0;  // of this opening
  std::string loss;          // what was lost, for people
};

// Errors: those of open_sqlite_tier(); kUnavailable as well if the disk fails.
[[nodiscard]] Result<SharedOpened> open_shared_files(const SqliteOptions& options,
                                                     const std::string& vfs, Clock& clock,
                                                     Random& random);

// Whether database, page and lock are still those under their names.
[[nodiscard]] bool is_in_place(const SharedOpened& opened);

// Leaves the file as a single owner would, if no other member is left and nothing is left to
// remove; otherwise as it is. Nobody uses `opened` any more.
// The control stays.
void close_shared_files(SharedOpened& opened, Clock& clock, Deadline deadline);

}  // namespace strata::sqlite
