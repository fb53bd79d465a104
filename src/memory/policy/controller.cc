// Controller: rings, and what is shown to whom.
#include "memory/policy/controller.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/thread_slot.h"

namespace strata::memory {
namespace {

std::uint64_t packed(const Sample& sample) {
  return std::uint64_t{sample.weight} << 32 |
         std::uint64_t{static_cast<std::uint8_t>(sample.kind)} << 8 | sample.keyspace;
}

Sample unpacked(std::uint64_t hash, std::uint64_t rest) {
  return {.hash = hash,
          .weight = static_cast<std::uint32_t>(rest >> 32),
          .kind = static_cast<UseKind>(rest >> 8 & 0xff),
          .keyspace = static_cast<std::uint8_t>(rest & 0xff)};
}

// Whether they differ by so much that shadows for the one are wrong for the other.
bool differ(std::uint64_t one, std::uint64_t other) {
  const std::uint64_t difference = std::max(one, other) - std::min(one, other);
  return difference > std::min(one, other) / 8;
}

// A cache that shrinks so much begins anew, with a thicker sample; otherwise it is left as it is.
bool has_shrunk(const Capacity& former, const Capacity& present) {
  return present.entries < former.entries / 4;
}

// Of the bounds.
bool have_changed(const Capacity& former, const Capacity& present) {
  return (present.max_weight != 0) != (former.max_weight != 0) ||
         differ(former.max_entries, present.max_entries) ||
         differ(former.max_weight, present.max_weight);
}

bool need_other_shadows(const Capacity& former, const Capacity& present) {
  const bool weight_binds = present.max_weight != 0;
  return have_changed(former, present) ||
         (weight_binds && present.entries > former.entries + former.entries / 4);
}

// Whether what there is can go on as what is wanted. Where the weight binds there are places to
// spare.
bool may_thin(const Shadow* shadow, const SampledShadow& former, const SampledShadow& wanted) {
  return shadow != nullptr && wanted.level >= former.level &&
         (wanted.options.max_weight != 0) == (former.options.max_weight != 0) &&
         (wanted.options.max_weight != 0 || wanted.options.residents <= shadow->places());
}

std::uint64_t thickest(const CurvePlan& plan, const ControllerOptions& options) {
  std::uint64_t limit = 0;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    if (options.has_curve) limit = std::max(limit, plan.followers[i].limit);
    if (options.adapts && (options.has_curve || i == kOwnSize)) {
      limit = std::max(limit, plan.trials[i].limit);
    }
  }
  return limit;
}

}  // namespace

Controller::Controller(ControllerOptions options) : options_(std::move(options)) {
  if (options_.has_curve) counts_ = std::make_unique<CurveCounts>();
}

Controller::~Controller() = default;

void Controller::change_capacity(const Capacity& from, const Capacity& to) {
  const auto change = [](std::atomic<std::uint64_t>& sum, std::uint64_t minus, std::uint64_t plus) {
    if (minus != plus) sum.fetch_add(plus - minus, std::memory_order_relaxed);
  };
  change(entries_, from.entries, to.entries);
  change(max_entries_, from.max_entries, to.max_entries);
  change(max_weight_, from.max_weight, to.max_weight);
  // The samples are thinned or thickened with the shadows; this is what brings the first ones.
  const bool is_first = limit_.load(std::memory_order_relaxed) == 0;
  if (is_first) {
    const LookUps now = look_ups();
    first_hits_.store(now.hits, std::memory_order_relaxed);
    first_misses_.store(now.misses, std::memory_order_relaxed);
  }
  if (entries() == 0 || is_first) {
    limit_.store(thickest(CurvePlan::of(capacity()), options_), std::memory_order_relaxed);
  }
}

Capacity Controller::capacity() const {
  return {.entries = entries_.load(std::memory_order_relaxed),
          .max_entries = max_entries_.load(std::memory_order_relaxed),
          .max_weight = max_weight_.load(std::memory_order_relaxed)};
}

LookUps Controller::look_ups() const { return options_.look_ups ? options_.look_ups() : LookUps{}; }

void Controller::look_up(std::string_view key_text, Sample sample) {
  if (counts_ != nullptr) sample.keyspace = keyspaces_.slot_of(key_text);
  offer(sample);
}

void Controller::offer(const Sample& sample) {
  Ring& ring = rings_[internal::thread_slot() % kRings];
  // Threads that share a ring may overwrite each other's samples.
  const std::uint32_t at = ring.written.load(std::memory_order_relaxed);
  Slot& slot = ring.slots[at % kRingLength];
  slot.hash.store(sample.hash, std::memory_order_relaxed);
  slot.rest.store(packed(sample), std::memory_order_relaxed);
  if (sample.is_look_up()) {
    const std::uint32_t offered = ring.look_ups.load(std::memory_order_relaxed);
    ring.look_ups.store(offered + 1, std::memory_order_relaxed);
  }
  ring.written.store(at + 1, std::memory_order_release);
  if (at + 1 - ring.read.load(std::memory_order_relaxed) >= kBatch) drain(ring);
}

void Controller::drain(Ring& ring) {
  if (busy_.exchange(true, std::memory_order_acquire)) return;
  show_all(ring);
  give_back();
}

void Controller::give_back() {
  busy_.store(false, std::memory_order_release);
  busy_.notify_one();
}

// A thread that shares the ring may have set `written` back; then what it overwrote is lost.
void Controller::show_all(Ring& ring) {
  const std::uint32_t end = ring.written.load(std::memory_order_acquire);
  std::uint32_t at = ring.read.load(std::memory_order_relaxed);
  const auto waiting = static_cast<std::int32_t>(end - at);
  if (waiting < 0) at = end;
  if (waiting > static_cast<std::int32_t>(kRingLength)) at = end - kRingLength;
  const bool can_show = rebuild_if_needed();
  std::uint32_t shown = 0;  // look-ups
  for (; can_show && at != end; ++at) {
    const Slot& slot = ring.slots[at % kRingLength];
    const Sample sample = unpacked(slot.hash.load(std::memory_order_relaxed),
                                   slot.rest.load(std::memory_order_relaxed));
    shown += sample.is_look_up() ? 1 : 0;
    show(sample);
  }
  ring.read.store(end, std::memory_order_relaxed);
  const std::uint32_t offered = ring.look_ups.load(std::memory_order_relaxed);
  const auto unseen = static_cast<std::int32_t>(offered - ring.looked - shown);
  ring.looked = offered;
  // Less than none: some that were counted before were shown now.
  if (can_show && counts_ != nullptr) counts_->count_lost(unseen);
}

// Returns whether there are shadows.
bool Controller::rebuild_if_needed() {
  const Capacity wanted = capacity();
  if (wanted.entries == 0) return false;
  if (built_.entries == 0 || has_shrunk(built_, wanted)) return rebuild(wanted, nullptr);
  if (need_other_shadows(built_, wanted)) return rebuild(wanted, &plan_);
  return built_.max_weight == 0 || thin_crowded();
}

// Where the weight binds, a cache of another size may hold more or less than in proportion: shadows
// that have no places left go on with a thinner sample. Returns whether there are shadows.
bool Controller::thin_crowded() {
  const auto has = [](const Miniature& one) {
    return one.trials.is_crowded() || (one.follower != nullptr && one.follower->is_crowded());
  };
  if (std::none_of(miniatures_.begin(), miniatures_.end(), has)) return true;
  CurvePlan thinner = plan_;
  const auto thin = [](SampledShadow& sampled) {
    if (sampled.level < kLevelMax) ++sampled.level;
  };
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    const Miniature& one = miniatures_[i];
    if (one.trials.is_crowded()) thin(thinner.trials[i]);
    if (one.follower != nullptr && one.follower->is_crowded()) thin(thinner.followers[i]);
  }
  return thinner == plan_ || rebuild(built_, &thinner);
}

// No sample is thicker than in `former`, unless that is null.
bool Controller::rebuild(Capacity wanted, const CurvePlan* former) {
  const Capacity before = std::exchange(built_, Capacity{});
  const bool is_first = before.entries == 0;
  const Built built = build(CurvePlan::of(wanted, former, options_.aim));
  if (built == Built::kNot) {
    drop_shadows();
    return false;
  }
  built_ = wanted;
  if (counts_ == nullptr) return true;
  const std::uint64_t window = std::max(kWindowMin, kWindowCapacities * wanted.entries);
  if (built == Built::kWentOn && !have_changed(before, wanted)) {
    counts_->thin(plan_, window);
    return true;
  }
  const LookUps first{.hits = first_hits_.load(std::memory_order_relaxed),
                      .misses = first_misses_.load(std::memory_order_relaxed)};
  counts_->begin(plan_, is_first ? first : look_ups(), window);
  return true;
}

// All of them, so that none is left that the plan does not describe.
void Controller::drop_shadows() {
  for (Miniature& one : miniatures_) {
    one.trials.drop();
    one.follower.reset();
  }
}

// Shadows go on where they can. Scores and arms are kept: they are of the same traffic.
Controller::Built Controller::build(const CurvePlan& plan) {
  const CurvePlan former = std::exchange(plan_, plan);
  limit_.store(thickest(plan_, options_), std::memory_order_relaxed);
  Built built = Built::kWentOn;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    if (!options_.has_curve && i != kOwnSize) continue;
    Miniature& miniature = miniatures_[i];
    const SampledShadow& trials = plan_.trials[i];
    if (!options_.adapts || (miniature.trials.first() != nullptr && former.trials[i] == trials)) {
      // There is nothing to choose, or nothing changes.
    } else if (may_thin(miniature.trials.first(), former.trials[i], trials)) {
      miniature.trials.thin(trials.level, trials.options);
    } else if (!miniature.trials.build(trials.options)) {
      return Built::kNot;
    }
    if (!options_.has_curve) continue;
    const SampledShadow& follower = plan_.followers[i];
    if (miniature.follower != nullptr && former.followers[i] == follower) continue;
    if (may_thin(miniature.follower.get(), former.followers[i], follower)) {
      miniature.follower->thin(follower.level, follower.options);
      continue;
    }
    built = Built::kAnew;
    miniature.follower.reset();
    miniature.follower.reset(new (std::nothrow)
                                 Shadow(kArms[miniature.trials.arm()], follower.options));
    if (miniature.follower == nullptr || !miniature.follower->is_valid()) {
      miniature.follower.reset();
      return Built::kNot;
    }
  }
  shadow_bytes_.store(plan_.footprint_bytes_max(), std::memory_order_relaxed);
  return built;
}

void Controller::show(const Sample& sample) {
  const std::uint64_t place = sample_place(sample.hash);
  const std::size_t first = options_.has_curve ? 0 : kOwnSize;
  const std::size_t end = options_.has_curve ? kCurvePoints : kOwnSize + 1;
  for (std::size_t i = first; options_.adapts && i < end; ++i) {
    if (place >= plan_.trials[i].limit) continue;
    Trials& trials = miniatures_[i].trials;
    const std::uint8_t former = trials.arm();
    static_cast<void>(trials.see(sample));
    if (trials.arm() == former) continue;
    if (miniatures_[i].follower != nullptr) miniatures_[i].follower->follow(kArms[trials.arm()]);
    if (i != kOwnSize) continue;
    arm_.store(trials.arm(), std::memory_order_relaxed);
    switches_.store(trials.switches(), std::memory_order_relaxed);
  }
  if (counts_ != nullptr) show_curve(sample, place);
}

void Controller::show_curve(const Sample& sample, std::uint64_t place) {
  std::array<bool, kCurvePoints> missed{};
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    if (place < plan_.followers[i].limit) missed[i] = !miniatures_[i].follower->see(sample);
  }
  if (!sample.is_look_up() || !counts_->count(sample, missed)) return;
  counts_->begin_window(look_ups());
}

Curve Controller::curve() {
  while (busy_.exchange(true, std::memory_order_acquire)) busy_.wait(true);
  for (Ring& ring : rings_) show_all(ring);
  Curve curve;
  for (std::size_t i = 0; i < kCurvePoints; ++i) curve.points[i].size = kCurveSizes[i];
  if (built_.entries != 0) {
    curve = counts_->curve(look_ups());
  }
  give_back();
  for (std::size_t slot = 0; slot < curve.keyspaces.size(); ++slot) {
    curve.keyspaces[slot].name = keyspaces_.name_of(slot);
  }
  std::erase_if(curve.keyspaces,
                [](const KeyspaceCurve& keyspace) { return keyspace.sampled == 0; });
  return curve;
}

std::size_t Controller::footprint_bytes() const {
  return sizeof(*this) + (counts_ != nullptr ? sizeof(CurveCounts) : 0) +
         shadow_bytes_.load(std::memory_order_relaxed);
}

}  // namespace strata::memory
