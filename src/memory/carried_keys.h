// CarriedKeys: whether entries carry a key's label, because they were computed from its value.
//
// A put of a key invalidates what carries it, in whatever shard that is; nearly always nothing
// does, and then the other shards need not be asked. Counts are kept by a few bits of the label: a
// wrong yes costs a look at the shards, and there is no wrong no.
//
// Protocol  An entry is announced before its labels are compared with a ticket; a key's number is
//           raised before may_carry() is asked. Both are sequentially consistent: either the put
//           sees the entry announced, and goes to its shard, or the entry's comparison sees the
//           put's number.
// Threads   Thread-safe. Memory: 4 KiB.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "strata/core/entry.h"
#include "strata/core/label.h"

namespace strata::memory {

class CarriedKeys {
 public:
  void announce(const Entry& entry) {
    for (const Label& label : entry.labels()) announce(label);
  }
  void announce(const Label& label) {
    if (label.kind() == LabelKind::kKey) count(label.id()).fetch_add(1, std::memory_order_seq_cst);
  }
  void retract(const Entry& entry) {
    for (const Label& label : entry.labels()) {
      if (label.kind() != LabelKind::kKey) continue;
      count(label.id()).fetch_sub(1, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] bool may_carry(LabelId key) const {
    const std::size_t at = static_cast<std::uint64_t>(key) % kCounts;
    return counts_[at].load(std::memory_order_seq_cst) != 0;
  }

 private:
  static constexpr std::size_t kCounts = 1024;
  std::atomic<std::uint32_t>& count(LabelId id) {
    return counts_[static_cast<std::uint64_t>(id) % kCounts];
  }
  std::array<std::atomic<std::uint32_t>, kCounts> counts_{};
};

}  // namespace strata::memory
