// PostingSet: one entry in place, or a hash set of them.
#include "memory/posting_set.h"

#include <utility>

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

std::size_t PostingSet::size() const {
  if (many_ != nullptr) return many_->size();
  return one_ == nullptr ? 0 : 1;
}

bool PostingSet::contains(const Entry* entry) const {
  if (many_ == nullptr) return one_ == entry && entry != nullptr;
  return many_->find(hash_of(entry), [&](const Slot& slot) { return slot.entry == entry; });
}

void PostingSet::insert(Entry* entry) {
  if (contains(entry)) return;
  if (empty()) {
    one_ = entry;
    return;
  }
  if (many_ != nullptr) {
    many_->insert({entry});
    return;
  }
  auto both = std::make_unique<LinearTable<Slot>>();
  both->insert({one_});
  both->insert({entry});
  many_ = std::move(both);
  one_ = nullptr;
}

bool PostingSet::erase(const Entry* entry) {
  if (many_ == nullptr) {
    if (one_ != entry || entry == nullptr) return false;
    one_ = nullptr;
    return true;
  }
  Slot* slot = many_->find(hash_of(entry), [&](const Slot& at) { return at.entry == entry; });
  if (slot == nullptr) return false;
  many_->erase(slot);
  many_->fit();
  collapse();
  return true;
}

// Keeps the promise of `many_` after something was erased from it.
void PostingSet::collapse() {
  if (many_->size() >= 2) return;
  Entry* last = nullptr;
  for_each([&](Entry* entry) { last = entry; });
  many_.reset();
  one_ = last;
}

// The hand goes down, so that the slot it takes has no later ones that would have to move back.
// It stays until it finds the slot empty, and begins again at the top when it got to the bottom
// and something is left.
std::size_t PostingSet::take(std::size_t& hand, std::span<Entry*> out) {
  std::size_t taken = 0;
  while (taken < out.size() && many_ != nullptr) {
    if (hand == 0 || hand > many_->capacity()) hand = many_->capacity();
    Slot& slot = many_->at(hand - 1);
    if (slot.empty()) {
      --hand;
      continue;
    }
    out[taken++] = slot.entry;
    many_->erase(&slot);
    collapse();
  }
  if (taken < out.size() && one_ != nullptr) out[taken++] = std::exchange(one_, nullptr);
  return taken;
}

void PostingSet::check_invariants() const {
  if (many_ == nullptr) return;
  STRATA_ASSERT(one_ == nullptr);
  STRATA_ASSERT(many_->size() >= 2);
  many_->check_invariants();
}

}  // namespace strata::memory
