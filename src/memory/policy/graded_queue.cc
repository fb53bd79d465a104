// GradedQueue: rows that take turns.
#include "memory/policy/graded_queue.h"

#include <utility>

namespace strata::memory {
namespace {

template <std::size_t... Grade>
std::array<Queue, Worth::kGrades> make_rows(std::uint8_t first, std::index_sequence<Grade...>) {
  return {Queue(static_cast<std::uint8_t>(first + Grade))...};
}

}  // namespace

GradedQueue::GradedQueue(std::uint8_t first)
    : rows_(make_rows(first, std::make_index_sequence<Worth::kGrades>())), first_(first) {}

Resident* GradedQueue::take_turn(const Resident* spared) {
  Turns::Rows entries{};
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    if (rows_[grade].tail_but(spared) != nullptr) entries[grade] = rows_[grade].entries();
  }
  const std::uint8_t grade = turns_.give(entries);
  return grade == Turns::kNobody ? nullptr : rows_[grade].tail_but(spared);
}

void GradedQueue::replace(Resident& former, Resident& incoming, std::uint8_t to) {
  const std::uint8_t from = grade(former);
  weight_ += incoming.weight;
  weight_ -= former.weight;
  if (from == to) return rows_[from].replace(former, incoming);
  turns_.end(from);
  rows_[from].unlink(former);
  rows_[to].push(incoming);
}

void GradedQueue::check_invariants() const {
  std::uint64_t entries = 0;
  std::uint64_t weight = 0;
  for (const Queue& row : rows_) {
    row.check_invariants();
    entries += row.entries();
    weight += row.weight();
  }
  STRATA_ASSERT(entries_ == entries);
  STRATA_ASSERT(weight_ == weight);
}

}  // namespace strata::memory
