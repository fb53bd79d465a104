// Epochs: when memory that readers without a lock may still be looking at can be given back.
//
// A reader announces the present epoch in its thread's slot while it reads (Guard). Who has taken
// something out of a structure begins an epoch afterwards and stamps it with that; it may go as
// soon as no reader announces an older one.
//
//   { const EpochGuard guard; Entry* entry = table.find(...); use(*entry); }     // readers
//   table.erase(entry);                                                          // writers
//   const Epoch epoch = begin_epoch();
//   stamp of entry = epoch.begun;       // it goes when epoch.bound of this call, or a later, is
//                                       // not below that
//
// Source    Fraser, "Practical lock-freedom", 2004, chapter 5; the asymmetric barrier follows
//           Desnoyers et al., "User-level implementations of read-copy update", 2012.
// Threads   Thread-safe. Threads without a slot of their own read one at a time.
// Cost      A guard is two plain stores to a line of the thread's own; begin_epoch() a barrier
//           over the process and a look at every slot in use.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/thread_slot.h"
#include "ports/memory_barrier.h"

namespace strata::memory {

namespace epochs {

struct alignas(64) Reader {
  std::atomic<std::uint64_t> epoch{0};  // 0: not reading
  std::uint32_t depth = 0;              // of nested guards; the thread's own
};

extern Reader readers[internal::kThreadSlots];
extern std::atomic<std::uint64_t> now;  // from 1 on

void lock_shared_slot();
void unlock_shared_slot();

}  // namespace epochs

class EpochGuard {
 public:
  EpochGuard() : slot_(internal::thread_slot()) {
    epochs::Reader& reader = epochs::readers[slot_];
    if (slot_ == internal::kSharedSlot) {
      epochs::lock_shared_slot();
    } else if (reader.depth++ > 0) {
      return;
    }
    // What happened before the epoch began is seen.
    reader.epoch.store(epochs::now.load(std::memory_order_acquire), std::memory_order_relaxed);
    internal::light_barrier();
  }
  ~EpochGuard() {
    epochs::Reader& reader = epochs::readers[slot_];
    if (slot_ != internal::kSharedSlot && --reader.depth > 0) return;
    reader.epoch.store(0, std::memory_order_release);
    if (slot_ == internal::kSharedSlot) epochs::unlock_shared_slot();
  }
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  const unsigned slot_;
};

// Whether guards of the calling thread may be nested: with code of others within one.
[[nodiscard]] inline bool may_nest_guards() {
  return internal::thread_slot() != internal::kSharedSlot;
}

struct Epoch {
  std::uint64_t begun = 0;  // after all that the caller did before
  std::uint64_t bound = 0;  // no reader announces an older one
};

[[nodiscard]] Epoch begin_epoch();

}  // namespace strata::memory
