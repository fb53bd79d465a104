// DebounceCore: what a debouncer needs that has nothing to do with its items: times, turns,
// statistics. Debouncer (labels/debouncer.h) is the way to use it.
//
// Threads   Thread-safe.
// Errors    What an item's copy, the executor or the timer throws is caught.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/timer.h"

namespace strata {

struct DebounceOptions {
  Duration window = std::chrono::milliseconds(10);      // 0: every item is due at once
  Duration max_delay = std::chrono::milliseconds(100);  // of the first item of a batch
  std::size_t max_batch = 1'000;                        // 1 to kPendingItems
  double batches_per_second = 0;                        // 0: as many as become due
  // By DebounceWeight; then the oldest are dropped, but never the last one. 1 to kPendingItems.
  std::size_t max_pending = 65'536;

  // Ok, or kRejected with the option, its value and what it may be.
  [[nodiscard]] Result<void> validate() const;
};

// Who made timer and executor ends them after the debouncer.
struct DebouncePorts {
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Timer> timer;
  std::shared_ptr<Executor> executor;
};

struct DebounceStats {
  std::uint64_t added = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;   // for lack of room, or of memory
  std::uint64_t refused = 0;   // after close()
  std::uint64_t batches = 0;   // deliveries
  std::uint64_t failures = 0;  // deliveries that threw
  std::size_t pending = 0;
};

// How much of `max_pending` an item takes. Specialised for what holds a number of things itself.
template <typename Item>
struct DebounceWeight {
  static std::size_t of(const Item&) { return 1; }
};

namespace internal {

// The items of a debouncer. All but deliver() is called under its lock.
class DebounceQueue {
 public:
  virtual ~DebounceQueue() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::size_t weight() const = 0;
  virtual void drop_oldest() = 0;
  // Puts the oldest items, at most `limit`, aside for deliver(). What it throws leaves all as it
  // was; for a limit of 0 it throws nothing.
  virtual void take(std::size_t limit, std::uint64_t dropped) = 0;
  // Follows each take(), in the thread that took.
  virtual void deliver() = 0;
};

class DebounceCore {
 public:
  // Precondition: the ports are there, and the options are valid.
  DebounceCore(DebounceOptions options, DebouncePorts ports, std::unique_ptr<DebounceQueue> queue);
  ~DebounceCore();
  DebounceCore(const DebounceCore&) = delete;
  DebounceCore& operator=(const DebounceCore&) = delete;

  // Calls `append` under the lock. If it throws, or there is none, an item is dropped.
  bool add(const std::function<void()>& append);
  void flush();
  void close();
  [[nodiscard]] DebounceStats stats() const;

 private:
  struct State;
  DebouncePorts ports_;
  std::shared_ptr<State> state_;
};

}  // namespace internal
}  // namespace strata
