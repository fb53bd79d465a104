// PostingSet: the entries that carry one label. Most labels are carried by one entry or by many,
// so a single entry is held in place and a hash set is made for the second.
//
// Threads   Thread-compatible.
// Ownership Entries are borrowed: whoever removes an entry from the tier erases it here first.
// Errors    insert() may throw std::bad_alloc, and then has changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "memory/linear_table.h"
#include "strata/core/entry.h"

namespace strata::memory {

class PostingSet {
 public:
  [[nodiscard]] bool empty() const { return one_ == nullptr && many_ == nullptr; }
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
    if (one_ != nullptr) visit(one_);
    if (many_ == nullptr) return;
    for (std::size_t at = 0; at < many_->capacity(); ++at) {
      if (!many_->at(at).empty()) visit(many_->at(at).entry);
    }
  }
  void check_invariants() const;

 private:
  struct Slot {
    Entry* entry = nullptr;
    [[nodiscard]] bool empty() const { return entry == nullptr; }
    [[nodiscard]] std::uint64_t hash() const { return hash_of(entry); }
  };
  static std::uint64_t hash_of(const Entry* entry);
  void collapse();

  // One or the other or neither: `many_` holds at least two.
  Entry* one_ = nullptr;
  std::unique_ptr<LinearTable<Slot>> many_;
};

}  // namespace strata::memory
