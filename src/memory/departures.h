// Departures: the entries that one step removes, on their way out of the tier.
//
// Entries are collected under the tier's lock and told to the removal listener, and handed to the
// limbo, when the Departures is destroyed. Declare it before the lock: it then ends after the lock
// is released, so that neither the listener nor a value's destructor runs under one.
//
//   Departures gone(limbo_);
//   const MutexLock lock(mutex_);
//   remove(entry, RemovalCause::kErased, gone);
//
// Memory    None: entries are chained through themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/limbo.h"
#include "strata/core/entry.h"
#include "strata/core/removal.h"
#include "strata/ports/hot_tier.h"

namespace strata::memory {

class Departures {
 public:
  explicit Departures(Limbo& limbo) : limbo_(limbo) {}
  ~Departures();
  Departures(const Departures&) = delete;
  Departures& operator=(const Departures&) = delete;

  // Takes over the tier's reference to `entry`. Precondition: it is in no structure any more.
  void add(Entry* entry, RemovalCause cause, Ticket earlier,
           const std::shared_ptr<const DepartureListener>& listener);
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  Limbo& limbo_;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
  Resident* first_ = nullptr;
  Resident* last_ = nullptr;
  std::shared_ptr<const DepartureListener> listener_;
};

}  // namespace strata::memory
