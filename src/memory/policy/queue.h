// Queue: residents in a row; they enter at the head, and those at the tail are the next to go.
//
// Threads   Thread-compatible. Ownership: entries are borrowed, and chained through themselves.
#pragma once

#include <cstdint>

#include "core/assert.h"
#include "memory/policy/resident.h"

namespace strata::memory {

class Queue {
 public:
  // `id` is written on the residents of this queue; not 0.
  explicit constexpr Queue(std::uint8_t id) : id_(id) {}

  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  [[nodiscard]] std::uint64_t weight() const { return weight_; }
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] bool has(const Resident& entry) const { return queue_of(entry) == id_; }
  [[nodiscard]] Resident* tail() const { return tail_; }
  // The last one that is not `spared`; null if there is none.
  [[nodiscard]] Resident* tail_but(const Resident* spared) const {
    return tail_ != nullptr && tail_ == spared ? tail_->previous : tail_;
  }

  void push(Resident& entry) {
    set_queue(entry, id_);
    entry.previous = nullptr;
    entry.next = head_;
    (head_ == nullptr ? tail_ : head_->previous) = &entry;
    head_ = &entry;
    ++entries_;
    weight_ += entry.weight;
  }

  void unlink(Resident& entry) {
    detach(entry);
    entry.next = nullptr;
    entry.previous = nullptr;
    set_queue(entry, 0);
    --entries_;
    weight_ -= entry.weight;
  }

  void move_to_head(Resident& entry) {
    if (head_ == &entry) return;
    detach(entry);
    entry.previous = nullptr;
    entry.next = head_;
    head_->previous = &entry;
    head_ = &entry;
  }

  // Puts `incoming` where `former` is, which leaves.
  void replace(Resident& former, Resident& incoming) {
    set_queue(incoming, id_);
    incoming.previous = former.previous;
    incoming.next = former.next;
    (incoming.previous == nullptr ? head_ : incoming.previous->next) = &incoming;
    (incoming.next == nullptr ? tail_ : incoming.next->previous) = &incoming;
    weight_ += incoming.weight;
    weight_ -= former.weight;
    former.next = nullptr;
    former.previous = nullptr;
    set_queue(former, 0);
  }

  // Aborts if links and sums do not agree. O(entries).
  void check_invariants() const {
    std::uint64_t entries = 0;
    std::uint64_t weight = 0;
    const Resident* previous = nullptr;
    for (const Resident* entry = head_; entry != nullptr; entry = entry->next) {
      STRATA_ASSERT(entry->previous == previous);
      STRATA_ASSERT(queue_of(*entry) == id_);
      ++entries;
      weight += entry->weight;
      previous = entry;
    }
    STRATA_ASSERT(tail_ == previous);
    STRATA_ASSERT(entries_ == entries);
    STRATA_ASSERT(weight_ == weight);
  }

 private:
  void detach(const Resident& entry) {
    (entry.previous == nullptr ? head_ : entry.previous->next) = entry.next;
    (entry.next == nullptr ? tail_ : entry.next->previous) = entry.previous;
  }

  Resident* head_ = nullptr;
  Resident* tail_ = nullptr;
  std::uint64_t entries_ = 0;
  std::uint64_t weight_ = 0;
  std::uint8_t id_;
};

}  // namespace strata::memory
