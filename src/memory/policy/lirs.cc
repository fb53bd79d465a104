// Lirs: the stack, the queue and the history.
#include "memory/policy/lirs.h"

#include <limits>

#include "core/assert.h"

namespace strata::memory {

// Invariants:
// (1) Every LIR entry has a node in the stack; HIR entries may; remembered ones are nodes alone.
// (2) The lowest node is that of a LIR entry, once prune() has done what a call leaves to the next:
//     it looks at no more than kMaxTurns nodes.
// (3) The history has the nodes without a resident, in the order in which they were evicted.
//
// Two keys of one hash share what is known of it: the second has no node while the first is held.

Lirs::Lirs(const LirsOptions& options) : options_(options) {
  marks_.most_uses.store(kUsesShown, std::memory_order_relaxed);
}

void Lirs::set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_weight};
  update_share();
}

void Lirs::update_share() {
  const std::uint64_t held = entries();
  lir_share_ = share_beside(bounds_, kHirPermille, kHirEntriesMin, held == 0 ? 0 : weight() / held);
}

LirsIndex Lirs::node_of(const Resident& entry) const {
  const LirsIndex index = nodes_.find(entry.hash);
  return index != kNoNode && nodes_[index].resident == &entry ? index : kNoNode;
}

bool Lirs::is_lir(LirsIndex index) const {
  const Resident* entry = nodes_[index].resident;
  return entry != nullptr && lir_.has(*entry);
}

int Lirs::turns() const {
  return options_.unbounded_history ? std::numeric_limits<int>::max() : kMaxTurns;
}

void Lirs::stack_push(LirsIndex index) {
  nodes_[index].above = kNoNode;
  nodes_[index].below = top_;
  (top_ == kNoNode ? bottom_ : nodes_[top_].above) = index;
  top_ = index;
}

void Lirs::stack_unlink(LirsIndex index) {
  const LirsNode& node = nodes_[index];
  (node.above == kNoNode ? top_ : nodes_[node.above].below) = node.below;
  (node.below == kNoNode ? bottom_ : nodes_[node.below].above) = node.above;
}

void Lirs::history_push(LirsIndex index) {
  nodes_[index].resident = nullptr;
  nodes_[index].newer = kNoNode;
  nodes_[index].older = newest_;
  (newest_ == kNoNode ? oldest_ : nodes_[newest_].newer) = index;
  newest_ = index;
  ++history_;
  const std::uint64_t most = entries() * kHistoryPerEntry;
  for (int turns = kMaxTurns; turns > 0 && !options_.unbounded_history && history_ > most;
       --turns) {
    forget(oldest_);
  }
}

void Lirs::history_unlink(LirsIndex index) {
  const LirsNode& node = nodes_[index];
  (node.newer == kNoNode ? newest_ : nodes_[node.newer].older) = node.older;
  (node.older == kNoNode ? oldest_ : nodes_[node.older].newer) = node.newer;
  --history_;
}

void Lirs::forget(LirsIndex index) {
  if (nodes_[index].resident == nullptr) history_unlink(index);
  stack_unlink(index);
  nodes_.erase(index);
}

void Lirs::prune() {
  for (int turns = this->turns(); turns > 0 && bottom_ != kNoNode && !is_lir(bottom_); --turns) {
    forget(bottom_);
  }
}

void Lirs::demote_excess() {
  for (int turns = this->turns(); turns > 0 && lir_share_.is_exceeded_by(lir_); --turns) {
    prune();
    if (bottom_ == kNoNode || !is_lir(bottom_)) return;
    Resident& coldest = *nodes_[bottom_].resident;
    lir_.unlink(coldest);
    hir_.push(coldest);
    forget(bottom_);
  }
  prune();
}

// Of an entry whose node is at the top.
void Lirs::become_lir(Resident& entry) {
  if (hir_.has(entry)) hir_.unlink(entry);
  lir_.push(entry);
  demote_excess();
}

void Lirs::on_hit(Resident& entry) {
  LirsIndex node = node_of(entry);
  const bool was_there = node != kNoNode;
  if (was_there) {
    stack_unlink(node);
    stack_push(node);
  } else if (nodes_.find(entry.hash) == kNoNode) {
    node = nodes_.add(entry.hash);
    if (node != kNoNode) {
      nodes_[node].resident = &entry;
      stack_push(node);
    }
  }
  if (lir_.has(entry)) return prune();
  if (was_there) return become_lir(entry);
  hir_.move_to_head(entry);
}

void Lirs::insert(Resident& entry) {
  entry.uses.store(0, std::memory_order_relaxed);
  note_insertion(entry);
  if (bounds_.max_weight != 0) update_share();
  LirsIndex node = nodes_.find(entry.hash);
  bool is_near = false;
  if (node != kNoNode && nodes_[node].resident == nullptr) {
    is_near = true;
    history_unlink(node);
    stack_unlink(node);
  } else if (node != kNoNode) {
    node = kNoNode;  // Of another key.
  } else {
    node = nodes_.add(entry.hash);
  }
  if (node == kNoNode) return hir_.push(entry);
  nodes_[node].resident = &entry;
  stack_push(node);
  if (is_near || lir_share_.has_room_beside(lir_)) {
    become_lir(entry);
  } else {
    hir_.push(entry);
  }
}

void Lirs::replace(Resident& former, Resident& incoming) {
  const LirsIndex node = node_of(former);
  (lir_.has(former) ? lir_ : hir_).replace(former, incoming);
  if (node != kNoNode) nodes_[node].resident = &incoming;
  inherit_uses(former, incoming);
  mark_use(incoming, marks_);
  on_hit(incoming);
}

void Lirs::erase(Resident& entry) {
  const LirsIndex node = node_of(entry);
  (lir_.has(entry) ? lir_ : hir_).unlink(entry);
  if (node != kNoNode) forget(node);
  prune();
}

Resident* Lirs::evict(const Resident* spared) {
  if (lir_share_.is_exceeded_by(lir_)) demote_excess();  // The bounds have changed.
  Resident* victim = hir_.tail_but(spared);
  if (victim == nullptr) {
    // All are LIR: the coldest of them, or any while that one is not found yet.
    prune();
    const bool found = bottom_ != kNoNode && is_lir(bottom_) && nodes_[bottom_].resident != spared;
    victim = found ? nodes_[bottom_].resident : lir_.tail_but(spared);
    if (victim != nullptr) erase(*victim);
    return victim;
  }
  const LirsIndex node = node_of(*victim);
  hir_.unlink(*victim);
  if (node != kNoNode) history_push(node);
  return victim;
}

// LIR entries stay before all others, and leave in the order of the stack: that of the last uses.
Standing Lirs::standing(const Resident& entry) const {
  return make_standing(entry, Order::kLastUseFirst, seen_queue(entry) == 1 ? 1 : 0);
}

void Lirs::check_invariants() const {
  lir_.check_invariants();
  hir_.check_invariants();
  std::uint64_t lir = 0;
  std::uint64_t remembered = 0;
  std::size_t nodes = 0;
  LirsIndex above = kNoNode;
  for (LirsIndex i = top_; i != kNoNode; i = nodes_[i].below) {
    STRATA_ASSERT(nodes_[i].above == above);
    STRATA_ASSERT(nodes_.find(nodes_[i].hash) == i);
    if (nodes_[i].resident == nullptr) ++remembered;
    if (is_lir(i)) ++lir;
    ++nodes;
    above = i;
  }
  STRATA_ASSERT(bottom_ == above);
  STRATA_ASSERT(lir == lir_.entries());
  STRATA_ASSERT(remembered == history_);
  STRATA_ASSERT(nodes == nodes_.size());
  STRATA_ASSERT(!options_.unbounded_history || bottom_ == kNoNode || is_lir(bottom_));
}

}  // namespace strata::memory
