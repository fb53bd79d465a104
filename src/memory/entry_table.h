// EntryTable: finds the entries of one shard by their key. Readers take no lock.
//
// An extendible hash table: a directory, indexed by the first bits of a place, of segments; a
// segment has 64 buckets of one cache line each. A bucket holds seven entries, as pointers with 16
// more bits of their places beside them, and a word with a byte for each, all of which are compared
// at once: so a look-up reads one line and then, nearly always, the one entry that it wants. A full
// segment is split, and a nearly empty one joined with its neighbour: no call moves more than a
// segment's entries.
//
// Places are numbers made of key hashes: different keys have different places unless their hashes
// are equal, and then their texts tell them apart.
//
// Source    Fagin et al., "Extendible hashing", ACM TODS 4(3), 1979.
// Threads   One writer at a time. find(), begin(), guess(), walk() and what prefetches may run
// beside
//           it within an EpochGuard; entries that they return live as long as the guard.
// Ownership The table holds one reference to each entry; whoever erases an entry takes that
//           reference over, and keeps it until no reader can see the entry any more.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/prefetch.h"
#include "core/slab_heap.h"
#include "strata/core/entry.h"

namespace strata::memory {

// Which shard a key is in, and where there. The seed makes it hard to choose keys that crowd one
// place.
struct Placement {
  std::uint64_t seed = 0;
  std::uint64_t shard_mask = 0;  // shards, a power of two up to 2^16, less one

  [[nodiscard]] std::uint64_t mixed(std::uint64_t hash) const {
    const auto product = static_cast<unsigned __int128>(hash ^ seed) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
  }
  // The last bits choose the shard; the table looks at those before.
  [[nodiscard]] std::size_t shard_of_mixed(std::uint64_t mixed) const { return mixed & shard_mask; }
  [[nodiscard]] static std::uint64_t place_of_mixed(std::uint64_t mixed) { return mixed; }
  [[nodiscard]] std::size_t shard(std::uint64_t hash) const { return shard_of_mixed(mixed(hash)); }
  [[nodiscard]] std::uint64_t place(std::uint64_t hash) const {
    return place_of_mixed(mixed(hash));
  }
};

class EntryTable {
 public:
  static constexpr unsigned kBuckets = 64;
  static constexpr unsigned kSlots = 7;             // of a bucket
  static constexpr unsigned kSegmentEntries = 392;  // at most; of 448 slots
  static constexpr unsigned kJoinedEntries = 160;   // of two segments that become one, at most
  static constexpr unsigned kDirectoryBits = 26;    // at most

  explicit EntryTable(const Placement& placement);
  ~EntryTable();
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  // The first entry at this place for which `matches(entry)`, or nullptr. `matches` is copied.
  template <typename Matches>
  [[nodiscard, gnu::always_inline]] Entry* find(std::uint64_t place, Matches matches) const {
    const Bucket& bucket = segment_of(place).buckets[home_of(place)];
    const std::uint64_t group = bucket.group.load(std::memory_order_acquire);
    const std::uint64_t tag = tag_of(place);
    const unsigned slots = slots_with(group, tag);
    if (slots == 0) {
      if (strays_of(group) == 0) return nullptr;
    } else if (const std::uint64_t word = first_of(bucket, slots); has_tag(word, tag)) [[likely]] {
      // Nearly always the first is the one. What else there may be is not looked for here, so that
      // a hit keeps all it knows in registers.
      Entry* entry = pointer_of(word);
      if (matches(*entry)) [[likely]]
        return entry;
    }
    return find_slowly(place, matches);
  }

  // Starts to fetch what find() looks at first.
  void prefetch(std::uint64_t place) const {
    __builtin_prefetch(&segment_of(place).buckets[home_of(place)]);
  }
  // The same for who has more to look up meanwhile: guess() returns what find() will probably find,
  // or nullptr. Both within one guard.
  class Search;
  Search begin(std::uint64_t place) const;
  [[nodiscard]] static Entry* guess(const Search& search);
  // Fetches what insert() and erase() change at this place.
  void prefetch_change(std::uint64_t place) const {
    const Segment& segment = segment_of(place);
    internal::prefetch_for_write(&segment.buckets[home_of(place)]);
    internal::prefetch_for_write(&segment.entries);
  }

  // Precondition: no entry with this key is in the table. Throws std::bad_alloc if there is no
  // memory, or no room for more keys of one hash, and then has changed nothing.
  void insert(Entry* entry);
  // Puts `incoming` where `former` is. Precondition: they have the same key.
  void replace(const Entry* former, Entry* incoming);
  void erase(const Entry* entry);

  // Visits about `count` entries from `cursor` on, which begins at 0; returns where to go on, or
  // nothing at the end. An entry that is in the table during a whole walk is visited at least
  // once, whatever is inserted or erased between the steps.
  template <typename Visit>
  std::optional<std::uint64_t> walk(std::uint64_t cursor, std::size_t count,
                                    const Visit& visit) const {
    const Directory& directory = *directory_.load(std::memory_order_acquire);
    std::uint64_t prefix = cursor >> (kDepthBits + kHomeBits);
    const unsigned depth = (cursor >> kHomeBits) % (1u << kDepthBits);
    unsigned home = cursor % kBuckets;
    std::size_t visited = 0;
    std::size_t homes = std::max<std::size_t>(count, kBuckets);
    for (;;) {
      const Segment& segment = segment_at(directory, prefix);
      // Two that were joined since the last step are begun again.
      if (home != 0 && segment.depth < depth) home = 0;
      for (; home < kBuckets; ++home, --homes) {
        if (visited >= count || homes == 0) {
          return ((prefix << kDepthBits | segment.depth) << kHomeBits) | home;
        }
        visited += visit_home(segment, home, visit);
      }
      prefix = end_of(segment);
      if (prefix >> kPrefixBits != 0) return std::nullopt;
      home = 0;
    }
  }

  // Visits each entry once, and does not look at it. Nobody may write meanwhile.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    const Directory& directory = *directory_.load(std::memory_order_acquire);
    for (std::uint64_t prefix = 0; prefix >> kPrefixBits == 0;) {
      const Segment& segment = segment_at(directory, prefix);
      for (const Bucket& bucket : segment.buckets) {
        for (const auto& slot : bucket.slots) {
          Entry* entry = pointer_of(slot.load(std::memory_order_relaxed));
          if (entry != nullptr) visit(entry);
        }
      }
      prefix = end_of(segment);
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return segments_ * kBuckets * kSlots; }
  [[nodiscard]] std::size_t footprint_bytes() const;
  void check_invariants() const;

 private:
  static constexpr unsigned kHomeBits = 6;
  static constexpr unsigned kDepthBits = 5;
  static constexpr unsigned kPrefixBits = 32;  // of a place, that cursors name
  static constexpr unsigned kTagShift = 48;
  static constexpr unsigned kStraysShift = 56;
  static constexpr unsigned kStraysMax = 255;
  static constexpr std::uint64_t kPointer = (std::uint64_t{1} << kTagShift) - 1;

  struct alignas(64) Bucket {
    std::array<std::atomic<std::uint64_t>, kSlots> slots;  // tag and pointer; 0: empty
    // A byte for each slot, mark_of() its tag; 0: empty. The last byte counts the entries at home
    // here that are in a later bucket; at kStraysMax it stays so.
    std::atomic<std::uint64_t> group;
  };
  struct Segment {
    std::array<Bucket, kBuckets> buckets{};
    std::atomic<unsigned> reach{0};  // how far from home entries are, at most
    unsigned depth = 0;              // how many bits its entries' places have in common
    unsigned entries = 0;
    std::uint64_t prefix = 0;  // those bits, in front

    static void* operator new(std::size_t size) {
      return internal::slab_allocate(size, alignof(Segment));
    }
    static void operator delete(void* segment, std::size_t size) {
      internal::slab_free(segment, size, alignof(Segment));
    }
  };
  struct Directory;
  struct Garbage;

  // Any bits that the directory and the shard do not use.
  [[nodiscard]] static unsigned home_of(std::uint64_t place) { return (place >> 16) % kBuckets; }
  [[nodiscard]] static std::uint64_t tag_of(std::uint64_t place) {
    return (place >> 22 | 0x8000) << kTagShift;
  }
  [[nodiscard]] static Entry* pointer_of(std::uint64_t word) {
    return reinterpret_cast<Entry*>(word & kPointer);
  }
  [[nodiscard]] std::uint64_t place_of(const Entry& entry) const {
    return placement_.place(entry.hash());
  }

  // A slot's byte in the group.
  [[nodiscard]] static std::uint8_t mark_of(std::uint64_t tag) {
    return static_cast<std::uint8_t>(tag >> kTagShift | 0x80);
  }
  [[nodiscard]] static unsigned strays_of(std::uint64_t group) {
    return static_cast<unsigned>(group >> kStraysShift);
  }
  // By the writer.
  [[nodiscard]] static unsigned empty_slot(const Bucket& bucket);
  static void set_mark(Bucket& bucket, std::size_t slot, std::uint8_t mark);
  static void count_stray(Bucket& home, bool is_new);

  // The slots with this tag's mark, as bits. Without a branch, so that a processor that waits for
  // the bucket's line can go on with what comes after; the slots may have changed when they are
  // read.
  [[nodiscard]] static unsigned slots_with(std::uint64_t group, std::uint64_t tag) {
    const std::uint64_t wanted = mark_of(tag) * 0x0101010101010101ULL;
    constexpr unsigned kAll = (1u << kSlots) - 1;
#if defined(__SSE2__)
    const __m128i equal = _mm_cmpeq_epi8(_mm_cvtsi64_si128(static_cast<long long>(group)),
                                         _mm_cvtsi64_si128(static_cast<long long>(wanted)));
    return static_cast<unsigned>(_mm_movemask_epi8(equal)) & kAll;
#else
    unsigned found = 0;
    for (unsigned at = 0; at < kSlots; ++at) {
      found |= static_cast<unsigned>(((group ^ wanted) >> (8 * at) & 0xff) == 0) << at;
    }
    return found & kAll;
#endif
  }
  // What is in the first of these slots, of which there is one; it may have changed.
  [[nodiscard]] static std::uint64_t first_of(const Bucket& bucket, unsigned slots) {
    const auto at = static_cast<unsigned>(std::countr_zero(slots));
    return bucket.slots.data()[at].load(std::memory_order_acquire);
  }
  // If so, it is that of an entry.
  [[nodiscard]] static bool has_tag(std::uint64_t word, std::uint64_t tag) {
    return ((word ^ tag) >> kTagShift) == 0;
  }

  // Of an entry that is not the first of its mark, or in a later bucket than its home.
  template <typename Matches>
  [[nodiscard, gnu::noinline]] Entry* find_slowly(std::uint64_t place, Matches matches) const {
    const Segment& segment = segment_of(place);
    const std::uint64_t tag = tag_of(place);
    unsigned reach = 0;
    for (unsigned step = 0; step <= reach; ++step) {
      const Bucket& bucket = segment.buckets[(home_of(place) + step) % kBuckets];
      const std::uint64_t group = bucket.group.load(std::memory_order_acquire);
      for (unsigned slots = slots_with(group, tag); slots != 0; slots &= slots - 1) {
        const std::uint64_t word = first_of(bucket, slots);
        if (has_tag(word, tag) && matches(*pointer_of(word))) return pointer_of(word);
      }
      if (step == 0 && strays_of(group) != 0) {
        reach = segment.reach.load(std::memory_order_relaxed);
      }
    }
    return nullptr;
  }

  template <typename Visit>
  std::size_t visit_home(const Segment& segment, unsigned home, const Visit& visit) const {
    std::size_t visited = 0;
    const std::uint64_t group = segment.buckets[home].group.load(std::memory_order_acquire);
    const unsigned reach =
        strays_of(group) != 0 ? segment.reach.load(std::memory_order_relaxed) : 0;
    for (unsigned step = 0; step <= reach; ++step) {
      for (const auto& slot : segment.buckets[(home + step) % kBuckets].slots) {
        const std::uint64_t word = slot.load(std::memory_order_acquire);
        if (word == 0) continue;
        Entry* entry = pointer_of(word);
        if (home_of(place_of(*entry)) != home) continue;
        visit(entry);
        ++visited;
      }
    }
    return visited;
  }

  [[nodiscard]] const Segment& segment_of(std::uint64_t place) const {
    return segment_at(*directory_.load(std::memory_order_acquire), place >> (64 - kPrefixBits));
  }
  [[nodiscard]] static Segment& segment_at(const Directory& directory, std::uint64_t prefix);
  // The prefix behind the segment's last.
  [[nodiscard]] static std::uint64_t end_of(const Segment& segment) {
    return (segment.prefix + 1) << (kPrefixBits - segment.depth);
  }

  // Where an entry is: its segment, its home there, and the slot of the bucket `step` behind it.
  struct Spot {
    Segment& segment;
    unsigned home;
    unsigned step;
    std::size_t slot;
    [[nodiscard]] Bucket& bucket() const { return segment.buckets[(home + step) % kBuckets]; }
  };
  [[nodiscard]] Spot spot_of(const Entry* entry) const;
  void put(Segment& segment, Entry* entry) const;
  void split(Segment& segment);
  void join(Segment& segment);
  void halve_directory();
  void publish(Directory& directory, Segment* segment) const;
  void retire(Segment* segment);
  void retire(Directory* directory);
  void reclaim();

  alignas(64) const Placement placement_;
  std::atomic<Directory*> directory_;
  // What only the writer reads has lines of its own: readers' are never written.
  alignas(64) std::size_t size_ = 0;
  std::size_t segments_ = 1;
  std::vector<Garbage> garbage_;  // what readers may still look at
};

struct EntryTable::Directory {
  explicit Directory(unsigned bits)
      : depth(bits),
        shift(kPrefixBits - bits),
        segments(std::make_unique<std::atomic<Segment*>[]>(std::size_t{1} << bits)) {}
  const unsigned depth;
  const unsigned shift;  // of a prefix
  const std::unique_ptr<std::atomic<Segment*>[]> segments;
};

class EntryTable::Search {
 public:
  Search() = default;

 private:
  friend EntryTable;
  Search(const Bucket* bucket, std::uint64_t tag) : bucket_(bucket), tag_(tag) {}
  const Bucket* bucket_;
  std::uint64_t tag_;
};

inline EntryTable::Search EntryTable::begin(std::uint64_t place) const {
  const Bucket* const bucket = &segment_of(place).buckets[home_of(place)];
  __builtin_prefetch(bucket);
  return {bucket, tag_of(place)};
}

inline Entry* EntryTable::guess(const Search& search) {
  const std::uint64_t group = search.bucket_->group.load(std::memory_order_acquire);
  const unsigned slots = slots_with(group, search.tag_);
  const std::uint64_t word = slots == 0 ? 0 : first_of(*search.bucket_, slots);
  return has_tag(word, search.tag_) ? pointer_of(word) : nullptr;
}

inline EntryTable::Segment& EntryTable::segment_at(const Directory& directory,
                                                   std::uint64_t prefix) {
  // Unchecked: it is a part of every hit.
  return *directory.segments.get()[prefix >> directory.shift].load(std::memory_order_acquire);
}

}  // namespace strata::memory
