// Subscription: a handler's place on an EventBus, for as long as the object lives.
//
//   Subscription audit = bus.subscribe(EventKind::kEntityDelete, write_to_audit_log).value();
//   audit.disable();   // not called, counted as dropped
//   audit.close();     // the destructor does it too
//
// Promise   After close() the handler is not called any more, and what it captured is gone. A
//           batched handler got everything that was collected for it.
// Threads   Thread-compatible, like a pointer. It may be closed from within any handler.
// Lifetime  It may outlive its bus.
// Callbacks close() waits for calls of the handler that are running in other threads. So do not
//           close it under a lock that the handler takes, nor let two handlers close each other
//           from two threads. From within its own handler it does not wait: then the last call
//           to end lets the captures go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "strata/core/time.h"
#include "strata/labels/event.h"

namespace strata {

// A set of kinds: one, several, or all.
class EventKinds {
 public:
  constexpr EventKinds() = default;
  constexpr EventKinds(EventKind kind) : bits_(bit(kind)) {}  // NOLINT: implicit by design
  constexpr EventKinds(std::initializer_list<EventKind> kinds) {
    for (const EventKind kind : kinds) bits_ |= bit(kind);
  }
  [[nodiscard]] static constexpr EventKinds all() {
    EventKinds every;
    every.bits_ = (1u << kEventKindCount) - 1;
    return every;
  }

  [[nodiscard]] constexpr bool contains(EventKind kind) const { return (bits_ & bit(kind)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr EventKinds& operator|=(EventKinds other) { return bits_ |= other.bits_, *this; }
  friend constexpr bool operator==(EventKinds, EventKinds) = default;

 private:
  // None for a number that is no kind.
  static constexpr std::uint32_t bit(EventKind kind) {
    const auto place = static_cast<std::uint32_t>(kind);
    return place < kEventKindCount ? 1u << place : 0;
  }
  std::uint32_t bits_ = 0;
};

struct SubscriptionOptions {
  std::string name = "handler";  // in logs and statistics
  // A call that takes longer is slow; not negative. The clock is coarse: below 10 ms it says
  // little. kForever for a handler that may take its time.
  Duration slow_after = std::chrono::seconds(1);
};

struct HandlerStats {
  std::string name;
  bool is_enabled = true;
  std::uint64_t calls = 0;     // of a batched handler: batches
  std::uint64_t failures = 0;  // calls that threw
  std::uint64_t slow = 0;      // calls over slow_after
  std::uint64_t dropped = 0;   // events that it did not get: disabled, or no room in its batch
};

class Subscription {
 public:
  Subscription();  // of nothing
  ~Subscription();
  Subscription(Subscription&& other) noexcept;
  Subscription& operator=(Subscription&& other) noexcept;  // closes the former one

  void close();
  [[nodiscard]] bool is_open() const;

  // A disabled handler is not called. One that was slow kSlowHandlerCalls times in a row has
  // been disabled; enable() starts the count again.
  void enable();
  void disable();
  [[nodiscard]] bool is_enabled() const;  // false when closed

  [[nodiscard]] HandlerStats stats() const;  // of nothing: zeros

 private:
  friend class EventBus;
  struct State;
  explicit Subscription(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata
