// AgedGhost: remembers who was evicted, by a fingerprint, and when it was last used.
//
// A table of buckets of eight slots, half a cache line each. A hash has one bucket; who is
// remembered there last takes the place of the oldest. Somebody is taken for another once in
// about 8,000 look-ups of a full table, which costs a little hit ratio and nothing else.
//
// Time is a coarse count that the user keeps; it wraps, and so does age.
//
// Threads   Thread-compatible.
// Memory    4 bytes a slot, on the large pages of the slab heap, in pieces of 16 KiB that the first
//           insert() to each of them allocates. No call does work for more than one of them.
// Errors    None: without memory it remembers less.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace strata::memory {

class AgedGhost {
 public:
  static constexpr std::size_t kSlotsPerBucket = 8;

  // Sets how many slots there should be. A table that differs by less than a quarter stays. What
  // a former table remembers is still found until the new one may be full.
  void fit(std::size_t slots);

  // Remembers `hash`, whose last use was at `time`.
  void insert(std::uint64_t hash, std::uint16_t time, std::uint16_t now);
  // The last use of `hash`, if it is remembered; it is then forgotten.
  [[nodiscard]] std::optional<std::uint16_t> take(std::uint64_t hash);

  // Starts to fetch what insert() and take() of `hash` look at.
  void prefetch(std::uint64_t hash) const;

  [[nodiscard]] std::size_t slots() const { return wanted_buckets_ * kSlotsPerBucket; }
  [[nodiscard]] std::size_t footprint_bytes() const {
    return table_.made_bytes() + former_.made_bytes();
  }

 private:
  struct Slot {
    std::uint16_t fingerprint = 0;  // 0: empty
    std::uint16_t time = 0;
  };
  struct alignas(32) Bucket {
    std::array<Slot, kSlotsPerBucket> slots;
  };
  static_assert(sizeof(Slot) == 4 && sizeof(Bucket) == 32);
  class Table {
   public:
    Table() = default;
    // Without memory it has no buckets.
    explicit Table(std::size_t count);
    Table(Table&& other) noexcept { swap(other); }
    Table& operator=(Table&& other) noexcept {
      Table moved(std::move(other));
      swap(moved);
      return *this;
    }
    ~Table();

    [[nodiscard]] std::size_t count() const { return count_; }
    // Null: nothing was ever there.
    [[nodiscard]] Bucket* find(std::uint64_t mixed) const;
    // The same, but made. Null: without memory.
    [[nodiscard]] Bucket* make(std::uint64_t mixed);
    // Gives a piece back, and what was in it; make() is not called any more. Returns whether none
    // was left.
    [[nodiscard]] bool shed();
    [[nodiscard]] std::size_t made_bytes() const { return made_buckets_ * sizeof(Bucket); }

   private:
    static constexpr std::size_t kPieceBuckets = 512;

    struct Free {
      void operator()(Bucket** pieces) const { std::free(pieces); }
    };

    [[nodiscard]] std::size_t index_of(std::uint64_t mixed) const;
    [[nodiscard]] std::size_t pieces() const {
      return (count_ + kPieceBuckets - 1) / kPieceBuckets;
    }
    [[nodiscard]] std::uint32_t buckets_of(std::size_t piece) const;
    void swap(Table& other) noexcept {
      std::swap(pieces_, other.pieces_);
      std::swap(count_, other.count_);
      std::swap(shed_, other.shed_);
      std::swap(made_buckets_, other.made_buckets_);
    }

    std::unique_ptr<Bucket*[], Free> pieces_;  // null ones are not made yet
    std::uint32_t count_ = 0;
    std::uint32_t made_buckets_ = 0;
    std::uint32_t shed_ = 0;  // pieces below it are given back
  };

  static Slot* find(const Table& table, std::uint64_t mixed);

  Table table_;
  Table former_;
  std::size_t wanted_buckets_ = 0;
  std::size_t inserts_until_former_goes_ = 0;
};

}  // namespace strata::memory
