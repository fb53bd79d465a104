// EventBus: tells handlers that something was read, written, deleted or changed.
//
// Handlers run in the thread that emits, one after the other in the order of their subscription,
// before emit() returns. What takes time subscribes to batches, which come on the executor.
//
//   EventBus bus({.clock = system_clock()});
//   Subscription seen = bus.subscribe(EventKind::kEntityWrite, [](const Event& event) {
//     std::cout << event.type << " " << event.items[0].id << "\n";
//   }).value();
//   bus.emit(entity_write("issue", "12"));
//
// Promise   Each handler that was subscribed when emit() began, and is still when its turn comes,
//           is called once. Events of one thread come in the order in which it emitted them;
//           events of several threads come in no common order, and at the same time.
// Threads   Thread-safe. Handlers of several emitters run concurrently, batches do not.
// Errors    What a handler throws is caught, counted and logged; the other handlers run. emit()
//           answers kRejected for an invalid event and beyond kEventDepth, kClosed after close(),
//           kUnavailable where there is no memory for another answer.
// Time      A call over its time is counted and logged; kSlowHandlerCalls of them in a row and
//           the handler is disabled, until its subscription enables it again.
// Memory    emit() allocates nothing; an event for which nobody subscribed costs two counters.
// Callbacks Handlers run with no lock held. They may emit (what they emit is handled before
//           their own event goes on to the next handler), subscribe and unsubscribe, which
//           holds from the next event on.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "strata/core/result.h"
#include "strata/labels/debouncer.h"
#include "strata/labels/event.h"
#include "strata/labels/subscription.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/log.h"
#include "strata/ports/timer.h"

namespace strata {

using EventHandler = std::function<void(const Event& event)>;

// An event with many items takes the room of as many events.
template <>
struct DebounceWeight<Event> {
  static std::size_t of(const Event& event) {
    return event.items.size() > 1 ? event.items.size() : 1;
  }
};

// Events in the order in which they were collected. `dropped` of them came before and are lost,
// for lack of room or memory: then take it that everything may have changed. There may be no
// events but those.
using EventBatch = Debouncer<Event>::Batch;
using EventBatchHandler = std::function<void(const EventBatch& batch)>;

struct EventBusOptions {
  std::shared_ptr<Clock> clock;  // needed
  LogSink log;
  // Only subscribe_batched() needs these.
  std::shared_ptr<Timer> timer;
  std::shared_ptr<Executor> executor;
};

struct EventKindStats {
  std::uint64_t emitted = 0;
  std::uint64_t delivered = 0;  // to handlers: twice for two of them
  std::uint64_t failures = 0;   // deliveries in a call that threw
  std::uint64_t slow = 0;       // deliveries in a call over its time
  std::uint64_t dropped = 0;    // deliveries that were left out, since bus or handler is disabled
};

struct EventBusStats {
  bool is_enabled = true;
  std::uint64_t refused = 0;                          // events: invalid, too deep, or closed
  std::array<EventKindStats, kEventKindCount> kinds;  // by EventKind
  std::vector<HandlerStats> handlers;                 // in the order of their subscription
};

class EventBus {
 public:
  explicit EventBus(EventBusOptions options);
  ~EventBus();  // closes
  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;

  // kRejected without a kind or a handler, with an option that is out of its range, and beyond
  // kSubscriptions; kClosed after close(); kUnavailable without memory.
  [[nodiscard]] Result<Subscription> subscribe(EventKinds kinds, EventHandler handler,
                                               SubscriptionOptions options = {});
  // The same for batches; kRejected without a timer and an executor.
  [[nodiscard]] Result<Subscription> subscribe_batched(EventKinds kinds, EventBatchHandler handler,
                                                       DebounceOptions debounce = {},
                                                       SubscriptionOptions options = {});

  // Calls the handlers. An error means that none was called.
  Result<void> emit(const Event& event);

  // While disabled, events are counted and no handler is called. What batches have collected is
  // still delivered.
  void enable();
  void disable();

  // Delivers what batched handlers have collected so far, and waits for it.
  void flush();

  // Refuses further events and subscriptions, then closes each handler as its subscription
  // would: waits for running calls, delivers what batches have collected. Safe to repeat; a
  // second call meanwhile returns at once.
  void close();

  [[nodiscard]] EventBusStats stats() const;

  struct State;

 private:
  const DebouncePorts ports_;  // of batched handlers
  std::shared_ptr<State> state_;
};

}  // namespace strata
