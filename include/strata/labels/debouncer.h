// Debouncer: collects items that come in bursts and hands them over together.
//
// A batch is due `window` after its last item, or `max_delay` after its first, or as soon as it
// has `max_batch` items; and no sooner than `batches_per_second` allows. Until then, and while
// an earlier batch is being delivered, what arrives joins the next one. Batches are delivered on
// the executor, one at a time and in the order of their items.
//
//   Debouncer<Label> labels({.window = 10ms}, {clock, timer, executor}, announce);
//   labels.add(tag("org:7"));   // announce({tag("org:7"), ...}) follows
//   labels.flush();             // it has, when this returns
//
// Promise    Every item that add() accepted is delivered once, at the latest by close(), unless
//            `max_pending` others came after it: then it is dropped, and the next batch says how
//            many were. Who must not miss any takes such a batch for "everything".
// Threads    Thread-safe.
// Errors     What `deliver` throws is caught and counted. When executor or timer take no more,
//            batches are tried again later; flush() and close() need neither.
// Callbacks  `deliver` runs with no lock held, never twice at once: on the executor, and within
//            flush() and close() in the caller's thread. Items move and end under its lock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/timer.h"

namespace strata {

struct DebounceOptions {
  Duration window = std::chrono::milliseconds(10);      // 0: every item is due at once
  Duration max_delay = std::chrono::milliseconds(100);  // of the first item of a batch
  std::size_t max_batch = 1'000;                        // at least 1
  double batches_per_second = 0;                        // 0: as many as become due
  std::size_t max_pending = 65'536;                     // then the oldest are dropped; at least 1
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
  std::uint64_t dropped = 0;   // for lack of room
  std::uint64_t refused = 0;   // after close()
  std::uint64_t batches = 0;   // deliveries
  std::uint64_t failures = 0;  // deliveries that threw
  std::size_t pending = 0;
};

namespace internal {

// The items of a debouncer. Called under its lock.
class DebounceQueue {
 public:
  virtual ~DebounceQueue() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  virtual void drop_oldest() = 0;
  // Takes the oldest items, at most `limit`; to call the result delivers them.
  [[nodiscard]] virtual std::function<void()> take(std::size_t limit, std::uint64_t dropped) = 0;
};

// What needs no type: times, turns, statistics.
class DebounceCore {
 public:
  DebounceCore(DebounceOptions options, DebouncePorts ports, std::unique_ptr<DebounceQueue> queue);
  ~DebounceCore();
  DebounceCore(const DebounceCore&) = delete;
  DebounceCore& operator=(const DebounceCore&) = delete;

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

template <typename Item>
class Debouncer {
 public:
  struct Batch {
    std::vector<Item> items;    // in the order they were added
    std::uint64_t dropped = 0;  // lost just before them
  };
  using Deliver = std::function<void(Batch batch)>;

  // Precondition: the ports are there.
  Debouncer(DebounceOptions options, DebouncePorts ports, Deliver deliver)
      : queue_(new Queue(std::move(deliver))),
        core_(options, std::move(ports), std::unique_ptr<internal::DebounceQueue>(queue_)) {}

  // Returns whether the item was accepted; it is not after close().
  bool add(Item item) {
    return core_.add([&] { queue_->items.push_back(std::move(item)); });
  }
  // Delivers all that was added before, now, and waits until that is done. From within `deliver`
  // it does nothing: what is pending is delivered later.
  void flush() { core_.flush(); }

  // Accepts no more, delivers what is pending and waits for it. Then `deliver` is not called
  // again. From within `deliver` it does not wait: what is pending follows. Safe to repeat; the
  // destructor does it.
  void close() { core_.close(); }
  [[nodiscard]] DebounceStats stats() const { return core_.stats(); }

 private:
  struct Queue final : internal::DebounceQueue {
    explicit Queue(Deliver given) : deliver(std::make_shared<Deliver>(std::move(given))) {}
    [[nodiscard]] std::size_t size() const override { return items.size(); }
    void drop_oldest() override { items.pop_front(); }
    [[nodiscard]] std::function<void()> take(std::size_t limit, std::uint64_t dropped) override;

    const std::shared_ptr<Deliver> deliver;
    std::deque<Item> items;
  };

  Queue* const queue_;  // the core's
  internal::DebounceCore core_;
};

template <typename Item>
std::function<void()> Debouncer<Item>::Queue::take(std::size_t limit, std::uint64_t dropped) {
  const auto batch = std::make_shared<Batch>();
  const auto last = items.begin() + static_cast<std::ptrdiff_t>(std::min(limit, items.size()));
  batch->items.assign(std::make_move_iterator(items.begin()), std::make_move_iterator(last));
  batch->dropped = dropped;
  items.erase(items.begin(), last);
  return [deliver = deliver, batch] { (*deliver)(std::move(*batch)); };
}

}  // namespace strata
