// Hands out thread slots and takes them back. The only file with thread_local state.
#include "core/thread_slot.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <new>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/scheduler.h"

namespace strata::internal {
namespace {

struct Slots {
  Mutex mutex;
  std::array<bool, kThreadSlots> taken STRATA_GUARDED_BY(mutex){};
};

// Never destroyed: threads may end after the statics are gone. And not from the heap: who asks for
// a slot may be out of memory.
Slots& slots() {
  alignas(Slots) static std::array<std::byte, sizeof(Slots)> place;
  static Slots& all = *::new (place.data()) Slots;
  return all;
}

std::atomic<unsigned> slots_in_use{kSharedSlot + 1};

struct GiveBack {
  ~GiveBack() {
    const unsigned slot = current_thread_slot;
    current_thread_slot = kSharedSlot;
    if (slot == kSharedSlot) return;
    const MutexLock lock(slots().mutex);
    STRATA_ASSERT(slots().taken[slot]);
    slots().taken[slot] = false;
  }
  // Touching the object is what registers its destructor.
  void arm() {}
};

thread_local GiveBack give_back;

unsigned lowest_free_slot() {
  const MutexLock lock(slots().mutex);
  for (unsigned slot = kSharedSlot + 1; slot < kThreadSlots; ++slot) {
    if (slots().taken[slot]) continue;
    slots().taken[slot] = true;
    if (slots_in_use.load(std::memory_order_relaxed) <= slot) slots_in_use.store(slot + 1);
    return slot;
  }
  return kSharedSlot;
}

}  // namespace

thread_local constinit unsigned current_thread_slot = kNoSlot;
thread_local constinit ThreadTurns thread_turns;
thread_local constinit ThreadCalls thread_calls;

unsigned take_thread_slot() {
  give_back.arm();
  current_thread_slot = lowest_free_slot();
  return current_thread_slot;
}

void lock_thread_slots() STRATA_NO_ANALYSIS { slots().mutex.lock(); }
void unlock_thread_slots() STRATA_NO_ANALYSIS { slots().mutex.unlock(); }

void forget_other_threads() STRATA_NO_ANALYSIS {
  slots().taken.fill(false);
  const unsigned own = current_thread_slot;
  if (own != kNoSlot && own != kSharedSlot) slots().taken[own] = true;
}

unsigned thread_slots_in_use() { return slots_in_use.load(std::memory_order_acquire); }

#if defined(STRATA_YIELD_POINTS)
thread_local constinit Scheduler* thread_scheduler = nullptr;
#endif

}  // namespace strata::internal
