// The memory tier's invalidations: the numbers rise first, the removals follow in slices.
#include <algorithm>
#include <array>
#include <new>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {

bool names_everything(std::span<const Label> labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const Label& label) { return label.kind() == LabelKind::kAll; });
}

std::vector<LabelId> ids_of(std::span<const Label> labels) {
  std::vector<LabelId> ids;
  ids.reserve(labels.size());
  for (const Label& label : labels) ids.push_back(label.id());
  return ids;
}

Ticket MemoryTier::raise(std::span<const LabelId> labels) {
  const Ticket raised = labels_.raise(labels);
  position_.store(number(raised), std::memory_order_release);
  ++counters_.invalidations;
  return raised;
}

// Sets aside what is indexed under `label`. Without memory to do so all groups are made stale
// instead, which loses hits but never correctness. Returns how many entries are gone by that.
std::uint64_t MemoryTier::doom(LabelId label, Ticket number) {
  try {
    index_.doom(label);
    return 0;
  } catch (const std::bad_alloc&) {
    return cells_.raise_all(number);
  }
}

void MemoryTier::count(RemovalCause cause, std::uint64_t removed) {
  counters_.removals[static_cast<std::size_t>(cause)] += removed;
}

// The part of an invalidation that is one step with raising the numbers. Returns how many
// entries are gone by it.
std::uint64_t MemoryTier::set_aside(std::span<const Label> labels, Ticket number) {
  if (names_everything(labels)) {
    cleared_ = number;
    const std::uint64_t removed = cells_.raise_all(number);
    count(RemovalCause::kCleared, removed);
    return removed;
  }
  std::uint64_t removed = 0;
  for (const Label& label : labels) {
    removed += cells_.raise(label.id(), number);
    removed += doom(label.id(), number);
  }
  count(RemovalCause::kInvalidated, removed);
  return removed;
}

InvalidateOutcome MemoryTier::invalidate(std::span<const Label> labels) {
  try {
    return invalidate_these(labels);
  } catch (const std::bad_alloc&) {
    return invalidate_everything();
  }
}

// Without memory to say what is concerned.
InvalidateOutcome MemoryTier::invalidate_everything() {
  const Label all = everything();
  const LabelId id = all.id();
  const MutexLock lock(mutex_);
  const Ticket raised = raise({&id, 1});
  return {.position = raised, .removed = set_aside({&all, 1}, raised)};
}

InvalidateOutcome MemoryTier::invalidate_these(std::span<const Label> labels) {
  const std::vector<LabelId> ids = ids_of(labels);
  InvalidateOutcome outcome;
  std::uint64_t removed = 0;
  if (STRATA_MUTANT(kRaiseAfterRemoval)) {
    {
      const MutexLock lock(mutex_);
      removed = set_aside(labels, Ticket{number(labels_.position()) + 1});
    }
    removed += remove_older(labels, ids, Ticket{UINT64_MAX});
    STRATA_YIELD("memory.invalidate.raised");
    const MutexLock lock(mutex_);
    outcome.position = raise(ids);
    outcome.removed = removed;
    return outcome;
  }
  {
    const MutexLock lock(mutex_);
    outcome.position = raise(ids);
    removed = set_aside(labels, outcome.position);
  }
  STRATA_YIELD("memory.invalidate.raised");
  outcome.removed = removed + remove_older(labels, ids, outcome.position);
  return outcome;
}

// Removes, in slices, what carries one of `labels` and was accepted before `number`. Entries
// whose group was invalidated stay for the sweep, unless everything was: then their memory is
// given back at once.
std::uint64_t MemoryTier::remove_older(std::span<const Label> labels, std::span<const LabelId> ids,
                                       Ticket number) {
  if (names_everything(labels)) {
    const auto is_older = [&](const Entry& entry) { return accepted_before(entry, number); };
    return remove_where(is_older, RemovalCause::kCleared);
  }
  return remove_keys(labels, number) + remove_doomed(ids);
}

std::uint64_t MemoryTier::remove_keys(std::span<const Label> labels, Ticket number) {
  std::uint64_t removed = 0;
  for (std::size_t next = 0; next < labels.size();) {
    if (next > 0) STRATA_YIELD("memory.invalidate.slice");
    const std::size_t end = std::min(labels.size(), next + kRemovalSlice);
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    for (; next < end; ++next) {
      if (labels[next].kind() != LabelKind::kKey) continue;
      const std::string_view text = labels[next].text();
      Entry* entry = find(key_hash(text), text);
      if (entry == nullptr || !accepted_before(*entry, number)) continue;
      if (is_current(*entry)) ++removed;
      remove(entry, RemovalCause::kInvalidated, gone);
    }
  }
  return removed;
}

// Starts to fetch what removals of these entries will read, in rounds of what is known at once.
void MemoryTier::prefetch_removals(std::span<Entry* const> entries) const {
  for (const Entry* entry : entries) prefetch_entry(entry);
  for (const Entry* entry : entries) {
    table_of(entry->hash()).prefetch(placement_.place(entry->hash()));
    __builtin_prefetch(entry->next);
    __builtin_prefetch(entry->previous);
    __builtin_prefetch(entry->labels().data());
  }
}

// Other calls may remove doomed entries of the same label; each returns when none is left, and
// so not before those that the others took are gone: taking and removing is one step.
std::uint64_t MemoryTier::remove_doomed(std::span<const LabelId> labels) {
  std::uint64_t removed = 0;
  for (std::size_t next = 0; next < labels.size();) {
    if (removed > 0) STRATA_YIELD("memory.invalidate.slice");
    const std::size_t end = std::min(labels.size(), next + kRemovalSlice);
    std::array<Entry*, kRemovalSlice> doomed;
    std::size_t room = kRemovalSlice;
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    while (next < end && room > 0) {
      const std::size_t taken = index_.take_doomed(labels[next], {doomed.data(), room});
      room -= taken;
      prefetch_removals({doomed.data(), taken});
      for (std::size_t at = 0; at < taken; ++at) {
        if (is_current(*doomed[at])) ++removed;
        remove(doomed[at], RemovalCause::kInvalidated, gone);
      }
      if (!index_.has_doomed(labels[next])) ++next;
    }
  }
  return removed;
}

}  // namespace strata::memory
