// RemovalRing: the last removals in the order in which they came, and those of each key.
//
// Removals are numbered 1, 2, 3, ... and stand in a ring. Each points to the one before it whose
// key has the same bucket, and each bucket to its last one. A pointer below the oldest number
// that is held ends a chain, so nothing is taken out when a removal is overwritten.
//
// Threads   Thread-compatible: guarded by the journal's lock.
// Memory    40 bytes for a removal and 4 of a bucket, for a power of two of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/zeroed_array.h"
#include "strata/labels/cause_journal.h"

namespace strata::internal {

class RemovalRing {
 public:
  // Room for at least `capacity` removals; none if that is zero.
  explicit RemovalRing(std::size_t capacity);

  void record(const Removal& removal);

  // Calls visit(Removal) for those of the key, newest first, until it returns false. O(removals
  // of the key's bucket).
  template <typename Visit>
  void for_each(LabelId key, const Visit& visit) const {
    if (slots_.empty()) return;
    const auto wanted = static_cast<std::uint64_t>(key);
    for (std::uint64_t at = buckets_[bucket_of(wanted)]; at >= oldest(); at = slot(at).previous) {
      if (slot(at).key == wanted && !visit(removal(at))) return;
    }
  }

  // The numbers that are held are [oldest(), recorded()].
  [[nodiscard]] std::uint64_t oldest() const {
    return recorded_ < slots_.size() ? 1 : recorded_ - slots_.size() + 1;
  }
  [[nodiscard]] std::uint64_t recorded() const { return recorded_; }
  [[nodiscard]] Removal removal(std::uint64_t number) const;

  // What was recorded so far is of a former process.
  void set_former() { former_ = recorded_; }
  [[nodiscard]] std::uint64_t former() const { return former_; }

  [[nodiscard]] std::size_t footprint_bytes() const {
    return slots_.size() * sizeof(Slot) + buckets_.size() * sizeof(std::uint64_t);
  }
  void check_invariants() const;

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t cause = 0;  // or the tier's number
    std::uint64_t via = 0;
    std::uint64_t previous = 0;  // with the same bucket; always a smaller number
    std::int64_t at_ms : 48 = 0;
    std::uint64_t why : 7 = 0;
    std::uint64_t is_numbered : 1 = 0;  // whether `cause` is a number
    std::uint64_t tier : 8 = 0;
  };
  static_assert(sizeof(Slot) == 40);

  [[nodiscard]] const Slot& slot(std::uint64_t number) const { return slots_[number & mask_]; }
  [[nodiscard]] std::size_t bucket_of(std::uint64_t key) const {
    return static_cast<std::size_t>((key * factor_) >> shift_);
  }

  ZeroedArray<Slot> slots_;
  ZeroedArray<std::uint64_t> buckets_;  // the number of the last one; zero: none
  std::uint64_t mask_ = 0;
  std::uint64_t factor_ = 1;
  unsigned shift_ = 0;
  std::uint64_t recorded_ = 0;
  std::uint64_t former_ = 0;
};

}  // namespace strata::internal
