// Lru: who was not used for the longest time leaves.
//
// Threads   As Policy.
#pragma once

#include "memory/policy/policy.h"
#include "memory/policy/queue.h"

namespace strata::memory {

class Lru final : public Policy {
 public:
  Lru();

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  [[nodiscard]] bool wants_hits() const override { return true; }
  void on_hit(Resident& entry) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  [[nodiscard]] Standing standing(const Resident& entry) const override {
    return make_standing(entry, Order::kLastUseFirst, 0);
  }
  [[nodiscard]] std::uint64_t entries() const override { return queue_.entries(); }
  [[nodiscard]] std::uint64_t weight() const override { return queue_.weight(); }
  [[nodiscard]] std::size_t footprint_bytes() const override { return 0; }
  void check_invariants() const override;

 private:
  Queue queue_{1};  // in the order of the last uses
};

}  // namespace strata::memory
