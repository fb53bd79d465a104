#include "load/visits.h"

namespace strata::internal {

namespace {

constexpr std::uint64_t kRound = std::uint64_t{1} << 32;

// Whoever was stopped since it looked at the clock does not take back what others have written.
void raise(std::atomic<Duration>& sign, Duration at) {
  Duration before = sign.load(std::memory_order_relaxed);
  while (before < at && !sign.compare_exchange_weak(before, at, std::memory_order_relaxed)) {
  }
}

}  // namespace

// Who finds somebody inside sees a sign that is no older than the first visit that began since
// nobody was, or the last that ended, whichever came later: both are written before the word that
// tells of them.
Visits::Visit::Visit(Visits& visits, Instant now) : visits_(visits) {
  std::uint64_t word = visits.word_.load(std::memory_order_acquire);
  for (;;) {
    const std::uint64_t inside = word % kRound;
    if (inside == 0) {
      raise(visits.last_sign_, now.since_boot);
    } else {
      const Instant last{visits.last_sign_.load(std::memory_order_relaxed)};
      if (between(last, now) >= visits.patience_) outcome_ = Outcome::kStuck;
    }
    if (outcome_ == Outcome::kInside && inside >= visits.most_) {
      outcome_ = Outcome::kFull;
      return;
    }
    const std::uint64_t next =
        outcome_ == Outcome::kStuck ? (word / kRound + 1) * kRound : word + 1;
    if (visits.word_.compare_exchange_weak(word, next, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
      round_ = next / kRound;
      inside_ = outcome_ == Outcome::kInside;
      return;
    }
    outcome_ = Outcome::kInside;
  }
}

Visits::Visit::~Visit() {
  if (inside_) go();
}

void Visits::Visit::leave(Instant now) {
  if (!inside_) return;
  inside_ = false;
  const std::uint64_t word = visits_.word_.load(std::memory_order_relaxed);
  if (word / kRound != round_) return;
  raise(visits_.last_sign_, now.since_boot);
  go();
}

void Visits::Visit::go() {
  std::uint64_t word = visits_.word_.load(std::memory_order_relaxed);
  while (word / kRound == round_ &&
         !visits_.word_.compare_exchange_weak(word, word - 1, std::memory_order_release,
                                              std::memory_order_relaxed)) {
  }
}

std::size_t Visits::inside() const { return word_.load(std::memory_order_relaxed) % kRound; }

}  // namespace strata::internal
