// WTinyLfu: the window, admission and the climber.
#include "memory/policy/wtinylfu.h"

#include <algorithm>
#include <cmath>

#include "core/assert.h"

namespace strata::memory {
namespace {

constexpr double kMainPart = 0.99;
constexpr double kProtectedPart = 0.80;  // of the main part
constexpr double kStepPart = 0.0625;
constexpr double kStepDecay = 0.98;
// A hit ratio that changes by this much is of other traffic: steps are large again.
constexpr double kRestartChange = 0.05;

}  // namespace

WTinyLfu::WTinyLfu() { marks_.most_uses.store(kUsesShown, std::memory_order_relaxed); }

void WTinyLfu::set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_weight};
  // With both bounds, weights are looked at: entries of equal weight make no difference.
  by_weight_ = max_weight != 0;
  maximum_ = static_cast<Units>(
      std::min<std::uint64_t>(by_weight_ ? max_weight : max_entries, INT64_MAX / 2));
  const auto main = static_cast<Units>(kMainPart * static_cast<double>(maximum_));
  window_max_ = maximum_ - main;
  window_and_protected_ =
      window_max_ + static_cast<Units>(kProtectedPart * static_cast<double>(main));
  step_ = -kStepPart * static_cast<double>(maximum_);
  former_hit_ratio_ = 0;
  hits_in_sample_ = 0;
  misses_in_sample_ = 0;
  adjustment_ = 0;
}

std::uint64_t WTinyLfu::entries() const {
  return window_.entries() + probation_.entries() + protected_.entries();
}

std::uint64_t WTinyLfu::weight() const {
  return window_.weight() + probation_.weight() + protected_.weight();
}

Queue& WTinyLfu::queue_of(const Resident& entry) {
  if (window_.has(entry)) return window_;
  STRATA_ASSERT(probation_.has(entry) || protected_.has(entry));
  return probation_.has(entry) ? probation_ : protected_;
}

void WTinyLfu::move(Resident& entry, Queue& to) {
  queue_of(entry).unlink(entry);
  to.push(entry);
}

void WTinyLfu::on_hit(Resident& entry) {
  ++hits_in_sample_;
  sketch_.count(entry.hash);
  if (probation_.has(entry) && units_of(entry) <= protected_max()) {
    if (candidate_ == &entry) candidate_ = nullptr;
    move(entry, protected_);
    demote();
  } else {
    queue_of(entry).move_to_head(entry);
  }
}

void WTinyLfu::insert(Resident& entry) {
  ++misses_in_sample_;
  climb();
  sketch_.ensure_capacity(by_weight_ ? entries() + 1 : static_cast<std::uint64_t>(maximum_));
  sketch_.count(entry.hash);
  entry.uses.store(0, std::memory_order_relaxed);
  window_.push(entry);
  note_insertion(entry);
  spill_window();
}

void WTinyLfu::spill_window() {
  candidate_ = nullptr;
  for (int turns = kMaxTurns; turns > 0 && units_in(window_) > window_max_; --turns) {
    Resident* last = window_.tail();
    move(*last, probation_);
    if (candidate_ == nullptr) candidate_ = last;
  }
}

void WTinyLfu::replace(Resident& former, Resident& incoming) {
  queue_of(former).replace(former, incoming);
  if (candidate_ == &former) candidate_ = &incoming;
  inherit_uses(former, incoming);
  mark_use(incoming, marks_);
  on_hit(incoming);
}

void WTinyLfu::erase(Resident& entry) { take(entry); }

void WTinyLfu::take(Resident& entry) {
  if (candidate_ == &entry) candidate_ = nullptr;
  queue_of(entry).unlink(entry);
}

Resident* WTinyLfu::victim_but(const Resident* spared) const {
  for (const Queue* queue : {&probation_, &protected_, &window_}) {
    if (Resident* last = queue->tail_but(spared); last != nullptr) return last;
  }
  return nullptr;
}

bool WTinyLfu::admits(const Resident& candidate, const Resident& victim) {
  const std::uint32_t its = sketch_.frequency(candidate.hash);
  if (its > sketch_.frequency(victim.hash)) return true;
  return its >= kWarmFrequency && luck_.strikes(candidate.hash);
}

Resident* WTinyLfu::evict(const Resident* spared) {
  Resident* candidate = candidate_ != spared ? candidate_ : nullptr;
  if (candidate == nullptr) candidate = window_.tail_but(spared);
  Resident* victim = probation_.tail_but(spared);
  if (victim == nullptr) victim = candidate != nullptr ? candidate : victim_but(spared);
  if (victim == nullptr) return nullptr;
  Resident* leaves = victim;
  Resident* next = nullptr;
  if (candidate != nullptr && candidate != victim) {
    // Whoever fell out of the window after the candidate is the next one.
    next = probation_.has(*candidate) ? candidate->previous : nullptr;
    if (!admits(*candidate, *victim)) leaves = candidate;
  }
  candidate_ = next;
  take(*leaves);
  return leaves;
}

void WTinyLfu::climb() {
  determine_adjustment();
  demote();
  if (adjustment_ > 0) grow_window();
  if (adjustment_ < 0) shrink_window();
}

void WTinyLfu::determine_adjustment() {
  const std::uint64_t uses = hits_in_sample_ + misses_in_sample_;
  const std::uint64_t sample = (by_weight_ ? entries() : static_cast<std::uint64_t>(maximum_)) *
                               FrequencySketch::kSamplesPerEntry;
  if (sketch_.is_ready() && uses < sample) return;
  if (sketch_.is_ready()) {
    const double hit_ratio = static_cast<double>(hits_in_sample_) / static_cast<double>(uses);
    const double change = hit_ratio - former_hit_ratio_;
    const double amount = change >= 0 ? step_ : -step_;
    step_ = std::abs(change) >= kRestartChange
                ? std::copysign(kStepPart * static_cast<double>(maximum_), amount)
                : kStepDecay * amount;
    former_hit_ratio_ = hit_ratio;
    adjustment_ = static_cast<Units>(amount);
  }
  hits_in_sample_ = 0;
  misses_in_sample_ = 0;
}

void WTinyLfu::demote() {
  for (int turns = kMaxTurns; turns > 0 && units_in(protected_) > protected_max(); --turns) {
    move(*protected_.tail(), probation_);
  }
}

// Each takes what its new share allows from the other; the rest of a large adjustment follows with
// the next insertions.
void WTinyLfu::grow_window() {
  Units quota = std::min(adjustment_, std::max<Units>(0, protected_max()));
  const Units wanted = quota;
  for (int turns = kMaxTurns; turns > 0; --turns) {
    Resident* entry = probation_.tail();
    if (entry == nullptr || units_of(*entry) > quota) entry = protected_.tail();
    if (entry == nullptr || units_of(*entry) > quota) break;
    quota -= units_of(*entry);
    if (entry == candidate_) candidate_ = nullptr;
    move(*entry, window_);
  }
  window_max_ += wanted - quota;
  adjustment_ = quota;
}

void WTinyLfu::shrink_window() {
  Units quota = std::min(-adjustment_, std::max<Units>(0, window_max_ - 1));
  const Units wanted = quota;
  for (int turns = kMaxTurns; turns > 0; --turns) {
    Resident* entry = window_.tail();
    if (entry == nullptr || units_of(*entry) > quota) break;
    quota -= units_of(*entry);
    move(*entry, probation_);
  }
  window_max_ -= wanted - quota;
  adjustment_ = -quota;
}

// Who is on probation leaves first, unless a newcomer is even less frequent. Frequencies are in the
// sketch, which is not to be read without the lock: the last use stands for them.
Standing WTinyLfu::standing(const Resident& entry) const {
  const std::uint8_t queue = seen_queue(entry);
  const std::uint32_t part = queue == 3 ? 3 : queue == 1 ? 2 : 1;
  return make_standing(entry, Order::kLastUseFirst, part);
}

void WTinyLfu::check_invariants() const {
  for (const Queue* queue : {&window_, &probation_, &protected_}) queue->check_invariants();
  STRATA_ASSERT(candidate_ == nullptr || probation_.has(*candidate_));
  STRATA_ASSERT(window_max_ <= window_and_protected_);
}

}  // namespace strata::memory
