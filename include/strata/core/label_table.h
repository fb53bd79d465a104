// LabelTable: remembers, for each label, the number of its last invalidation.
//
// The table counts invalidations. It answers one question: was one of these labels
// invalidated after that ticket? It is bounded: at its capacity it forgets the labels whose
// last invalidation is oldest, half of them at a time, and raises a floor, below which every
// ticket counts as too old.
//
//   LabelTable table(limits::kRememberedLabels);
//   Ticket ticket = table.position();           // before the load
//   table.raise(labels_of_the_change);
//   table.invalidated_after(labels_of_the_value, ticket);  // true if they share one
//
// Promise   An invalidation after the ticket is never overlooked. The reverse can happen: a
//           ticket older than the floor is refused although its labels are untouched. A
//           caller may lose a hit, never correctness.
// Threads   Thread-compatible: a tier guards it with the lock that also makes values visible.
// Memory    32 to 64 bytes per remembered label, at most `capacity` of them. Without memory to
//           remember a label everything is forgotten; nothing is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "strata/core/label.h"
#include "strata/core/ticket.h"

namespace strata {

class LabelTable {
 public:
  // Starts counting at `start`: everything up to it counts as invalidated, since nothing is
  // known of it. Precondition: capacity >= 2.
  explicit LabelTable(std::size_t capacity, Ticket start = Ticket{0});
  ~LabelTable();

  LabelTable(const LabelTable&) = delete;
  LabelTable& operator=(const LabelTable&) = delete;

  // The number of the last invalidation.
  [[nodiscard]] Ticket position() const;

  // Counts one invalidation of all of `labels` and returns its number.
  Ticket raise(std::span<const LabelId> labels);
  // Starts to fetch the memory where raise() will look for a label. May be called at any time,
  // without the lock.
  void prefetch(LabelId label) const;

  // Whether one of `labels`, or everything, was invalidated after `ticket`.
  [[nodiscard]] bool invalidated_after(std::span<const LabelId> labels, Ticket ticket) const;
  [[nodiscard]] bool invalidated_after(LabelId label, Ticket ticket) const;

  // The number of the label's last invalidation; the floor if it is not remembered.
  [[nodiscard]] Ticket last(LabelId label) const;

  [[nodiscard]] Ticket floor() const;
  [[nodiscard]] std::size_t remembered() const;
  [[nodiscard]] std::size_t footprint_bytes() const;

  // Aborts if an internal invariant is broken. O(remembered()); for tests.
  void check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
