// EntryTable: what the one writer does.
#include "memory/entry_table.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/assert.h"
#include "memory/epochs.h"

namespace strata::memory {

// Invariants, whenever no call of the writer is running:
// (1) A segment has the entries whose places begin with its prefix; every directory entry that
//     begins with the prefix points to it.
// (2) An entry is in its home bucket or at most segment.reach buckets behind it, cyclically; the
//     home bucket counts those that are behind it, unless there were once too many to count.
// (3) A bucket's group has the marks of the tags in its slots.
//
// What a reader beside the writer sees. An entry never moves within a segment: it is stored in an
// empty slot, replaced there, or erased. It is marked in the group after it is stored, and has the
// mark until it is erased. Strays are counted after they are stored and until they are erased, so a
// reader that sees no count came before the entry was there. Segments that are split or joined are
// copied, and published as a whole; the former ones stay as they were, for readers that have them,
// until the epoch is over (epochs.h). So a look-up that begins after erase() or replace() has
// returned does not see what was there, and one that begins after insert() has returned finds the
// entry.

struct EntryTable::Garbage {
  std::unique_ptr<Segment> segment;
  std::unique_ptr<Directory> directory;
  std::uint64_t begun = 0;  // the epoch; 0: none was begun since
};

namespace {

// A directory may have so many entries for each segment: more are needed only if many hashes begin
// alike.
constexpr std::size_t kDirectoryPerSegment = 64;

}  // namespace

EntryTable::EntryTable(const Placement& placement) : placement_(placement) {
  auto directory = std::make_unique<Directory>(0);
  directory->segments[0].store(new Segment, std::memory_order_relaxed);
  directory_.store(directory.release(), std::memory_order_release);
}

EntryTable::~EntryTable() {
  const std::unique_ptr<Directory> directory(directory_.load(std::memory_order_relaxed));
  for (std::uint64_t prefix = 0; prefix >> kPrefixBits == 0;) {
    const std::unique_ptr<Segment> segment(&segment_at(*directory, prefix));
    prefix = end_of(*segment);
  }
}

void EntryTable::set_mark(Bucket& bucket, std::size_t slot, std::uint8_t mark) {
  const unsigned shift = 8 * static_cast<unsigned>(slot);
  const std::uint64_t group = bucket.group.load(std::memory_order_relaxed);
  bucket.group.store((group & ~(std::uint64_t{0xff} << shift)) | std::uint64_t{mark} << shift,
                     std::memory_order_release);
}

void EntryTable::count_stray(Bucket& home, bool is_new) {
  const std::uint64_t group = home.group.load(std::memory_order_relaxed);
  if (strays_of(group) == kStraysMax) return;
  constexpr std::uint64_t kOne = std::uint64_t{1} << kStraysShift;
  home.group.store(is_new ? group + kOne : group - kOne, std::memory_order_release);
}

// The first one, or kSlots. The writer's: only its own stores make a group differ from the slots.
unsigned EntryTable::empty_slot(const Bucket& bucket) {
  constexpr std::uint64_t kMarked = 0x80808080808080ULL;  // of every mark that is none of empty
  const std::uint64_t group = bucket.group.load(std::memory_order_relaxed);
  const std::uint64_t empty = ~group & kMarked;
  return empty == 0 ? kSlots : static_cast<unsigned>(std::countr_zero(empty)) / 8;
}

void EntryTable::put(Segment& segment, Entry* entry) const {
  const std::uint64_t place = place_of(*entry);
  const std::uint64_t tag = tag_of(place);
  const unsigned home = home_of(place);
  for (unsigned step = 0; step < kBuckets; ++step) {
    Bucket& bucket = segment.buckets[(home + step) % kBuckets];
    const unsigned slot = empty_slot(bucket);
    if (slot == kSlots) continue;
    if (step > segment.reach.load(std::memory_order_relaxed)) {
      segment.reach.store(step, std::memory_order_relaxed);
    }
    bucket.slots[slot].store(tag | reinterpret_cast<std::uint64_t>(entry),
                             std::memory_order_release);
    set_mark(bucket, slot, mark_of(tag));
    if (step > 0) count_stray(segment.buckets[home], true);
    ++segment.entries;
    return;
  }
  STRATA_ASSERT(false && "a segment that is not full has an empty slot");
}

void EntryTable::insert(Entry* entry) {
  STRATA_ASSERT((reinterpret_cast<std::uint64_t>(entry) & ~kPointer) == 0);
  const std::uint64_t prefix = place_of(*entry) >> (64 - kPrefixBits);
  for (;;) {
    Segment& segment = segment_at(*directory_.load(std::memory_order_relaxed), prefix);
    if (segment.entries < kSegmentEntries) {
      put(segment, entry);
      ++size_;
      return;
    }
    split(segment);
  }
}

EntryTable::Spot EntryTable::spot_of(const Entry* entry) const {
  const std::uint64_t place = place_of(*entry);
  Spot spot{.segment = segment_at(*directory_.load(std::memory_order_relaxed),
                                  place >> (64 - kPrefixBits)),
            .home = home_of(place),
            .step = 0,
            .slot = 0};
  const unsigned reach = spot.segment.reach.load(std::memory_order_relaxed);
  for (; spot.step <= reach; ++spot.step) {
    const Bucket& bucket = spot.bucket();
    const std::uint64_t group = bucket.group.load(std::memory_order_relaxed);
    for (unsigned found = slots_with(group, tag_of(place)); found != 0; found &= found - 1) {
      spot.slot = static_cast<std::size_t>(std::countr_zero(found));
      const std::uint64_t word = bucket.slots[spot.slot].load(std::memory_order_relaxed);
      if (pointer_of(word) == entry) return spot;
    }
  }
  STRATA_ASSERT(false && "the entry is in the table");
}

void EntryTable::replace(const Entry* former, Entry* incoming) {
  STRATA_ASSERT(former->hash() == incoming->hash());
  const Spot spot = spot_of(former);
  spot.bucket().slots[spot.slot].store(
      tag_of(place_of(*incoming)) | reinterpret_cast<std::uint64_t>(incoming),
      std::memory_order_release);
}

void EntryTable::erase(const Entry* entry) {
  const Spot spot = spot_of(entry);
  spot.bucket().slots[spot.slot].store(0, std::memory_order_release);
  set_mark(spot.bucket(), spot.slot, 0);
  Segment& segment = spot.segment;
  if (spot.step > 0) count_stray(segment.buckets[spot.home], false);
  --segment.entries;
  --size_;
  if (segment.entries <= kJoinedEntries / 2) join(segment);
}

// Makes the directory's entries that begin with the segment's prefix point to it.
void EntryTable::publish(Directory& directory, Segment* segment) const {
  const unsigned shift = directory.depth - segment->depth;
  const std::uint64_t begin = segment->prefix << shift;
  for (std::uint64_t at = begin; at < begin + (std::uint64_t{1} << shift); ++at) {
    directory.segments[at].store(segment, std::memory_order_release);
  }
}

void EntryTable::split(Segment& segment) {
  Directory* directory = directory_.load(std::memory_order_relaxed);
  const unsigned depth = segment.depth + 1;
  const bool is_deep = depth > directory->depth;
  const std::size_t most = kDirectoryPerSegment * segments_;
  if (is_deep && (depth > kDirectoryBits || std::size_t{1} << depth > most)) {
    throw std::bad_alloc();  // Too many hashes begin alike.
  }
  garbage_.reserve(garbage_.size() + 2);
  std::array<std::unique_ptr<Segment>, 2> halves{std::make_unique<Segment>(),
                                                 std::make_unique<Segment>()};
  std::unique_ptr<Directory> larger;
  if (is_deep) {
    larger = std::make_unique<Directory>(depth);
    for (std::uint64_t at = 0; at < std::uint64_t{1} << depth; ++at) {
      larger->segments[at].store(directory->segments[at >> 1].load(std::memory_order_relaxed),
                                 std::memory_order_relaxed);
    }
  }
  for (unsigned half = 0; half < 2; ++half) {
    halves[half]->depth = depth;
    halves[half]->prefix = segment.prefix << 1 | half;
  }
  for (const Bucket& bucket : segment.buckets) {
    for (const auto& slot : bucket.slots) {
      Entry* entry = pointer_of(slot.load(std::memory_order_relaxed));
      if (entry != nullptr) put(*halves[place_of(*entry) >> (64 - depth) & 1], entry);
    }
  }
  Directory& target = larger ? *larger : *directory;
  for (auto& half : halves) publish(target, half.release());
  ++segments_;
  if (larger) {
    directory_.store(larger.release(), std::memory_order_release);
    retire(directory);
  }
  retire(&segment);
  reclaim();
}

// Makes one segment of two with few entries. Without memory they stay as they are.
void EntryTable::join(Segment& segment) try {
  Directory* directory = directory_.load(std::memory_order_relaxed);
  if (segment.depth == 0) return;
  Segment& other = segment_at(*directory, (segment.prefix ^ 1) << (kPrefixBits - segment.depth));
  if (other.depth != segment.depth || segment.entries + other.entries > kJoinedEntries) return;
  garbage_.reserve(garbage_.size() + 3);
  auto whole = std::make_unique<Segment>();
  whole->depth = segment.depth - 1;
  whole->prefix = segment.prefix >> 1;
  for (const Segment* part : {&segment, &other}) {
    for (const Bucket& bucket : part->buckets) {
      for (const auto& slot : bucket.slots) {
        Entry* entry = pointer_of(slot.load(std::memory_order_relaxed));
        if (entry != nullptr) put(*whole, entry);
      }
    }
  }
  publish(*directory, whole.release());
  --segments_;
  retire(&segment);
  retire(&other);
  halve_directory();
  reclaim();
} catch (const std::bad_alloc&) {
  return;
}

// If it has four times as many entries as there are segments, and no segment needs them.
void EntryTable::halve_directory() {
  Directory* directory = directory_.load(std::memory_order_relaxed);
  const std::size_t size = std::size_t{1} << directory->depth;
  if (size < 4 * segments_ || size < 4) return;
  for (std::size_t at = 0; at < size; at += 2) {
    if (directory->segments[at].load(std::memory_order_relaxed)->depth == directory->depth) return;
  }
  auto smaller = std::make_unique<Directory>(directory->depth - 1);
  for (std::size_t at = 0; at < size / 2; ++at) {
    smaller->segments[at].store(directory->segments[2 * at].load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
  }
  directory_.store(smaller.release(), std::memory_order_release);
  retire(directory);
}

void EntryTable::retire(Segment* segment) {
  garbage_.push_back({std::unique_ptr<Segment>(segment), nullptr, 0});
}

void EntryTable::retire(Directory* directory) {
  garbage_.push_back({nullptr, std::unique_ptr<Directory>(directory), 0});
}

void EntryTable::reclaim() {
  const Epoch epoch = begin_epoch();
  for (Garbage& one : garbage_) {
    if (one.begun == 0) one.begun = epoch.begun;
  }
  std::erase_if(garbage_, [&](const Garbage& one) { return one.begun <= epoch.bound; });
}

std::size_t EntryTable::footprint_bytes() const {
  const std::size_t pointers = std::size_t{1} << directory_.load(std::memory_order_relaxed)->depth;
  return segments_ * sizeof(Segment) + pointers * sizeof(Segment*) + sizeof(Directory);
}

void EntryTable::check_invariants() const {
  const Directory& directory = *directory_.load(std::memory_order_relaxed);
  std::size_t segments = 0;
  std::size_t size = 0;
  for (std::uint64_t prefix = 0; prefix >> kPrefixBits == 0;) {
    const Segment& segment = segment_at(directory, prefix);
    STRATA_ASSERT(segment.depth <= directory.depth);
    STRATA_ASSERT(segment.prefix == prefix >> (kPrefixBits - segment.depth));
    std::array<std::uint64_t, kBuckets> strays{};
    unsigned entries = 0;
    for (unsigned at = 0; at < kBuckets; ++at) {
      const Bucket& bucket = segment.buckets[at];
      const std::uint64_t group = bucket.group.load(std::memory_order_relaxed);
      for (unsigned slot = 0; slot < kSlots; ++slot) {
        const std::uint64_t word = bucket.slots[slot].load(std::memory_order_relaxed);
        const std::uint8_t mark = word == 0 ? 0 : mark_of(word);
        STRATA_ASSERT((group >> (8 * slot) & 0xff) == mark);
        if (word == 0) continue;
        const std::uint64_t place = place_of(*pointer_of(word));
        const unsigned step = (at - home_of(place)) % kBuckets;
        STRATA_ASSERT(&segment_of(place) == &segment);
        STRATA_ASSERT(word >> kTagShift == tag_of(place) >> kTagShift);
        STRATA_ASSERT(step <= segment.reach.load(std::memory_order_relaxed));
        strays[home_of(place)] += step > 0 ? 1 : 0;
        ++entries;
      }
    }
    for (unsigned at = 0; at < kBuckets; ++at) {
      const unsigned counted = strays_of(segment.buckets[at].group.load(std::memory_order_relaxed));
      STRATA_ASSERT(counted == strays[at] || counted == kStraysMax);
    }
    STRATA_ASSERT(entries == segment.entries && entries <= kSegmentEntries);
    ++segments;
    size += entries;
    prefix = end_of(segment);
  }
  STRATA_ASSERT(segments == segments_);
  STRATA_ASSERT(size == size_);
}

}  // namespace strata::memory
