// Controller: what a whole cache does with a sample of its uses: it chooses the arm, and keeps the
// curve.
//
// Keys are sampled by their hash (memory/policy/sample.h). Small shadow caches, as much smaller as
// the sample is thinner, see all uses of the sampled keys: for each size of the curve a follower,
// whose misses are counted (memory/policy/curve_counts.h), and trials, which choose the arm that
// the follower is in (memory/policy/trials.h). What the trials of the cache's own size choose is
// put in force for the cache. Without a curve there are these only; where nothing adapts there are
// followers in the first arm only.
//
// Whoever looks a key up says so: `if (controller.samples(hash)) controller.look_up(...);`, and
// the policy says what is inserted and replaced. An offer goes to a ring of the calling thread; a
// full batch is shown to the shadows by whoever finds them free. What nobody had time for is
// overwritten: it is counted as lost, and nobody waits.
//
// Threads   Thread-safe. offer() never blocks; it does work for at most kRingLength samples.
//           curve() waits for who has the shadows.
// Memory    footprint_bytes(), at most kFootprintBytesMax.
// Errors    None: without memory the first arm stays in force, and the curve rests on nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "memory/policy/curve_counts.h"
#include "memory/policy/curve_plan.h"
#include "memory/policy/keyspace_names.h"
#include "memory/policy/sample.h"
#include "memory/policy/trials.h"

namespace strata::memory {

struct ControllerOptions {
  bool adapts = true;      // false: the first arm is in force for good
  bool has_curve = false;  // at the cost of six times the shadows
  EvictionAim aim = EvictionAim::kRequests;
  // What the cache has counted. Called now and then by any thread with none of the cache's locks
  // taken by the controller; may be called by one that has them.
  std::function<LookUps()> look_ups{};
};

class Controller {
 public:
  static constexpr std::uint32_t kRingLength = 32;
  static constexpr std::uint32_t kBatch = 16;
  static constexpr std::size_t kRings = 14;
  static constexpr std::size_t kFootprintBytesMax = 256 * 1024;
  // Look-ups of a window of the curve, and how many for each entry if those are more.
  static constexpr std::uint64_t kWindowMin = 1 << 18;
  static constexpr std::uint64_t kWindowCapacities = 64;

  explicit Controller(ControllerOptions options = {});
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // A shard's capacity is now `to`; it was `from`.
  void change_capacity(const Capacity& from, const Capacity& to);

  [[nodiscard]] bool samples(std::uint64_t hash) const {
    return sample_place(hash) < limit_.load(std::memory_order_relaxed);
  }
  void offer(const Sample& sample);
  // A sampled look-up by a key's canonical text.
  void look_up(std::string_view key_text, Sample sample);

  // The index in kArms of the one in force.
  [[nodiscard]] std::uint8_t arm() const { return arm_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t switches() const { return switches_.load(std::memory_order_relaxed); }
  // Bounds are left out. Precondition: it has a curve.
  [[nodiscard]] Curve curve();
  // What is held when full, as far as that is known; 0: it is not.
  [[nodiscard]] std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t footprint_bytes() const;

 private:
  // A sample, in two words.
  struct Slot {
    std::atomic<std::uint64_t> hash{0};
    std::atomic<std::uint64_t> rest{0};
  };
  struct alignas(64) Ring {
    std::atomic<std::uint32_t> written{0};
    std::atomic<std::uint32_t> look_ups{0};  // of what was written
    std::atomic<std::uint32_t> read{0};      // by whoever has the shadows
    std::uint32_t looked = 0;                // of look_ups, by the same
    std::array<Slot, kRingLength> slots{};
  };
  // One size of the curve.
  struct Miniature {
    Trials trials;
    std::unique_ptr<Shadow> follower;
  };

  void drop_shadows();
  void drain(Ring& ring);
  void show_all(Ring& ring);
  void give_back();
  [[nodiscard]] Capacity capacity() const;
  [[nodiscard]] bool rebuild_if_needed();
  [[nodiscard]] bool thin_crowded();
  [[nodiscard]] bool rebuild(Capacity wanted, const CurvePlan* former);
  enum class Built : std::uint8_t { kNot, kAnew, kWentOn };
  [[nodiscard]] Built build(const CurvePlan& plan);
  [[nodiscard]] LookUps look_ups() const;
  void show(const Sample& sample);
  void show_curve(const Sample& sample, std::uint64_t place);

  // Read at every use, hardly ever written.
  std::atomic<std::uint64_t> limit_{0};
  std::atomic<std::uint8_t> arm_{0};
  std::atomic<std::uint64_t> switches_{0};
  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> max_entries_{0};
  std::atomic<std::uint64_t> max_weight_{0};
  // Counted when the first sample was begun.
  std::atomic<std::uint64_t> first_hits_{0};
  std::atomic<std::uint64_t> first_misses_{0};
  const ControllerOptions options_;

  // Who has set busy_ touches what follows, but for the rings.
  alignas(64) std::atomic<bool> busy_{false};
  Capacity built_;
  CurvePlan plan_;
  std::array<Miniature, kCurvePoints> miniatures_;
  std::unique_ptr<CurveCounts> counts_;  // null: no curve
  std::atomic<std::size_t> shadow_bytes_{0};
  KeyspaceNames keyspaces_;
  std::array<Ring, kRings> rings_;
};

}  // namespace strata::memory
