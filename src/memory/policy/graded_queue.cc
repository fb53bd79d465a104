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

// Every row becomes due by its share, and the one that is due most has the turn. What is due adds
// up to nothing, so that no row waits for ever.
Resident* GradedQueue::take_turn(const Resident* spared) {
  turn_ = kNobody;
  std::array<float, Worth::kGrades> shares{};
  float all = 0;
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    if (rows_[grade].tail_but(spared) == nullptr) {
      due_[grade] = 0;
      continue;
    }
    const auto factor = static_cast<float>(1 << (Worth::kGradeBits * (Worth::kGrades - 1 - grade)));
    shares[grade] = static_cast<float>(rows_[grade].entries()) * factor;
    all += shares[grade];
  }
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    if (shares[grade] == 0) continue;
    due_[grade] += shares[grade] / all;
    if (turn_ == kNobody || due_[grade] > due_[turn_]) turn_ = grade;
  }
  if (turn_ == kNobody) return nullptr;
  due_[turn_] -= 1;
  return rows_[turn_].tail_but(spared);
}

void GradedQueue::replace(Resident& former, Resident& incoming, std::uint8_t to) {
  const std::uint8_t from = grade(former);
  weight_ += incoming.weight;
  weight_ -= former.weight;
  if (from == to) return rows_[from].replace(former, incoming);
  end_turn(from);
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
