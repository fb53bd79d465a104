// Trials: which arm would hit most in a cache of some size, by shadows of the five.
//
// All see the same sample. Now and then the arm whose shadow hit most lately is chosen, if it leads
// by more than chance would have it.
//
// Threads   Thread-compatible.
// Errors    build() returns false if there was no memory; then nothing may be shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/policy/arm.h"
#include "memory/policy/shadow.h"

namespace strata::memory {

class Trials {
 public:
  // New, empty shadows. Scores and choice are kept: they are of the same traffic.
  [[nodiscard]] bool build(const ShadowOptions& options);
  void drop();  // the shadows only
  // See Shadow::thin().
  void thin(std::uint8_t level, const ShadowOptions& options);
  // Returns whether the shadow of the arm that was chosen before found the key.
  bool see(const Sample& sample);

  // One of the shadows; null if there are none.
  [[nodiscard]] const Shadow* first() const { return trials_[0].shadow.get(); }
  // Whether one of them is (Shadow::is_crowded()).
  [[nodiscard]] bool is_crowded() const;
  [[nodiscard]] std::uint8_t arm() const { return arm_; }
  [[nodiscard]] std::uint64_t switches() const { return switches_; }
  [[nodiscard]] std::size_t footprint_bytes() const;

 private:
  struct Trial {
    std::unique_ptr<Shadow> shadow;
    double hits = 0;           // decayed
    double disagreements = 0;  // with the arm that is chosen, decayed
  };

  void evaluate();

  std::array<Trial, kArms.size()> trials_;
  std::uint64_t switches_ = 0;
  float deviations_ = 0;  // that a better arm has to lead by
  std::uint32_t residents_ = 0;
  std::uint32_t samples_until_evaluation_ = 0;
  // Of each trial, since the last evaluation.
  std::array<std::uint8_t, kArms.size()> new_hits_{};
  std::array<std::uint8_t, kArms.size()> new_disagreements_{};
  std::uint8_t arm_ = 0;
};

}  // namespace strata::memory
