// Lru: one queue.
#include "memory/policy/lru.h"

namespace strata::memory {

Lru::Lru() { marks_.most_uses.store(kUsesShown, std::memory_order_relaxed); }

void Lru::set_bounds(std::uint64_t, std::uint64_t) {}

void Lru::on_hit(Resident& entry) { queue_.move_to_head(entry); }

void Lru::insert(Resident& entry) {
  queue_.push(entry);
  note_insertion(entry);
}

void Lru::replace(Resident& former, Resident& incoming) {
  queue_.replace(former, incoming);
  queue_.move_to_head(incoming);
  inherit_uses(former, incoming);
  mark_use(incoming, marks_);
}

void Lru::erase(Resident& entry) { queue_.unlink(entry); }

Resident* Lru::evict(const Resident* spared) {
  Resident* victim = queue_.tail_but(spared);
  if (victim != nullptr) queue_.unlink(*victim);
  return victim;
}

void Lru::check_invariants() const { queue_.check_invariants(); }

}  // namespace strata::memory
