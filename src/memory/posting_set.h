// PostingSet: the entries that carry one label. Most labels are carried by one entry or by many,
// so a single entry is held in place and a hash set is made for the second.
//
// Threads   Thread-compatible.
// Ownership Entries are borrowed: whoever removes an entry from the tier erases it here first.
// Errors    insert() may throw std::bad_alloc, and then has changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "memory/linear_table.h"
#include "strata/core/entry.h"

namespace strata::memory {

class PostingSet {
 public:
  PostingSet() = default;
  PostingSet(PostingSet&& other) noexcept : bits_(std::exchange(other.bits_, 0)) {}
  PostingSet& operator=(PostingSet&& other) noexcept {
    std::swap(bits_, other.bits_);
    return *this;
  }
  ~PostingSet() { set_many(nullptr); }

  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool contains(const Entry* entry) const;

  void insert(Entry* entry);  // no effect if it is there
  // Returns whether it was there.
  bool erase(const Entry* entry);

  // Moves entries to `out` until it is full or the set is empty; returns how many. `hand` is
  // where the last call stopped, at first 0. Taking all of n entries costs O(n) in total. No
  // entry may be inserted between the calls.
  std::size_t take(std::size_t& hand, std::span<Entry*> out);

  template <typename Visit>
  void for_each(const Visit& visit) const {
    if (Entry* const only = one()) visit(only);
    if (const Table* const table = many()) {
      table->for_each([&](const Slot& slot) { visit(slot.entry); });
    }
  }
  // Visits entries in the order of their hashes from `from` on, about `count` of them; returns
  // where to go on, 0 at the end. An entry that is in the set during a whole walk is visited
  // exactly once, whatever comes and goes between the steps.
  template <typename Visit>
  std::uint64_t walk(std::uint64_t from, std::size_t count, const Visit& visit) const {
    if (Entry* const only = one(); only != nullptr && hash_of(only) >= from) visit(only);
    const Table* const table = many();
    if (table == nullptr) return 0;
    return table->walk(from, count, [&](const Slot& slot) { visit(slot.entry); }).value_or(0);
  }
  void check_invariants() const;

 private:
  struct Slot {
    Entry* entry = nullptr;
    [[nodiscard]] bool empty() const { return entry == nullptr; }
    [[nodiscard]] std::uint64_t hash() const { return hash_of(entry); }
  };
  static std::uint64_t hash_of(const Entry* entry);
  using Table = LinearTable<Slot>;
  static constexpr std::uintptr_t kIsTable = 1;

  [[nodiscard]] Entry* one() const {
    return (bits_ & kIsTable) == 0 ? reinterpret_cast<Entry*>(bits_) : nullptr;
  }
  [[nodiscard]] Table* many() const {
    return (bits_ & kIsTable) != 0 ? reinterpret_cast<Table*>(bits_ - kIsTable) : nullptr;
  }
  void set_one(Entry* entry) { bits_ = reinterpret_cast<std::uintptr_t>(entry); }
  void set_many(Table* table);  // frees the table before
  void collapse();

  // An entry, a table with the lowest bit set, which holds at least two, or 0.
  std::uintptr_t bits_ = 0;
};

}  // namespace strata::memory
