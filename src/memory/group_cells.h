// GroupCells: one generation for each group of entries, which every hit compares.
//
// Entries with the same keyspace, tenant, type, source and schema form a group. Invalidating one
// of these labels sets the generation of every group concerned to the invalidation's number:
// entries that were accepted before are no longer current (residence.h) and are reclaimed later.
//
// Threads   Thread-compatible, guarded by the tier's label lock; but readers load generations,
//           which are atomic, within an EpochGuard.
// Lifetime  A cell lives at least as long as entries of its group are in the tier, or are seen by a
//           reader.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/label.h"
#include "strata/core/ticket.h"

namespace strata::memory {

class GroupCells {
 public:
  // Idle cells are kept up to this many, and beyond it up to a half of all.
  static constexpr std::size_t kIdleCells = 64;

  // Writes the entry's cell and generation; `now` is the tier's number. May throw
  // std::bad_alloc, and then has changed nothing.
  void enter(Entry& entry, Ticket now);

  // Notes that the entry leaves the tier. Returns whether it was current.
  bool leave(const Entry& entry);

  // Sets the generation of the groups with this label; returns how many entries were current.
  std::uint64_t raise(LabelId label, Ticket number);
  std::uint64_t raise_all(Ticket number);

  // Whether entries are in groups with this label.
  [[nodiscard]] bool has_entries(LabelId label) const;

  [[nodiscard]] std::uint64_t current() const { return current_; }  // entries
  [[nodiscard]] std::uint64_t dead() const { return dead_; }        // entries not yet reclaimed
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

  // Aborts unless each cell counts the entries that visit_entries(count) passes to count().
  template <typename VisitEntries>
  void check_invariants(const VisitEntries& visit_entries) const {
    Census census;
    visit_entries([&](const Entry& entry) { census.count(entry); });
    check(census);
  }

 private:
  // The generation with its books: a Residence points to the generation.
  struct Cell : std::atomic<std::uint64_t> {
    using std::atomic<std::uint64_t>::atomic;
    std::uint64_t current = 0;
    std::uint64_t resident = 0;
    std::vector<LabelId> labels;
  };
  struct Census {
    struct Counts {
      std::uint64_t current = 0;
      std::uint64_t resident = 0;
    };
    void count(const Entry& entry);
    std::unordered_map<const std::atomic<std::uint64_t>*, Counts> by_cell;
  };

  Cell& cell_of(const LabelGroup* group, Ticket now);
  void add_labels(Cell& cell, const LabelGroup& group);
  std::uint64_t raise(Cell& cell, Ticket number);
  void drop_idle_cells();
  void check(const Census& census) const;

  struct Dropped {
    std::unique_ptr<Cell> cell;
    std::uint64_t begun = 0;  // the epoch
  };

  std::unordered_map<std::uint64_t, std::unique_ptr<Cell>> cells_;  // by the group's id
  std::vector<Dropped> dropped_;
  std::unordered_map<LabelId, std::vector<Cell*>> by_label_;
  std::size_t idle_ = 0;  // cells without residents
  std::uint64_t current_ = 0;
  std::uint64_t dead_ = 0;
};

}  // namespace strata::memory
