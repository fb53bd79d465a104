// S3Fifo: chooses what to evict, with three FIFO queues.
//
// New entries enter a small queue, a tenth of the tier. One that was read more than once by the
// time it reaches the end moves to the main queue; others leave, and a ghost remembers them: who
// comes back while remembered enters the main queue directly. There, an entry that was read
// since goes around again. Reads touch no queue: they only count, up to three.
//
// Source: Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction",
// SOSP 2023. Unlike there, a choice gives at most kSecondChances entries a further round.
//
// Threads   Thread-compatible, guarded by the tier's label lock; but count_use() is called by
//           readers, at any time.
// Ownership Entries are borrowed: they are chained through their Residence.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memory/ghost.h"
#include "strata/core/entry.h"
#include "strata/core/time.h"

namespace strata::memory {

class S3Fifo {
 public:
  static constexpr std::uint8_t kFrequencyMax = 3;
  static constexpr std::size_t kSecondChances = 128;

  // 0: no bound.
  void set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes);

  static void count_use(Entry& entry) {
    std::atomic<std::uint8_t>& frequency = entry.residence.frequency;
    const std::uint8_t count = frequency.load(std::memory_order_relaxed);
    if (count >= kFrequencyMax) return;
    frequency.store(static_cast<std::uint8_t>(count + 1), std::memory_order_relaxed);
  }

  // Adds an entry, with residence.charge_bytes set.
  void insert(Entry& entry);
  // Puts `incoming`, a new value of the same key, at the place of `former`, which leaves.
  void replace(Entry& former, Entry& incoming);
  void remove(Entry& entry);
  // As remove(), and remembers the entry if it was not in the main queue.
  void evict(Entry& entry);

  // The entry that should leave next, or nullptr if there is none but `spared`. Those that are
  // no longer servable leave when they are met, whatever their use.
  [[nodiscard]] Entry* victim(const Entry* spared, Instant now);

  [[nodiscard]] std::uint64_t entries() const { return small_.entries + main_.entries; }
  [[nodiscard]] std::uint64_t bytes() const { return small_.bytes + main_.bytes; }
  [[nodiscard]] std::size_t ghost_bytes() const { return ghost_.footprint_bytes(); }
  // Whether the entry says that it is in a queue.
  [[nodiscard]] static bool contains(const Entry& entry);
  void check_invariants() const;

 private:
  enum QueueId : std::uint8_t { kNone, kSmall, kMain };

  // A doubly linked list: entries enter at the head and leave at the tail.
  struct Queue {
    Entry* head = nullptr;
    Entry* tail = nullptr;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    QueueId id;
  };

  [[nodiscard]] Queue& queue_of(const Entry& entry);
  static void push(Queue& queue, Entry& entry);
  static void unlink(Queue& queue, Entry& entry);
  static void check_queue(const Queue& queue);
  [[nodiscard]] bool small_is_full() const;
  [[nodiscard]] std::size_t ghost_length() const;
  bool give_second_chance(Entry& entry);

  Queue small_{.id = kSmall};
  Queue main_{.id = kMain};
  Ghost ghost_;
  std::uint64_t max_entries_ = 0;
  std::uint64_t max_bytes_ = 0;
};

}  // namespace strata::memory
