// WTinyLfu: newcomers have to be used more often than those whose place they would take.
//
// They enter a window, in the order of their uses. Who falls out of it becomes a candidate for the
// main part, where the entry at the end of probation is the victim: a sketch of the frequencies of
// all keys decides who of the two stays. Who is used on probation becomes protected.
//
// How large the window is adapts: after each sample of ten uses per entry it goes on growing or
// shrinking if the hit ratio rose, and turns around if it fell, in steps that become smaller.
//
// Sources: Einziger, Friedman, Manes: "TinyLFU", ACM Transactions on Storage 2017; Einziger,
// Eytan, Friedman, Manes: "Adaptive software cache management", Middleware 2018. The parameters
// are those of Caffeine 3.2.
//
// Threads   As Policy.
#pragma once

#include <cstdint>

#include "memory/policy/bounds.h"
#include "memory/policy/frequency_sketch.h"
#include "memory/policy/policy.h"
#include "memory/policy/queue.h"

namespace strata::memory {

// One in 128, which nobody can foresee who does not know the hashes.
class Luck {
 public:
  bool strikes(std::uint64_t hash) {
    state_ ^= hash;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ & 127) == 0;
  }

 private:
  std::uint64_t state_ = 0x2545f4914f6cdd1dULL;
};

class WTinyLfu final : public Policy {
 public:
  // A candidate that is this frequent stays now and then although the victim is not less frequent,
  // so that nobody keeps keys in by colliding with them.
  static constexpr std::uint32_t kWarmFrequency = 6;

  WTinyLfu();

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  [[nodiscard]] bool wants_hits() const override { return true; }
  void on_hit(Resident& entry) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  [[nodiscard]] Standing standing(const Resident& entry) const override;
  [[nodiscard]] std::uint64_t entries() const override;
  [[nodiscard]] std::uint64_t weight() const override;
  [[nodiscard]] std::size_t footprint_bytes() const override { return sketch_.footprint_bytes(); }
  void check_invariants() const override;

 private:
  // Entries, or weight where that is what is bounded.
  using Units = std::int64_t;

  [[nodiscard]] Units units_of(const Resident& entry) const {
    return by_weight_ ? Units{entry.weight} : 1;
  }
  [[nodiscard]] Units units_in(const Queue& queue) const {
    return static_cast<Units>(by_weight_ ? queue.weight() : queue.entries());
  }
  [[nodiscard]] Units protected_max() const { return window_and_protected_ - window_max_; }
  [[nodiscard]] Queue& queue_of(const Resident& entry);

  void move(Resident& entry, Queue& to);
  void spill_window();
  [[nodiscard]] Resident* victim_but(const Resident* spared) const;
  [[nodiscard]] bool admits(const Resident& candidate, const Resident& victim);
  void take(Resident& entry);
  void climb();
  void determine_adjustment();
  void demote();
  void grow_window();
  void shrink_window();

  Queue window_{1};
  Queue probation_{2};
  Queue protected_{3};
  Resident* candidate_ = nullptr;  // fell out of the window last
  FrequencySketch sketch_;
  Bounds bounds_;
  bool by_weight_ = false;
  Units maximum_ = 0;
  Units window_max_ = 0;
  Units window_and_protected_ = 0;  // together; one grows as the other shrinks

  // The climber.
  std::uint64_t hits_in_sample_ = 0;
  std::uint64_t misses_in_sample_ = 0;
  double former_hit_ratio_ = 0;
  double step_ = 0;
  Units adjustment_ = 0;  // of the window, that is yet to be made
  Luck luck_;
};

}  // namespace strata::memory
