// Breaker: stops calls to something that fails or is slow, and finds out by single calls when it
// is well again.
//
//   closed ---- `failures` in a row ----> open <---- the probe failed: open_for doubles ----+
//     ^                                    |                                                |
//     |                                    +---- open_for has passed ----> half-open -------+
//     +------------------------- the probe succeeded -------------------------+
//
//   Breaker::Call call(breaker);
//   if (!call.is_allowed()) return nothing;
//   const auto answer = ask();
//   answer ? call.succeeded() : call.failed(answer.error().message);
//
// Promise   One call at a time is the probe. If it has not ended after open_for_max, the next call
//           is the probe instead. A call that began before the state last changed, or that is no
//           longer the probe, changes nothing when it ends.
// Threads   Thread-safe. Asking and succeeding take no lock while nothing fails: one relaxed load
//           each.
// Time      From the Clock; nothing is random.
// Callbacks The listener, with no lock held, in the thread of the call that made the change. It may
//           not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/guard_stats.h"

namespace strata {

struct BreakerOptions {
  // How many calls in a row must fail; 0: it never opens.
  std::uint64_t failures = 5;
  // How long no call is made then. Each probe that fails doubles it, up to open_for_max, or
  // open_for if that is longer. For as long as that a probe is waited for.
  Duration open_for = std::chrono::seconds(5);
  Duration open_for_max = std::chrono::seconds(60);
};

struct BreakerChange {
  BreakerState from = BreakerState::kClosed;
  BreakerState to = BreakerState::kOpen;
  Duration open_for{0};  // if it opens
  std::string reason;    // if it opens: what the last call said
};

class Breaker {
 public:
  using Listener = std::function<void(const BreakerChange& change)>;

  Breaker(BreakerOptions options, std::shared_ptr<Clock> clock, Listener listener = {});
  ~Breaker();
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  // One call, from the question whether it may be made to what became of it.
  class Call {
   public:
    explicit Call(Breaker& breaker);
    // A call without a verdict says nothing; if it was the probe, the next one is.
    ~Call();
    // The other is not allowed any more, and says nothing.
    Call(Call&& other) noexcept;
    Call& operator=(Call&&) = delete;

    [[nodiscard]] bool is_allowed() const { return allowed_; }
    // Whether it was asked as the one call of the half-open state.
    [[nodiscard]] bool is_probe() const { return probe_; }

    // At most one of them, at most once. Precondition: is_allowed().
    void succeeded();
    void failed(std::string_view why);
    void was_slow(std::string_view why);  // as failed(), and counted as slow

   private:
    void end(bool well, bool slow, std::string_view why);

    Breaker& breaker_;
    std::uint64_t word_ = 0;  // the breaker's state when it was asked
    bool allowed_ = false;
    bool probe_ = false;
  };

  // Whether a call would not be allowed; counts it as skipped then.
  [[nodiscard]] bool skip();
  // Counts a call as skipped that was not made for another reason.
  void count_skipped();
  // Opens at once, if it is closed.
  void open(std::string_view why);

  [[nodiscard]] BreakerState state() const;
  [[nodiscard]] BreakerStats stats() const;
  // Why it is open, and when the next call is made; empty while it is closed.
  [[nodiscard]] std::string reason() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
