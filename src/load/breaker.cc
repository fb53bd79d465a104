#include "strata/load/breaker.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "strata/core/duration.h"
#include "strata/stats/counter.h"

namespace strata {

// A word holds the state and how often it has changed; a call keeps the word that it was asked
// under.
//
// Invariants:
// (1) The word changes under the lock only, and to one that it never was: the count of changes
//     rises.
// (2) While it is half-open, one call has its word: the probe.
// (3) `in_row` is below options.failures, and zero unless the word is closed.
//
// By (1) a call whose word is not the breaker's began before the last change, and is ignored. The
// caller that makes the word half-open is the only one that gets that word, hence (2).
//
// `in_row` and `due` are atomic only because they are looked at without the lock: a success that
// sees no failure has nothing to do, and who comes while it is open goes on at once. Whoever acts
// on them looks again under the lock.
struct Breaker::State {
  State(BreakerOptions given, std::shared_ptr<Clock> its_clock, Listener its_listener)
      : options(given), clock(std::move(its_clock)), listener(std::move(its_listener)) {}

  // Under the lock. What to tell the listener once it is released.
  BreakerChange change(BreakerState to, std::string_view why) STRATA_REQUIRES(mutex);
  BreakerChange open(Duration how_long, std::string_view why) STRATA_REQUIRES(mutex);
  // Makes the caller the probe, if it is time for one. Returns whether it is.
  bool begin_probe() STRATA_REQUIRES(mutex);
  [[nodiscard]] Duration longest() const {
    return std::max(options.open_for, options.open_for_max);
  }
  void tell(const std::optional<BreakerChange>& change) const {
    if (change && listener) listener(*change);
  }

  const BreakerOptions options;
  const std::shared_ptr<Clock> clock;
  const Listener listener;

  std::atomic<std::uint64_t> word;
  std::atomic<std::uint64_t> in_row{0};
  // While it is open or half-open: when the next call is the probe.
  std::atomic<Duration> due{Duration(0)};
  Counter skipped;

  mutable Mutex mutex;
  Duration open_for STRATA_GUARDED_BY(mutex){0};
  std::string reason STRATA_GUARDED_BY(mutex);
  std::uint64_t opened STRATA_GUARDED_BY(mutex) = 0;
  std::uint64_t failures STRATA_GUARDED_BY(mutex) = 0;
  std::uint64_t slow STRATA_GUARDED_BY(mutex) = 0;
};

namespace {

constexpr std::uint64_t kStates = 4;

constexpr std::uint64_t word_of(BreakerState state, std::uint64_t changes) {
  return changes * kStates + static_cast<std::uint64_t>(state);
}
constexpr BreakerState state_of(std::uint64_t word) {
  return static_cast<BreakerState>(word % kStates);
}

// Whether calls are made without asking further.
constexpr bool lets_pass(std::uint64_t word) {
  return state_of(word) == BreakerState::kClosed || state_of(word) == BreakerState::kOff;
}

}  // namespace

BreakerChange Breaker::State::change(BreakerState to, std::string_view why) {
  const std::uint64_t former = word.load(std::memory_order_relaxed);
  BreakerChange told{state_of(former), to, open_for, std::string(why)};
  in_row.store(0, std::memory_order_relaxed);
  word.store(word_of(to, former / kStates + 1), std::memory_order_relaxed);
  return told;
}

BreakerChange Breaker::State::open(Duration how_long, std::string_view why) {
  open_for = how_long;
  due.store(saturating_add(clock->now(), how_long).since_boot, std::memory_order_relaxed);
  reason = why;
  ++opened;
  return change(BreakerState::kOpen, why);
}

// A probe that has not ended by the time the next one is due has its word taken from it.
bool Breaker::State::begin_probe() {
  const Instant now = clock->now();
  if (lets_pass(word.load(std::memory_order_relaxed))) return false;
  if (now.since_boot < due.load(std::memory_order_relaxed)) return false;
  due.store(saturating_add(now, longest()).since_boot, std::memory_order_relaxed);
  (void)change(BreakerState::kHalfOpen, reason);
  return true;
}

Breaker::Breaker(BreakerOptions options, std::shared_ptr<Clock> clock, Listener listener)
    : state_(std::make_unique<State>(options, std::move(clock), std::move(listener))) {
  const BreakerState first = options.failures == 0 ? BreakerState::kOff : BreakerState::kClosed;
  state_->word.store(word_of(first, 0), std::memory_order_relaxed);
}

Breaker::~Breaker() = default;

bool Breaker::skip() {
  if (lets_pass(state_->word.load(std::memory_order_relaxed))) return false;
  const Duration due = state_->due.load(std::memory_order_relaxed);
  if (state_->clock->coarse_now().since_boot >= due) return false;
  count_skipped();
  return true;
}

void Breaker::count_skipped() { state_->skipped.add(1); }

void Breaker::open(std::string_view why) {
  std::optional<BreakerChange> change;
  {
    const MutexLock lock(state_->mutex);
    if (state() == BreakerState::kClosed) change = state_->open(state_->options.open_for, why);
  }
  state_->tell(change);
}

BreakerState Breaker::state() const {
  return state_of(state_->word.load(std::memory_order_relaxed));
}

BreakerStats Breaker::stats() const {
  const MutexLock lock(state_->mutex);
  return {.state = state(),
          .opened = state_->opened,
          .failures = state_->failures,
          .slow = state_->slow,
          .skipped = state_->skipped.read()};
}

std::string Breaker::reason() const {
  const MutexLock lock(state_->mutex);
  if (lets_pass(state_->word.load(std::memory_order_relaxed))) return {};
  if (state() == BreakerState::kHalfOpen) return state_->reason + "; it is being tried again";
  const Instant until{state_->due.load(std::memory_order_relaxed)};
  const Duration left = std::max(Duration(0), between(state_->clock->now(), until));
  return state_->reason + "; it is tried again in " +
         describe_duration(std::chrono::ceil<std::chrono::milliseconds>(left));
}

Breaker::Call::Call(Breaker& breaker)
    : breaker_(breaker), word_(breaker.state_->word.load(std::memory_order_relaxed)) {
  allowed_ = lets_pass(word_);
  if (allowed_ || breaker.skip()) return;
  State& state = *breaker.state_;
  {
    const MutexLock lock(state.mutex);
    probe_ = state.begin_probe();
    word_ = state.word.load(std::memory_order_relaxed);
    allowed_ = probe_ || lets_pass(word_);
  }
  if (!allowed_) breaker.count_skipped();
}

Breaker::Call::Call(Call&& other) noexcept
    : breaker_(other.breaker_),
      word_(other.word_),
      allowed_(std::exchange(other.allowed_, false)),
      probe_(std::exchange(other.probe_, false)) {}

Breaker::Call::~Call() {
  if (!probe_) return;
  State& state = *breaker_.state_;
  const MutexLock lock(state.mutex);
  if (state.word.load(std::memory_order_relaxed) != word_) return;
  // The next caller is the probe.
  state.due.store(state.clock->now().since_boot, std::memory_order_relaxed);
  (void)state.change(BreakerState::kOpen, state.reason);
}

void Breaker::Call::succeeded() {
  if (!probe_ && breaker_.state_->in_row.load(std::memory_order_relaxed) == 0) return;
  end(true, false, {});
}

void Breaker::Call::failed(std::string_view why) { end(false, false, why); }

void Breaker::Call::was_slow(std::string_view why) { end(false, true, why); }

void Breaker::Call::end(bool well, bool slow, std::string_view why) {
  State& state = *breaker_.state_;
  std::optional<BreakerChange> change;
  {
    const MutexLock lock(state.mutex);
    if (!well) ++state.failures;
    if (slow) ++state.slow;
    const bool is_late = state.word.load(std::memory_order_relaxed) != word_;
    if (is_late || state_of(word_) == BreakerState::kOff) return;
    if (probe_) {
      const Duration twice = saturating_add(state.open_for, state.open_for);
      const Duration next = std::min(state.longest(), twice);
      change = well ? state.change(BreakerState::kClosed, {}) : state.open(next, why);
    } else if (well) {
      state.in_row.store(0, std::memory_order_relaxed);
    } else if (state.in_row.load(std::memory_order_relaxed) + 1 < state.options.failures) {
      state.in_row.fetch_add(1, std::memory_order_relaxed);
    } else {
      change = state.open(state.options.open_for, why);
    }
  }
  probe_ = false;
  state.tell(change);
}

}  // namespace strata
