// Horizon: S3-FIFO with a horizon (memory/policy/horizon_rules.h), in one arm or adapting.
//
// With a controller it follows the arm that the controller has found best for what the whole
// cache is asked for; without, it stays with the first.
//
// Entries that differ in size or in load cost stay as long as they are worth (horizon_rules.h).
//
// Time is counted in 64ths of the capacity, in misses: nothing is counted on a hit, and the last
// use of an entry is rarely written.
//
// Threads   As Policy. The controller outlives it.
#pragma once

#include <cstdint>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/arm.h"
#include "memory/policy/bounds.h"
#include "memory/policy/controller.h"
#include "memory/policy/graded_queue.h"
#include "memory/policy/horizon_rules.h"
#include "memory/policy/policy.h"
#include "memory/policy/worth.h"

namespace strata::memory {

class Horizon final : public Policy {
 public:
  static constexpr std::uint64_t kTicksPerCapacity = 64;
  static constexpr std::uint64_t kGhostsPerEntry = 3;
  static constexpr std::uint64_t kGhostsMin = 512;
  static constexpr int kCleaningMoves = 2;

  // Null: without one.
  explicit Horizon(Controller* controller = nullptr, EvictionAim aim = EvictionAim::kRequests);
  ~Horizon() override;

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  void prefetch(std::uint64_t hash) const override;
  [[nodiscard]] const Resident* next_victim() const override;
  [[nodiscard]] std::uint64_t entries() const override {
    return small_.entries() + main_.entries();
  }
  [[nodiscard]] std::uint64_t weight() const override { return small_.weight() + main_.weight(); }
  [[nodiscard]] std::size_t footprint_bytes() const override { return ghost_.footprint_bytes(); }
  void check_invariants() const override;

 private:
  class Host;

  [[nodiscard]] GradedQueue& queue_of(const Resident& entry);
  [[nodiscard]] const Arm& arm() const { return kArms[arm_]; }
  [[nodiscard]] std::uint16_t now() const { return marks_.now.load(std::memory_order_relaxed); }
  void follow_controller();
  void set_capacity(std::uint64_t capacity);
  void tell_controller(std::uint64_t entries);
  void expect();
  [[nodiscard]] bool is_bound_by_weight(std::uint64_t held) const;
  void offer(const Resident& entry, UseKind kind);
  void unlink(Resident& entry);
  void update_share();
  void tick();

  GradedQueue small_{1};
  GradedQueue main_{1 + Worth::kGrades};
  Worth worth_;
  AgedGhost ghost_;
  Controller* controller_;
  Bounds bounds_;
  Share main_share_;
  std::uint64_t capacity_ = 0;  // in entries; what it holds when full if not bounded so
  Capacity told_;               // what the controller knows of it
  bool weight_binds_ = false;   // of two bounds, the one in weight is met first
  std::uint64_t misses_since_tick_ = 0;
  std::uint16_t horizon_ = 0;
  std::uint8_t horizon_grade_ = Worth::kMeanGrade;
  std::uint8_t arm_ = 0;
};

}  // namespace strata::memory
