// The ring of removals and its buckets.
#include "labels/removal_ring.h"

#include <algorithm>
#include <bit>

#include "core/assert.h"
#include "labels/cause_text.h"
#include "strata/core/limits.h"

namespace strata::internal {

RemovalRing::RemovalRing(std::size_t capacity) {
  if (capacity == 0) return;
  const std::size_t slots = std::bit_ceil(std::min(capacity, limits::kJournalRecords));
  const std::size_t buckets = std::max<std::size_t>(2, slots / 2);
  slots_.resize(slots);
  buckets_.resize(buckets);
  mask_ = slots - 1;
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(buckets));
  // Differs from journal to journal, so that keys chosen to share a bucket in one do not in all.
  factor_ = (reinterpret_cast<std::uintptr_t>(slots_.data()) * 0x9e3779b97f4a7c15ULL) | 1;
}

void RemovalRing::record(const Removal& removal, CauseId cause) {
  if (slots_.empty()) return;
  const std::uint64_t number = ++recorded_;
  std::uint64_t& last = buckets_[bucket_of(removal.key_hash)];
  Slot& slot = slots_[number & mask_];
  slot.key_hash = removal.key_hash;
  slot.cause = static_cast<std::uint64_t>(cause);
  slot.via = static_cast<std::uint64_t>(removal.via);
  slot.previous = last;
  slot.at_ms = kept_ms(removal.at);
  slot.why = static_cast<std::uint64_t>(removal.why);
  last = number;
}

Removal RemovalRing::removal(std::uint64_t number) const {
  STRATA_ASSERT(number >= oldest());
  STRATA_ASSERT(number <= recorded_);
  const Slot& kept = slot(number);
  return {.key_hash = kept.key_hash,
          .why = static_cast<RemovalCause>(kept.why),
          .cause = CauseId{kept.cause},
          .via = LabelId{kept.via},
          .at = {kept.at_ms},
          .is_former = number <= former_};
}

void RemovalRing::check_invariants() const {
  for (std::uint64_t number = oldest(); number <= recorded_; ++number) {
    STRATA_ASSERT(slot(number).previous < number);
    STRATA_ASSERT(slot(number).why < kRemovalCauseCount);
    // It is found from its bucket.
    std::uint64_t at = buckets_[bucket_of(slot(number).key_hash)];
    while (at > number) at = slot(at).previous;
    STRATA_ASSERT(at == number);
  }
}

}  // namespace strata::internal
