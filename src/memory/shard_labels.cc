// A shard's part of invalidations and of ended ttls. The tier has raised the numbers before.
#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/residence.h"
#include "memory/shard.h"

namespace strata::memory {

// Sets aside what is indexed under `label`. Without memory to do so all groups are made stale
// instead, which loses hits but never correctness. Returns how many entries are gone by that.
std::uint64_t Shard::doom(LabelId label, Ticket number) {
  try {
    index_.doom(label);
    return 0;
  } catch (const std::bad_alloc&) {
    if (STRATA_MUTANT(kDoomForgotten)) return 0;
    return cells_.raise_all({.generation = ++generation_, .number = number});
  }
}

std::uint64_t Shard::set_aside(std::span<const Label> labels, Ticket number) {
  const MutexLock lock(mutex_);
  const GroupCells::Raise raise{.generation = ++generation_, .number = number};
  if (names_everything(labels)) {
    cleared_ = raise.generation;
    const std::uint64_t removed = cells_.raise_all(raise);
    count(RemovalCause::kCleared, removed);
    return removed;
  }
  std::uint64_t removed = 0;
  for (const Label& label : labels) {
    removed += cells_.raise(label.id(), raise);
    removed += doom(label.id(), number);
  }
  count(RemovalCause::kInvalidated, removed);
  settle();
  return removed;
}

void Shard::set_aside(LabelId key, Ticket number) {
  const MutexLock lock(mutex_);
  count(RemovalCause::kInvalidated, doom(key, number));
  settle();
}

std::uint64_t Shard::begin_generation() {
  const MutexLock lock(mutex_);
  return ++generation_;
}

std::uint64_t Shard::remove_stale() {
  return remove_where([](const Entry& entry) { return !is_current(entry); },
                      RemovalCause::kCleared);
}

std::uint64_t Shard::remove_key(const Label& key, std::uint64_t before) {
  const std::string_view text = key.text();
  const std::uint64_t hash = key_hash(text);
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  Entry* entry = find(hash, text);
  if (entry == nullptr || !accepted_before(*entry, before)) return 0;
  const std::uint64_t removed = is_current(*entry) ? 1 : 0;
  remove(entry, RemovalCause::kInvalidated, gone);
  settle();
  return removed;
}

// Starts to fetch what removals of these entries will read, in rounds of what is known at once.
void Shard::prefetch_removals(std::span<Entry* const> entries) const {
  for (const Entry* entry : entries) prefetch_entry(entry);
  for (const Entry* entry : entries) {
    table_.prefetch(commons_.placement.place(entry->hash()));
    __builtin_prefetch(entry->next);
    __builtin_prefetch(entry->previous);
    __builtin_prefetch(entry->labels().data());
  }
}

// Other calls may remove doomed entries of the same label; each returns when none is left, and
// so not before those that the others took are gone: taking and removing is one step.
std::uint64_t Shard::remove_doomed(std::span<const LabelId> labels) {
  std::uint64_t removed = 0;
  for (std::size_t next = 0; next < labels.size();) {
    if (removed > 0) STRATA_YIELD("memory.invalidate.slice");
    const std::size_t end = std::min(labels.size(), next + kRemovalSlice);
    std::array<Entry*, kRemovalSlice> doomed;
    std::size_t room = kRemovalSlice;
    Departures gone(commons_.limbo);
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
    settle();
  }
  return removed;
}

// Returns whether the entry is to be removed, since it is kept no longer than it was fresh.
bool Shard::end(Entry& entry, std::uint64_t before, Instant now, std::uint64_t& ended) {
  if (!accepted_before(entry, before) || !is_current(entry)) return false;
  if (end_ttl(entry, now)) ++ended;
  if (is_expired(entry, now)) return true;
  wheel_.remove(entry);
  wheel_.add(entry);
  return false;
}

std::uint64_t Shard::end_key(const Label& key, std::uint64_t before, Instant now) {
  const std::string_view text = key.text();
  const std::uint64_t hash = key_hash(text);
  std::uint64_t ended = 0;
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  Entry* entry = find(hash, text);
  if (entry != nullptr && end(*entry, before, now, ended)) {
    remove(entry, RemovalCause::kExpired, gone);
  }
  settle();
  return ended;
}

std::uint64_t Shard::end_groups(std::span<const LabelId> labels, bool all, std::uint64_t before,
                                Instant now) {
  std::vector<LabelId> of_groups;
  {
    const MutexLock lock(mutex_);
    for (const LabelId id : labels) {
      if (cells_.has_entries(id)) of_groups.push_back(id);
    }
  }
  std::uint64_t ended = 0;
  if (!all && of_groups.empty()) return ended;
  const auto is_concerned = [&](const Entry& entry) {
    if (all) return true;
    if (entry.group() == nullptr) return false;
    const std::vector<LabelId>& carried = entry.group()->ids;
    return std::find_first_of(carried.begin(), carried.end(), of_groups.begin(), of_groups.end()) !=
           carried.end();
  };
  remove_where(
      [&](Entry& entry)
          STRATA_NO_ANALYSIS { return is_concerned(entry) && end(entry, before, now, ended); },
      RemovalCause::kExpired);
  return ended;
}

std::uint64_t Shard::end_indexed(LabelId label, std::uint64_t before, Instant now) {
  std::uint64_t ended = 0;
  remove_along([&](std::uint64_t cursor, const auto& visit) STRATA_REQUIRES(
                   mutex_) { return index_.walk(label, cursor, kRemovalSlice, visit); },
               [&](Entry& entry) STRATA_NO_ANALYSIS { return end(entry, before, now, ended); },
               RemovalCause::kExpired);
  return ended;
}

}  // namespace strata::memory
