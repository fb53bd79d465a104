// KeyTurns: puts, erases and differing refreshes of one key take turns across all tiers.
//
// Without turns two puts could reach the tiers in different orders, and the tiers would disagree
// for ever. Keys share a fixed number of locks by hash, so unrelated keys rarely wait. A thread
// that has a turn may take it again: the removal listener, which runs at the end of a put, may
// put too.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "core/mutant.h"

namespace strata {

class KeyTurns {
 public:
  static constexpr std::size_t kStripes = 256;

  class Turn {
   public:
    Turn(KeyTurns& turns, std::uint64_t key_hash)
        : mutex_(turns.mutexes_[key_hash % kStripes]), held_(!STRATA_MUTANT(kPutsUnserialised)) {
      if (held_) mutex_.lock();
    }
    ~Turn() {
      if (held_) mutex_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    std::recursive_mutex& mutex_;
    bool held_;
  };

 private:
  std::array<std::recursive_mutex, kStripes> mutexes_;
};

}  // namespace strata
