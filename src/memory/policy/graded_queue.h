// GradedQueue: a queue in which residents that are worth more (memory/policy/worth.h) stay longer.
//
// Each grade has a row of its own, and whoever has to go is the tail of one of them. The rows take
// turns (memory/policy/turns.h) so that who is worth four times as much is at the tail after four
// times as long. That is what GreedyDual-Size decides by priorities, in O(grades) and without an
// order over all entries. Where all are of one grade it is a Queue.
//
// Sources: Cao, Irani: "Cost-aware WWW proxy caching algorithms", USITS 1997 (GreedyDual-Size);
// Ghandeharizadeh, Irani, Lam, Yap: "CAMP: a cost adaptive multi-queue eviction policy for
// key-value stores", Middleware 2014 (rows by rounded worth).
//
// Threads   Thread-compatible. Ownership: as Queue's.
#pragma once

#include <array>
#include <cstdint>

#include "memory/policy/queue.h"
#include "memory/policy/turns.h"
#include "memory/policy/worth.h"

namespace strata::memory {

class GradedQueue {
 public:
  // Its rows have the ids from `first` on, one for each grade.
  explicit GradedQueue(std::uint8_t first);

  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  [[nodiscard]] std::uint64_t weight() const { return weight_; }
  [[nodiscard]] bool has(const Resident& entry) const {
    const std::uint8_t queue = queue_of(entry);
    return queue >= first_ && queue < first_ + Worth::kGrades;
  }
  // Of an entry that it has.
  [[nodiscard]] std::uint8_t grade(const Resident& entry) const {
    return static_cast<std::uint8_t>(queue_of(entry) - first_);
  }
  // The entry whose turn it is to go, other than `spared`; null if there is none. It remains the
  // same until something leaves its row.
  [[nodiscard]] Resident* tail_but(const Resident* spared) {
    if (turns_.grade() != Turns::kNobody) {
      if (Resident* tail = rows_[turns_.grade()].tail_but(spared)) return tail;
    }
    // Mostly there is no choice.
    if (entries_ == rows_[Worth::kMeanGrade].entries()) {
      return rows_[Worth::kMeanGrade].tail_but(spared);
    }
    return take_turn(spared);
  }

  // Probably what tail_but(nullptr) would return.
  [[nodiscard]] const Resident* guess_tail() const {
    const std::uint8_t turn = turns_.grade();
    return rows_[turn != Turns::kNobody ? turn : Worth::kMeanGrade].tail();
  }

  void push(Resident& entry, std::uint8_t grade) {
    rows_[grade].push(entry);
    ++entries_;
    weight_ += entry.weight;
  }
  void unlink(Resident& entry) {
    const std::uint8_t from = grade(entry);
    turns_.end(from);
    rows_[from].unlink(entry);
    --entries_;
    weight_ -= entry.weight;
  }
  void move_to_head(Resident& entry, std::uint8_t to) {
    const std::uint8_t from = grade(entry);
    turns_.end(from);
    if (from == to) return rows_[from].move_to_head(entry);
    rows_[from].unlink(entry);
    rows_[to].push(entry);
  }
  // Puts `incoming` where `former` is, which leaves; or at the head of another grade.
  void replace(Resident& former, Resident& incoming, std::uint8_t grade);

  // Aborts if links and sums do not agree. O(entries).
  void check_invariants() const;

 private:
  [[nodiscard]] Resident* take_turn(const Resident* spared);

  std::array<Queue, Worth::kGrades> rows_;
  Turns turns_;
  std::uint64_t entries_ = 0;
  std::uint64_t weight_ = 0;
  const std::uint8_t first_;
};

}  // namespace strata::memory
