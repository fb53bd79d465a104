// GroupCells: one generation for each group of entries, which every hit compares.
//
// Entries with the same keyspace, tenant, type, source and schema form a group. A shard counts
// generations: an invalidation of one of these labels begins one, and sets that of every group
// concerned: entries that were accepted before are no longer current (residence.h) and are
// reclaimed later.
//
// Threads   Thread-compatible, guarded by the shard's lock; but readers load generations, which are
//           atomic, within an EpochGuard.
// Lifetime  A cell lives at least as long as entries of its group are in the tier, or are seen by a
//           reader.
// Cost      enter() and leave(): the work of kDroppedSlice cells at most, however many there are.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "memory/block_list.h"
#include "memory/linear_table.h"
#include "strata/core/entry.h"
#include "strata/core/label.h"
#include "strata/core/ticket.h"

namespace strata::memory {

class GroupCells {
 public:
  // Idle cells are kept up to this many, and beyond it up to a half of all.
  static constexpr std::size_t kIdleCells = 64;
  static constexpr std::size_t kDroppedSlice = 64;

  GroupCells() = default;
  ~GroupCells();
  GroupCells(const GroupCells&) = delete;
  GroupCells& operator=(const GroupCells&) = delete;

  // What makes entries wrong: an invalidation, and the generation that it begins here.
  struct Raise {
    std::uint64_t generation = 0;
    Ticket number;
  };

  // Writes the entry's cell and generation: `now`, the shard's. May throw std::bad_alloc, and then
  // has changed nothing.
  void enter(Entry& entry, std::uint64_t now);

  // Notes that the entry leaves the tier. Returns whether it was current.
  bool leave(const Entry& entry);

  // Sets the generation of the groups with this label; returns how many entries were current.
  std::uint64_t raise(LabelId label, const Raise& raise);
  std::uint64_t raise_all(const Raise& raise);
  // The number of the last invalidation of the entry's group.
  [[nodiscard]] static Ticket last_raise(const Entry& entry);

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
  // A label of a cell, and where the cell is in the label's list.
  struct LabelPlace {
    LabelId label{};
    std::uint32_t place = 0;
  };
  // The generation with its books: a Residence points to the generation, which every hit reads and
  // only invalidations write. The books change with every entry, so they have a line of their own.
  struct alignas(64) Cell : std::atomic<std::uint64_t> {
    Cell(std::uint64_t group, std::uint64_t generation)
        : std::atomic<std::uint64_t>(generation), id(group) {}
    const std::uint64_t id;     // the group's
    std::uint64_t dropped = 0;  // the epoch, once it is dropped
    alignas(64) std::uint64_t current = 0;
    std::uint64_t resident = 0;
    Ticket number;  // of the last invalidation
    std::vector<LabelPlace> labels;
    Cell* next = nullptr;  // of those that are idle, or of those that are dropped
    Cell* previous = nullptr;
  };
  static_assert(sizeof(Cell) == 128);
  struct CellSlot {
    std::uint64_t id = 0;
    std::unique_ptr<Cell> cell;
    [[nodiscard]] bool empty() const { return cell == nullptr; }
    [[nodiscard]] std::uint64_t hash() const { return id; }
  };
  struct LabelSlot {
    LabelId label{};
    BlockList<Cell*> cells;
    [[nodiscard]] bool empty() const { return cells.empty(); }
    [[nodiscard]] std::uint64_t hash() const { return static_cast<std::uint64_t>(label); }
  };
  struct Census {
    struct Counts {
      std::uint64_t current = 0;
      std::uint64_t resident = 0;
    };
    void count(const Entry& entry);
    std::unordered_map<const std::atomic<std::uint64_t>*, Counts> by_cell;
  };

  [[nodiscard]] CellSlot* find(std::uint64_t id) const;
  [[nodiscard]] LabelSlot* find(LabelId label) const;
  Cell& cell_of(const LabelGroup* group, std::uint64_t now);
  void add_labels(Cell& cell, const LabelGroup& group);
  void remove_labels(Cell& cell);
  std::uint64_t raise(Cell& cell, const Raise& raise);
  void begin_idleness(Cell& cell);
  void end_idleness(Cell& cell);
  void drop_idle_cells();
  void check(const Census& census) const;

  LinearTable<CellSlot> cells_;
  LinearTable<LabelSlot> by_label_;
  // Cells without residents, those that have been so for longest first; they may be dropped.
  Cell* first_idle_ = nullptr;
  Cell* last_idle_ = nullptr;
  std::size_t idle_ = 0;
  // Dropped ones, which readers may still look at, in the order of their epochs.
  Cell* first_dropped_ = nullptr;
  Cell* last_dropped_ = nullptr;
  std::uint64_t current_ = 0;
  std::uint64_t dead_ = 0;
};

}  // namespace strata::memory
