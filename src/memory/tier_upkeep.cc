// The memory tier's upkeep: expiry, resizing, and the check of its invariants.
#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/assert.h"
#include "memory/charge.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {

std::uint64_t MemoryTier::remove_expired() {
  const Instant now = clock_->now();
  const std::uint64_t removed =
      remove_where([&](const Entry& entry) { return is_expired(entry, now) || !is_current(entry); },
                   RemovalCause::kExpired);
  limbo_.release();
  return removed;
}

void MemoryTier::resize(std::uint64_t max_entries, std::uint64_t max_bytes) {
  {
    const MutexLock lock(mutex_);
    max_entries_ = max_entries;
    max_bytes_ = max_bytes;
    policy().set_bounds(max_entries, max_bytes);
  }
  for (bool done = false; !done;) {
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    done = evict(max_entries_ == 0 ? UINT64_MAX : max_entries_, max_bytes_, nullptr, gone);
  }
  limbo_.release();
}

StructureSizes MemoryTier::sizes() const {
  StructureSizes sizes;
  const MutexLock lock(mutex_);
  for (std::size_t at = 0; at < table_count(); ++at) sizes.table_slots += tables_[at].capacity();
  sizes.residents = policy().entries();
  sizes.dead = cells_.dead();
  sizes.cells = cells_.size();
  sizes.labels = index_.label_count();
  sizes.label_slots = index_.slot_count();
  sizes.postings = index_.posting_count();
  sizes.ghost_bytes = policy().footprint_bytes();
  return sizes;
}

void MemoryTier::check_entry(const Entry& entry) const {
  STRATA_ASSERT(entry.residence.cell != nullptr);
  STRATA_ASSERT(entry.residence.generation <= number(labels_.position()));
  STRATA_ASSERT(entry.weight == charge_bytes(entry));
  STRATA_ASSERT(entry.queue != 0);
  for (const Label& label : entry.labels()) STRATA_ASSERT(index_.contains(label.id(), entry));
}

// Numbers of the invariants in tier.cc.
void MemoryTier::check_invariants() const {
  const MutexLock lock(mutex_);
  labels_.check_invariants();
  index_.check_invariants();
  wheel_.check_invariants();
  policy().check_invariants();
  STRATA_ASSERT(position_.load() == number(labels_.position()));
  STRATA_ASSERT(number(cleared_) <= number(labels_.position()));

  // (1), from the tables to the rest ...
  std::unordered_set<const Entry*> residents;
  for (std::size_t at = 0; at < table_count(); ++at) {
    const EntryTable& table = tables_[at];
    table.check_invariants();
    table.walk(0, SIZE_MAX, [&](const Entry* entry) STRATA_NO_ANALYSIS {
      STRATA_ASSERT(&table_of(entry->hash()) == &table);
      STRATA_ASSERT(find(entry->hash(), entry->key_text()) == entry);
      STRATA_ASSERT(residents.insert(entry).second);
      check_entry(*entry);
    });
  }
  // ... and back.
  STRATA_ASSERT(policy().entries() == residents.size());
  index_.for_each([&](LabelId label, const Entry* entry) {
    STRATA_ASSERT(residents.contains(entry));
    const std::span<const Label> labels = entry->labels();
    STRATA_ASSERT(std::any_of(labels.begin(), labels.end(),
                              [&](const Label& one) { return one.id() == label; }));
  });
  cells_.check_invariants([&](const auto& visit) {
    for (const Entry* entry : residents) visit(*entry);
  });

  // (4), and what is counted.
  STRATA_ASSERT(max_entries_ == 0 || policy().entries() <= max_entries_);
  STRATA_ASSERT(used_bytes() <= max_bytes_);
  std::uint64_t left = 0;
  for (const std::uint64_t removals : counters_.removals) left += removals;
  STRATA_ASSERT(counters_.stored == left + cells_.current());
}

}  // namespace strata::memory
