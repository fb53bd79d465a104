// Limbo: entries that were taken out of the tier, until no reader can be looking at them any more.
//
// Threads   Thread-safe. Values are destroyed in the thread that calls, with no lock held.
// Memory    2 KiB beside the entries, which are chained through themselves. Of what left the tier
//           at most kBatch entries, or so many that they weigh batch_bytes(), wait without a reader
//           that keeps them.
// Cost      A barrier over the process, which interrupts every running thread, once for a batch.
//           Entries of a batch are no longer in the processor's caches, so they come in many short
//           chains, and several are fetched at a time.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/mutex.h"
#include "strata/core/entry.h"

namespace strata::memory {

class Limbo {
 public:
  static constexpr std::size_t kBatch = 1024;
  static constexpr std::uint64_t kBatchBytesMax = 256 << 10;

  Limbo() = default;
  ~Limbo();
  Limbo(const Limbo&) = delete;
  Limbo& operator=(const Limbo&) = delete;

  // A 64th of what the tier may hold, at most kBatchBytesMax.
  void set_batch_bytes_for(std::uint64_t max_bytes) {
    batch_bytes_.store(static_cast<std::int64_t>(std::min(max_bytes / 64, kBatchBytesMax)),
                       std::memory_order_relaxed);
  }
  // Takes over the tier's references to `count` entries that weigh `bytes` together, chained from
  // `first` to `last`, and lets go of what it can when a batch has come together.
  void take(Resident* first, Resident* last, std::size_t count, std::uint64_t bytes);
  // Lets go of all that no reader sees.
  void release();

  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kChains = 256;
  static constexpr unsigned kChainShift = 56;  // of 64 bits that choose one

  [[nodiscard]] Resident* take_free() STRATA_REQUIRES(mutex_);
  static void let_go(Resident* chain);

  // What came and has no stamp yet, in chains that grow by turns; nobody waits to add to one.
  std::array<std::atomic<Resident*>, kChains> incoming_{};
  std::atomic<std::int64_t> incoming_size_{0};  // both are wrong by those who are adding
  std::atomic<std::int64_t> incoming_bytes_{0};
  std::atomic<std::int64_t> batch_bytes_{kBatchBytesMax};

  mutable Mutex mutex_;
  Resident* first_ STRATA_GUARDED_BY(mutex_) = nullptr;
  Resident* last_ STRATA_GUARDED_BY(mutex_) = nullptr;
  std::size_t size_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::memory
