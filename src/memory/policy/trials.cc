// Trials: the shadows' scores and the choice.
#include "memory/policy/trials.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

namespace strata::memory {
namespace {

// Scores are looked at eight times in as many samples as shadows have residents, and remember
// twenty times as many.
constexpr std::uint32_t kEvaluationsPerCapacity = 8;
constexpr std::uint32_t kSamplesPerEvaluationMin = 16;
constexpr std::uint32_t kSamplesPerEvaluationMax = 255;  // which a byte counts
constexpr double kMemoryInCapacities = 20;
constexpr double kMemoryMin = 500;
// By how many standard deviations a rival has to lead: chance alone has one of as good arms there
// in one of twenty looks. A change for nothing costs, since what is held has to move on.
//
// Where weights count, a heavy entry that comes or goes decides about many light ones at once, so
// that chance has more of a say.
constexpr float kDeviations = 1.645F;
constexpr float kDeviationsByWeight = 2;

std::uint32_t samples_per_evaluation(std::uint32_t residents) {
  const std::uint32_t samples = residents / kEvaluationsPerCapacity;
  return std::clamp(samples, kSamplesPerEvaluationMin, kSamplesPerEvaluationMax);
}

}  // namespace

void Trials::drop() {
  for (Trial& trial : trials_) trial.shadow.reset();
}

bool Trials::build(const ShadowOptions& options) {
  drop();
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    trials_[i].shadow.reset(new (std::nothrow) Shadow(kArms[i], options));
    if (trials_[i].shadow == nullptr || !trials_[i].shadow->is_valid()) {
      drop();
      return false;
    }
  }
  residents_ = options.expected;
  new_hits_.fill(0);
  new_disagreements_.fill(0);
  deviations_ = options.max_weight == 0 ? kDeviations : kDeviationsByWeight;
  samples_until_evaluation_ = samples_per_evaluation(residents_);
  return true;
}

void Trials::thin(std::uint8_t level, const ShadowOptions& options) {
  for (Trial& trial : trials_) trial.shadow->thin(level, options);
  residents_ = options.expected;
}

bool Trials::is_crowded() const {
  return std::any_of(trials_.begin(), trials_.end(), [](const Trial& trial) {
    return trial.shadow != nullptr && trial.shadow->is_crowded();
  });
}

bool Trials::see(const Sample& sample) {
  std::array<bool, kArms.size()> is_hit{};
  for (std::size_t i = 0; i < kArms.size(); ++i) is_hit[i] = trials_[i].shadow->see(sample);
  if (!sample.is_look_up()) return false;
  const bool present = is_hit[arm_];
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    new_hits_[i] += is_hit[i];
    new_disagreements_[i] += is_hit[i] != present;
  }
  if (--samples_until_evaluation_ == 0) evaluate();
  return present;
}

// The best arm takes over if it leads by more than the standard deviations that are asked for, of
// the difference, which comes from the samples that the two disagreed about.
void Trials::evaluate() {
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    trials_[i].hits += std::exchange(new_hits_[i], std::uint8_t{0});
    trials_[i].disagreements += std::exchange(new_disagreements_[i], std::uint8_t{0});
  }
  const double present = trials_[arm_].hits;
  std::size_t best = arm_;
  double best_score = present;
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    if (i == arm_) continue;
    const double score = trials_[i].hits - present * kArms[i].needs_lead_percent / 100;
    if (score <= best_score) continue;
    best = i;
    best_score = score;
  }
  if (best != arm_ && best_score - present > deviations_ * std::sqrt(trials_[best].disagreements)) {
    arm_ = static_cast<std::uint8_t>(best);
    ++switches_;
    for (Trial& trial : trials_) trial.disagreements = 0;
  }
  const std::uint32_t samples = samples_per_evaluation(residents_);
  const double kept = std::exp(-static_cast<double>(samples) /
                               std::max(kMemoryMin, kMemoryInCapacities * residents_));
  for (Trial& trial : trials_) {
    trial.hits *= kept;
    trial.disagreements *= kept;
  }
  samples_until_evaluation_ = samples;
}

std::size_t Trials::footprint_bytes() const {
  std::size_t bytes = 0;
  for (const Trial& trial : trials_) {
    if (trial.shadow != nullptr) bytes += trial.shadow->footprint_bytes();
  }
  return bytes;
}

}  // namespace strata::memory
