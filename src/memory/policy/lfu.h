// Lfu: who was used least leaves, and uses that lie back count less and less.
//
// Entries stand on levels. A newcomer stands on the lowest. When an entry is met at the end of its
// level it moves up, by one level for its first use since it came there and by one more each time
// its uses double; without a use it leaves if its level is the lowest that has anybody.
// Ageing: every eviction also looks at the end of one higher level, each in turn, and who was not
// used since it came there moves down one. So uses are only counted on a hit.
//
// Threads   As Policy.
#pragma once

#include <array>
#include <cstdint>

#include "memory/policy/policy.h"
#include "memory/policy/queue.h"

namespace strata::memory {

class Lfu final : public Policy {
 public:
  static constexpr std::size_t kLevels = 12;
  static constexpr std::uint8_t kMostUses = 15;  // 4 levels at a time

  Lfu();

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  [[nodiscard]] Standing standing(const Resident& entry) const override;
  [[nodiscard]] std::uint64_t entries() const override { return entries_; }
  [[nodiscard]] std::uint64_t weight() const override { return weight_; }
  [[nodiscard]] std::size_t footprint_bytes() const override { return 0; }
  void check_invariants() const override;

 private:
  [[nodiscard]] std::size_t level_of(const Resident& entry) const;
  [[nodiscard]] std::size_t lowest_level(const Resident* spared) const;
  bool move_up(Resident& entry);
  void age(const Resident* spared);
  void unlink(Resident& entry);

  std::array<Queue, kLevels> levels_;
  std::size_t ageing_ = 0;  // the level that was looked at last
  std::uint64_t entries_ = 0;
  std::uint64_t weight_ = 0;
};

}  // namespace strata::memory
