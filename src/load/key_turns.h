// KeyTurns: puts, erases and differing refreshes of one key take turns across all tiers.
//
// Without turns two puts could reach the tiers in different orders, and the tiers would disagree
// for ever. Keys share a fixed number of locks by hash, so unrelated keys rarely wait.
#pragma once

#include <array>
#include <cstdint>

#include "core/mutant.h"
#include "core/mutex.h"

namespace strata {

class KeyTurns {
 public:
  static constexpr std::size_t kStripes = 256;

  class Turn {
   public:
    Turn(KeyTurns& turns, std::uint64_t key_hash) STRATA_NO_ANALYSIS
        : mutex_(turns.mutexes_[key_hash % kStripes]),
          held_(!STRATA_MUTANT(kPutsUnserialised)) {
      if (held_) mutex_.lock();
    }
    ~Turn() STRATA_NO_ANALYSIS {
      if (held_) mutex_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Mutex& mutex_;
    bool held_;
  };

 private:
  std::array<Mutex, kStripes> mutexes_;
};

}  // namespace strata
