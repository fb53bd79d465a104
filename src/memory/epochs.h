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

extern std::atomic<std::uint64_t> now;  // from 1 on

struct alignas(64) Reader {
  std::atomic<std::uint64_t> epoch{0};  // 0: not reading

  void announce() {
    // What happened before the epoch began is seen.
    epoch.store(now.load(std::memory_order_acquire), std::memory_order_relaxed);
    internal::light_barrier();
  }
};

extern Reader readers[internal::kThreadSlots];

}  // namespace epochs

class EpochGuard {
 public:
  EpochGuard() : EpochGuard(internal::current_thread_slot) {}
  // For who has looked at internal::current_thread_slot of this thread.
  explicit EpochGuard(unsigned slot) {
    if (is_own(slot)) [[likely]] {
      slot_ = slot;
      role_ = enter(slot);
    } else {
      const Place place = enter_slowly();
      slot_ = place.slot;
      role_ = place.role;
    }
  }
  ~EpochGuard() {
    if (role_ == Role::kOutermost) [[likely]] {
      epochs::readers[slot_].epoch.store(0, std::memory_order_release);
    } else if (role_ == Role::kShared) {
      leave_shared();
    }
  }
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

  // One comparison finds the two that are rare: no slot yet, and the shared one.
  [[nodiscard]] static bool is_own(unsigned slot) { return slot - 1 < internal::kThreadSlots - 1; }
  // Whose number Counter and ReadCounts take.
  [[nodiscard]] unsigned slot() const { return slot_; }

 private:
  enum class Role : std::uint32_t {
    kOutermost,
    kNested,  // within another guard of its thread, which has announced an epoch
    kShared,  // in the slot that one thread has at a time
  };
  // Returned by value: a guard whose address is taken nowhere stays in registers.
  struct Place {
    unsigned slot;
    Role role;
  };

  static Role enter(unsigned slot) {
    epochs::Reader& reader = epochs::readers[slot];
    if (reader.epoch.load(std::memory_order_relaxed) != 0) return Role::kNested;
    reader.announce();
    return Role::kOutermost;
  }
  static Place enter_slowly();
  static void leave_shared();

  unsigned slot_;
  Role role_;
};

// What a hit pays for: the guard of a thread that has a slot of its own, and no other guard.
class OutermostGuard {
 public:
  [[nodiscard]] static bool is_possible(unsigned slot) {
    return EpochGuard::is_own(slot) &&
           epochs::readers[slot].epoch.load(std::memory_order_relaxed) == 0;
  }
  // Precondition: it is the calling thread's slot, and is_possible(slot).
  explicit OutermostGuard(unsigned slot) : slot_(slot) { epochs::readers[slot].announce(); }
  ~OutermostGuard() { epochs::readers[slot_].epoch.store(0, std::memory_order_release); }
  OutermostGuard(const OutermostGuard&) = delete;
  OutermostGuard& operator=(const OutermostGuard&) = delete;

  [[nodiscard]] unsigned slot() const { return slot_; }

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

// From now on, readers that a child of fork() does not have do not hold up what it gives back.
void forget_readers_at_forks();

}  // namespace strata::memory
