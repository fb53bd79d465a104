// Ghost: remembers which entries were evicted lately, by a fingerprint of their hashes.
//
// It is a queue without links: a table of buckets of one cache line, whose slots are each a
// fingerprint and the count of evictions when it was written. A fingerprint is remembered while
// less than `length` evictions came after it; a full bucket gives up its oldest slot. What is
// forgotten early by that (1 to 5 %) or wrongly remembered costs a little hit ratio and nothing
// else.
//
// Threads   Thread-compatible.
// Memory    8 bytes a slot; a power of two of slots between 4/3 and 8/3 of `length`.
// Errors    None: without memory it remembers less.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace strata::memory {

class Ghost {
 public:
  // Remembers `hash`. Tables follow `length`, which may change from call to call.
  void insert(std::uint64_t hash, std::size_t length);
  [[nodiscard]] bool contains(std::uint64_t hash, std::size_t length) const;
  void forget(std::uint64_t hash);

  [[nodiscard]] std::size_t footprint_bytes() const { return bucket_count_ * sizeof(Bucket); }

 private:
  struct Slot {
    std::uint32_t fingerprint = 0;  // 0: empty
    std::uint32_t written = 0;      // evictions_ at that time
  };
  static constexpr std::size_t kSlotsPerBucket = 8;
  static constexpr std::size_t kUsedPerBucket = 6;  // on average, at most
  static constexpr std::size_t kBucketsMin = 2;
  struct alignas(64) Bucket : std::array<Slot, kSlotsPerBucket> {};

  static std::uint32_t fingerprint_of(std::uint64_t hash);
  [[nodiscard]] Bucket& bucket_of(std::uint32_t fingerprint) const;
  [[nodiscard]] std::uint32_t age_of(const Slot& slot) const { return evictions_ - slot.written; }
  void place(Slot slot);
  void fit(std::size_t length);

  std::unique_ptr<Bucket[]> buckets_;
  std::size_t bucket_count_ = 0;  // a power of two, or 0
  std::uint32_t evictions_ = 0;   // wraps, and so does the age
};

}  // namespace strata::memory
