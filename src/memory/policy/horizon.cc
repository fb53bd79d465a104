// Horizon: the rules applied to residents, and what they need to know of the shard.
#include "memory/policy/horizon.h"

#include <algorithm>

#include "core/assert.h"

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
  [[nodiscard]] Handle tail(HorizonQueue queue) const {
    return (queue == kSmall ? policy_.small_ : policy_.main_).tail_but(spared_);
  }
  void move(Handle entry, HorizonQueue to) {
    Queue& target = to == kSmall ? policy_.small_ : policy_.main_;
    if (target.has(*entry)) return target.move_to_head(*entry);
    policy_.queue_of(*entry).unlink(*entry);
    target.push(*entry);
  }
  void take(Handle entry) { policy_.queue_of(*entry).unlink(*entry); }
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
  void set_horizon(std::uint16_t horizon) { policy_.horizon_ = horizon; }

 private:
  Horizon& policy_;
  const Resident* spared_;
};

Horizon::Horizon(Controller* controller) : controller_(controller) { follow_controller(); }

Horizon::~Horizon() {
  if (controller_ != nullptr) controller_->change_capacity(capacity_, 0);
}

void Horizon::set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_weight};
  if (max_entries != 0 || max_weight == 0) set_capacity(max_entries);
  update_share();
}

void Horizon::set_capacity(std::uint64_t capacity) {
  if (controller_ != nullptr) controller_->change_capacity(capacity_, capacity);
  capacity_ = capacity;
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

Queue& Horizon::queue_of(const Resident& entry) {
  STRATA_ASSERT(entry.queue == kSmall || entry.queue == kMain);
  return entry.queue == kSmall ? small_ : main_;
}

void Horizon::insert(Resident& entry) {
  follow_controller();
  tick();
  Host host(*this, nullptr);
  HorizonRules<Host> rules(host, arm(), now());
  const std::optional<std::uint16_t> last_use = ghost_.take(entry.hash);
  const bool is_hot = last_use.has_value() && rules.is_hot(*last_use, horizon_);
  rules.clean(kCleaningMoves);
  entry.uses.store(0, std::memory_order_relaxed);
  entry.last_use.store(now(), std::memory_order_relaxed);
  (rules.place(is_hot) == kMain ? main_ : small_).push(entry);
  if (controller_ != nullptr && controller_->samples(entry.hash)) controller_->offer(entry.hash);
}

void Horizon::replace(Resident& former, Resident& incoming) {
  incoming.uses.store(Host::uses(&former), std::memory_order_relaxed);
  incoming.last_use.store(Host::last_use(&former), std::memory_order_relaxed);
  queue_of(former).replace(former, incoming);
  mark_use(incoming, marks_);
  if (controller_ != nullptr && controller_->samples(incoming.hash)) {
    controller_->offer(incoming.hash);
  }
}

void Horizon::erase(Resident& entry) { queue_of(entry).unlink(entry); }

Resident* Horizon::evict(const Resident* spared) {
  follow_controller();
  if (bounds_.max_weight != 0) {
    // How many there are when weight is what binds is seen only when it does. An estimate that
    // hardly differs is left alone, so that neither ghost nor shadows start anew.
    const std::uint64_t held = entries() - (spared != nullptr ? 1 : 0);
    const std::uint64_t difference = held > capacity_ ? held - capacity_ : capacity_ - held;
    if (difference * 8 > capacity_) set_capacity(held);
    update_share();
  }
  ghost_.fit(static_cast<std::size_t>(std::max(kGhostsMin, capacity_ * kGhostsPerEntry)));
  Host host(*this, spared);
  return HorizonRules<Host>(host, arm(), now()).evict(kMaxTurns, kCleaningMoves);
}

void Horizon::check_invariants() const {
  small_.check_invariants();
  main_.check_invariants();
}

}  // namespace strata::memory
