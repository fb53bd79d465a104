// S3Fifo: the small queue, the main queue and the ghost.
#include "memory/s3_fifo.h"

#include "core/assert.h"
#include "memory/residence.h"

namespace strata::memory {
namespace {

// An entry whose frequency exceeds this at the end of the small queue moves to the main one.
constexpr std::uint8_t kUsesToStay = 1;
// The small queue's part of the tier: one in ten.
constexpr std::uint64_t kSmallPart = 10;

std::uint8_t frequency_of(const Entry& entry) {
  return entry.residence.frequency.load(std::memory_order_relaxed);
}

void set_frequency(Entry& entry, std::uint8_t frequency) {
  entry.residence.frequency.store(frequency, std::memory_order_relaxed);
}

}  // namespace

// Invariants:
// (1) Each queue is a doubly linked list; `entries` and `bytes` are its length and the sum of
//     its charges; its entries carry its id.
// (2) The ghost remembers hashes of entries that were evicted from the small queue.
//
// A choice looks at no more than kSecondChances + 1 entries. Each second chance uses up at least
// one counted read, so that choices are O(1) amortised over reads; the bound only matters when
// nearly all of a large main queue was read since the last evictions, and then the entry at the
// tail leaves although it was read.

void S3Fifo::set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes) {
  max_entries_ = max_entries;
  max_bytes_ = max_bytes;
}

S3Fifo::Queue& S3Fifo::queue_of(const Entry& entry) {
  const std::uint8_t id = entry.residence.queue;
  STRATA_ASSERT(id == kSmall || id == kMain);
  return id == kSmall ? small_ : main_;
}

void S3Fifo::push(Queue& queue, Entry& entry) {
  Entry::Residence& residence = entry.residence;
  residence.queue = queue.id;
  residence.previous = nullptr;
  residence.next = queue.head;
  (queue.head == nullptr ? queue.tail : queue.head->residence.previous) = &entry;
  queue.head = &entry;
  ++queue.entries;
  queue.bytes += residence.charge_bytes;
}

void S3Fifo::unlink(Queue& queue, Entry& entry) {
  Entry::Residence& residence = entry.residence;
  (residence.previous == nullptr ? queue.head : residence.previous->residence.next) =
      residence.next;
  (residence.next == nullptr ? queue.tail : residence.next->residence.previous) =
      residence.previous;
  residence.next = nullptr;
  residence.previous = nullptr;
  residence.queue = kNone;
  --queue.entries;
  queue.bytes -= residence.charge_bytes;
}

void S3Fifo::insert(Entry& entry) {
  set_frequency(entry, 0);
  if (ghost_.contains(entry.hash(), ghost_length())) {
    ghost_.forget(entry.hash());
    push(main_, entry);
  } else {
    push(small_, entry);
  }
}

void S3Fifo::replace(Entry& former, Entry& incoming) {
  Queue& queue = queue_of(former);
  Entry::Residence& residence = incoming.residence;
  residence.queue = queue.id;
  residence.previous = former.residence.previous;
  residence.next = former.residence.next;
  (residence.previous == nullptr ? queue.head : residence.previous->residence.next) = &incoming;
  (residence.next == nullptr ? queue.tail : residence.next->residence.previous) = &incoming;
  set_frequency(incoming, frequency_of(former));
  queue.bytes += residence.charge_bytes;
  queue.bytes -= former.residence.charge_bytes;
  former.residence.next = nullptr;
  former.residence.previous = nullptr;
  former.residence.queue = kNone;
}

void S3Fifo::remove(Entry& entry) { unlink(queue_of(entry), entry); }

void S3Fifo::evict(Entry& entry) {
  if (entry.residence.queue == kSmall) ghost_.insert(entry.hash(), ghost_length());
  remove(entry);
}

// In the paper the ghost is as long as the main queue may become, counted in entries.
std::size_t S3Fifo::ghost_length() const {
  return static_cast<std::size_t>(entries() - entries() / kSmallPart);
}

bool S3Fifo::small_is_full() const {
  if (max_entries_ != 0 && small_.entries * kSmallPart >= max_entries_) return true;
  return max_bytes_ != 0 && small_.bytes >= max_bytes_ / kSmallPart;
}

Entry* S3Fifo::victim(const Entry* spared, Instant now) {
  const auto last_of = [&](const Queue& queue) {
    Entry* last = queue.tail;
    return last == spared && last != nullptr ? last->residence.previous : last;
  };
  for (std::size_t chances = 0;; ++chances) {
    Entry* entry = nullptr;
    if (small_is_full()) entry = last_of(small_);
    if (entry == nullptr) entry = last_of(main_);
    if (entry == nullptr) entry = last_of(small_);
    if (entry == nullptr) return nullptr;

    prefetch_entry(entry->residence.previous);  // Probably the next one to be looked at.
    if (!is_current(*entry) || is_expired(*entry, now)) return entry;
    if (chances == kSecondChances || !give_second_chance(*entry)) return entry;
  }
}

bool S3Fifo::give_second_chance(Entry& entry) {
  const std::uint8_t frequency = frequency_of(entry);
  Queue& queue = queue_of(entry);
  const bool in_small = queue.id == kSmall;
  if (in_small ? frequency <= kUsesToStay : frequency == 0) return false;
  unlink(queue, entry);
  set_frequency(entry, in_small ? 0 : static_cast<std::uint8_t>(frequency - 1));
  push(main_, entry);
  return true;
}

bool S3Fifo::contains(const Entry& entry) {
  const std::uint8_t id = entry.residence.queue;
  return id == kSmall || id == kMain;
}

void S3Fifo::check_queue(const Queue& queue) {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  const Entry* previous = nullptr;
  for (const Entry* entry = queue.head; entry != nullptr; entry = entry->residence.next) {
    STRATA_ASSERT(entry->residence.previous == previous);
    STRATA_ASSERT(entry->residence.queue == queue.id);
    STRATA_ASSERT(frequency_of(*entry) <= kFrequencyMax);
    ++entries;
    bytes += entry->residence.charge_bytes;
    previous = entry;
  }
  STRATA_ASSERT(queue.tail == previous);
  STRATA_ASSERT(queue.entries == entries);
  STRATA_ASSERT(queue.bytes == bytes);
}

void S3Fifo::check_invariants() const {
  check_queue(small_);
  check_queue(main_);
}

}  // namespace strata::memory
