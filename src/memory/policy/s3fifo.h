// S3FifoPolicy: three queues without order among uses.
//
// Newcomers enter a small queue, a tenth of the shard. One that was used more than once by the
// time it reaches the tail moves to the main queue; others leave, and a ghost as long as the main
// queue remembers them: who comes back meanwhile enters the main queue directly. There, an entry
// that was used since goes around again, at the cost of a use.
//
// Source: Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction",
// SOSP 2023. Unlike there, a choice looks at no more than kMaxTurns entries.
//
// Threads   As Policy.
#pragma once

#include <algorithm>
#include <cstdint>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/bounds.h"
#include "memory/policy/policy.h"
#include "memory/policy/queue.h"

namespace strata::memory {

class S3FifoPolicy final : public Policy {
 public:
  static constexpr std::uint64_t kSmallPermille = 100;
  static constexpr std::uint8_t kUsesToStay = 2;
  static constexpr std::uint8_t kMostUses = 3;

  S3FifoPolicy();

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  [[nodiscard]] std::uint64_t entries() const override {
    return small_.entries() + main_.entries();
  }
  [[nodiscard]] std::uint64_t weight() const override { return small_.weight() + main_.weight(); }
  [[nodiscard]] std::size_t footprint_bytes() const override { return ghost_.footprint_bytes(); }
  void check_invariants() const override;

 private:
  static constexpr std::uint64_t kTicksPerGhost = 1024;

  [[nodiscard]] Queue& queue_of(const Resident& entry);
  void remember(const Resident& entry);
  [[nodiscard]] std::uint64_t evictions_per_tick() const {
    return std::max<std::uint64_t>(1, ghost_length_ / kTicksPerGhost);
  }
  [[nodiscard]] std::uint64_t evictions_since(std::uint16_t time) const {
    return static_cast<std::uint16_t>(ghost_time_ - time) * evictions_per_tick();
  }

  Queue small_{1};
  Queue main_{2};
  Bounds bounds_;
  AgedGhost ghost_;
  // The ghost forgets by its own count of evictions, in 1024ths of its length.
  std::uint64_t ghost_length_ = 0;
  std::uint64_t evictions_since_tick_ = 0;
  std::uint16_t ghost_time_ = 0;
};

}  // namespace strata::memory
