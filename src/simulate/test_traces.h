// Traces for tests: the patterns that policies differ in, the same in every build.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/hash.h"
#include "simulate/trace.h"

namespace strata::simulate {

class TraceMaker {
 public:
  TraceMaker& request(std::uint64_t key) {
    const auto [place, is_new] = numbers_.emplace(key, static_cast<KeyNumber>(numbers_.size()));
    if (is_new) trace_.hashes.push_back(internal::hash64(std::to_string(key)));
    trace_.requests.push_back(place->second);
    return *this;
  }
  TraceMaker& loop(std::uint64_t first, std::uint64_t keys, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (std::uint64_t key = 0; key < keys; ++key) request(first + key);
    }
    return *this;
  }
  // The keys first, first + 1, ... with odds of about 1 : 1/2 : 1/3 : ...
  TraceMaker& zipf(std::uint64_t first, std::uint64_t keys, int requests) {
    for (int i = 0; i < requests; ++i) request(first + zipf_number(keys));
    return *this;
  }
  // Each key twice, the second time when `apart` others have come.
  TraceMaker& twice(std::uint64_t first, std::uint64_t keys, std::uint64_t apart) {
    for (std::uint64_t key = 0; key < keys + apart; ++key) {
      if (key < keys) request(first + key);
      if (key >= apart) request(first + key - apart);
    }
    return *this;
  }
  [[nodiscard]] Trace take(const std::string& name) {
    trace_.name = name;
    return std::move(trace_);
  }
  [[nodiscard]] std::uint64_t random() {  // SplitMix64
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
    return bits ^ (bits >> 31);
  }

 private:
  // Harmonic odds by halves: each power of two of numbers is as likely as the next.
  std::uint64_t zipf_number(std::uint64_t keys) {
    for (;;) {
      std::uint64_t octaves = 0;
      while ((keys >> octaves) > 1) ++octaves;
      const std::uint64_t octave = random() % (octaves + 1);
      const std::uint64_t number = (1ULL << octave) - 1 + random() % (1ULL << octave);
      if (number < keys) return number;
    }
  }

  Trace trace_;
  std::unordered_map<std::uint64_t, KeyNumber> numbers_;
  std::uint64_t state_ = 1;
};

}  // namespace strata::simulate
