// FrequencySketch: about how often each of many hashes was seen lately; a count-min sketch.
//
// A hash has four counters of four bits, in one block of a cache line; the least of them is what
// is answered, and collisions only make it larger. When ten times as many hashes were counted as
// the sketch is for, all counters are halved, a few blocks with each further count.
//
// Threads   Thread-compatible.
// Memory    8 to 16 bytes for each entry of its capacity.
// Errors    None: without memory everything was seen zero times.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace strata::memory {

class FrequencySketch {
 public:
  static constexpr std::uint32_t kCountMax = 15;
  static constexpr std::uint64_t kSamplesPerEntry = 10;

  // Makes it fit for `entries`. A larger one than before begins empty.
  void ensure_capacity(std::uint64_t entries);
  [[nodiscard]] bool is_ready() const { return table_ != nullptr; }
  void count(std::uint64_t hash);
  [[nodiscard]] std::uint32_t frequency(std::uint64_t hash) const;
  [[nodiscard]] std::size_t footprint_bytes() const { return blocks_ * sizeof(Block); }

 private:
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kBlocksPerStep = 4;

  // Row r has the words 2r and 2r + 1: 32 counters.
  struct alignas(64) Block {
    std::array<std::uint64_t, 2 * kRows> words;
  };
  struct Place {
    std::uint64_t* word;
    std::uint32_t shift;
  };
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  [[nodiscard]] Place place_of(std::uint64_t mixed, std::size_t row) const;
  void halve_some();

  std::unique_ptr<void, Free> memory_;
  Block* table_ = nullptr;
  std::size_t blocks_ = 0;  // a power of two
  std::size_t halved_ = 0;  // blocks below it are halved; blocks_: all
  std::uint64_t counted_ = 0;
  std::uint64_t odd_ = 0;  // counters that lost a half in this round
  std::uint64_t samples_ = 0;
};

}  // namespace strata::memory
