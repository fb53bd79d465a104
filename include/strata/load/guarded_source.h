// GuardedSource: a source that is left alone while it fails, and asked by so many at a time only.
//
// A Breaker counts fetches that did not reach the source (kUnavailable, kDeadlineExceeded) or
// threw. kDeadlineExceeded does not count if the caller's own deadline has passed, unless the
// fetch had at least kSlowFetch. An answer is no failure, whatever it says: kLoadFailed for one
// key is no reason to refuse others. While the breaker is open fetches fail at once, with
// kUnavailable. At most max_concurrent fetches run; max_waiting callers wait for one to end, first
// come first served, as long as max_wait and their deadline allow.
//
//   auto users = std::make_shared<GuardedSource>(http, SourceGuardOptions{.max_concurrent = 8},
//                                                clock, log);
//
// A cache guards its sources by itself: SourceOptions::guard. docs/resilience.md has it all.
//
// Threads   As Source's. A fetch that a thread makes within a fetch of the same source is passed on
//           without a guard: it takes no place, and is neither refused nor counted. One that waits
//           for another's fetch of the same source may wait for who waits for its place; max_wait
//           ends that.
// Errors    Those of the source, and what it throws. kUnavailable, without asking it: the breaker
//           is open, too many wait, or one has waited too long; the message names the source, the
//           limit and the setting. kDeadlineExceeded: no place until the deadline. kClosed also for
//           those who wait when it is closed.
// Callbacks The log: one line when the breaker opens or closes.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "strata/load/breaker.h"
#include "strata/ports/clock.h"
#include "strata/ports/guard_stats.h"
#include "strata/ports/log.h"
#include "strata/ports/source.h"

namespace strata {

struct SourceGuardOptions {
  BreakerOptions breaker{};
  std::size_t max_concurrent = 64;               // fetches at a time; 0: no limit
  std::size_t max_waiting = 1'000;               // callers that wait for one of those to end
  Duration max_wait = std::chrono::seconds(30);  // of one of them, if its deadline is later
};

class GuardedSource final : public Source {
 public:
  // A fetch that takes as long is slow, however short its caller's deadline was.
  static constexpr Duration kSlowFetch = std::chrono::seconds(1);

  GuardedSource(std::shared_ptr<Source> source, SourceGuardOptions options,
                std::shared_ptr<Clock> clock, LogSink log = {});
  ~GuardedSource() override;
  GuardedSource(const GuardedSource&) = delete;
  GuardedSource& operator=(const GuardedSource&) = delete;

  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override;
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override;
  void close() override;

  [[nodiscard]] SourceStats stats() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Ok, or kRejected naming the option that is out of range.
[[nodiscard]] Result<void> check_guard(const SourceGuardOptions& options);

}  // namespace strata
