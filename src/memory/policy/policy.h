// Policy: decides which entries of one shard stay when there is no room for all.
//
// The tier and the simulator drive it alike:
//
//   hit      mark_use(entry, policy.marks()), and on_hit(entry) if wants_hits(); the cache's
//            Controller, if it has one, is told (memory/policy/policies.h)
//   miss     the Controller likewise; insert(entry); while what is there exceeds the bounds: victim
//   = evict(spared) other    erase(entry) when it leaves for a reason of its own, replace() when
//   its value changes
//
// Threads   Guarded by the shard's lock, all but marks(). Ownership: entries are borrowed.
// Cost      O(1) amortised each; evict() looks at no more than kMaxTurns entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "memory/policy/resident.h"
#include "strata/core/standing.h"

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

  // Starts to fetch what insert() of a key with this hash will wait for, and evict().
  virtual void prefetch(std::uint64_t hash) const { static_cast<void>(hash); }
  // Who will probably be looked at first by evict(), to be fetched early; null: it cannot be said.
  [[nodiscard]] virtual const Resident* next_victim() const { return nullptr; }

  // How long it would keep the entry beside the others: by its queue, its uses, its last use. May
  // be called at any time, without the lock.
  [[nodiscard]] virtual Standing standing(const Resident& entry) const {
    return make_standing(entry, Order::kUsesFirst, seen_queue(entry));
  }

  [[nodiscard]] virtual std::uint64_t entries() const = 0;
  [[nodiscard]] virtual std::uint64_t weight() const = 0;
  // Of what it remembers beyond the residents.
  [[nodiscard]] virtual std::size_t footprint_bytes() const = 0;
  // Aborts if an internal invariant is broken. O(entries); for tests.
  virtual void check_invariants() const = 0;

 protected:
  static constexpr std::uint64_t kTicksPerTurn = 64;
  static constexpr std::uint8_t kUsesShown = 15;  // noted only for standing()

  enum class Order { kUsesFirst, kLastUseFirst };
  // Entries of a higher part are kept longer; within one part it goes by uses and last use.
  [[nodiscard]] Standing make_standing(const Resident& entry, Order order,
                                       std::uint32_t part) const {
    const std::uint8_t uses = entry.uses.load(std::memory_order_relaxed);
    const auto unused_for =
        static_cast<std::uint16_t>(marks_.now.load(std::memory_order_relaxed) -
                                   entry.last_use.load(std::memory_order_relaxed));
    const std::uint32_t last_use = 0xffffu - unused_for;
    const std::uint32_t within =
        order == Order::kUsesFirst ? uses << 16 | last_use : last_use << 8 | uses;
    return {.rank = part << 24 | within, .uses = uses, .unused_for = unused_for};
  }

  // For policies that do not need the coarse time themselves. It goes on by a tick whenever a 64th
  // of what is held has been inserted.
  void note_insertion(Resident& entry) {
    const std::uint16_t now = marks_.now.load(std::memory_order_relaxed);
    entry.last_use.store(now, std::memory_order_relaxed);
    if (++insertions_since_tick_ * kTicksPerTurn < entries()) return;
    insertions_since_tick_ = 0;
    marks_.now.store(static_cast<std::uint16_t>(now + 1), std::memory_order_relaxed);
  }
  // `incoming` takes over what was noted of `former`.
  static void inherit_uses(const Resident& former, Resident& incoming) {
    incoming.uses.store(former.uses.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  UseMarks marks_;

 private:
  std::uint64_t insertions_since_tick_ = 0;
};

}  // namespace strata::memory
