// Policy: decides which entries of one shard stay when there is no room for all.
//
// The tier and the simulator drive it alike:
//
//   hit      mark_use(entry, policy.marks()), and on_hit(entry) if wants_hits(); the cache's
//            Controller, if it has one, is offered the hash (memory/policy/policies.h)
//   miss     insert(entry); while what is there exceeds the bounds: victim = evict(spared)
//   other    erase(entry) when it leaves for a reason of its own, replace() when its value changes
//
// Threads   Guarded by the shard's lock, all but marks(). Ownership: entries are borrowed.
// Cost      O(1) amortised each; evict() looks at no more than kMaxTurns entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "memory/policy/resident.h"

namespace strata::memory {

// What readers stamp on what they hit. Changes rarely, and has its line to itself: the queues
// beside it change with every insertion.
struct alignas(64) UseMarks {
  std::atomic<std::uint16_t> now{0};
  std::atomic<std::uint8_t> most_uses{3};
};

// Notes a hit. Stores only what changes.
inline void mark_use(Resident& entry, const UseMarks& marks) {
  const std::uint8_t uses = entry.uses.load(std::memory_order_relaxed);
  if (uses < marks.most_uses.load(std::memory_order_relaxed)) {
    entry.uses.store(static_cast<std::uint8_t>(uses + 1), std::memory_order_relaxed);
  }
  const std::uint16_t now = marks.now.load(std::memory_order_relaxed);
  if (entry.last_use.load(std::memory_order_relaxed) != now) {
    entry.last_use.store(now, std::memory_order_relaxed);
  }
}

class Policy {
 public:
  // No call looks at more entries than this.
  static constexpr int kMaxTurns = 128;

  virtual ~Policy() = default;

  // Bounds of the shard; 0: none of that kind. More than they allow stays until evict() is called.
  virtual void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) = 0;

  [[nodiscard]] const UseMarks& marks() const { return marks_; }
  // Whether hits have to be told, in their order and under the lock.
  [[nodiscard]] virtual bool wants_hits() const { return false; }
  virtual void on_hit(Resident& entry) { static_cast<void>(entry); }

  // A new entry, with hash and weight set.
  virtual void insert(Resident& entry) = 0;
  // `incoming`, a new value of the same key, takes the place of `former`, which leaves; a use.
  virtual void replace(Resident& former, Resident& incoming) = 0;
  // The entry leaves, and not for want of room: nothing is remembered of it.
  virtual void erase(Resident& entry) = 0;
  // Chooses an entry other than `spared`, unlinks it, remembers what the policy wants to remember
  // of it, and returns it; null if there is none.
  [[nodiscard]] virtual Resident* evict(const Resident* spared) = 0;

  [[nodiscard]] virtual std::uint64_t entries() const = 0;
  [[nodiscard]] virtual std::uint64_t weight() const = 0;
  // Of what it remembers beyond the residents.
  [[nodiscard]] virtual std::size_t footprint_bytes() const = 0;
  // Aborts if an internal invariant is broken. O(entries); for tests.
  virtual void check_invariants() const = 0;

 protected:
  UseMarks marks_;
};

}  // namespace strata::memory
