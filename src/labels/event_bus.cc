// The event bus: a list of handlers that is copied when it changes, and walked without a lock.
#include "strata/labels/event_bus.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/quote.h"
#include "core/thread_slot.h"
#include "labels/handler.h"
#include "strata/core/duration.h"
#include "strata/core/limits.h"
#include "strata/core/value_type.h"

namespace strata {

using internal::Handler;
using internal::HandlerContext;
using internal::HandlerMonitor;
using internal::thread_calls;

namespace {

using HandlerRef = std::shared_ptr<Handler>;
using HandlerList = std::vector<HandlerRef>;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }
Error closed() { return {ErrorCode::kClosed, "the event bus is closed", {}}; }

Result<void> check_options(const SubscriptionOptions& options) {
  if (options.slow_after >= Duration::zero()) return {};
  return rejected("slow_after of handler " + internal::quoted(options.name) +
                  " is negative: " + describe_duration(options.slow_after));
}

// An emission that the calling thread is within.
class Emission {
 public:
  Emission() { ++thread_calls.emissions; }
  ~Emission() { --thread_calls.emissions; }
  Emission(const Emission&) = delete;
  Emission& operator=(const Emission&) = delete;
};

}  // namespace

// Invariants:
// (1) A list that was published is never changed; a change publishes another one.
// (2) `listened` has every kind that a handler of the published list is for.
// (3) Once `is_closed` is set, the published list stays empty.
// (4) To close a handler or the bus takes no memory. A closed handler for whose removal there was
//     none stays in the list, where nobody calls it, until the list changes next.
//
// An emitter takes the list under the lock, for as long as it takes to copy a pointer, and calls
// the handlers without it. A handler that is no longer in the list may be called by who took an
// older one, until its gate is closed; so unsubscribing removes it first and closes it then.
struct EventBus::State : std::enable_shared_from_this<EventBus::State> {
  Result<Subscription> add(HandlerRef handler);
  void remove(const Handler* handler);
  [[nodiscard]] std::shared_ptr<const HandlerList> list() {
    const MutexLock lock(mutex);
    return handlers;
  }
  void publish(std::shared_ptr<HandlerList> next) STRATA_REQUIRES(mutex);
  Result<void> refuse(Error error) {
    ++refused;
    return error;
  }

  std::shared_ptr<HandlerContext> context = std::make_shared<HandlerContext>();
  std::atomic<EventKinds> listened{EventKinds()};
  std::atomic<bool> is_enabled{true};
  std::atomic<bool> is_closed{false};
  std::atomic<std::uint64_t> refused{0};
  const std::shared_ptr<HandlerList> nobody = std::make_shared<HandlerList>();
  Mutex mutex;
  std::shared_ptr<const HandlerList> handlers STRATA_GUARDED_BY(mutex) = nobody;
};

struct Subscription::State {
  std::weak_ptr<EventBus::State> bus;
  HandlerRef handler;
};

void EventBus::State::publish(std::shared_ptr<HandlerList> next) {
  EventKinds kinds;
  for (const HandlerRef& handler : *next) kinds |= handler->kinds();
  handlers = std::move(next);
  listened = kinds;
}

Result<Subscription> EventBus::State::add(HandlerRef handler) {
  if (handler->kinds().empty()) {
    return rejected("a subscription without a kind of event; EventKinds::all() is every kind");
  }
  auto subscription =
      std::make_unique<Subscription::State>(Subscription::State{weak_from_this(), handler});
  {
    const MutexLock lock(mutex);
    if (is_closed) return closed();
    if (handlers->size() >= limits::kSubscriptions) {
      return rejected("an event bus has " + std::to_string(handlers->size()) +
                      " subscriptions already; the limit is " +
                      std::to_string(limits::kSubscriptions));
    }
    auto next = std::make_shared<HandlerList>();
    next->reserve(handlers->size() + 1);
    std::copy_if(handlers->begin(), handlers->end(), std::back_inserter(*next),
                 [](const HandlerRef& one) { return one->is_open(); });
    next->push_back(std::move(handler));
    publish(std::move(next));
  }
  return Subscription(std::move(subscription));
}

void EventBus::State::remove(const Handler* handler) try {
  const MutexLock lock(mutex);
  const auto next = std::make_shared<HandlerList>(*handlers);
  if (std::erase_if(*next, [&](const HandlerRef& one) { return one.get() == handler; }) > 0) {
    publish(next);
  }
} catch (...) {  // By (4) it stays.
}

EventBus::EventBus(EventBusOptions options)
    : ports_{options.clock, std::move(options.timer), std::move(options.executor)},
      state_(std::make_shared<State>()) {
  STRATA_ASSERT(options.clock != nullptr);
  state_->context->clock = std::move(options.clock);
  state_->context->log = std::move(options.log);
}

EventBus::~EventBus() { close(); }

Result<Subscription> EventBus::subscribe(EventKinds kinds, EventHandler handler,
                                         SubscriptionOptions options) try {
  if (!handler) return rejected("a subscription without a handler");
  if (auto valid = check_options(options); !valid) return valid.error();
  const auto monitor = std::make_shared<HandlerMonitor>(state_->context, std::move(options));
  auto deliver = [monitor, handler = std::move(handler)](const Event& event, Instant& now) {
    monitor->run([&] { handler(event); }, {&event, 1}, now);
  };
  return state_->add(std::make_shared<Handler>(kinds, monitor, std::move(deliver), nullptr));
} catch (...) {
  return internal::error_of_exception(ErrorCode::kUnavailable, "a subscription");
}

Result<Subscription> EventBus::subscribe_batched(EventKinds kinds, EventBatchHandler handler,
                                                 DebounceOptions debounce,
                                                 SubscriptionOptions options) try {
  if (!handler) return rejected("a subscription without a handler");
  if (auto valid = check_options(options); !valid) return valid.error();
  if (ports_.timer == nullptr || ports_.executor == nullptr) {
    return rejected("a batched subscription needs an event bus with a timer and an executor");
  }
  if (auto valid = debounce.validate(); !valid) return valid.error();
  const auto monitor = std::make_shared<HandlerMonitor>(state_->context, std::move(options));
  auto deliver_batch = [monitor, handler = std::move(handler)](const EventBatch& batch) {
    Instant now = monitor->clock().coarse_now();
    monitor->count_lost(batch.dropped);
    monitor->run([&] { handler(batch); }, batch.items, now);
  };
  const auto collected =
      std::make_shared<Debouncer<Event>>(debounce, ports_, std::move(deliver_batch));
  auto collect = [monitor, collected](const Event& event, Instant&) {
    if (monitor->is_enabled()) {
      collected->add(event);
    } else {
      monitor->count_dropped({&event, 1});
    }
  };
  return state_->add(std::make_shared<Handler>(kinds, monitor, std::move(collect),
                                               [collected] { collected->flush(); }));
} catch (...) {
  return internal::error_of_exception(ErrorCode::kUnavailable, "a subscription");
}

Result<void> EventBus::emit(const Event& event) try {
  State& state = *state_;
  if (state.is_closed) return state.refuse(closed());
  if (Result<void> valid = event.validate(); !valid) return state.refuse(valid.error());
  if (thread_calls.emissions >= limits::kEventDepth) {
    return state.refuse(rejected("an event of kind " + std::string(to_string(event.kind)) +
                                 " was emitted within handlers of " +
                                 std::to_string(limits::kEventDepth) +
                                 " events, each emitted by a handler of the one before"));
  }
  internal::KindCounters& counters = state.context->of(event);
  counters.emitted.add(1);
  if (!state.listened.load(std::memory_order_acquire).contains(event.kind)) return {};

  const std::shared_ptr<const HandlerList> handlers = state.list();
  const bool is_enabled = state.is_enabled.load(std::memory_order_relaxed);
  Instant now = state.context->clock->coarse_now();
  const Emission emission;
  for (const HandlerRef& handler : *handlers) {
    if (!handler->kinds().contains(event.kind)) continue;
    if (is_enabled) {
      handler->call(event, now);
    } else {
      handler->monitor().count_dropped({&event, 1});
    }
  }
  return {};
} catch (...) {
  return internal::error_of_exception(ErrorCode::kUnavailable, "an event for handlers");
}

void EventBus::enable() { state_->is_enabled = true; }
void EventBus::disable() { state_->is_enabled = false; }

void EventBus::flush() {
  const std::shared_ptr<const HandlerList> handlers = state_->list();
  for (const HandlerRef& handler : *handlers) handler->flush();
}

// A handler may end the bus.
void EventBus::close() {
  const std::shared_ptr<State> state = state_;
  std::shared_ptr<const HandlerList> handlers;
  {
    const MutexLock lock(state->mutex);
    state->is_closed = true;
    handlers = state->handlers;
    state->publish(state->nobody);
  }
  for (const HandlerRef& handler : *handlers) handler->close();
}

EventBusStats EventBus::stats() const {
  EventBusStats stats;
  stats.is_enabled = state_->is_enabled;
  stats.refused = state_->refused;
  for (std::size_t kind = 0; kind < kEventKindCount; ++kind) {
    const internal::KindCounters& counted = state_->context->kinds[kind];
    stats.kinds[kind] = {.emitted = counted.emitted.read(),
                         .delivered = counted.delivered.read(),
                         .failures = counted.failures,
                         .slow = counted.slow,
                         .dropped = counted.dropped};
  }
  const std::shared_ptr<const HandlerList> handlers = state_->list();
  for (const HandlerRef& handler : *handlers) stats.handlers.push_back(handler->monitor().stats());
  return stats;
}

Subscription::Subscription() = default;
Subscription::Subscription(std::unique_ptr<State> state) : state_(std::move(state)) {}
Subscription::~Subscription() { close(); }
Subscription::Subscription(Subscription&& other) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  close();
  state_ = std::move(other.state_);
  return *this;
}

// What the handler captured may hold this subscription, and end it again.
void Subscription::close() {
  const std::unique_ptr<State> state = std::move(state_);
  if (state == nullptr) return;
  if (const std::shared_ptr<EventBus::State> bus = state->bus.lock()) {
    bus->remove(state->handler.get());
  }
  state->handler->close();
}

bool Subscription::is_open() const { return state_ != nullptr && state_->handler->is_open(); }

void Subscription::enable() {
  if (state_ != nullptr) state_->handler->monitor().set_enabled(true);
}

void Subscription::disable() {
  if (state_ != nullptr) state_->handler->monitor().set_enabled(false);
}

bool Subscription::is_enabled() const {
  return is_open() && state_->handler->monitor().is_enabled();
}

HandlerStats Subscription::stats() const {
  if (state_ == nullptr) return {.name = {}, .is_enabled = false};
  return state_->handler->monitor().stats();
}

}  // namespace strata
