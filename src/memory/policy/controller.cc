// Controller: sampling, the shadows' scores and the choice.
#include "memory/policy/controller.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "core/thread_slot.h"

namespace strata::memory {
namespace {

// Shadows halve while they stay as large as this,
constexpr std::uint32_t kResidentsMin = 512;
// and, while the sample is no thinner than this, even smaller; less than that is too few keys: a
// loop that is a little larger than the cache may fit into a shadow by chance.
constexpr std::uint32_t kCoarseRateMax = 16;
constexpr std::uint32_t kCoarseResidentsMin = 128;
// A shadow remembers as many evicted keys as a shard does, at its scale.
constexpr std::uint32_t kGhostsPerResident = 3;
constexpr std::uint32_t kGhostsMin = 512;

// Scores are looked at eight times in as many samples as shadows have residents, and remember
// twenty times as many.
constexpr std::uint32_t kEvaluationsPerCapacity = 8;
constexpr std::uint32_t kSamplesPerEvaluationMin = 16;
constexpr double kMemoryInCapacities = 20;
constexpr double kMemoryMin = 500;

std::uint32_t samples_per_evaluation(std::uint32_t residents) {
  return std::max(kSamplesPerEvaluationMin, residents / kEvaluationsPerCapacity);
}

}  // namespace

Sampling Sampling::of(std::uint64_t capacity) {
  std::uint64_t rate = 1;
  while (capacity / 2 >= kResidentsMin) capacity /= 2, rate *= 2;
  while (rate * 2 <= kCoarseRateMax && capacity / 2 >= kCoarseResidentsMin) {
    capacity /= 2;
    rate *= 2;
  }
  return {.rate = static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, 1U << 31)),
          .residents = static_cast<std::uint32_t>(capacity)};
}

Controller::Controller() = default;
Controller::~Controller() = default;

void Controller::change_capacity(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t capacity =
      capacity_.fetch_add(to - from, std::memory_order_relaxed) + (to - from);
  mask_.store(capacity == 0 ? kSamplesNothing : Sampling::of(capacity).rate - 1,
              std::memory_order_relaxed);
}

void Controller::offer(std::uint64_t hash) {
  Ring& ring = rings_[internal::thread_slot() % kRings];
  // Threads that share a ring may overwrite each other's samples.
  const std::uint32_t at = ring.written.load(std::memory_order_relaxed);
  ring.samples[at % kRingLength].store(hash, std::memory_order_relaxed);
  ring.written.store(at + 1, std::memory_order_release);
  if (at + 1 - ring.read.load(std::memory_order_relaxed) >= kBatch) drain(ring);
}

void Controller::drain(Ring& ring) {
  if (busy_.exchange(true, std::memory_order_acquire)) return;
  const std::uint32_t end = ring.written.load(std::memory_order_acquire);
  std::uint32_t at = ring.read.load(std::memory_order_relaxed);
  if (end - at > kRingLength) at = end - kRingLength;
  if (rebuild_if_needed()) {
    for (; at != end; ++at) {
      const std::uint64_t hash = ring.samples[at % kRingLength].load(std::memory_order_relaxed);
      // One from before the sample became thinner has no place in it.
      if (samples(hash)) show(hash);
    }
  }
  ring.read.store(end, std::memory_order_relaxed);
  busy_.store(false, std::memory_order_release);
}

// Returns whether there are shadows. Scores are kept: they are of the same traffic.
bool Controller::rebuild_if_needed() {
  const std::uint64_t capacity = capacity_.load(std::memory_order_relaxed);
  if (capacity == 0) return false;
  const Sampling wanted = Sampling::of(capacity);
  const std::uint32_t difference =
      std::max(wanted.residents, built_.residents) - std::min(wanted.residents, built_.residents);
  if (wanted.rate == built_.rate && difference * 8 <= built_.residents) return true;
  mask_.store(wanted.rate - 1, std::memory_order_relaxed);
  built_ = {};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    const ShadowOptions options{
        .residents = wanted.residents,
        .ghosts = std::max(kGhostsMin / wanted.rate, wanted.residents * kGhostsPerResident)};
    trials_[i].shadow.reset();
    trials_[i].shadow.reset(new (std::nothrow) Shadow(kArms[i], options));
    if (trials_[i].shadow == nullptr || !trials_[i].shadow->is_valid()) return false;
    bytes += trials_[i].shadow->footprint_bytes() + options.ghosts * sizeof(std::uint32_t);
  }
  shadow_bytes_.store(bytes, std::memory_order_relaxed);
  samples_until_evaluation_ = samples_per_evaluation(wanted.residents);
  built_ = wanted;
  return true;
}

void Controller::show(std::uint64_t hash) {
  std::array<bool, kArms.size()> is_hit{};
  for (std::size_t i = 0; i < kArms.size(); ++i) is_hit[i] = trials_[i].shadow->use(hash);
  const bool present = is_hit[arm()];
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    if (is_hit[i]) trials_[i].hits += 1;
    if (is_hit[i] != present) trials_[i].disagreements += 1;
  }
  if (--samples_until_evaluation_ == 0) evaluate();
}

// The best arm takes over if it leads by more than one standard deviation of the difference,
// which comes from the samples that the two disagreed about.
void Controller::evaluate() {
  const double present = trials_[arm()].hits;
  std::size_t best = arm();
  double best_score = present;
  for (std::size_t i = 0; i < kArms.size(); ++i) {
    if (i == arm()) continue;
    const double score = trials_[i].hits - present * kArms[i].needs_lead_percent / 100;
    if (score <= best_score) continue;
    best = i;
    best_score = score;
  }
  if (best != arm() && best_score - present > std::sqrt(trials_[best].disagreements)) {
    arm_.store(static_cast<std::uint8_t>(best), std::memory_order_relaxed);
    switches_.fetch_add(1, std::memory_order_relaxed);
    for (Trial& trial : trials_) trial.disagreements = 0;
  }
  const std::uint32_t samples = samples_per_evaluation(built_.residents);
  const double kept = std::exp(-static_cast<double>(samples) /
                               std::max(kMemoryMin, kMemoryInCapacities * built_.residents));
  for (Trial& trial : trials_) {
    trial.hits *= kept;
    trial.disagreements *= kept;
  }
  samples_until_evaluation_ = samples;
}

std::size_t Controller::footprint_bytes() const {
  return sizeof(*this) + shadow_bytes_.load(std::memory_order_relaxed);
}

}  // namespace strata::memory
