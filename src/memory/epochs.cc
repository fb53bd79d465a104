#include "memory/epochs.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include "core/mutex.h"
#include "ports/process.h"

namespace strata::memory {

// Why what is given back is seen by nobody. Take something that was unlinked, then stamped with the
// epoch s that was begun afterwards, and a call of begin_epoch(), that one or a later, whose bound
// is not below s.
// (1) A reader whose announcement the call sees announces s or later. Its load of that epoch
//     acquires what came before s was begun: it sees the unlinking.
// (2) A reader whose announcement the call does not see made it after the heavy barrier, or has
//     ended. In the first case its reads come after the barrier too (that is what the light one is
//     for), and see the unlinking.
namespace epochs {

Reader readers[internal::kThreadSlots];
std::atomic<std::uint64_t> now{1};

namespace {

// Never destroyed: threads may end after the statics are gone.
Mutex& shared_slot_mutex() {
  alignas(Mutex) static std::array<std::byte, sizeof(Mutex)> place;
  static Mutex& mutex = *::new (place.data()) Mutex;
  return mutex;
}

}  // namespace

}  // namespace epochs

EpochGuard::Place EpochGuard::enter_slowly() STRATA_NO_ANALYSIS {
  const unsigned slot = internal::thread_slot();
  if (slot != internal::kSharedSlot) return {slot, enter(slot)};
  epochs::shared_slot_mutex().lock();
  epochs::readers[slot].announce();
  return {slot, Role::kShared};
}

void EpochGuard::leave_shared() STRATA_NO_ANALYSIS {
  epochs::readers[internal::kSharedSlot].epoch.store(0, std::memory_order_release);
  epochs::shared_slot_mutex().unlock();
}

void forget_readers_at_forks() {
  static const bool is_done = [] {
    const auto nothing = [] {};
    internal::call_at_forks(nothing, nothing, [] {
      const unsigned own = internal::current_thread_slot;
      for (unsigned slot = 0; slot < internal::kThreadSlots; ++slot) {
        if (slot != own) epochs::readers[slot].epoch.store(0, std::memory_order_relaxed);
      }
    });
    return true;
  }();
  static_cast<void>(is_done);
}

Epoch begin_epoch() {
  const std::uint64_t begun = epochs::now.fetch_add(1, std::memory_order_acq_rel) + 1;
  Epoch epoch{.begun = begun, .bound = begun};
  internal::heavy_barrier();
  const unsigned slots = internal::thread_slots_in_use();
  for (unsigned slot = 0; slot < slots; ++slot) {
    const std::uint64_t read = epochs::readers[slot].epoch.load(std::memory_order_acquire);
    if (read != 0) epoch.bound = std::min(epoch.bound, read);
  }
  return epoch;
}

}  // namespace strata::memory
