// Shadow: what a small cache in one arm would hit, without values: hashes only.
//
// It does what Horizon does, in the same order, so that one of a whole cache's size that sees all
// uses hits exactly what a Horizon hits. One that is smaller, and sees a sample of the keys that is
// thinner in the same measure, hits about the same share of it: a miniature.
//
// Where weights count, since they are bounded or are the aim, residents are graded by them, as
// Horizon does it. What loading them takes is not known here: to EvictionAim::kCost all have cost
// the same.
//
// Threads   Thread-compatible.
// Memory    14 bytes a resident, 18 where weights count; 4 a ghost.
// Errors    is_valid() is false if there was no memory; then nothing else may be called.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/arm.h"
#include "memory/policy/bounds.h"
#include "memory/policy/horizon_rules.h"
#include "memory/policy/sample.h"
#include "memory/policy/turns.h"
#include "memory/policy/worth.h"

namespace strata::memory {

struct ShadowOptions {
  std::uint64_t max_entries = 0;  // 0: not bounded so
  std::uint64_t max_weight = 0;   // 0: not bounded so
  std::uint32_t residents = 0;    // there is room for, at most Shadow::kResidentsMax;
                                  // further ones leave as if that were a bound
  std::uint32_t expected = 0;     // residents, as far as is known; at most that
  std::uint32_t ghosts = 0;
  EvictionAim aim = EvictionAim::kRequests;

  friend bool operator==(const ShadowOptions&, const ShadowOptions&) = default;
};

class Shadow {
 public:
  static constexpr std::uint32_t kResidentsMax = 65'000;
  static constexpr int kCleaningMoves = 2;
  static constexpr int kMaxTurns = 128;

  Shadow(const Arm& arm, const ShadowOptions& options);

  [[nodiscard]] bool is_valid() const { return nodes_ != nullptr; }
  // Another arm from now on.
  void follow(const Arm& arm);
  // From now on it sees the sample of that level, as of a cache with those bounds: forgets the keys
  // that are not in it. Precondition: the sample is no thicker, bounds are of the same kinds, and
  // max_entries have places.
  void thin(std::uint8_t level, const ShadowOptions& options);
  // Sees a use; returns whether it found the key.
  bool see(const Sample& sample);
  // Asks for a key, which is there afterwards if it fits. Returns whether it was before.
  bool use(std::uint64_t hash, std::uint32_t weight = 1);

  [[nodiscard]] std::uint32_t residents() const { return count(kSmall) + count(kMain); }
  [[nodiscard]] std::uint32_t places() const { return places_; }
  // Whether it has no place left, where it is bounded by weight: its sample is too thick.
  [[nodiscard]] bool is_crowded() const {
    return bounds_.max_weight != 0 && residents() >= places_;
  }
  [[nodiscard]] std::uint64_t weight() const { return weight(kSmall) + weight(kMain); }
  // In how many grades there are residents.
  [[nodiscard]] unsigned grades_in_use() const;
  [[nodiscard]] std::size_t footprint_bytes() const;
  // Of one with these options, at most.
  [[nodiscard]] static std::size_t footprint_bytes_max(const ShadowOptions& options);
  // Whether it knows the residents' weights.
  [[nodiscard]] static bool has_weights(const ShadowOptions& options) {
    return options.max_weight != 0 || options.aim == EvictionAim::kBytes;
  }
  // How many slots its ghost has.
  [[nodiscard]] std::size_t ghosts() const { return ghost_.slots(); }
  void check_invariants() const;

 private:
  using Index = std::uint16_t;
  static constexpr Index kNoIndex = 0xffff;

  struct Node {
    std::uint32_t fingerprint;
    Index towards_head;  // in its row
    Index next;          // in its chain, or among the free ones
    std::uint16_t last_use;
    std::uint8_t level;  // the last one that its key is in
    std::uint8_t uses : 4;
    std::uint8_t place : 4;  // 0: free; else of its row in rows_, and one
  };

  // Entries that are evicted leave it at the tail, or next to it.
  struct Row {
    Index tail = kNoIndex;
    Index head = kNoIndex;
    std::uint32_t count = 0;
  };
  // Without them all are of one grade.
  struct Grades {
    explicit Grades(EvictionAim aim) : worth(aim) {}
    Worth worth;
    std::array<Turns, 2> turns;  // of the two queues
    std::uint8_t horizon = Worth::kMeanGrade;
  };

  friend class HorizonRules<Shadow>;

  // The host of HorizonRules.
  using Handle = Index;
  [[nodiscard]] static Handle none() { return kNoIndex; }
  [[nodiscard]] bool main_is_over() const;
  [[nodiscard]] bool main_has_room() const;
  [[nodiscard]] Handle tail(HorizonQueue queue);
  void move(Handle handle, HorizonQueue to);
  void take(Handle handle);
  void remember(Handle handle);
  [[nodiscard]] std::uint8_t uses(Handle handle) const { return nodes_[handle].uses; }
  void set_uses(Handle handle, std::uint8_t uses) { nodes_[handle].uses = uses & 0xf; }
  [[nodiscard]] std::uint16_t last_use(Handle handle) const { return nodes_[handle].last_use; }
  [[nodiscard]] int lead(Handle handle) const { return grade_at(handle) - Worth::kMeanGrade; }
  [[nodiscard]] int horizon_lead() const {
    return grades_ == nullptr ? 0 : grades_->horizon - Worth::kMeanGrade;
  }
  [[nodiscard]] std::uint16_t horizon() const { return horizon_; }
  void set_horizon(std::uint16_t horizon);

  // Of one of the two queues, which has a row for each grade.
  [[nodiscard]] std::uint32_t count(HorizonQueue queue) const { return counts_[queue - 1]; }
  [[nodiscard]] std::uint64_t weight(HorizonQueue queue) const { return queue_weights_[queue - 1]; }
  [[nodiscard]] unsigned grade_count() const { return grades_ == nullptr ? 1 : Worth::kGrades; }
  [[nodiscard]] unsigned row_count() const { return 2 * grade_count(); }
  // Of a queue's rows the one of a grade; where there is but one grade it is the mean one.
  [[nodiscard]] Row& row(HorizonQueue queue, std::uint8_t grade) const {
    return rows_[(queue - 1) * grade_count() + (grades_ == nullptr ? 0 : grade)];
  }
  [[nodiscard]] Row& row_of(Index index) const { return rows_[nodes_[index].place - 1]; }
  [[nodiscard]] HorizonQueue queue_of(Index index) const {
    const unsigned place = nodes_[index].place;
    return place == 0 ? kNone : place <= grade_count() ? kSmall : kMain;
  }
  // Of the row that it is in, and that it would be in now.
  [[nodiscard]] std::uint8_t grade_at(Index index) const {
    if (grades_ == nullptr) return Worth::kMeanGrade;
    return static_cast<std::uint8_t>((nodes_[index].place - 1) % Worth::kGrades);
  }
  [[nodiscard]] std::uint8_t grade_of(Index index) const {
    return grades_ == nullptr ? Worth::kMeanGrade : grades_->worth.grade(weight_of(index), 0);
  }
  // The row's last one that is not spared.
  [[nodiscard]] Index last_of(const Row& row) const {
    const Index last = row.tail;
    return last != kNoIndex && last == spared_ ? nodes_[last].towards_head : last;
  }
  [[nodiscard]] Index take_turn(HorizonQueue queue);
  void end_turn(Index index);
  [[nodiscard]] std::uint32_t weight_of(Index index) const {
    return weights_ == nullptr ? 1 : weights_[index];
  }
  [[nodiscard]] Index& chain_of(std::uint32_t fingerprint) const {
    return chains_[static_cast<std::size_t>((std::uint64_t{fingerprint} * places_) >> 32)];
  }
  [[nodiscard]] Index find(std::uint32_t fingerprint) const {
    Index index = chain_of(fingerprint);
    while (index != kNoIndex && nodes_[index].fingerprint != fingerprint) {
      index = nodes_[index].next;
    }
    return index;
  }
  [[nodiscard]] bool look(std::uint32_t fingerprint);
  void allocate(const ShadowOptions& options);
  void add(const Sample& sample);
  void forget(std::uint32_t fingerprint);
  void change_weight(std::uint32_t fingerprint, std::uint32_t weight);
  void make_room();
  [[nodiscard]] bool is_over() const;
  void update_share();
  void tick();
  void push(Index index, HorizonQueue to, std::uint8_t grade);
  void pop(Index index);
  void count_out(Index index);
  void pull(Index index);
  void unchain(Index index);
  void free(Index index);
  [[nodiscard]] Index insert(const Sample& sample, HorizonQueue to, std::uint8_t grade);

  const Arm* arm_;
  Bounds bounds_;
  Share main_share_;
  std::uint64_t capacity_ = 0;  // in entries; what it holds when full if not bounded so
  std::uint32_t places_;
  std::uint32_t misses_since_tick_ = 0;
  std::unique_ptr<Node[]> nodes_;  // one more than there are places, for a newcomer
  std::unique_ptr<Index[]> chains_;
  std::unique_ptr<std::uint32_t[]> weights_;  // where they count
  std::unique_ptr<Row[]> rows_;
  std::unique_ptr<Grades> grades_;
  AgedGhost ghost_;
  std::array<std::uint64_t, 2> queue_weights_{};
  std::array<std::uint32_t, 2> counts_{};
  Index free_ = kNoIndex;
  Index spared_ = kNoIndex;  // the newcomer that room is made for
  std::uint16_t now_ = 0;
  std::uint16_t horizon_ = 0;
};

}  // namespace strata::memory
