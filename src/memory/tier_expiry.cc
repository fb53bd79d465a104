// The memory tier's ending of ttls: the numbers rise first, the entries' times follow in slices.
#include <algorithm>
#include <new>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {

// Nothing is set aside, since the entries stay. They are found in three places: keys in the table;
// groups by a walk over the table; tags, and what is inherited, by a walk over their posting sets.
// Walks go by hash and so see every entry that is there all the time, whatever comes and goes
// between two slices.
//
// An entry accepted before the number that is not seen has left, or is doomed by an invalidation
// of one of the labels, which will remove it and may not have come to it. So the call removes what
// is doomed of its labels before it returns: after a walk, when all that could be doomed unseen is.
struct MemoryTier::Ending {
  Ticket number;
  Instant now;
  std::uint64_t ended = 0;
};

InvalidateOutcome MemoryTier::expire(std::span<const Label> labels) {
  try {
    return expire_these(labels);
  } catch (const std::bad_alloc&) {
    return invalidate_everything();
  }
}

InvalidateOutcome MemoryTier::expire_these(std::span<const Label> labels) {
  const std::vector<LabelId> ids = ids_of(labels);
  Ending ending{.number = {}, .now = clock_->now()};
  {
    const MutexLock lock(mutex_);
    ending.number = raise(STRATA_MUTANT(kExpireWithoutRaise) ? std::span<const LabelId>() : ids);
  }
  STRATA_YIELD("memory.expire.raised");
  end_keys(labels, ending);
  end_groups(labels, ids, ending);
  for (const LabelId id : ids) end_indexed(id, ending);
  remove_doomed(ids);
  return {.position = ending.number, .removed = ending.ended};
}

// Returns whether the entry is to be removed, since it is kept no longer than it was fresh.
bool MemoryTier::end(Entry& entry, Ending& ending) {
  if (!accepted_before(entry, ending.number) || !is_current(entry)) return false;
  if (end_ttl(entry, ending.now)) ++ending.ended;
  if (is_expired(entry, ending.now)) return true;
  wheel_.remove(entry);
  wheel_.add(entry);
  return false;
}

void MemoryTier::end_keys(std::span<const Label> labels, Ending& ending) {
  for (std::size_t next = 0; next < labels.size();) {
    const std::size_t end_of_slice = std::min(labels.size(), next + kRemovalSlice);
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    for (; next < end_of_slice; ++next) {
      if (labels[next].kind() != LabelKind::kKey) continue;
      const std::string_view text = labels[next].text();
      Entry* entry = find(key_hash(text), text);
      if (entry != nullptr && end(*entry, ending)) remove(entry, RemovalCause::kExpired, gone);
    }
  }
}

void MemoryTier::end_groups(std::span<const Label> labels, std::span<const LabelId> ids,
                            Ending& ending) {
  const bool is_all = names_everything(labels);
  std::vector<LabelId> of_groups;
  {
    const MutexLock lock(mutex_);
    for (const LabelId id : ids) {
      if (cells_.has_entries(id)) of_groups.push_back(id);
    }
  }
  if (!is_all && of_groups.empty()) return;
  const auto is_concerned = [&](const Entry& entry) {
    if (is_all) return true;
    if (entry.group() == nullptr) return false;
    const std::vector<LabelId>& carried = entry.group()->ids;
    return std::find_first_of(carried.begin(), carried.end(), of_groups.begin(), of_groups.end()) !=
           carried.end();
  };
  remove_where([&](Entry& entry)
                   STRATA_NO_ANALYSIS { return is_concerned(entry) && end(entry, ending); },
               RemovalCause::kExpired);
}

void MemoryTier::end_indexed(LabelId label, Ending& ending) {
  remove_along(
      [&](std::uint64_t cursor, const auto& visit)
          STRATA_REQUIRES(mutex_) { return index_.walk(label, cursor, kRemovalSlice, visit); },
      [&](Entry& entry) STRATA_NO_ANALYSIS { return end(entry, ending); }, RemovalCause::kExpired);
}

}  // namespace strata::memory
