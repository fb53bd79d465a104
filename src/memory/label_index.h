// LabelIndex: from a label to the entries that carry it beside the labels of their own group.
//
// An invalidation dooms a label: what carries it at that moment is set aside, as a whole and in
// constant time, and can then be removed in slices while new entries with the same label come
// in. Doomed entries that leave for another reason meanwhile are taken out of the doomed sets.
// Who wants to see the entries and leave them where they are walks over them in slices.
//
// Threads   Thread-compatible: guarded by the tier's label lock.
// Ownership Entries are borrowed; remove() comes before the entry goes.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include "memory/linear_table.h"
#include "memory/posting_set.h"
#include "strata/core/entry.h"
#include "strata/core/label.h"

namespace strata::memory {

class LabelIndex {
 public:
  // Adds the entry under each of its labels, which from then on share their texts with those of
  // the entries before it. May throw std::bad_alloc, and then has added nothing.
  void add(Entry& entry);
  void remove(const Entry& entry);

  // Sets aside what carries `label` now. Entries that are added later are not concerned. May
  // throw std::bad_alloc, and then has changed nothing.
  void doom(LabelId label);

  // Takes doomed entries of `label` out of its doomed sets, until `out` is full or none is left;
  // returns how many. They are still indexed under their other labels, until remove().
  std::size_t take_doomed(LabelId label, std::span<Entry*> out);
  [[nodiscard]] bool has_doomed(LabelId label) const { return doomed_.contains(label); }

  // Visits what carries `label` and is not doomed, a slice at a time: as PostingSet::walk().
  template <typename Visit>
  std::uint64_t walk(LabelId label, std::uint64_t from, std::size_t count,
                     const Visit& visit) const {
    const Slot* slot = find(label);
    return slot == nullptr ? 0 : slot->entries.walk(from, count, visit);
  }

  [[nodiscard]] bool contains(LabelId label, const Entry& entry) const;
  [[nodiscard]] std::size_t label_count() const;
  [[nodiscard]] std::size_t slot_count() const;  // labels that there is room for
  [[nodiscard]] std::size_t posting_count() const;
  // What the labels take beside their entries' postings; doomed ones are not counted any more.
  [[nodiscard]] std::uint64_t label_bytes() const { return label_bytes_; }

  // Calls visit(LabelId, Entry*) for each posting, doomed ones included.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const LinearTable<Slot>& slots : shards_) {
      slots.for_each([&](const Slot& slot) {
        slot.entries.for_each([&](Entry* entry) { visit(slot.id, entry); });
      });
    }
    for (const auto& [label, sets] : doomed_) {
      for (const Doomed& doomed : sets) {
        doomed.entries.for_each([&, id = label](Entry* entry) { visit(id, entry); });
      }
    }
  }
  void check_invariants() const;

 private:
  struct Slot {
    LabelId id{};
    Label label;  // as the first of its entries brought it
    PostingSet entries;
    [[nodiscard]] bool empty() const { return entries.empty(); }
    [[nodiscard]] std::uint64_t hash() const { return static_cast<std::uint64_t>(id); }
  };
  struct Doomed {
    PostingSet entries;
    std::size_t hand = 0;  // of PostingSet::take()
  };

  // Most are then small enough to be looked up without a directory.
  static constexpr std::size_t kShards = 64;

  [[nodiscard]] LinearTable<Slot>& shard(LabelId label) {
    return shards_[static_cast<std::uint64_t>(label) % kShards];
  }
  [[nodiscard]] Slot* find(LabelId label) const;
  void erase(LabelId label, const Entry& entry);
  void erase_slot(Slot* slot);

  std::array<LinearTable<Slot>, kShards> shards_;
  std::uint64_t label_bytes_ = 0;
  std::unordered_map<LabelId, std::vector<Doomed>> doomed_;  // no empty sets, no empty vectors
};

}  // namespace strata::memory
