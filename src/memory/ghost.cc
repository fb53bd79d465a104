// Ghost: a bounded, approximate memory of evictions.
#include "memory/ghost.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace strata::memory {

// The bucket is given by the fingerprint's top bits, so that a fingerprint is all that is needed
// to move to a larger or smaller table.
std::uint32_t Ghost::fingerprint_of(std::uint64_t hash) {
  const auto mixed = static_cast<std::uint32_t>((hash * 0xd6e8feb86659fd93ULL) >> 32);
  return mixed == 0 ? 1 : mixed;
}

Ghost::Bucket& Ghost::bucket_of(std::uint32_t fingerprint) const {
  return buckets_[(static_cast<std::uint64_t>(fingerprint) * bucket_count_) >> 32];
}

// Takes the fingerprint's own slot, or an empty one, or that of the oldest if it is older.
void Ghost::place(Slot slot) {
  Slot* oldest = nullptr;
  for (Slot& other : bucket_of(slot.fingerprint)) {
    if (other.fingerprint == slot.fingerprint || other.fingerprint == 0) {
      other = slot;
      return;
    }
    if (oldest == nullptr || age_of(other) > age_of(*oldest)) oldest = &other;
  }
  if (age_of(slot) < age_of(*oldest)) *oldest = slot;
}

void Ghost::insert(std::uint64_t hash, std::size_t length) {
  fit(length);
  if (bucket_count_ == 0) return;
  ++evictions_;
  place({fingerprint_of(hash), evictions_});
}

bool Ghost::contains(std::uint64_t hash, std::size_t length) const {
  if (bucket_count_ == 0) return false;
  const std::uint32_t fingerprint = fingerprint_of(hash);
  const Bucket& bucket = bucket_of(fingerprint);
  return std::any_of(bucket.begin(), bucket.end(), [&](const Slot& slot) {
    return slot.fingerprint == fingerprint && age_of(slot) < length;
  });
}

void Ghost::forget(std::uint64_t hash) {
  if (bucket_count_ == 0) return;
  const std::uint32_t fingerprint = fingerprint_of(hash);
  for (Slot& slot : bucket_of(fingerprint)) {
    if (slot.fingerprint == fingerprint) slot = Slot{};
  }
}

// Grows the table when `length` outgrew it, and shrinks it when a quarter would do.
void Ghost::fit(std::size_t length) {
  const std::size_t wanted =
      std::max(kBucketsMin, std::bit_ceil((length + kUsedPerBucket - 1) / kUsedPerBucket));
  if (wanted <= bucket_count_ && wanted * 4 > bucket_count_) return;
  std::unique_ptr<Bucket[]> fresh(new (std::nothrow) Bucket[wanted]());
  if (fresh == nullptr) return;

  std::swap(fresh, buckets_);  // now the former table
  const std::size_t former_count = std::exchange(bucket_count_, wanted);
  for (std::size_t at = 0; at < former_count; ++at) {
    for (const Slot& slot : fresh[at]) {
      if (slot.fingerprint != 0) place(slot);
    }
  }
}

}  // namespace strata::memory
