// LinearTable: a hash table over small slots that know their hash, in the order of their hashes.
//
// A small table is one segment (slot_segment.h), which grows by doubling. One with more than
// kSegmentSlots slots is an extendible hash table: a directory, indexed by the first bits of a
// hash, of segments, which are split and joined one at a time. So a call moves as many slots as are
// in a segment, at most, whatever the table's size is. A range of hashes is a range of segments and
// of homes in them, and walks can be resumed whatever became of those.
//
//   directory   00  01  10  11        2^bits records: where the slots are, and how many bits of
//                |   |   \ /          their hashes are alike. A segment with fewer of these bits
//   segments     A   B    C           has several records, of which the first counts its slots.
//
// Hashes that begin alike beyond measure would need a large directory: their segment grows by
// doubling instead, as a small table does.
//
// Slot: movable without exceptions; a default-constructed one is empty; has `bool empty() const`
// and `std::uint64_t hash() const`.
//
// Source    Fagin et al., "Extendible hashing", ACM TODS 4(3), 1979.
// Threads   Thread-compatible.
// Errors    insert() throws std::bad_alloc, and then has changed nothing. A table that cannot
//           get memory to shrink stays as it is.
// Cost      insert(), erase() and take(): moves of at most kSegmentSlots slots; the directory, 16
//           bytes for each segment, is copied when it doubles.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/assert.h"
#include "memory/slot_segment.h"

namespace strata::memory {

// Invariants:
// (1) A segment has the slots whose hashes begin as its records' numbers do in their first depth()
//     bits. Its records are equal but for size(), which is right in the first.
// (2) Two segments that could be joined have more than kJoinedSlots slots, unless there was no
//     memory to do so.
// (3) Without a directory everything is in `whole_`; with one there are two segments at least.
template <typename Slot>
class LinearTable {
 public:
  static constexpr std::size_t kCapacityMin = SlotSegment<Slot>::kCapacityMin;
  static constexpr std::size_t kSegmentSlots = 512;
  static constexpr std::size_t kJoinedSlots = 64;  // of two segments that become one, at most

  LinearTable() = default;
  ~LinearTable() {
    each_segment([](Segment segment) { segment.release(); });
  }
  LinearTable(const LinearTable&) = delete;
  LinearTable& operator=(const LinearTable&) = delete;

  [[nodiscard]] std::size_t size() const { return is_split() ? size_ : whole_.size(); }
  // How many slots there is memory for. O(segments).
  [[nodiscard]] std::size_t capacity() const {
    std::size_t sum = 0;
    each_segment([&](const Segment& segment) { sum += segment.capacity(); });
    return sum;
  }

  // The first slot with this hash for which `matches(slot)`, or nullptr.
  template <typename Matches>
  [[nodiscard]] Slot* find(std::uint64_t hash, const Matches& matches) const {
    return record_of(hash).find(hash, matches);
  }

  Slot& insert(Slot slot) {
    const std::uint64_t hash = slot.hash();
    Segment* segment = &segment_of(hash);
    if (segment->is_full()) {
      make_room(hash);
      segment = &segment_of(hash);
    }
    if (is_split()) ++size_;
    return segment->place(std::move(slot));
  }

  // Erases a slot of this table, and gives back what is far more than is needed. Other slots may
  // move.
  void erase(Slot* slot) {
    const std::uint64_t hash = slot->hash();
    Segment& segment = segment_of(hash);
    segment.erase(slot);
    if (is_split()) --size_;
    if (segment.size() <= kJoinedSlots && join(hash)) return;
    const std::size_t capacity = segment.fitting_capacity();
    if (capacity == segment.capacity()) return;
    try {
      segment.rehash(capacity);
      if (is_split()) publish(segment);
    } catch (const std::bad_alloc&) {
      return;
    }
  }

  // Takes one of the last slots out of the table, which is not empty. `hand` is where the last call
  // stopped, at first 0. Taking all of n slots costs O(n) in total, if nothing is inserted
  // meanwhile.
  //
  // The hand goes down through a segment, so that the slot it takes has no later ones that would
  // have to move back. It stays until it finds the slot empty, and begins again at the top when it
  // got to the bottom and something is left.
  Slot take(std::size_t& hand) {
    Segment& last = last_used();
    if (hand == 0 || hand > last.capacity()) hand = last.capacity();
    while (last.at(hand - 1).empty()) {
      if (--hand == 0) hand = last.capacity();
    }
    Slot* slot = &last.at(hand - 1);
    const std::uint64_t hash = slot->hash();
    Slot taken = std::move(*slot);
    last.erase(slot);
    if (!is_split()) return taken;
    --size_;
    if (last.size() > kJoinedSlots || join(hash) || last.size() > 0) return taken;
    last.release();
    publish(last);
    return taken;
  }

  // Visits the slots with hashes from `from` on whose homes are among the next `homes` ones.
  // Returns the hash from which to go on, or nothing at the end of the table.
  template <typename Visit>
  std::optional<std::uint64_t> walk(std::uint64_t from, std::size_t homes,
                                    const Visit& visit) const {
    if (size() == 0) return std::nullopt;
    while (homes > 0) {
      from = record_of(from).walk(from, homes, visit);
      if (from == 0) return std::nullopt;
    }
    return from;
  }

  template <typename Visit>
  void for_each(const Visit& visit) const {
    each_segment([&](const Segment& segment) {
      for (std::size_t at = 0; at < segment.capacity(); ++at) {
        if (!segment.at(at).empty()) visit(segment.at(at));
      }
    });
  }

  void check_invariants() const;

 private:
  using Segment = SlotSegment<Slot>;
  static_assert(std::is_trivially_copyable_v<Segment>);
  static constexpr unsigned kDirectoryBits = 26;  // at most
  // So many records for each segment, at most: more are needed only if many hashes begin alike.
  static constexpr std::size_t kRecordsPerSegment = 8;

  [[nodiscard]] bool is_split() const { return records_ != nullptr; }
  // The rest of these are about one that is split.
  [[nodiscard]] std::size_t count() const { return std::size_t{1} << bits_; }
  [[nodiscard]] std::size_t index(std::uint64_t hash) const { return hash >> (64 - bits_); }
  // The first of the segment's records, of which this is one.
  [[nodiscard]] std::size_t first(std::size_t index) const {
    return index & ~(records_of(records_[index]) - 1);
  }
  [[nodiscard]] std::size_t records_of(const Segment& segment) const {
    return std::size_t{1} << (bits_ - segment.depth());
  }
  // Makes the segment's other records equal to the first, which it is.
  void publish(const Segment& segment) {
    Segment* const records = records_.get() + (&segment - records_.get());
    for (std::size_t i = 1; i < records_of(segment); ++i) records[i] = segment;
  }

  [[nodiscard]] const Segment& record_of(std::uint64_t hash) const {
    return is_split() ? records_.get()[index(hash)] : whole_;
  }
  [[nodiscard]] Segment& segment_of(std::uint64_t hash) {
    return is_split() ? records_.get()[first(index(hash))] : whole_;
  }
  [[nodiscard]] Segment& last_used() {
    if (!is_split()) return whole_;
    std::size_t at = first(count() - 1);
    while (records_[at].size() == 0) at = first(at - 1);
    return records_[at];
  }
  template <typename Visit>
  void each_segment(const Visit& visit) const {
    if (!is_split()) return visit(whole_);
    for (std::size_t at = 0; at < count(); at += records_of(records_[at])) visit(records_[at]);
  }

  void make_room(std::uint64_t hash) {
    Segment& segment = segment_of(hash);
    if (segment.capacity() >= kSegmentSlots && can_split(segment)) return split(segment, hash);
    segment.rehash(std::max(kCapacityMin, 2 * segment.capacity()));
    if (is_split()) publish(segment);
  }
  [[nodiscard]] bool can_split(const Segment& segment) const {
    if (!is_split() || segment.depth() < bits_) return true;
    return bits_ < kDirectoryBits && 2 * count() <= kRecordsPerSegment * segments_;
  }
  void split(Segment& segment, std::uint64_t hash);
  bool join(std::uint64_t hash);
  bool try_join(std::uint64_t hash);
  void halve();

  Segment whole_;
  std::unique_ptr<Segment[]> records_;  // none: it is not split
  std::uint32_t size_ = 0;              // if it is split; as the numbers that follow
  std::uint32_t segments_ = 0;
  std::uint32_t deepest_ = 0;  // those of them with a depth of `bits_`
  std::uint32_t bits_ = 0;
};

// Both halves get room for their part, and for the one that is about to come.
template <typename Slot>
void LinearTable<Slot>::split(Segment& segment, std::uint64_t hash) {
  const unsigned depth = segment.depth() + 1;
  const auto is_high = [&](std::uint64_t one) { return (one >> (64 - depth) & 1) != 0; };
  std::array<std::size_t, 2> sizes{};
  ++sizes[is_high(hash)];
  for (std::size_t at = 0; at < segment.capacity(); ++at) {
    if (!segment.at(at).empty()) ++sizes[is_high(segment.at(at).hash())];
  }
  struct Half {
    Half(unsigned depth, std::size_t size) : segment(depth, size) {}
    ~Half() { segment.release(); }
    Segment segment;
  };
  std::array<Half, 2> halves{Half(depth, sizes[0]), Half(depth, sizes[1])};
  if (depth > bits_) {
    auto larger = std::make_unique<Segment[]>(std::size_t{1} << depth);
    for (std::size_t at = 0; at < std::size_t{1} << depth; ++at) {
      larger[at] = is_split() ? records_[at / 2] : whole_;
    }
    if (!is_split()) {
      size_ = static_cast<std::uint32_t>(whole_.size());
      segments_ = 1;
      whole_ = Segment();
    }
    records_ = std::move(larger);
    bits_ = depth;
    deepest_ = 0;
  }
  Segment& former = segment_of(hash);
  const std::size_t records = records_of(former) / 2;
  former.move_to([&](std::uint64_t of) -> Segment& { return halves[is_high(of)].segment; });
  former.release();
  for (std::size_t half = 0; half < 2; ++half) {
    Segment& target = (&former)[half * records];
    target = std::exchange(halves[half].segment, Segment());
    publish(target);
  }
  ++segments_;
  if (depth == bits_) deepest_ += 2;
}

// Joins the hash's segment with its neighbour, as often as they have few slots. Returns whether it
// did.
template <typename Slot>
bool LinearTable<Slot>::join(std::uint64_t hash) {
  bool joined = false;
  try {
    while (try_join(hash)) joined = true;
    if (joined) halve();
  } catch (const std::bad_alloc&) {
    return joined;
  }
  return joined;
}

template <typename Slot>
bool LinearTable<Slot>::try_join(std::uint64_t hash) {
  if (!is_split()) return false;
  const std::size_t mine = first(index(hash));
  const unsigned depth = records_[mine].depth();
  const std::size_t records = records_of(records_[mine]);
  const std::size_t begin = mine & ~(2 * records - 1);
  Segment& low = records_[begin];
  Segment& high = records_[begin + records];
  if (low.depth() != depth || high.depth() != depth) return false;
  if (low.size() + high.size() > kJoinedSlots) return false;

  Segment joined(depth - 1, low.size() + high.size());
  for (Segment* part : {&low, &high}) {
    part->move_to([&](std::uint64_t) -> Segment& { return joined; });
    part->release();
  }
  if (depth == bits_) deepest_ -= 2;
  if (--segments_ == 1) {
    whole_ = joined;
    records_.reset();
    bits_ = 0;
    return true;
  }
  low = joined;
  publish(low);
  return true;
}

// Halves the directory if it has four times as many records as there are segments, and no segment
// needs them.
template <typename Slot>
void LinearTable<Slot>::halve() {
  if (!is_split() || deepest_ > 0 || count() < 4 * std::size_t{segments_}) return;
  auto smaller = std::make_unique<Segment[]>(count() / 2);
  for (std::size_t at = 0; at < count() / 2; ++at) smaller[at] = records_[2 * at];
  records_ = std::move(smaller);
  --bits_;
  each_segment([&](const Segment& segment) { deepest_ += segment.depth() == bits_ ? 1 : 0; });
}

template <typename Slot>
void LinearTable<Slot>::check_invariants() const {
  if (!is_split()) {
    STRATA_ASSERT(bits_ == 0);
    return whole_.check_invariants();
  }
  STRATA_ASSERT(whole_.capacity() == 0);
  std::size_t size = 0;
  std::size_t segments = 0;
  std::size_t deepest = 0;
  std::size_t begin = 0;
  each_segment([&](const Segment& segment) {
    segment.check_invariants();
    const std::size_t records = records_of(segment);
    STRATA_ASSERT(begin % records == 0);
    for (std::size_t i = 0; i < records; ++i) {
      const Segment& record = records_[begin + i];
      STRATA_ASSERT(record.depth() == segment.depth());
      STRATA_ASSERT(record.capacity() == segment.capacity());
      STRATA_ASSERT(segment.capacity() == 0 || &record.at(0) == &segment.at(0));
    }
    for (std::size_t at = 0; at < segment.capacity(); ++at) {
      const Slot& slot = segment.at(at);
      STRATA_ASSERT(slot.empty() || first(index(slot.hash())) == begin);
    }
    begin += records;
    size += segment.size();
    ++segments;
    if (segment.depth() == bits_) ++deepest;
  });
  STRATA_ASSERT(begin == count());
  STRATA_ASSERT(size == size_);
  STRATA_ASSERT(segments == segments_ && segments >= 2);
  STRATA_ASSERT(deepest == deepest_);
}

}  // namespace strata::memory
