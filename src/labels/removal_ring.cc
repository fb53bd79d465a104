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
  slots_ = ZeroedArray<Slot>(slots);
  buckets_ = ZeroedArray<std::uint64_t>(buckets);
  mask_ = slots - 1;
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(buckets));
  // Differs from journal to journal, so that keys chosen to share a bucket in one do not in all.
  factor_ = (reinterpret_cast<std::uintptr_t>(slots_.data()) * 0x9e3779b97f4a7c15ULL) | 1;
}

void RemovalRing::record(const Removal& removal) {
  if (slots_.empty()) return;
  const std::uint64_t number = ++recorded_;
  const auto key = static_cast<std::uint64_t>(removal.key);
  std::uint64_t& last = buckets_[bucket_of(key)];
  Slot& slot = slots_[number & mask_];
  slot.key = key;
  slot.is_numbered = removal.number != Ticket{} ? 1 : 0;
  slot.cause = slot.is_numbered != 0 ? strata::number(removal.number)
                                     : static_cast<std::uint64_t>(removal.cause);
  slot.tier = removal.tier;
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
  const bool is_numbered = kept.is_numbered != 0;
  return {.key = LabelId{kept.key},
          .why = static_cast<RemovalCause>(kept.why),
          .cause = is_numbered ? CauseId::kNone : CauseId{kept.cause},
          .via = LabelId{kept.via},
          .at = {kept.at_ms},
          .tier = static_cast<TierPlace>(kept.tier),
          .number = is_numbered ? Ticket{kept.cause} : Ticket{},
          .is_former = number <= former_};
}

void RemovalRing::check_invariants() const {
  for (std::uint64_t number = oldest(); number <= recorded_; ++number) {
    STRATA_ASSERT(slot(number).previous < number);
    STRATA_ASSERT(slot(number).why < kRemovalCauseCount);
    // It is found from its bucket.
    std::uint64_t at = buckets_[bucket_of(slot(number).key)];
    while (at > number) at = slot(at).previous;
    STRATA_ASSERT(at == number);
  }
}

}  // namespace strata::internal
