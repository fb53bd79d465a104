// Rules, what they count, and the calls that hang.
//
// Whether a call fails by a probability is a hash of the seed, the rule's place and the call's
// number among those of the rule: so threads that race for a number do not change what happens to
// the call that gets it.
#include "strata/testing/fault_plan.h"

#include <map>
#include <utility>
#include <vector>

#include "core/mutex.h"

namespace strata {
namespace {

struct Rule {
  FaultRule rule;
  std::uint64_t met = 0;  // calls that it is for
  std::uint64_t hit = 0;  // of those, such as failed by it
};

struct Count {
  std::uint64_t calls = 0;
  std::uint64_t faults = 0;
};

bool is_for(std::string_view pattern, std::string_view call) {
  if (pattern.empty() || pattern == call) return true;
  if (pattern.starts_with("*.")) return call.ends_with(pattern.substr(1));
  return call.size() > pattern.size() && call.starts_with(pattern) && call[pattern.size()] == '.';
}

// Uniform in [0, 1) (SplitMix64).
double share_of(std::uint64_t seed, std::uint64_t place, std::uint64_t number) {
  constexpr double kOfBits = 1.0 / 9007199254740992.0;  // 2^-53
  std::uint64_t bits = seed + (place + 1) * 0xd1342543de82ef95ULL + number * 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((bits ^ (bits >> 31)) >> 11) * kOfBits;
}

Error refused(const std::string& message) {
  return {ErrorCode::kRejected, "a fault's rule: " + message, {}};
}

// The calls of clocks; what is delayed there is the clock.
bool is_of_clock(std::string_view call) { return is_for("clock", call); }

Result<void> check(const FaultRule& rule, bool has_clock) {
  if (rule.first == 0) return refused("`first` is 0: the first call is 1");
  if (rule.every == 0) return refused("`every` is 0: take 1 for every call");
  if (rule.times == 0) return refused("`times` is 0: no call would ever fail by it");
  if (!(rule.probability > 0) || rule.probability > 1) {
    return refused("`probability` is " + std::to_string(rule.probability) +
                   ": it is above 0 and at most 1");
  }
  if (rule.effect != FaultEffect::kDelay) return {};
  if (is_of_clock(rule.call)) return {};
  if (!has_clock) return refused("a delay needs a clock: give the plan a ManualClock");
  if (rule.by < Duration::zero()) return refused("`by` is below zero: only wall clocks go back");
  return {};
}

}  // namespace

struct FaultPlan::State {
  State(std::uint64_t its_seed, std::shared_ptr<ManualClock> its_clock)
      : seed(its_seed), clock(std::move(its_clock)) {}

  // Whether the call by which the rule has now been met is to fail by it.
  bool wants(const Rule& item, std::size_t place) const {
    const FaultRule& rule = item.rule;
    if (item.met < rule.first || item.hit >= rule.times) return false;
    if ((item.met - rule.first) % rule.every != 0) return false;
    return rule.probability >= 1 || share_of(seed, place, item.met) < rule.probability;
  }

  const std::uint64_t seed;
  const std::shared_ptr<ManualClock> clock;
  mutable Mutex mutex;
  CondVar changed;
  std::vector<Rule> rules STRATA_GUARDED_BY(mutex);
  std::map<std::string, Count, std::less<>> counts STRATA_GUARDED_BY(mutex);
  std::uint64_t hanging STRATA_GUARDED_BY(mutex) = 0;
  std::uint64_t releases STRATA_GUARDED_BY(mutex) = 0;
  bool released STRATA_GUARDED_BY(mutex) = false;
};

FaultPlan::FaultPlan(std::uint64_t seed, std::shared_ptr<ManualClock> clock)
    : state_(std::make_unique<State>(seed, std::move(clock))) {}

FaultPlan::~FaultPlan() = default;

Result<void> FaultPlan::add(FaultRule rule) {
  if (auto checked = check(rule, state_->clock != nullptr); !checked) return checked;
  const MutexLock lock(state_->mutex);
  if (rule.effect == FaultEffect::kHang) state_->released = false;
  state_->rules.push_back({std::move(rule)});
  return {};
}

void FaultPlan::clear() {
  const MutexLock lock(state_->mutex);
  state_->rules.clear();
  ++state_->releases;
  state_->changed.notify_all();
}

std::optional<Fault> FaultPlan::next(std::string_view call) {
  const MutexLock lock(state_->mutex);
  auto count = state_->counts.find(call);
  if (count == state_->counts.end()) count = state_->counts.emplace(call, Count{}).first;
  ++count->second.calls;
  std::optional<Fault> fault;
  for (std::size_t place = 0; place < state_->rules.size(); ++place) {
    Rule& item = state_->rules[place];
    if (!is_for(item.rule.call, call)) continue;
    ++item.met;
    if (fault || !state_->wants(item, place)) continue;
    ++item.hit;
    fault = Fault{item.rule.effect, item.rule.error, item.rule.by};
  }
  if (fault) ++count->second.faults;
  return fault;
}

std::optional<Error> FaultPlan::fail(std::string_view call) {
  const std::optional<Fault> fault = next(call);
  return fault ? carry_out(*fault) : std::nullopt;
}

std::optional<Error> FaultPlan::carry_out(const Fault& fault) {
  switch (fault.effect) {
    case FaultEffect::kError:
    case FaultEffect::kLostAnswer:
      return fault.error;
    case FaultEffect::kThrow:
      throw InjectedFault(fault.error.message);
    case FaultEffect::kDelay:
      if (state_->clock && fault.by > Duration::zero()) state_->clock->advance(fault.by);
      return std::nullopt;
    case FaultEffect::kHang:
      break;
  }
  const MutexLock lock(state_->mutex);
  const std::uint64_t before = state_->releases;
  ++state_->hanging;
  state_->changed.notify_all();
  while (!state_->released && state_->releases == before) state_->changed.wait(state_->mutex);
  --state_->hanging;
  return std::nullopt;
}

Instant FaultPlan::now() const { return state_->clock ? state_->clock->now() : Instant{}; }

void FaultPlan::release() {
  const MutexLock lock(state_->mutex);
  state_->released = true;
  ++state_->releases;
  state_->changed.notify_all();
}

void FaultPlan::wait_until_hanging(std::uint64_t calls) {
  const MutexLock lock(state_->mutex);
  while (state_->hanging < calls) state_->changed.wait(state_->mutex);
}

std::uint64_t FaultPlan::hanging() const {
  const MutexLock lock(state_->mutex);
  return state_->hanging;
}

std::uint64_t FaultPlan::calls(std::string_view call) const {
  const MutexLock lock(state_->mutex);
  std::uint64_t sum = 0;
  for (const auto& [name, count] : state_->counts) sum += is_for(call, name) ? count.calls : 0;
  return sum;
}

std::uint64_t FaultPlan::faults(std::string_view call) const {
  const MutexLock lock(state_->mutex);
  std::uint64_t sum = 0;
  for (const auto& [name, count] : state_->counts) sum += is_for(call, name) ? count.faults : 0;
  return sum;
}

Result<std::uint64_t> fail_each_call(
    FaultRule rule, const std::function<void(const std::shared_ptr<FaultPlan>&)>& scenario,
    std::uint64_t most) {
  for (std::uint64_t call = 1; call <= most; ++call) {
    const auto plan = std::make_shared<FaultPlan>();
    rule.first = call;
    if (auto added = plan->add(rule); !added) return added.error();
    scenario(plan);
    if (plan->faults() == 0) return call - 1;
  }
  return refused("the scenario makes more than " + std::to_string(most) + " calls");
}

}  // namespace strata
