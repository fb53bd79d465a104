// S3FifoPolicy: the small queue, the main queue and the ghost.
#include "memory/policy/s3fifo.h"

#include <algorithm>

#include "core/assert.h"

namespace strata::memory {

S3FifoPolicy::S3FifoPolicy() { marks_.most_uses.store(kMostUses, std::memory_order_relaxed); }

void S3FifoPolicy::set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_weight};
}

Queue& S3FifoPolicy::queue_of(const Resident& entry) {
  STRATA_ASSERT(small_.has(entry) || main_.has(entry));
  return small_.has(entry) ? small_ : main_;
}

void S3FifoPolicy::insert(Resident& entry) {
  entry.uses.store(0, std::memory_order_relaxed);
  const std::optional<std::uint16_t> left_at = ghost_.take(entry.hash);
  const bool is_remembered = left_at.has_value() && evictions_since(*left_at) < ghost_length_;
  (is_remembered ? main_ : small_).push(entry);
  note_insertion(entry);
}

void S3FifoPolicy::replace(Resident& former, Resident& incoming) {
  incoming.uses.store(former.uses.load(std::memory_order_relaxed), std::memory_order_relaxed);
  queue_of(former).replace(former, incoming);
  mark_use(incoming, marks_);
}

void S3FifoPolicy::erase(Resident& entry) { queue_of(entry).unlink(entry); }

void S3FifoPolicy::remember(const Resident& entry) {
  // With twice as many slots few are lost before their time.
  ghost_length_ = std::max<std::uint64_t>(1, entries() * (1000 - kSmallPermille) / 1000);
  ghost_.fit(static_cast<std::size_t>(ghost_length_ * 2));
  if (++evictions_since_tick_ >= evictions_per_tick()) {
    evictions_since_tick_ = 0;
    ++ghost_time_;
  }
  ghost_.insert(entry.hash, ghost_time_, ghost_time_);
}

Resident* S3FifoPolicy::evict(const Resident* spared) {
  const std::uint64_t held = entries();
  const Share main_share =
      share_beside(bounds_, kSmallPermille, 1, held == 0 ? 0 : weight() / held);
  for (int turns = kMaxTurns;; --turns) {
    Resident* small = small_.tail_but(spared);
    Resident* main = main_.tail_but(spared);
    if (small == nullptr && main == nullptr) return nullptr;
    if (main != nullptr && (small == nullptr || main_share.is_exceeded_by(main_))) {
      const std::uint8_t uses = main->uses.load(std::memory_order_relaxed);
      if (uses > 0 && turns > 1) {
        main->uses.store(static_cast<std::uint8_t>(uses - 1), std::memory_order_relaxed);
        main_.move_to_head(*main);
        continue;
      }
      main_.unlink(*main);
      return main;
    }
    const std::uint8_t uses = small->uses.load(std::memory_order_relaxed);
    if (uses >= kUsesToStay && turns > 1) {
      small->uses.store(0, std::memory_order_relaxed);
      small_.unlink(*small);
      main_.push(*small);
      continue;
    }
    remember(*small);
    small_.unlink(*small);
    return small;
  }
}

void S3FifoPolicy::check_invariants() const {
  small_.check_invariants();
  main_.check_invariants();
}

}  // namespace strata::memory
