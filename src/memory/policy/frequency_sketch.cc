// FrequencySketch: counting and ageing.
#include "memory/policy/frequency_sketch.h"

#include <algorithm>
#include <bit>

namespace strata::memory {
namespace {

constexpr std::uint64_t kLowBits = 0x1111111111111111ULL;
constexpr std::uint64_t kHalfMask = 0x7777777777777777ULL;
constexpr std::size_t kEntriesPerBlock = 8;
constexpr std::size_t kBlocksMax = std::size_t{1} << 32;

std::uint64_t mix(std::uint64_t hash) {
  hash = (hash ^ (hash >> 32)) * 0x9fb21c651e98df25ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

void FrequencySketch::ensure_capacity(std::uint64_t entries) {
  const std::size_t blocks = static_cast<std::size_t>(
      std::bit_ceil(std::clamp<std::uint64_t>(entries / kEntriesPerBlock, 1, kBlocksMax)));
  if (blocks <= blocks_) return;
  std::size_t space = (blocks + 1) * sizeof(Block);
  std::unique_ptr<void, Free> memory(std::calloc(blocks + 1, sizeof(Block)));
  if (memory == nullptr) return;
  void* start = memory.get();
  table_ = static_cast<Block*>(std::align(alignof(Block), blocks * sizeof(Block), start, space));
  memory_ = std::move(memory);
  halved_ = blocks_ = blocks;
  counted_ = 0;
  samples_ = entries * kSamplesPerEntry;
}

FrequencySketch::Place FrequencySketch::place_of(std::uint64_t mixed, std::size_t row) const {
  Block& block = table_[(mixed >> 32) & (blocks_ - 1)];
  const auto bits = static_cast<std::uint32_t>(mixed >> (row * 5)) & 31;
  return {&block.words[row * 2 + (bits & 1)], (bits >> 1) * 4};
}

void FrequencySketch::count(std::uint64_t hash) {
  if (table_ == nullptr) return;
  if (halved_ != blocks_) halve_some();
  const std::uint64_t mixed = mix(hash);
  bool added = false;
  for (std::size_t row = 0; row < kRows; ++row) {
    const Place place = place_of(mixed, row);
    if (((*place.word >> place.shift) & kCountMax) == kCountMax) continue;
    *place.word += std::uint64_t{1} << place.shift;
    added = true;
  }
  if (added && ++counted_ >= samples_ && halved_ == blocks_) {
    halved_ = 0;
    odd_ = 0;
    counted_ /= 2;
  }
}

std::uint32_t FrequencySketch::frequency(std::uint64_t hash) const {
  if (table_ == nullptr) return 0;
  const std::uint64_t mixed = mix(hash);
  std::uint32_t least = kCountMax;
  for (std::size_t row = 0; row < kRows; ++row) {
    const Place place = place_of(mixed, row);
    least = std::min(least, static_cast<std::uint32_t>(*place.word >> place.shift) & kCountMax);
  }
  return least;
}

void FrequencySketch::halve_some() {
  for (std::size_t i = 0; i < kBlocksPerStep && halved_ != blocks_; ++i, ++halved_) {
    for (std::uint64_t& word : table_[halved_].words) {
      odd_ += static_cast<std::uint64_t>(std::popcount(word & kLowBits));
      word = (word >> 1) & kHalfMask;
    }
  }
  // A sample was counted in four places, and a lost half was half of one.
  if (halved_ == blocks_) counted_ -= std::min(counted_, odd_ / (2 * kRows));
}

}  // namespace strata::memory
