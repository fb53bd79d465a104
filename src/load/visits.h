// Visits: how many calls are inside something, and whether any of them still comes back.
//
//   Visits::Visit visit(visits, clock.now());
//   if (visit.outcome() != Visits::Outcome::kInside) return;
//   ...
//   visit.leave(clock.now());
//
// Who is found to be stuck is forgotten: the next visitors are counted anew.
//
// Threads   Thread-safe; no lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "strata/core/time.h"

namespace strata::internal {

class Visits {
 public:
  enum class Outcome {
    kInside,
    kFull,   // as many as may be are inside
    kStuck,  // some are, and none has left for as long as `patience`
  };

  Visits(std::size_t most, Duration patience) : most_(most), patience_(patience) {}

  class Visit {
   public:
    Visit(Visits& visits, Instant now);
    ~Visit();  // leaves, if it is inside; no sign that others come back too
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    [[nodiscard]] Outcome outcome() const { return outcome_; }
    void leave(Instant now);

   private:
    void go();

    Visits& visits_;
    Outcome outcome_ = Outcome::kInside;
    std::uint64_t round_ = 0;
    bool inside_ = false;
  };

  [[nodiscard]] std::size_t inside() const;

 private:
  const std::size_t most_;
  const Duration patience_;
  // How often the visitors were forgotten, and how many have come since that are inside.
  std::atomic<std::uint64_t> word_{0};
  // When the first one came, or the last one left. Written before the word says so.
  std::atomic<Duration> last_sign_{Duration(0)};
};

}  // namespace strata::internal
