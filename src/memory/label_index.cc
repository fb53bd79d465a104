// LabelIndex: posting sets under labels, and those that invalidations have set aside.
#include "memory/label_index.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "memory/charge.h"

namespace strata::memory {

LabelIndex::Slot* LabelIndex::find(LabelId label) const {
  const LinearTable<Slot>& slots = shards_[static_cast<std::uint64_t>(label) % kShards];
  return slots.find(static_cast<std::uint64_t>(label), [](const Slot&) { return true; });
}

void LabelIndex::add(Entry& entry) {
  const std::span<const Label> labels = entry.labels();
  try {
    for (std::size_t at = 0; at < labels.size(); ++at) {
      if (STRATA_MUTANT(kPostingForgotten) && at > 0 && at + 1 == labels.size()) continue;
      const LabelId id = labels[at].id();
      if (Slot* slot = find(id)) {
        slot->entries.insert(&entry);
        if (slot->label == labels[at]) entry.share_label(at, slot->label);
        continue;
      }
      Slot fresh{.id = id, .label = labels[at], .entries = {}};
      fresh.entries.insert(&entry);
      shard(id).insert(std::move(fresh));
      label_bytes_ += label_charge_bytes(labels[at]);
    }
  } catch (const std::bad_alloc&) {
    remove(entry);
    throw;
  }
}

void LabelIndex::remove(const Entry& entry) {
  for (const Label& label : entry.labels()) erase(label.id(), entry);
}

void LabelIndex::erase_slot(Slot* slot) {
  LinearTable<Slot>& slots = shard(slot->id);
  const bool is_kept =
      STRATA_MUTANT(kDriftingAccount) && static_cast<std::uint64_t>(slot->id) % 16 == 0;
  if (!is_kept) label_bytes_ -= label_charge_bytes(slot->label);
  slot->label = Label();
  slots.erase(slot);
}

// A slot whose set became empty looks unused, which is why it is erased at once.
void LabelIndex::erase(LabelId label, const Entry& entry) {
  Slot* slot = find(label);
  if (slot != nullptr && slot->entries.erase(&entry)) {
    if (!slot->entries.empty()) return;
    erase_slot(slot);
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
  erase_slot(slot);
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
  std::uint64_t bytes = 0;
  for (const LinearTable<Slot>& slots : shards_) {
    slots.check_invariants();
    slots.for_each([&](const Slot& slot) {
      slot.entries.check_invariants();
      bytes += label_charge_bytes(slot.label);
    });
  }
  STRATA_ASSERT(bytes == label_bytes_);
  for (const auto& [label, sets] : doomed_) {
    STRATA_ASSERT(!sets.empty());
    for (const Doomed& doomed : sets) {
      STRATA_ASSERT(!doomed.entries.empty());
      doomed.entries.check_invariants();
    }
  }
}

}  // namespace strata::memory
