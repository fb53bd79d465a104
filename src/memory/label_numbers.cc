#include "memory/label_numbers.h"

#include <algorithm>

#include "core/assert.h"

namespace strata::memory {

Ticket LabelNumbers::raise_locked(std::span<const LabelId> labels) {
  const Ticket raised = table_.raise(labels);
  position_.store(number(raised), std::memory_order_seq_cst);
  return raised;
}

Ticket LabelNumbers::raise(std::span<const LabelId> labels) {
  const MutexLock lock(mutex_);
  return raise_locked(labels);
}

bool LabelNumbers::invalidated_after(std::span<const LabelId> labels, Ticket ticket) const {
  if (number(ticket) >= number(position())) return false;
  const MutexLock lock(mutex_);
  return table_.invalidated_after(labels, ticket);
}

bool LabelNumbers::carries_newer(const Entry& entry, LabelId key_label, Ticket ticket) const {
  if (table_.invalidated_after(key_label, ticket)) return true;
  if (entry.group() != nullptr && table_.invalidated_after(entry.group()->ids, ticket)) {
    return true;
  }
  const std::span<const Label> labels = entry.labels();
  return std::any_of(labels.begin(), labels.end(), [&](const Label& label) STRATA_NO_ANALYSIS {
    return table_.invalidated_after(label.id(), ticket);
  });
}

bool LabelNumbers::refuses(const Entry& entry, LabelId key_label, Ticket ticket) const {
  if (number(ticket) >= number(position())) return false;
  const MutexLock lock(mutex_);
  return carries_newer(entry, key_label, ticket);
}

LabelNumbers::Raised LabelNumbers::compare_and_raise(const Entry* entry, LabelId key_label,
                                                     Ticket ticket) {
  const MutexLock lock(mutex_);
  const bool is_latest = number(ticket) >= position_.load(std::memory_order_relaxed);
  const bool refused = entry != nullptr && !is_latest && carries_newer(*entry, key_label, ticket);
  return {.number = raise_locked({&key_label, 1}), .refused = refused};
}

void LabelNumbers::check_invariants() const {
  const MutexLock lock(mutex_);
  table_.check_invariants();
  STRATA_ASSERT(position() == table_.position());
}

}  // namespace strata::memory
