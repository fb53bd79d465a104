// PostingSet: one entry in place, or a hash set of them.
#include "memory/posting_set.h"

#include <memory>

#include "core/assert.h"
#include "core/mutant.h"

namespace strata::memory {

// By the address, which is at hand when the entry is not. Entries of one size often lie at equal
// distances, which one multiplication would crowd. Tests that choose the order of threads need
// the same order of removals in every run: there it is by the key.
std::uint64_t PostingSet::hash_of(const Entry* entry) {
  if constexpr (testing::kMutantsBuilt) return entry->hash();
  std::uint64_t bits = reinterpret_cast<std::uintptr_t>(entry) * 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93ULL;
  return bits ^ (bits >> 32);
}

void PostingSet::set_many(Table* table) {
  const std::unique_ptr<Table> former(many());
  bits_ = table == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(table) | kIsTable;
}

std::size_t PostingSet::size() const {
  if (const Table* table = many()) return table->size();
  return empty() ? 0 : 1;
}

bool PostingSet::contains(const Entry* entry) const {
  const Table* const table = many();
  if (table == nullptr) return one() == entry && entry != nullptr;
  return table->find(hash_of(entry), [&](const Slot& slot) { return slot.entry == entry; });
}

void PostingSet::insert(Entry* entry) {
  if (contains(entry)) return;
  if (empty()) {
    set_one(entry);
    return;
  }
  if (Table* const table = many()) {
    table->insert({entry});
    return;
  }
  auto both = std::make_unique<Table>();
  both->insert({one()});
  both->insert({entry});
  set_many(both.release());
}

bool PostingSet::erase(const Entry* entry) {
  Table* const table = many();
  if (table == nullptr) {
    if (one() != entry || entry == nullptr) return false;
    set_one(nullptr);
    return true;
  }
  Slot* slot = table->find(hash_of(entry), [&](const Slot& at) { return at.entry == entry; });
  if (slot == nullptr) return false;
  table->erase(slot);
  collapse();
  return true;
}

// A table holds at least two entries: keeps that true after something was erased from it.
void PostingSet::collapse() {
  if (many()->size() >= 2) return;
  Entry* last = nullptr;
  for_each([&](Entry* entry) { last = entry; });
  set_many(nullptr);
  set_one(last);
}

std::size_t PostingSet::take(std::size_t& hand, std::span<Entry*> out) {
  std::size_t taken = 0;
  while (taken < out.size() && many() != nullptr) {
    out[taken++] = many()->take(hand).entry;
    collapse();
  }
  if (taken < out.size() && one() != nullptr) {
    out[taken++] = one();
    set_one(nullptr);
  }
  return taken;
}

void PostingSet::check_invariants() const {
  const Table* const table = many();
  if (table == nullptr) return;
  STRATA_ASSERT(table->size() >= 2);
  table->check_invariants();
}

}  // namespace strata::memory
