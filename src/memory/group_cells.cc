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
// (1) A cell's generation is the number of the last invalidation of one of its labels, or the
//     tier's number when the cell was made, which is greater or equal. It never decreases.
// (2) An entry's generation is the tier's number at its acceptance.
// (3) `resident` counts the entries with this cell, `current` those of them with
//     cell <= generation. `current_`, `dead_` and `idle_` are sums over the cells.
//
// By (1) and (2) an entry is current exactly if none of its group's labels was invalidated after
// its acceptance: an invalidation takes a new number and sets the cell in the same step, under
// the lock that acceptances hold, too. A cell is dropped only while no entry points to it; made
// again it starts at the tier's number and not below what it had.

GroupCells::Cell& GroupCells::cell_of(const LabelGroup* group, Ticket now) {
  const std::uint64_t id = group == nullptr ? 0 : group->id;
  auto found = cells_.find(id);
  if (found == cells_.end()) {
    found = cells_.emplace(id, std::make_unique<Cell>(number(now))).first;
    ++idle_;
  }
  Cell& cell = *found->second;
  if (group != nullptr && cell.labels != group->ids) add_labels(cell, *group);
  return cell;
}

// Usually the labels of a new cell. Two groups whose ids collide share a cell, and are then
// invalidated together: a hit may be lost but never correctness.
void GroupCells::add_labels(Cell& cell, const LabelGroup& group) {
  for (const LabelId label : group.ids) {
    const auto end = cell.labels.end();
    if (std::find(cell.labels.begin(), end, label) != end) continue;
    cell.labels.reserve(cell.labels.size() + 1);
    by_label_[label].push_back(&cell);
    cell.labels.push_back(label);
  }
}

void GroupCells::enter(Entry& entry, Ticket now) {
  Cell& cell = cell_of(entry.group(), now);
  if (cell.resident == 0) --idle_;
  ++cell.resident;
  ++cell.current;
  ++current_;
  entry.residence.cell = &cell;
  entry.residence.generation = number(now);
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
  if (cell.resident == 0 && ++idle_ > std::max(kIdleCells, cells_.size() / 2)) drop_idle_cells();
  return was_current;
}

std::uint64_t GroupCells::raise(Cell& cell, Ticket number) {
  cell.store(strata::number(number), std::memory_order_release);
  const std::uint64_t removed = std::exchange(cell.current, 0);
  current_ -= removed;
  dead_ += removed;
  return removed;
}

std::uint64_t GroupCells::raise(LabelId label, Ticket number) {
  const auto found = by_label_.find(label);
  if (found == by_label_.end()) return 0;
  std::uint64_t removed = 0;
  for (Cell* cell : found->second) removed += raise(*cell, number);
  return removed;
}

std::uint64_t GroupCells::raise_all(Ticket number) {
  std::uint64_t removed = 0;
  for (auto& [id, cell] : cells_) removed += raise(*cell, number);
  return removed;
}

bool GroupCells::has_entries(LabelId label) const {
  const auto found = by_label_.find(label);
  if (found == by_label_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [](const Cell* cell) { return cell->current > 0; });
}

// A reader may still compare an entry that has left with its cell: dropped cells wait until none
// does. Without memory for that they stay.
void GroupCells::drop_idle_cells() {
  const auto is_idle = [](const Cell* cell) { return cell->resident == 0; };
  try {
    dropped_.reserve(dropped_.size() + idle_);
  } catch (const std::bad_alloc&) {
    return;
  }
  for (auto& [label, cells] : by_label_) std::erase_if(cells, is_idle);
  std::erase_if(by_label_, [](const auto& labelled) { return labelled.second.empty(); });
  const Epoch epoch = begin_epoch();
  std::erase_if(dropped_, [&](const Dropped& one) { return one.begun <= epoch.bound; });
  for (auto& [id, cell] : cells_) {
    if (is_idle(cell.get())) dropped_.push_back({std::move(cell), epoch.begun});
  }
  std::erase_if(cells_, [&](const auto& cell) { return cell.second == nullptr; });
  idle_ = 0;
  try {
    by_label_.rehash(0);
    cells_.rehash(0);
  } catch (const std::bad_alloc&) {
    return;  // They stay larger than needed until the next time.
  }
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
  for (const auto& [id, cell] : cells_) {
    const auto found = census.by_cell.find(cell.get());
    const Census::Counts counts = found == census.by_cell.end() ? Census::Counts{} : found->second;
    STRATA_ASSERT(cell->resident == counts.resident);
    STRATA_ASSERT(cell->current == counts.current);
    if (cell->resident == 0) ++idle;
    current += cell->current;
    resident += cell->resident;
    labels += cell->labels.size();
  }
  STRATA_ASSERT(idle == idle_);
  STRATA_ASSERT(current == current_);
  STRATA_ASSERT(resident == current_ + dead_);
  STRATA_ASSERT(idle_ <= std::max(kIdleCells, cells_.size() / 2));

  for (const auto& [label, cells] : by_label_) {
    for (const Cell* cell : cells) {
      const auto end = cell->labels.end();
      STRATA_ASSERT(std::find(cell->labels.begin(), end, label) != end);
      STRATA_ASSERT(labels > 0);
      --labels;
    }
  }
  STRATA_ASSERT(labels == 0);
}

}  // namespace strata::memory
