// AgedGhost: the table and its growth.
#include "memory/policy/aged_ghost.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/prefetch.h"
#include "core/slab_heap.h"

namespace strata::memory {
namespace {

// Which bits of a hash choose the shard or the place in a table is not known here; all of them
// have a say in the top ones of this.
std::uint64_t mix(std::uint64_t hash) {
  hash ^= hash >> 32;
  return hash * 0x9e3779b97f4a7c15ULL;
}

// From bits that say little about the bucket.
std::uint16_t fingerprint_of(std::uint64_t mixed) {
  const auto bits = static_cast<std::uint16_t>(mixed >> 16);
  return bits != 0 ? bits : std::uint16_t{1};
}

std::uint16_t age(std::uint16_t time, std::uint16_t now) {
  return static_cast<std::uint16_t>(now - time);
}

}  // namespace

AgedGhost::Table::Table(std::size_t count) : count_(static_cast<std::uint32_t>(count)) {
  if (count_ == 0) return;
  // Zeroed; of many, pages that are touched when pieces are made.
  pieces_.reset(static_cast<Bucket**>(std::calloc(pieces(), sizeof(Bucket*))));
  if (pieces_ == nullptr) count_ = 0;
}

AgedGhost::Table::~Table() {
  while (!shed()) {
  }
}

bool AgedGhost::Table::shed() {
  for (; shed_ < pieces(); ++shed_) {
    if (pieces_[shed_] == nullptr) continue;
    internal::slab_free(std::exchange(pieces_[shed_], nullptr), buckets_of(shed_) * sizeof(Bucket),
                        alignof(Bucket));
    made_buckets_ -= buckets_of(shed_);
    return false;
  }
  return true;
}

std::size_t AgedGhost::Table::index_of(std::uint64_t mixed) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(mixed) * count_) >> 64);
}

std::uint32_t AgedGhost::Table::buckets_of(std::size_t piece) const {
  return static_cast<std::uint32_t>(std::min(kPieceBuckets, count_ - piece * kPieceBuckets));
}

AgedGhost::Bucket* AgedGhost::Table::find(std::uint64_t mixed) const {
  if (count_ == 0) return nullptr;
  const std::size_t index = index_of(mixed);
  Bucket* const piece = pieces_[index / kPieceBuckets];
  return piece == nullptr ? nullptr : piece + index % kPieceBuckets;
}

AgedGhost::Bucket* AgedGhost::Table::make(std::uint64_t mixed) {
  if (Bucket* const bucket = find(mixed)) return bucket;
  if (count_ == 0) return nullptr;
  const std::size_t at = index_of(mixed) / kPieceBuckets;
  const std::uint32_t buckets = buckets_of(at);
  try {
    pieces_[at] =
        static_cast<Bucket*>(internal::slab_allocate(buckets * sizeof(Bucket), alignof(Bucket)));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  std::uninitialized_value_construct_n(pieces_[at], buckets);
  made_buckets_ += buckets;
  return find(mixed);
}

void AgedGhost::fit(std::size_t slots) {
  const std::size_t count =
      std::min<std::size_t>((slots + kSlotsPerBucket - 1) / kSlotsPerBucket, UINT32_MAX);
  const std::size_t difference =
      count > wanted_buckets_ ? count - wanted_buckets_ : wanted_buckets_ - count;
  if (wanted_buckets_ == 0 || difference * 4 > wanted_buckets_) wanted_buckets_ = count;
}

void AgedGhost::insert(std::uint64_t hash, std::uint16_t time, std::uint16_t now) {
  const bool fits = table_.count() == wanted_buckets_;
  // A former table goes a piece at a time, and sooner if a third one is wanted.
  if (former_.count() != 0 && (!fits || inserts_until_former_goes_-- == 0)) {
    inserts_until_former_goes_ = 0;
    if (former_.shed()) former_ = {};
  }
  if (!fits && former_.count() == 0) {
    Table table(wanted_buckets_);
    if (table.count() == wanted_buckets_) {
      former_ = std::exchange(table_, std::move(table));
      inserts_until_former_goes_ = wanted_buckets_ * kSlotsPerBucket;
    }
  }
  const std::uint64_t mixed = mix(hash);
  Bucket* const bucket = table_.make(mixed);
  if (bucket == nullptr) return;
  Slot* place = find(table_, mixed);
  if (place == nullptr) {
    // The first of the oldest has the largest number; an empty slot is older than any.
    constexpr std::uint32_t kSlots = kSlotsPerBucket;
    std::uint32_t oldest = 0;
    for (std::uint32_t at = 0; at < kSlots; ++at) {
      const Slot& slot = bucket->slots[at];
      const std::uint32_t its = slot.fingerprint == 0 ? 0x10000u : age(slot.time, now);
      oldest = std::max(oldest, its * kSlots + (kSlots - 1 - at));
    }
    place = &bucket->slots[kSlots - 1 - oldest % kSlots];
  }
  *place = {.fingerprint = fingerprint_of(mixed), .time = time};
}

AgedGhost::Slot* AgedGhost::find(const Table& table, std::uint64_t mixed) {
  Bucket* const bucket = table.find(mixed);
  if (bucket == nullptr) return nullptr;
  const std::uint16_t fingerprint = fingerprint_of(mixed);
#if defined(__SSE2__)
  // Fingerprint and time of a slot are the two halves of a lane.
  const __m128i wanted = _mm_set1_epi32(fingerprint);
  const auto* halves = reinterpret_cast<const __m128i*>(bucket);
  const int low = _mm_movemask_epi8(_mm_cmpeq_epi16(_mm_load_si128(halves), wanted));
  const int high = _mm_movemask_epi8(_mm_cmpeq_epi16(_mm_load_si128(halves + 1), wanted));
  const std::uint32_t found = static_cast<std::uint32_t>(low | high << 16) & 0x11111111u;
  return found == 0 ? nullptr : &bucket->slots[static_cast<unsigned>(std::countr_zero(found)) / 4];
#else
  for (Slot& slot : bucket->slots) {
    if (slot.fingerprint == fingerprint) return &slot;
  }
  return nullptr;
#endif
}

void AgedGhost::prefetch(std::uint64_t hash) const {
  const std::uint64_t mixed = mix(hash);
  for (const Table* table : {&table_, &former_}) {
    if (table->count() != 0) internal::prefetch_for_write(table->find(mixed));
  }
}

std::optional<std::uint16_t> AgedGhost::take(std::uint64_t hash) {
  const std::uint64_t mixed = mix(hash);
  Slot* slot = find(table_, mixed);
  if (slot == nullptr) slot = find(former_, mixed);
  if (slot == nullptr) return std::nullopt;
  slot->fingerprint = 0;
  return slot->time;
}

}  // namespace strata::memory
