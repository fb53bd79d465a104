// EntryTable: finds the entries of one shard by their key.
//
// Places are numbers that a shard derives from key hashes: different keys have different places
// unless their hashes are equal, and then their texts tell them apart. The table holds one
// reference to each entry; whoever erases an entry takes that reference over.
//
// Threads   Thread-compatible: guarded by the shard's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "memory/linear_table.h"
#include "strata/core/entry.h"

namespace strata::memory {

class EntryTable {
 public:
  [[nodiscard]] Entry* find(std::uint64_t place, std::string_view key_text) const {
    const Slot* slot = slots_.find(
        place, [&](const Slot& candidate) { return candidate.entry->key_text() == key_text; });
    return slot == nullptr ? nullptr : slot->entry;
  }

  // Fetches what find() looks at first, and returns what it will probably find.
  void prefetch(std::uint64_t place) const { slots_.prefetch(place); }
  [[nodiscard]] const Entry* guess(std::uint64_t place) const {
    const Slot* slot = slots_.find(place, [](const Slot&) { return true; });
    return slot == nullptr ? nullptr : slot->entry;
  }

  // Precondition: no entry with this key is in the table. May throw std::bad_alloc.
  void insert(std::uint64_t place, Entry* entry) { slots_.insert({place, entry}); }

  // Puts `incoming` where `former` is. Precondition: they have the same key text.
  void replace(std::uint64_t place, const Entry* former, Entry* incoming) {
    slot_of(place, former)->entry = incoming;
  }

  void erase(std::uint64_t place, const Entry* entry) { slots_.erase(slot_of(place, entry)); }

  // Gives back what is far more than is needed.
  void fit() { slots_.fit(); }

  // Visits the entries with places from `from` on, about `count` of them at most; returns where
  // to go on, or nothing at the end. An entry that is in the table during a whole walk is
  // visited exactly once, whatever is inserted or erased between the steps.
  template <typename Visit>
  std::optional<std::uint64_t> walk(std::uint64_t from, std::size_t count,
                                    const Visit& visit) const {
    return slots_.walk(from, count, [&](const Slot& slot) { visit(slot.entry); });
  }

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t capacity() const { return slots_.capacity(); }
  void check_invariants() const { slots_.check_invariants(); }

 private:
  struct Slot {
    std::uint64_t place = 0;
    Entry* entry = nullptr;
    [[nodiscard]] bool empty() const { return entry == nullptr; }
    [[nodiscard]] std::uint64_t hash() const { return place; }
  };

  [[nodiscard]] Slot* slot_of(std::uint64_t place, const Entry* entry) const {
    Slot* slot =
        slots_.find(place, [&](const Slot& candidate) { return candidate.entry == entry; });
    STRATA_ASSERT(slot != nullptr);
    return slot;
  }

  LinearTable<Slot> slots_;
};

}  // namespace strata::memory
