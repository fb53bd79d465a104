// Controller: chooses the arm for a whole cache, by what each would hit on a sample of the keys.
//
// Keys are sampled by their hash. Small shadow caches, one for each arm and smaller than the cache
// as the sample is, see all uses of the sampled keys. Now and then the arm whose shadow hit most
// lately is put in force, if it leads by more than chance would have it.
//
// Whoever uses a key says so: `if (controller.samples(hash)) controller.offer(hash);`. An offer
// goes to a ring of the calling thread; a full batch is shown to the shadows by whoever finds them
// free. What nobody had time for is overwritten: samples may be lost, and nobody waits.
//
// Threads   Thread-safe. offer() never blocks; it does work for at most kRingLength samples.
// Memory    footprint_bytes(), below 160 KiB.
// Errors    None: without memory the first arm stays in force.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/policy/arm.h"
#include "memory/policy/shadow.h"

namespace strata::memory {

// How a cache of some capacity is sampled: one in `rate` keys, a power of two.
struct Sampling {
  std::uint32_t rate = 1;
  std::uint32_t residents = 0;  // of each shadow

  [[nodiscard]] static Sampling of(std::uint64_t capacity);
};

class Controller {
 public:
  static constexpr std::uint32_t kRingLength = 32;
  static constexpr std::uint32_t kBatch = 16;
  static constexpr std::size_t kRings = 16;

  Controller();
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // A shard's capacity, in entries, is now `to`; it was `from`.
  void change_capacity(std::uint64_t from, std::uint64_t to);

  [[nodiscard]] bool samples(std::uint64_t hash) const {
    return ((hash * kSpread) >> 32 & mask_.load(std::memory_order_relaxed)) == 0;
  }
  void offer(std::uint64_t hash);

  // The index in kArms of the one in force.
  [[nodiscard]] std::uint8_t arm() const { return arm_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t switches() const { return switches_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t footprint_bytes() const;

 private:
  static constexpr std::uint64_t kSpread = 0xd1b54a32d192ed03ULL;
  static constexpr std::uint64_t kSamplesNothing = ~std::uint64_t{0};

  struct alignas(64) Ring {
    std::atomic<std::uint32_t> written{0};
    std::atomic<std::uint32_t> read{0};  // by whoever has the shadows
    std::array<std::atomic<std::uint64_t>, kRingLength> samples{};
  };

  // What only the one who has set busy_ touches.
  struct Trial {
    std::unique_ptr<Shadow> shadow;
    double hits = 0;           // decayed
    double disagreements = 0;  // with the arm in force, decayed
  };

  void drain(Ring& ring);
  [[nodiscard]] bool rebuild_if_needed();
  void show(std::uint64_t hash);
  void evaluate();

  // Read at every use, hardly ever written.
  std::atomic<std::uint64_t> mask_{kSamplesNothing};
  std::atomic<std::uint8_t> arm_{0};
  std::atomic<std::uint64_t> switches_{0};
  std::atomic<std::uint64_t> capacity_{0};

  alignas(64) std::atomic<bool> busy_{false};
  Sampling built_;
  std::uint32_t samples_until_evaluation_ = 0;
  std::atomic<std::size_t> shadow_bytes_{0};
  std::array<Trial, kArms.size()> trials_;
  std::array<Ring, kRings> rings_;
};

}  // namespace strata::memory
