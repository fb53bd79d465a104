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
//            `max_pending` others came after it or memory ran out: then it is dropped, and the
//            next batch says how many were. Who must not miss any takes such a batch for
//            "everything". It has no items if none came after those that were dropped.
// Threads    Thread-safe.
// Errors     What `deliver` throws is caught and counted. When executor, timer or memory give no
//            more, batches are tried again later; flush() and close() need none of them, and
//            drop the items that they have no memory for.
// Callbacks  `deliver` runs with no lock held, never twice at once: on the executor, and within
//            flush() and close() in the caller's thread. Items move and end under its lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "strata/labels/debounce_core.h"

namespace strata {

template <typename Item>
class Debouncer {
  static_assert(std::is_nothrow_move_constructible_v<Item>, "half a batch could not be taken back");

 public:
  struct Batch {
    std::vector<Item> items;    // in the order they were added
    std::uint64_t dropped = 0;  // lost just before them
  };
  using Deliver = std::function<void(Batch batch)>;

  // Precondition: the ports are there, and options.validate().
  Debouncer(DebounceOptions options, DebouncePorts ports, Deliver deliver)
      : queue_(new Queue(std::move(deliver))),
        core_(options, std::move(ports), std::unique_ptr<internal::DebounceQueue>(queue_)) {}

  // Returns whether the item was accepted; it is not after close().
  bool add(Item&& item) {
    return core_.add([&] { queue_->append(std::move(item)); });
  }
  bool add(const Item& item) {
    std::optional<Item> copy;  // made without the lock
    try {
      copy.emplace(item);
    } catch (...) {
      return core_.add(nullptr);
    }
    return add(*std::move(copy));
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
  class Queue final : public internal::DebounceQueue {
   public:
    explicit Queue(Deliver deliver) : deliver_(std::move(deliver)) {}
    void append(Item&& item) {
      items_.push_back(std::move(item));
      weight_ += DebounceWeight<Item>::of(items_.back());
    }
    [[nodiscard]] std::size_t size() const override { return items_.size(); }
    [[nodiscard]] std::size_t weight() const override { return weight_; }
    void drop_oldest() override {
      weight_ -= DebounceWeight<Item>::of(items_.front());
      items_.pop_front();
    }
    void take(std::size_t limit, std::uint64_t dropped) override {
      const std::size_t count = std::min(limit, items_.size());
      taken_.items.reserve(count);
      taken_.dropped = dropped;
      for (std::size_t taken = 0; taken < count; ++taken) {
        weight_ -= DebounceWeight<Item>::of(items_.front());
        taken_.items.push_back(std::move(items_.front()));
        items_.pop_front();
      }
    }
    void deliver() override { deliver_(std::exchange(taken_, {})); }

   private:
    const Deliver deliver_;
    std::deque<Item> items_;
    std::size_t weight_ = 0;
    Batch taken_;
  };

  Queue* const queue_;  // the core's
  internal::DebounceCore core_;
};

}  // namespace strata
