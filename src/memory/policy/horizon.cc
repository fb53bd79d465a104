// Horizon: the rules applied to residents, and what they need to know of the shard.
#include "memory/policy/horizon.h"

#include <algorithm>
#include <bit>

#include "core/assert.h"
#include "core/prefetch.h"

namespace strata::memory {

class Horizon::Host {
 public:
  using Handle = Resident*;

  Host(Horizon& policy, const Resident* spared) : policy_(policy), spared_(spared) {}

  [[nodiscard]] static Handle none() { return nullptr; }
  // The newcomer that is spared has no place yet, as far as shares are concerned.
  [[nodiscard]] bool main_is_over() const {
    const Share& share = policy_.main_share_;
    const bool is_there = spared_ != nullptr && policy_.main_.has(*spared_);
    const std::uint64_t entries = policy_.main_.entries() - (is_there ? 1 : 0);
    const std::uint64_t weight = policy_.main_.weight() - (is_there ? spared_->weight : 0);
    return entries > share.entries || weight > share.weight;
  }
  [[nodiscard]] bool main_has_room() const {
    return policy_.main_share_.has_room_beside(policy_.main_);
  }
  // The one before it is the tail soon.
  [[nodiscard]] Handle tail(HorizonQueue queue) const {
    const Handle tail = (queue == kSmall ? policy_.small_ : policy_.main_).tail_but(spared_);
    if (tail != nullptr) internal::prefetch_for_write(tail->previous);
    return tail;
  }
  void move(Handle entry, HorizonQueue to) {
    GradedQueue& target = to == kSmall ? policy_.small_ : policy_.main_;
    const std::uint8_t grade = policy_.worth_.grade(*entry);
    if (target.has(*entry)) return target.move_to_head(*entry, grade);
    policy_.queue_of(*entry).unlink(*entry);
    target.push(*entry, grade);
  }
  void take(Handle entry) { policy_.unlink(*entry); }
  void remember(Handle entry) {
    policy_.ghost_.insert(entry->hash, last_use(entry), policy_.now());
  }
  [[nodiscard]] static std::uint8_t uses(const Resident* entry) {
    return entry->uses.load(std::memory_order_relaxed);
  }
  static void set_uses(Handle entry, std::uint8_t uses) {
    entry->uses.store(uses, std::memory_order_relaxed);
  }
  [[nodiscard]] static std::uint16_t last_use(const Resident* entry) {
    return entry->last_use.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint16_t horizon() const { return policy_.horizon_; }
  void set_horizon(std::uint16_t horizon) {
    policy_.horizon_ = horizon;
    const Resident* tail = policy_.main_.tail_but(spared_);
    policy_.horizon_grade_ = tail == nullptr ? Worth::kMeanGrade : policy_.main_.grade(*tail);
  }
  [[nodiscard]] int lead(const Resident* entry) const {
    return policy_.queue_of(*entry).grade(*entry) - Worth::kMeanGrade;
  }
  [[nodiscard]] int horizon_lead() const { return policy_.horizon_grade_ - Worth::kMeanGrade; }

 private:
  Horizon& policy_;
  const Resident* spared_;
};

Horizon::Horizon(Controller* controller, EvictionAim aim) : worth_(aim), controller_(controller) {
  follow_controller();
}

Horizon::~Horizon() {
  if (controller_ != nullptr) controller_->change_capacity(told_, {});
}

void Horizon::set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_weight};
  weight_binds_ = max_entries == 0 && max_weight != 0;
  worth_.set_counts_places(bounds_.counts_places(entries()));
  if (max_entries != 0 || max_weight == 0) {
    set_capacity(max_entries);
  } else {
    tell_controller(capacity_);
    expect();
  }
  update_share();
}

void Horizon::set_capacity(std::uint64_t capacity) {
  capacity_ = capacity;
  tell_controller(capacity);
}

// `entries`: what it holds when full.
void Horizon::tell_controller(std::uint64_t entries) {
  if (controller_ == nullptr) return;
  const Capacity capacity{.entries = entries,
                          .max_entries = bounds_.max_entries,
                          .max_weight = weight_binds_ ? bounds_.max_weight : 0};
  controller_->change_capacity(told_, capacity);
  told_ = capacity;
}

// Until it is full, how many it will hold then is seen from the weight of those that there are. It
// is told no more than will be there when the next is told: a sample can be thinned at any time,
// but a thicker one begins with nothing.
void Horizon::expect() {
  constexpr std::uint64_t kEntriesMin = 16;
  if (!weight_binds_ || capacity_ != 0 || entries() < kEntriesMin) return;
  if (!std::has_single_bit(entries())) return;
  const std::uint64_t mean_weight = std::max<std::uint64_t>(1, weight() / entries());
  const std::uint64_t expected =
      std::clamp<std::uint64_t>(bounds_.max_weight / mean_weight, 1, 2 * entries());
  const std::uint64_t known = told_.entries;
  const std::uint64_t difference = expected > known ? expected - known : known - expected;
  if (difference * 4 > known) tell_controller(expected);
}

void Horizon::offer(const Resident& entry, UseKind kind) {
  if (controller_ == nullptr || !controller_->samples(entry.hash)) return;
  controller_->offer({.hash = entry.hash, .weight = entry.weight, .kind = kind});
}

void Horizon::update_share() {
  const std::uint64_t held = entries();
  const std::uint64_t mean_weight = held == 0 ? 0 : weight() / held;
  main_share_ =
      share_beside(bounds_, arm().small_permille, arm().least_small(capacity_), mean_weight);
}

void Horizon::follow_controller() {
  if (controller_ != nullptr && controller_->arm() != arm_) {
    arm_ = controller_->arm();
    marks_.most_uses.store(arm().most_uses, std::memory_order_relaxed);
    update_share();
  }
}

void Horizon::tick() {
  if (++misses_since_tick_ < capacity_ / kTicksPerCapacity) return;
  misses_since_tick_ = 0;
  marks_.now.store(static_cast<std::uint16_t>(now() + 1), std::memory_order_relaxed);
}

GradedQueue& Horizon::queue_of(const Resident& entry) {
  STRATA_ASSERT(small_.has(entry) || main_.has(entry));
  return small_.has(entry) ? small_ : main_;
}

void Horizon::insert(Resident& entry) {
  follow_controller();
  tick();
  Host host(*this, nullptr);
  HorizonRules<Host> rules(host, arm(), now());
  const std::optional<std::uint16_t> last_use = ghost_.take(entry.hash);
  worth_.add(entry);
  const std::uint8_t grade = worth_.grade(entry);
  const bool is_hot =
      last_use.has_value() && rules.is_hot(*last_use, horizon_, grade - horizon_grade_);
  rules.clean(kCleaningMoves);
  entry.uses.store(0, std::memory_order_relaxed);
  entry.last_use.store(now(), std::memory_order_relaxed);
  (rules.place(is_hot) == kMain ? main_ : small_).push(entry, grade);
  expect();
  offer(entry, UseKind::kInsert);
}

void Horizon::replace(Resident& former, Resident& incoming) {
  incoming.uses.store(Host::uses(&former), std::memory_order_relaxed);
  incoming.last_use.store(Host::last_use(&former), std::memory_order_relaxed);
  worth_.remove(former);
  worth_.add(incoming);
  queue_of(former).replace(former, incoming, worth_.grade(incoming));
  mark_use(incoming, marks_);
  offer(incoming, UseKind::kReplace);
}

void Horizon::erase(Resident& entry) {
  offer(entry, UseKind::kErase);
  unlink(entry);
}

void Horizon::unlink(Resident& entry) {
  worth_.remove(entry);
  queue_of(entry).unlink(entry);
}

// Of which bound the larger part is used: what others of the same tier hold decides which of the
// two is reached first, so that this one may hold less than its own. Of two that are nearly as far
// the former stays: shadows begin anew when it changes.
bool Horizon::is_bound_by_weight(std::uint64_t held) const {
  if (bounds_.max_entries == 0) return true;
  const double by_weight = static_cast<double>(weight()) * static_cast<double>(bounds_.max_entries);
  const double by_entries = static_cast<double>(held) * static_cast<double>(bounds_.max_weight);
  constexpr double kLead = 1.125;
  return weight_binds_ ? by_weight * kLead > by_entries : by_weight > by_entries * kLead;
}

Resident* Horizon::evict(const Resident* spared) {
  follow_controller();
  if (bounds_.max_weight != 0) {
    // How many there are when weight is what binds is seen only when it does. An estimate that
    // hardly differs is left alone, so that neither ghost nor shadows start anew.
    const std::uint64_t held = entries() - (spared != nullptr ? 1 : 0);
    const bool weight_binds = is_bound_by_weight(held);
    const std::uint64_t expected = weight_binds ? held : bounds_.max_entries;
    const std::uint64_t difference =
        expected > capacity_ ? expected - capacity_ : capacity_ - expected;
    if (difference * 8 > capacity_ || weight_binds != weight_binds_) {
      weight_binds_ = weight_binds;
      set_capacity(expected);
    }
    update_share();
  }
  ghost_.fit(static_cast<std::size_t>(std::max(kGhostsMin, capacity_ * kGhostsPerEntry)));
  // Whoever makes room for another does so while as many are there as may be.
  worth_.set_counts_places(bounds_.counts_places(entries()));
  Host host(*this, spared);
  return HorizonRules<Host>(host, arm(), now()).evict(kMaxTurns, kCleaningMoves);
}

// Of both queues the third from the tail: those behind it were fetched by the call before.
void Horizon::prefetch(std::uint64_t hash) const {
  ghost_.prefetch(hash);
  if (const Resident* const victim = next_victim()) ghost_.prefetch(victim->hash);
  for (const GradedQueue* queue : {&small_, &main_}) {
    const Resident* const tail = queue->guess_tail();
    if (tail == nullptr || tail->previous == nullptr) continue;
    internal::prefetch_for_write(tail->previous->previous);
  }
}

const Resident* Horizon::next_victim() const {
  const bool is_main = small_.entries() == 0 || main_.entries() > main_share_.entries ||
                       main_.weight() > main_share_.weight;
  return (is_main ? main_ : small_).guess_tail();
}

void Horizon::check_invariants() const {
  small_.check_invariants();
  main_.check_invariants();
  worth_.check_invariants(entries(), weight());
}

}  // namespace strata::memory
