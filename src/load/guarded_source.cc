#include "strata/load/guarded_source.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <utility>

#include "load/bulkhead.h"
#include "strata/core/duration.h"
#include "strata/core/limits.h"
#include "strata/load/guarded_tier.h"
#include "strata/stats/counter.h"

namespace strata {

using internal::Bulkhead;

struct GuardedSource::State {
  State(std::shared_ptr<Source> given, SourceGuardOptions its_options,
        std::shared_ptr<Clock> its_clock, LogSink its_log)
      : source(std::move(given)),
        name(source->name()),
        options(its_options),
        clock(std::move(its_clock)),
        log(std::move(its_log)),
        bulkhead(options.max_concurrent, options.max_waiting),
        breaker(options.breaker, clock, [this](const BreakerChange& change) { tell(change); }) {}

  // Who waits does so for nothing once the breaker is open.
  void tell(const BreakerChange& change) {
    if (change.to == BreakerState::kOpen) bulkhead.send_away();
    if (!log) return;
    const std::string about = "source " + name + ": ";
    if (change.to == BreakerState::kClosed) {
      log(LogLevel::kWarning, about + "it is asked again");
    } else {
      const bool again = change.from == BreakerState::kHalfOpen;
      log(again ? LogLevel::kInfo : LogLevel::kWarning,
          about + "it is left alone for " + (again ? "another " : "") +
              describe_duration(change.open_for) + ": " + change.reason);
    }
  }

  [[nodiscard]] Error left_alone() const {
    if (closed.load(std::memory_order_acquire)) {
      return {ErrorCode::kClosed, "the source " + name + " is closed", {}};
    }
    return {
        ErrorCode::kUnavailable, "the source " + name + " is left alone: " + breaker.reason(), {}};
  }

  [[nodiscard]] Error crowded() const {
    return {ErrorCode::kUnavailable,
            "the source " + name + " has " + std::to_string(options.max_concurrent) +
                " loads running and " + std::to_string(options.max_waiting) +
                " callers waiting, which is its max_waiting (cache.sources." + name +
                ".max_waiting)",
            {}};
  }

  [[nodiscard]] Error late(Deadline callers) const {
    const bool is_callers = clock->now() >= callers.at;
    return {is_callers ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable,
            "none of the " + std::to_string(options.max_concurrent) + " loads of the source " +
                name + " ended in time; cache.sources." + name +
                (is_callers ? ".max_concurrent allows more at once"
                            : ".max_wait of " + describe_duration(options.max_wait) + " is over"),
            {}};
  }

  // Fetches, and gives the call its verdict.
  [[nodiscard]] Result<SourceReply> ask(Breaker::Call& call, const SourceRequest& request) const {
    const Instant start = clock->now();
    Result<SourceReply> reply = fetch(call, request);
    judge(call, reply, start, request.deadline);
    return reply;
  }
  [[nodiscard]] Result<SourceReply> fetch(Breaker::Call& call, const SourceRequest& request) const {
    try {
      return source->fetch(request);
    } catch (const std::exception& thrown) {
      call.failed(std::string("it threw: ") + thrown.what());
      throw;
    } catch (...) {
      call.failed("it threw what is no std::exception");
      throw;
    }
  }

  void judge(Breaker::Call& call, const Result<SourceReply>& reply, Instant start,
             Deadline callers) const {
    if (reply) return call.succeeded();
    const Error& error = reply.error();
    const std::string why = std::string(to_string(error.code)) + ": " + error.message;
    switch (error.code) {
      case ErrorCode::kUnavailable:
        return call.failed(why);
      case ErrorCode::kDeadlineExceeded: {
        const Instant end = clock->now();
        if (end < callers.at || between(start, end) >= kSlowFetch) call.was_slow(why);
        return;
      }
      case ErrorCode::kLoadFailed:
        if (error.exception) return call.failed(why);
        return call.succeeded();  // It was reached.
      default:
        return;
    }
  }

  const std::shared_ptr<Source> source;
  const std::string name;
  const SourceGuardOptions options;
  const std::shared_ptr<Clock> clock;
  const LogSink log;
  Bulkhead bulkhead;
  Breaker breaker;
  Counter refused;
  std::atomic<bool> closed{false};
};

GuardedSource::GuardedSource(std::shared_ptr<Source> source, SourceGuardOptions options,
                             std::shared_ptr<Clock> clock, LogSink log)
    : state_(
          std::make_unique<State>(std::move(source), options, std::move(clock), std::move(log))) {}

GuardedSource::~GuardedSource() = default;

std::string_view GuardedSource::name() const { return state_->name; }

const std::vector<SourceParameter>& GuardedSource::parameters() const {
  return state_->source->parameters();
}

Result<SourceReply> GuardedSource::fetch(const SourceRequest& request) {
  State& state = *state_;
  // What is closed says so by itself.
  if (state.closed.load(std::memory_order_acquire)) return state.source->fetch(request);
  // It was let through already; as the probe it would be refused by itself.
  if (state.bulkhead.has_me()) return state.source->fetch(request);
  if (state.breaker.skip()) return state.left_alone();
  const Instant last = saturating_add(state.clock->now(), state.options.max_wait);
  switch (state.bulkhead.enter({std::min(last, request.deadline.at)}, *state.clock)) {
    case Bulkhead::Entry::kFull:
      state.refused.add(1);
      return state.crowded();
    case Bulkhead::Entry::kLate:
      state.refused.add(1);
      return state.late(request.deadline);
    case Bulkhead::Entry::kSentAway:
      state.breaker.count_skipped();
      return state.left_alone();
    case Bulkhead::Entry::kInside:
      break;
  }
  struct Leave {
    Bulkhead& bulkhead;
    ~Leave() { bulkhead.leave(); }
  };
  const Leave leave{state.bulkhead};
  Breaker::Call call(state.breaker);
  if (!call.is_allowed()) return state.left_alone();
  return state.ask(call, request);
}

void GuardedSource::close() {
  state_->closed.store(true, std::memory_order_release);
  state_->bulkhead.send_away();
  state_->source->close();
}

SourceStats GuardedSource::stats() const {
  return {.name = state_->name,
          .breaker = state_->breaker.stats(),
          .reason = state_->breaker.reason(),
          .max_concurrent = state_->options.max_concurrent,
          .max_waiting = state_->options.max_waiting,
          .running = state_->bulkhead.inside(),
          .waiting = state_->bulkhead.waiting(),
          .refused = state_->refused.read()};
}

Result<void> check_guard(const SourceGuardOptions& options) {
  if (auto valid = check_breaker(options.breaker); !valid) return valid;
  const auto in_range = [](std::size_t calls) { return calls <= limits::kGuardedCalls; };
  if (!in_range(options.max_concurrent) || !in_range(options.max_waiting)) {
    return Error{ErrorCode::kRejected,
                 "SourceGuardOptions::max_concurrent and max_waiting must be 0 to " +
                     std::to_string(limits::kGuardedCalls),
                 {}};
  }
  if (options.max_wait >= Duration(0)) return {};
  return Error{ErrorCode::kRejected, "SourceGuardOptions::max_wait must not be negative", {}};
}

}  // namespace strata
