// Limbo: entries that were taken out of the tier, until no reader can be looking at them any more.
//
// Threads   Thread-safe. Values are destroyed in the thread that calls, with no lock held.
// Memory    None beside the entries, which are chained through themselves. Of what left the
//           tier at most kBatch entries wait without a reader that keeps them.
#pragma once

#include <cstddef>

#include "core/mutex.h"
#include "strata/core/entry.h"

namespace strata::memory {

class Limbo {
 public:
  static constexpr std::size_t kBatch = 64;

  Limbo() = default;
  ~Limbo();
  Limbo(const Limbo&) = delete;
  Limbo& operator=(const Limbo&) = delete;

  // Takes over the tier's references to `count` entries chained from `first` to `last`, and lets
  // go of what it can when a batch has come together.
  void take(Resident* first, Resident* last, std::size_t count);
  // Lets go of all that no reader sees.
  void release();

  [[nodiscard]] std::size_t size() const;

 private:
  [[nodiscard]] Resident* take_free() STRATA_REQUIRES(mutex_);
  static void let_go(Resident* chain);

  mutable Mutex mutex_;
  Resident* first_ STRATA_GUARDED_BY(mutex_) = nullptr;
  Resident* last_ STRATA_GUARDED_BY(mutex_) = nullptr;
  Resident* unstamped_ STRATA_GUARDED_BY(mutex_) = nullptr;  // and all behind it
  std::size_t size_ STRATA_GUARDED_BY(mutex_) = 0;
  std::size_t unstamped_size_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::memory
