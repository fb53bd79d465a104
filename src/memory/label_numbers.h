// LabelNumbers: the tier's label table, for all its shards at once.
//
// Shards accept values under locks of their own, so the table has one too, which is the last that
// is taken. Most loads see no invalidation while they run: then comparing takes no lock.
//
// Threads   Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/mutex.h"
#include "strata/core/entry.h"
#include "strata/core/label.h"
#include "strata/core/label_table.h"
#include "strata/core/ticket.h"

namespace strata::memory {

class LabelNumbers {
 public:
  explicit LabelNumbers(std::size_t remembered_labels) : table_(remembered_labels) {}

  // The number of the last invalidation. Who sees a number sees all that happened before its raise.
  [[nodiscard]] Ticket position() const {
    return Ticket{position_.load(std::memory_order_seq_cst)};
  }
  Ticket raise(std::span<const LabelId> labels);
  // Starts to fetch what compare_and_raise() of a key will wait for.
  void prefetch(LabelId key_label) const STRATA_NO_ANALYSIS { table_.prefetch(key_label); }

  [[nodiscard]] bool invalidated_after(std::span<const LabelId> labels, Ticket ticket) const;

  // Whether one of the labels that an entry carries was invalidated after a ticket.
  [[nodiscard]] bool refuses(const Entry& entry, LabelId key_label, Ticket ticket) const;
  // The same, and raises the key's number in the same step. No entry is never refused.
  struct Raised {
    Ticket number;
    bool refused = false;
  };
  Raised compare_and_raise(const Entry* entry, LabelId key_label, Ticket ticket);

  void check_invariants() const;

 private:
  [[nodiscard]] bool carries_newer(const Entry& entry, LabelId key_label, Ticket ticket) const
      STRATA_REQUIRES(mutex_);
  Ticket raise_locked(std::span<const LabelId> labels) STRATA_REQUIRES(mutex_);

  alignas(64) std::atomic<std::uint64_t> position_{0};  // follows table_
  alignas(64) mutable Mutex mutex_;
  LabelTable table_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::memory
