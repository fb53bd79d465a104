// Handler: a subscribed function, called in isolation, timed and counted.
//
// What it throws and how long it takes never concerns the caller. A call that is over its time
// too often in a row disables it.
//
// Threads   Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "labels/call_gate.h"
#include "strata/labels/event_bus.h"
#include "strata/stats/counter.h"

namespace strata::internal {

struct KindCounters {
  Counter emitted;
  Counter delivered;
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> slow{0};
  std::atomic<std::uint64_t> dropped{0};
};

// What the handlers of a bus share. It lives as long as one of them.
struct HandlerContext {
  std::shared_ptr<Clock> clock;
  LogSink log;
  std::array<KindCounters, kEventKindCount> kinds;
  [[nodiscard]] KindCounters& of(const Event& event) {
    return kinds[static_cast<std::size_t>(event.kind)];
  }
};

// Thins out a line that could be logged for every event.
class LogPause {
 public:
  static constexpr Duration kPause = std::chrono::seconds(30);
  // How often the line was left out since the last time, if it may be logged now.
  [[nodiscard]] std::optional<std::uint64_t> may_log(Instant now);

 private:
  std::atomic<std::int64_t> quiet_until_ns_{0};
  std::atomic<std::uint64_t> unsaid_{0};
};

// Makes the calls of one subscription and remembers how they went.
class HandlerMonitor {
 public:
  HandlerMonitor(std::shared_ptr<HandlerContext> context, SubscriptionOptions options)
      : context_(std::move(context)), options_(std::move(options)) {}

  // Calls `call` for `events`, at `now`, which is then the time after it. A disabled handler is
  // not called.
  void run(const std::function<void()>& call, std::span<const Event> events, Instant& now);

  // Notes that something around the call for `event` threw.
  void note_thrown(const Event& event, Instant now);
  void count_dropped(std::span<const Event> events);
  void count_lost(std::uint64_t events) { dropped_ += events; }

  void set_enabled(bool is_enabled);
  [[nodiscard]] bool is_enabled() const { return is_enabled_.load(std::memory_order_relaxed); }
  [[nodiscard]] Clock& clock() const { return *context_->clock; }
  [[nodiscard]] HandlerStats stats() const;

 private:
  void note_failure(std::string_view what, Instant now);
  void note_duration(Duration taken, std::span<const Event> events, Instant now);
  // Logs what `message()` says. For lack of memory, or if the log throws, the line is missing.
  template <typename Message>
  void log(LogLevel level, const Message& message, std::uint64_t unsaid = 0) const;

  const std::shared_ptr<HandlerContext> context_;
  const SubscriptionOptions options_;
  std::atomic<bool> is_enabled_{true};
  std::atomic<std::size_t> slow_in_a_row_{0};
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> slow_{0};
  std::atomic<std::uint64_t> dropped_{0};
  LogPause failure_lines_;
  LogPause slow_lines_;
};

// A place in the bus's list. Its functions, with what they captured, end when the gate is closed
// and nobody is in.
class Handler {
 public:
  using Deliver = std::function<void(const Event& event, Instant& now)>;

  Handler(EventKinds kinds, std::shared_ptr<HandlerMonitor> monitor, Deliver deliver,
          std::function<void()> flush)
      : kinds_(kinds),
        monitor_(std::move(monitor)),
        deliver_(std::move(deliver)),
        flush_(std::move(flush)) {}

  [[nodiscard]] EventKinds kinds() const { return kinds_; }
  [[nodiscard]] HandlerMonitor& monitor() { return *monitor_; }
  [[nodiscard]] bool is_open() const { return !gate_.is_closed(); }

  void call(const Event& event, Instant& now);
  void flush();
  // See Subscription::close().
  void close();

 private:
  class Call;
  void finish();

  const EventKinds kinds_;
  const std::shared_ptr<HandlerMonitor> monitor_;
  Deliver deliver_;
  std::function<void()> flush_;
  CallGate gate_;
};

}  // namespace strata::internal
