// FaultPlan: which calls fail, and how. A port that is wrapped by with_faults() asks it before
// each call; so may a loader, a handler or a port of yours.
//
// A call has a name, "sqlite.get" or "executor.post": with_faults.h has all of them. Each rule
// counts the calls that it is for; the first rule that wants a call to fail decides.
//
//   auto plan = std::make_shared<FaultPlan>(7);
//   plan->add({.call = "sqlite.put", .first = 3, .times = 1}).value();   // the third put
//   plan->add({.call = "sqlite", .probability = 0.01}).value();          // one call in a hundred
//   plan->add({.call = "users.fetch", .effect = FaultEffect::kHang}).value();
//   ...
//   if (auto error = plan->fail("users.load")) return *error;            // in a loader
//
// Promise   Whether the n-th call that a rule is for fails follows from the seed and n alone.
// Threads   Thread-safe. Which of two threads' calls is the n-th is theirs to know.
// Errors    add(): kRejected for a rule that no call can meet, or without sense; it names the
// field. Time      A delay moves the plan's ManualClock. A call that hangs waits for release(), in
// real
//           time and whatever its deadline is.
// Callbacks None.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/testing/manual_clock.h"

namespace strata {

enum class FaultEffect : std::uint8_t {
  kError,       // nothing is done, and the answer is the rule's error
  kLostAnswer,  // it is done, and the answer is the rule's error all the same
  kThrow,       // nothing is done, and an InjectedFault is thrown
  kDelay,       // the clock moves by `by`, then it is done; past its deadline it is not
  kHang,        // it waits until release(), then it is done
};

// What kThrow throws.
class InjectedFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct FaultRule {
  static constexpr std::uint64_t kAlways = UINT64_MAX;

  // Of which calls: "sqlite.get"; "sqlite": every call of it; "*.get": that call of anything;
  // empty: every call.
  std::string call{};
  // Which of them: from `first` on, one in `every`, each with `probability`, `times` in all.
  std::uint64_t first = 1;
  std::uint64_t every = 1;
  double probability = 1;
  std::uint64_t times = kAlways;
  // What becomes of them.
  FaultEffect effect = FaultEffect::kError;
  Error error{ErrorCode::kUnavailable, "made to fail by the test", {}};
  Duration by{0};  // of a kDelay; clocks jump by it, wall clocks also back
};

struct Fault {
  FaultEffect effect = FaultEffect::kError;
  Error error{};
  Duration by{0};
};

class FaultPlan {
 public:
  // `clock`: what delays move; none: they are refused, but for those of a clock.
  explicit FaultPlan(std::uint64_t seed = 1, std::shared_ptr<ManualClock> clock = {});
  ~FaultPlan();  // precondition: no call hangs
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  Result<void> add(FaultRule rule);
  // Forgets all rules, and releases what hangs. Counts go on.
  void clear();

  // Counts a call. Returns what is to become of it; nothing: it is made as always.
  [[nodiscard]] std::optional<Fault> next(std::string_view call);
  // As next(), and delays, hangs or throws. Returns the error that the call is to answer.
  [[nodiscard]] std::optional<Error> fail(std::string_view call);
  // What fail() does about a fault.
  [[nodiscard]] std::optional<Error> carry_out(const Fault& fault);

  // Of the plan's clock; zero without one.
  [[nodiscard]] Instant now() const;

  // Lets every call go on that hangs, and those to come that would.
  void release();
  // Waits until so many calls hang at once.
  void wait_until_hanging(std::uint64_t calls = 1);
  [[nodiscard]] std::uint64_t hanging() const;

  // How many calls were counted, and how many of those had a fault: of all, or as FaultRule::call.
  [[nodiscard]] std::uint64_t calls(std::string_view call = {}) const;
  [[nodiscard]] std::uint64_t faults(std::string_view call = {}) const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Runs `scenario` with `rule` for call 1, then for call 2, ... (`first` is set) until one makes
// fewer calls than that. Returns how many it had that fail; kRejected past `most`.
//
//   fail_each_call({.times = 1}, [](std::shared_ptr<FaultPlan> plan) { ... });   // once
//   fail_each_call({}, ...);                                                    // from then on
Result<std::uint64_t> fail_each_call(
    FaultRule rule, const std::function<void(const std::shared_ptr<FaultPlan>&)>& scenario,
    std::uint64_t most = 10'000);

}  // namespace strata
