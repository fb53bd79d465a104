// Calls of handlers: what they throw, how long they take, when they end.
#include "labels/handler.h"

#include <exception>
#include <string>

#include "core/quote.h"
#include "strata/core/duration.h"
#include "strata/core/limits.h"

namespace strata::internal {

std::optional<std::uint64_t> LogPause::may_log(Instant now) {
  std::int64_t until = quiet_until_ns_.load(std::memory_order_relaxed);
  const std::int64_t next = saturating_add(now, kPause).since_boot.count();
  if (now.since_boot.count() < until || !quiet_until_ns_.compare_exchange_strong(until, next)) {
    unsaid_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return unsaid_.exchange(0);
}

void HandlerMonitor::run(const std::function<void()>& call, std::span<const Event> events,
                         Instant& now) {
  if (!is_enabled()) {
    count_dropped(events);
    return;
  }
  const Instant begun = now;
  bool failed = false;
  try {
    call();
  } catch (const std::exception& thrown) {
    failed = true;
    note_failure(thrown.what(), begun);
  } catch (...) {
    failed = true;
    note_failure("something that is no std::exception", begun);
  }
  now = clock().coarse_now();
  calls_.fetch_add(1, std::memory_order_relaxed);
  for (const Event& event : events) {
    KindCounters& kind = context_->of(event);
    kind.delivered.add(1);
    if (failed) ++kind.failures;
  }
  note_duration(between(begun, now), events, now);
}

template <typename Message>
void HandlerMonitor::log(LogLevel level, const Message& message, std::uint64_t unsaid) const try {
  if (!context_->log) return;
  std::string line = "event handler " + quoted(options_.name) + " " + message();
  if (unsaid > 0) line += " (and " + std::to_string(unsaid) + " times since the last such line)";
  context_->log(level, line);
} catch (...) {  // There is nobody to be told.
}

void HandlerMonitor::note_failure(std::string_view what, Instant now) {
  ++failures_;
  if (const std::optional<std::uint64_t> unsaid = failure_lines_.may_log(now)) {
    log(
        LogLevel::kError, [&] { return "threw " + quoted(what); }, *unsaid);
  }
}

void HandlerMonitor::note_thrown(const Event& event, Instant now) {
  note_failure("something outside of the handler itself", now);
  ++context_->of(event).failures;
}

void HandlerMonitor::note_duration(Duration taken, std::span<const Event> events, Instant now) {
  if (taken <= options_.slow_after) {
    // A store only where one is needed: the line is shared with other emitters.
    if (slow_in_a_row_.load(std::memory_order_relaxed) != 0) slow_in_a_row_ = 0;
    return;
  }
  ++slow_;
  for (const Event& event : events) ++context_->of(event).slow;
  const auto limit = [&] { return describe_duration(options_.slow_after); };
  if (const std::optional<std::uint64_t> unsaid = slow_lines_.may_log(now)) {
    const auto text = [&] {
      return "took " + describe_duration(taken) + "; its limit is " + limit();
    };
    log(LogLevel::kWarning, text, *unsaid);
  }
  if (++slow_in_a_row_ < limits::kSlowHandlerCalls || !is_enabled_.exchange(false)) return;
  log(LogLevel::kError, [&] {
    return "is disabled: " + std::to_string(limits::kSlowHandlerCalls) +
           " calls in a row were over its limit of " + limit() +
           "; enable its subscription when it is well again";
  });
}

void HandlerMonitor::count_dropped(std::span<const Event> events) {
  dropped_.fetch_add(events.size(), std::memory_order_relaxed);
  for (const Event& event : events) {
    context_->of(event).dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

void HandlerMonitor::set_enabled(bool is_enabled) {
  if (is_enabled) slow_in_a_row_ = 0;
  is_enabled_ = is_enabled;
}

HandlerStats HandlerMonitor::stats() const {
  return {.name = options_.name,
          .is_enabled = is_enabled(),
          .calls = calls_,
          .failures = failures_,
          .slow = slow_,
          .dropped = dropped_};
}

// A call that is in, if the gate let it; it gets out however it ends.
class Handler::Call {
 public:
  explicit Call(Handler& handler) : handler_(handler), is_in_(handler.gate_.enter(frame_)) {}
  ~Call() {
    if (is_in_ && handler_.gate_.leave(frame_)) handler_.finish();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  [[nodiscard]] bool is_in() const { return is_in_; }

 private:
  Handler& handler_;
  CallFrame frame_;
  const bool is_in_;
};

// What the handler itself throws is caught in HandlerMonitor::run(); the rest is the way there.
void Handler::call(const Event& event, Instant& now) {
  const Call call(*this);
  if (!call.is_in()) return;
  try {
    deliver_(event, now);
  } catch (...) {
    monitor_->note_thrown(event, now);
  }
}

void Handler::flush() {
  const Call call(*this);
  if (call.is_in() && flush_) flush_();
}

void Handler::close() {
  if (gate_.close()) finish();
  gate_.wait();
}

void Handler::finish() {
  gate_.finish([this] {
    deliver_ = nullptr;
    flush_ = nullptr;
  });
}

}  // namespace strata::internal
