// GroupCells: the generations of groups, and how many entries each of them holds.
#include "memory/group_cells.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/assert.h"
#include "memory/epochs.h"
#include "memory/residence.h"

namespace strata::memory {

// Invariants:
// (1) A cell's generation is the one that the last invalidation of one of its labels began, or the
//     shard's when the cell was made, which is greater or equal. It never decreases.
// (2) An entry's generation is the shard's at its acceptance.
// (3) `resident` counts the entries with this cell, `current` those of them with
//     cell <= generation. `current_`, `dead_` and `idle_` are sums over the cells.
//
// By (1) and (2) an entry is current exactly if no invalidation of one of its group's labels came
// to the shard after its acceptance. They come one after the other, in an order that need not be
// that of their numbers, under the lock that acceptances hold, too. A cell is dropped only while
// no entry points to it; made again it starts at the shard's generation and not below what it had.

GroupCells::~GroupCells() {
  while (first_dropped_ != nullptr) {
    const std::unique_ptr<Cell> cell(first_dropped_);
    first_dropped_ = cell->next;
  }
}

GroupCells::CellSlot* GroupCells::find(std::uint64_t id) const {
  return cells_.find(id, [](const CellSlot&) { return true; });
}

GroupCells::LabelSlot* GroupCells::find(LabelId label) const {
  return by_label_.find(static_cast<std::uint64_t>(label), [](const LabelSlot&) { return true; });
}

GroupCells::Cell& GroupCells::cell_of(const LabelGroup* group, std::uint64_t now) {
  const std::uint64_t id = group == nullptr ? 0 : group->id;
  CellSlot* found = find(id);
  if (found == nullptr) {
    found = &cells_.insert({id, std::make_unique<Cell>(id, now)});
    begin_idleness(*found->cell);
  }
  Cell& cell = *found->cell;
  if (group != nullptr && !std::ranges::equal(cell.labels, group->ids, {}, &LabelPlace::label)) {
    add_labels(cell, *group);
  }
  return cell;
}

// Usually the labels of a new cell. Two groups whose ids collide share a cell, and are then
// invalidated together: a hit may be lost but never correctness.
void GroupCells::add_labels(Cell& cell, const LabelGroup& group) {
  for (const LabelId label : group.ids) {
    const auto is_this = [&](const LabelPlace& one) { return one.label == label; };
    if (std::ranges::any_of(cell.labels, is_this)) continue;
    cell.labels.reserve(cell.labels.size() + 1);
    LabelSlot* slot = find(label);
    if (slot != nullptr) {
      slot->cells.push_back(&cell);
    } else {
      LabelSlot fresh{.label = label, .cells = {}};
      fresh.cells.push_back(&cell);
      slot = &by_label_.insert(std::move(fresh));
    }
    cell.labels.push_back({label, static_cast<std::uint32_t>(slot->cells.size() - 1)});
  }
}

// The last cell of a label's list takes the place of the one that leaves.
void GroupCells::remove_labels(Cell& cell) {
  for (const LabelPlace& mine : cell.labels) {
    LabelSlot& slot = *find(mine.label);
    Cell* const last = slot.cells.back();
    slot.cells[mine.place] = last;
    for (LabelPlace& theirs : last->labels) {
      if (theirs.label == mine.label) theirs.place = mine.place;
    }
    slot.cells.pop_back();
    if (slot.cells.empty()) by_label_.erase(&slot);
  }
}

void GroupCells::begin_idleness(Cell& cell) {
  cell.next = nullptr;
  cell.previous = last_idle_;
  (last_idle_ == nullptr ? first_idle_ : last_idle_->next) = &cell;
  last_idle_ = &cell;
  ++idle_;
}

void GroupCells::end_idleness(Cell& cell) {
  (cell.previous == nullptr ? first_idle_ : cell.previous->next) = cell.next;
  (cell.next == nullptr ? last_idle_ : cell.next->previous) = cell.previous;
  --idle_;
}

void GroupCells::enter(Entry& entry, std::uint64_t now) {
  Cell& cell = cell_of(entry.group(), now);
  if (cell.resident == 0) end_idleness(cell);
  ++cell.resident;
  ++cell.current;
  ++current_;
  entry.residence.cell = &cell;
  entry.residence.generation = now;
}

bool GroupCells::leave(const Entry& entry) {
  auto& cell = const_cast<Cell&>(static_cast<const Cell&>(*entry.residence.cell));
  const bool was_current = is_current(entry);
  --cell.resident;
  if (was_current) {
    --cell.current;
    --current_;
  } else {
    --dead_;
  }
  if (cell.resident == 0) {
    begin_idleness(cell);
    if (idle_ > std::max(kIdleCells, cells_.size() / 2)) drop_idle_cells();
  }
  return was_current;
}

std::uint64_t GroupCells::raise(Cell& cell, const Raise& raise) {
  cell.store(raise.generation, std::memory_order_release);
  cell.number = raise.number;
  const std::uint64_t removed = std::exchange(cell.current, 0);
  current_ -= removed;
  dead_ += removed;
  return removed;
}

std::uint64_t GroupCells::raise(LabelId label, const Raise& raise) {
  const LabelSlot* slot = find(label);
  if (slot == nullptr) return 0;
  std::uint64_t removed = 0;
  for (std::size_t at = 0; at < slot->cells.size(); ++at) {
    removed += this->raise(*slot->cells[at], raise);
  }
  return removed;
}

std::uint64_t GroupCells::raise_all(const Raise& raise) {
  std::uint64_t removed = 0;
  cells_.for_each([&](const CellSlot& slot) { removed += this->raise(*slot.cell, raise); });
  return removed;
}

Ticket GroupCells::last_raise(const Entry& entry) {
  return static_cast<const Cell&>(*entry.residence.cell).number;
}

bool GroupCells::has_entries(LabelId label) const {
  const LabelSlot* slot = find(label);
  if (slot == nullptr) return false;
  for (std::size_t at = 0; at < slot->cells.size(); ++at) {
    if (slot->cells[at]->current > 0) return true;
  }
  return false;
}

// A reader may still compare an entry that has left with its cell: dropped cells wait until none
// does. Those that have waited long enough go, not more of them than come twice.
void GroupCells::drop_idle_cells() {
  Cell* const last_before = last_dropped_;
  for (std::size_t dropped = 0; dropped < kDroppedSlice && first_idle_ != nullptr; ++dropped) {
    Cell& cell = *first_idle_;
    end_idleness(cell);
    remove_labels(cell);
    CellSlot* slot = find(cell.id);
    static_cast<void>(slot->cell.release());
    cells_.erase(slot);
    cell.next = nullptr;
    (last_dropped_ == nullptr ? first_dropped_ : last_dropped_->next) = &cell;
    last_dropped_ = &cell;
  }
  const Epoch epoch = begin_epoch();
  Cell* fresh = last_before == nullptr ? first_dropped_ : last_before->next;
  for (; fresh != nullptr; fresh = fresh->next) fresh->dropped = epoch.begun;

  for (std::size_t freed = 0; freed < 2 * kDroppedSlice && first_dropped_ != nullptr; ++freed) {
    if (first_dropped_->dropped > epoch.bound) return;
    const std::unique_ptr<Cell> cell(first_dropped_);
    first_dropped_ = cell->next;
  }
  if (first_dropped_ == nullptr) last_dropped_ = nullptr;
}

void GroupCells::Census::count(const Entry& entry) {
  Counts& counts = by_cell[entry.residence.cell];
  ++counts.resident;
  if (is_current(entry)) ++counts.current;
}

void GroupCells::check(const Census& census) const {
  std::uint64_t current = 0;
  std::uint64_t resident = 0;
  std::size_t idle = 0;
  std::size_t labels = 0;
  cells_.check_invariants();
  by_label_.check_invariants();
  cells_.for_each([&](const CellSlot& slot) {
    const Cell& cell = *slot.cell;
    const auto found = census.by_cell.find(&cell);
    const Census::Counts counts = found == census.by_cell.end() ? Census::Counts{} : found->second;
    STRATA_ASSERT(cell.id == slot.id);
    STRATA_ASSERT(cell.resident == counts.resident);
    STRATA_ASSERT(cell.current == counts.current);
    if (cell.resident == 0) ++idle;
    current += cell.current;
    resident += cell.resident;
    labels += cell.labels.size();
    for (const LabelPlace& one : cell.labels) {
      const LabelSlot* of_label = find(one.label);
      STRATA_ASSERT(of_label != nullptr && one.place < of_label->cells.size());
      STRATA_ASSERT(of_label->cells[one.place] == &cell);
    }
  });
  for (const Cell* cell = first_idle_; cell != nullptr; cell = cell->next) {
    STRATA_ASSERT(cell->resident == 0);
    STRATA_ASSERT(idle > 0);
    --idle;
  }
  STRATA_ASSERT(idle == 0);
  STRATA_ASSERT(current == current_);
  STRATA_ASSERT(resident == current_ + dead_);
  STRATA_ASSERT(idle_ <= std::max(kIdleCells, cells_.size() / 2));

  by_label_.for_each([&](const LabelSlot& slot) {
    STRATA_ASSERT(labels >= slot.cells.size());
    labels -= slot.cells.size();
  });
  STRATA_ASSERT(labels == 0);
}

}  // namespace strata::memory
