// FailedLoads: what the last loads of keys failed with, so that a source that is down is not asked
// again by every look-up of the same key.
//
//   failed.remember(key, {error, labels, ticket, changes}, {100ms, 30s}, now);
//   if (auto failure = failed.find(key, now)) ...   // within 100 ms: loading it would fail again
//   failed.forget(key);                             // a load succeeded
//
// It does not know of invalidations: whoever finds a failure compares its labels with what was
// invalidated after its ticket, and forgets it if it was.
//
// Threads   Thread-safe.
// Memory    limits::kFailedLoads places, from the first failure on. Keys share them by their hash:
//           a newer failure takes the place of another key's, which is then loaded sooner.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"

namespace strata {

// How long a failure is remembered: `first`, then twice as long for each further one in a row.
struct BackoffTimes {
  Duration first{0};
  Duration longest{0};
};

// What a load failed with, and what makes that a thing of the past.
struct LoadFailure {
  std::shared_ptr<const Error> error;
  std::vector<LabelId> labels;  // of the value that it would have brought, as far as known
  Ticket ticket{};              // from before the load read anything
  std::uint64_t changes = 0;    // how many invalidations of other labels there had been
};

class FailedLoads {
 public:
  struct Found {
    std::shared_ptr<const LoadFailure> failure;
    Duration left{0};  // until the key is to be loaded again
  };
  // The key's last failure, if its time has not ended.
  [[nodiscard]] std::optional<Found> find(KeyRef key, Instant now) const;

  void remember(KeyRef key, LoadFailure failure, BackoffTimes times, Instant now);
  void forget(KeyRef key);

 private:
  struct Place {
    std::string key_text;
    std::string long_params;
    std::shared_ptr<const LoadFailure> failure;  // null: nothing is remembered here
    Duration waits{0};
    Instant until;
    [[nodiscard]] bool is_of(KeyRef key) const {
      return failure && key_text == key.text && long_params == key.long_params;
    }
  };

  [[nodiscard]] bool empty() const { return remembered_.load(std::memory_order_acquire) == 0; }

  std::atomic<std::size_t> remembered_{0};
  mutable Mutex mutex_;
  std::vector<Place> places_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata
