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
// (2) It is half-open exactly while one call, the probe, has been told that it is and has not
//     ended.
// (3) `in_row` is below options.failures, and zero unless the word is closed.
//
// By (1) a call whose word is not the breaker's began before the last change, and is ignored. The
// caller that makes the word half-open is the only one that gets that word, hence (2).
//
// `in_row` and `open_until` are atomic only because they are looked at without the lock: a
// success that sees no failure has nothing to do, and who comes while it is open goes on at once.
// Whoever acts on them looks again under the lock.
struct Breaker::State {
  State(BreakerOptions given, std::shared_ptr<Clock> its_clock, Listener its_listener)
      : options(given), clock(std::move(its_clock)), listener(std::move(its_listener)) {}

  // Under the lock. What to tell the listener once it is released.
  BreakerChange change(BreakerState to, std::string_view why) STRATA_REQUIRES(mutex);
  BreakerChange open(Duration how_long, std::string_view why) STRATA_REQUIRES(mutex);
  void tell(const std::optional<BreakerChange>& change) const {
    if (change && listener) listener(*change);
  }

  const BreakerOptions options;
  const std::shared_ptr<Clock> clock;
  const Listener listener;

  std::atomic<std::uint64_t> word;
  std::atomic<std::uint64_t> in_row{0};
  std::atomic<Duration> open_until{Duration(0)};
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
  open_until.store(saturating_add(clock->now(), how_long).since_boot, std::memory_order_relaxed);
  reason = why;
  ++opened;
  return change(BreakerState::kOpen, why);
}

Breaker::Breaker(BreakerOptions options, std::shared_ptr<Clock> clock, Listener listener)
    : state_(std::make_unique<State>(options, std::move(clock), std::move(listener))) {
  const BreakerState first = options.failures == 0 ? BreakerState::kOff : BreakerState::kClosed;
  state_->word.store(word_of(first, 0), std::memory_order_relaxed);
}

Breaker::~Breaker() = default;

bool Breaker::skip() {
  const BreakerState now = state();
  if (now == BreakerState::kClosed || now == BreakerState::kOff) return false;
  const bool is_due =
      now == BreakerState::kOpen &&
      state_->clock->coarse_now().since_boot >= state_->open_until.load(std::memory_order_relaxed);
  if (is_due) return false;
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
  const Instant until{state_->open_until.load(std::memory_order_relaxed)};
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
    word_ = state.word.load(std::memory_order_relaxed);
    const bool is_due =
        state_of(word_) == BreakerState::kOpen &&
        state.clock->now().since_boot >= state.open_until.load(std::memory_order_relaxed);
    if (is_due) {
      (void)state.change(BreakerState::kHalfOpen, state.reason);
      word_ = state.word.load(std::memory_order_relaxed);
      probe_ = true;
    }
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
  // The next caller is the probe: the time until which it was open has passed.
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
      const Duration longest = std::max(state.options.open_for, state.options.open_for_max);
      const Duration next = std::min(longest, saturating_add(state.open_for, state.open_for));
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
