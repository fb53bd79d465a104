// LabelIndex: posting sets under labels, and those that invalidations have set aside.
#include "memory/label_index.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/assert.h"

namespace strata::memory {

LabelIndex::Slot* LabelIndex::find(LabelId label) const {
  const LinearTable<Slot>& slots = shards_[static_cast<std::uint64_t>(label) % kShards];
  return slots.find(static_cast<std::uint64_t>(label), [](const Slot&) { return true; });
}

void LabelIndex::add(Entry& entry) {
  if (entry.details() == nullptr) return;
  try {
    for (const LabelId label : entry.details()->label_ids) {
      if (Slot* slot = find(label)) {
        slot->entries.insert(&entry);
        continue;
      }
      Slot fresh;
      fresh.label = label;
      fresh.entries.insert(&entry);
      shard(label).insert(std::move(fresh));
    }
  } catch (const std::bad_alloc&) {
    remove(entry);
    throw;
  }
}

void LabelIndex::remove(const Entry& entry) {
  if (entry.details() == nullptr) return;
  for (const LabelId label : entry.details()->label_ids) erase(label, entry);
}

// A slot whose set became empty looks unused, which is why it is erased at once.
void LabelIndex::erase(LabelId label, const Entry& entry) {
  Slot* slot = find(label);
  if (slot != nullptr && slot->entries.erase(&entry)) {
    if (!slot->entries.empty()) return;
    shard(label).erase(slot);
    shard(label).fit();
    return;
  }
  if (doomed_.empty()) return;
  const auto sets = doomed_.find(label);
  if (sets == doomed_.end()) return;
  for (Doomed& doomed : sets->second) {
    if (!doomed.entries.erase(&entry)) continue;
    if (doomed.entries.empty()) {
      std::swap(doomed, sets->second.back());
      sets->second.pop_back();
    }
    break;
  }
  if (sets->second.empty()) doomed_.erase(sets);
}

void LabelIndex::doom(LabelId label) {
  Slot* slot = find(label);
  if (slot == nullptr) return;
  const auto [sets, added] = doomed_.try_emplace(label);
  try {
    sets->second.emplace_back();
  } catch (const std::bad_alloc&) {
    if (added) doomed_.erase(sets);
    throw;
  }
  sets->second.back().entries = std::move(slot->entries);
  shard(label).erase(slot);
  shard(label).fit();
}

std::size_t LabelIndex::take_doomed(LabelId label, std::span<Entry*> out) {
  const auto sets = doomed_.find(label);
  if (sets == doomed_.end()) return 0;
  std::size_t taken = 0;
  while (taken < out.size() && !sets->second.empty()) {
    Doomed& doomed = sets->second.back();
    taken += doomed.entries.take(doomed.hand, out.subspan(taken));
    if (doomed.entries.empty()) sets->second.pop_back();
  }
  if (sets->second.empty()) doomed_.erase(sets);
  return taken;
}

bool LabelIndex::contains(LabelId label, const Entry& entry) const {
  const Slot* slot = find(label);
  if (slot != nullptr && slot->entries.contains(&entry)) return true;
  const auto sets = doomed_.find(label);
  if (sets == doomed_.end()) return false;
  return std::any_of(sets->second.begin(), sets->second.end(),
                     [&](const Doomed& doomed) { return doomed.entries.contains(&entry); });
}

std::size_t LabelIndex::label_count() const {
  std::size_t count = doomed_.size();
  for (const LinearTable<Slot>& slots : shards_) count += slots.size();
  return count;
}

std::size_t LabelIndex::slot_count() const {
  std::size_t count = 0;
  for (const LinearTable<Slot>& slots : shards_) count += slots.capacity();
  return count;
}

std::size_t LabelIndex::posting_count() const {
  std::size_t count = 0;
  for_each([&](LabelId, const Entry*) { ++count; });
  return count;
}

void LabelIndex::check_invariants() const {
  for (const LinearTable<Slot>& slots : shards_) {
    slots.check_invariants();
    for (std::size_t at = 0; at < slots.capacity(); ++at) slots.at(at).entries.check_invariants();
  }
  for (const auto& [label, sets] : doomed_) {
    STRATA_ASSERT(!sets.empty());
    for (const Doomed& doomed : sets) {
      STRATA_ASSERT(!doomed.entries.empty());
      doomed.entries.check_invariants();
    }
  }
}

}  // namespace strata::memory
