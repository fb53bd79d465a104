// Lfu: the levels.
#include "memory/policy/lfu.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/assert.h"

namespace strata::memory {
namespace {

std::uint8_t uses_of(const Resident& entry) { return entry.uses.load(std::memory_order_relaxed); }

template <std::size_t... kIndex>
std::array<Queue, sizeof...(kIndex)> make_levels(std::index_sequence<kIndex...>) {
  return {Queue(static_cast<std::uint8_t>(kIndex + 1))...};
}

}  // namespace

Lfu::Lfu() : levels_(make_levels(std::make_index_sequence<kLevels>())) {
  marks_.most_uses.store(kMostUses, std::memory_order_relaxed);
}

void Lfu::set_bounds(std::uint64_t, std::uint64_t) {}

std::size_t Lfu::level_of(const Resident& entry) const {
  STRATA_ASSERT(queue_of(entry) > 0);
  STRATA_ASSERT(queue_of(entry) <= kLevels);
  return queue_of(entry) - std::size_t{1};
}

void Lfu::insert(Resident& entry) {
  entry.uses.store(0, std::memory_order_relaxed);
  levels_[0].push(entry);
  ++entries_;
  weight_ += entry.weight;
  note_insertion(entry);
}

void Lfu::replace(Resident& former, Resident& incoming) {
  incoming.uses.store(uses_of(former), std::memory_order_relaxed);
  weight_ += incoming.weight;
  weight_ -= former.weight;
  levels_[level_of(former)].replace(former, incoming);
  mark_use(incoming, marks_);
}

void Lfu::unlink(Resident& entry) {
  levels_[level_of(entry)].unlink(entry);
  --entries_;
  weight_ -= entry.weight;
}

void Lfu::erase(Resident& entry) { unlink(entry); }

bool Lfu::move_up(Resident& entry) {
  const auto steps = static_cast<std::size_t>(std::bit_width(uses_of(entry)));
  if (steps == 0) return false;
  const std::size_t from = level_of(entry);
  entry.uses.store(0, std::memory_order_relaxed);
  levels_[from].unlink(entry);
  levels_[std::min(from + steps, kLevels - 1)].push(entry);
  return true;
}

void Lfu::age(const Resident* spared) {
  ageing_ = ageing_ + 1 < kLevels ? ageing_ + 1 : 1;
  Resident* last = levels_[ageing_].tail_but(spared);
  if (last == nullptr || move_up(*last)) return;
  levels_[ageing_].unlink(*last);
  levels_[ageing_ - 1].push(*last);
}

std::size_t Lfu::lowest_level(const Resident* spared) const {
  std::size_t level = 0;
  while (level < kLevels && levels_[level].tail_but(spared) == nullptr) ++level;
  return level;
}

Resident* Lfu::evict(const Resident* spared) {
  age(spared);
  for (int turns = kMaxTurns;; --turns) {
    const std::size_t level = lowest_level(spared);
    if (level == kLevels) return nullptr;
    Resident* last = levels_[level].tail_but(spared);
    if (turns > 1 && move_up(*last)) continue;
    unlink(*last);
    return last;
  }
}

// By the level to which its uses would take it.
Standing Lfu::standing(const Resident& entry) const {
  const auto steps = static_cast<std::uint32_t>(std::bit_width(uses_of(entry)));
  const std::uint32_t level = seen_queue(entry) + steps;
  return make_standing(entry, Order::kLastUseFirst, std::min<std::uint32_t>(level, kLevels));
}

void Lfu::check_invariants() const {
  std::uint64_t entries = 0;
  std::uint64_t weight = 0;
  for (const Queue& level : levels_) {
    level.check_invariants();
    entries += level.entries();
    weight += level.weight();
  }
  STRATA_ASSERT(entries_ == entries);
  STRATA_ASSERT(weight_ == weight);
}

}  // namespace strata::memory
