// KeyTurns: puts, erases and differing refreshes of one key take turns across all tiers.
//
// Without turns two puts could reach the tiers in different orders, and the tiers would disagree
// for ever. Keys share a fixed number of locks by hash, so unrelated keys rarely wait.
//
// Threads   Thread-safe. A thread has at most one turn of a cache at a time, so what would call
//           the user's code within a turn hands it to after_turn() instead.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "core/mutex.h"

namespace strata {

class KeyTurns {
 public:
  static constexpr std::size_t kStripes = 256;

  class Turn {
   public:
    Turn(KeyTurns& turns, std::uint64_t key_hash) STRATA_NO_ANALYSIS;
    ~Turn() STRATA_NO_ANALYSIS;  // then runs what after_turn() was given
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Mutex& mutex_;
    const bool held_;
  };

  // Whether the calling thread has a turn, of any cache.
  [[nodiscard]] static bool in_turn();
  // Runs `task` when the calling thread has no turn: now, or at the end of its last one. Tasks
  // run in the order in which they were given, and may not throw. A task for which there is no
  // memory is dropped: within the turn it might wait for itself.
  static void after_turn(std::function<void()> task);

 private:
  std::array<Mutex, kStripes> mutexes_;
};

}  // namespace strata
