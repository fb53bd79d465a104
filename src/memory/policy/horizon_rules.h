// HorizonRules: who stays, where a small queue proves newcomers and a main queue keeps the proven.
//
// It is S3-FIFO with a horizon. Newcomers enter the small queue. One that was used enough by the
// time it reaches the tail moves to the main queue; another leaves, and a ghost remembers it with
// its last use. The main queue is a clock: a used tail goes around again at the cost of a use.
//
// The horizon is the last use of the main queue's tail, the coldest of those that are kept. Who
// comes back while remembered goes straight to the main queue only if its own last use was more
// recent than that, with a margin (Arm::reach_percent): it is then a better bet than the tail. In
// a loop that is larger than the cache nobody is, the main queue is left alone and keeps hitting.
// That is the rule of LIRS, without its stack.
//
// While the main queue is below its share, newcomers go straight there: after a change of arms
// nobody might ever be proven.
//
// Where entries differ in worth (memory/policy/worth.h), both queues let those of more worth stay
// longer, and so does the horizon: it is as much further away for whoever is worth more. In arms
// that do not demote, who is of more than the mean grade need not be proven: to keep it for a while
// costs little room. All of this is nothing where all are of one grade.
//
// The algorithm is here once for residents and for shadows. `Host` has the entries:
//   Handle, none()
//   main_is_over(), main_has_room()
//   tail(kSmall | kMain)   none() if there is none that may leave
//   move(handle, to)       a tail, to the head of a queue
//   take(handle)           out of its queue
//   remember(handle)       in the ghost
//   uses(handle), set_uses(handle, n), last_use(handle), horizon(), set_horizon(time)
//   lead(handle)           grades of its worth above the mean; may be negative
//   horizon_lead()         that of the tail whose last use the horizon is
#pragma once

#include <cstdint>

#include "memory/policy/arm.h"
#include "memory/policy/worth.h"

namespace strata::memory {

enum HorizonQueue : std::uint8_t { kNone, kSmall, kMain };

template <typename Host>
class HorizonRules {
 public:
  using Handle = typename Host::Handle;

  HorizonRules(Host& host, const Arm& arm, std::uint16_t now) : host_(host), arm_(arm), now_(now) {}

  // Whether somebody with this last use is a better bet than the main queue's tail; `lead`: how
  // many grades more it is worth than that.
  [[nodiscard]] bool is_hot(std::uint16_t last_use, std::uint16_t horizon, int lead = 0) const {
    if (!arm_.has_horizon) return true;
    std::uint64_t own = std::uint64_t{age(last_use)} * 100;
    std::uint64_t most = std::uint64_t{arm_.reach_percent} * age(horizon);
    (lead < 0 ? own : most) <<= Worth::kGradeBits * (lead < 0 ? -lead : lead);
    return own <= most;
  }

  // Moves at most `moves` used entries away from the main queue's tail; its last use then is the
  // horizon. Every move is paid for by a use.
  void clean(int moves) {
    Handle tail = host_.tail(kMain);
    while (moves-- > 0 && tail != host_.none() && host_.uses(tail) > 0) {
      host_.set_uses(tail, static_cast<std::uint8_t>(host_.uses(tail) - 1));
      host_.move(tail, kMain);
      tail = host_.tail(kMain);
    }
    host_.set_horizon(tail == host_.none() ? now_ : host_.last_use(tail));
  }

  // Where a newcomer goes; `remembered` is whether its return counts.
  [[nodiscard]] HorizonQueue place(bool remembered) const {
    return remembered || host_.main_has_room() ? kMain : kSmall;
  }

  // The entry that leaves, already taken out and remembered; none() if there is none. Looks at
  // no more than `turns`.
  [[nodiscard]] Handle evict(int turns, int moves) {
    for (;; --turns) {
      const Handle small = host_.tail(kSmall);
      const Handle main = host_.tail(kMain);
      if (small == host_.none() && main == host_.none()) return host_.none();
      const bool must = turns <= 1;
      if (main != host_.none() && (small == host_.none() || host_.main_is_over())) {
        if (!must && stays_in_main(main, moves)) continue;
        host_.take(main);
        return main;
      }
      if (!must && stays_in_small(small, moves)) continue;
      const int lead = host_.lead(small) - host_.horizon_lead();
      if (is_hot(host_.last_use(small), host_.horizon(), lead)) host_.remember(small);
      host_.take(small);
      return small;
    }
  }

 private:
  [[nodiscard]] std::uint16_t age(std::uint16_t time) const {
    return static_cast<std::uint16_t>(now_ - time);
  }

  bool stays_in_main(Handle tail, int moves) {
    const std::uint8_t uses = host_.uses(tail);
    if (uses > 0) {
      host_.set_uses(tail, static_cast<std::uint8_t>(uses - 1));
      host_.move(tail, kMain);
      return true;
    }
    if (!arm_.demotes) return false;
    host_.move(tail, kSmall);
    clean(moves);
    return true;
  }

  bool stays_in_small(Handle tail, int moves) {
    const std::uint8_t uses = host_.uses(tail);
    const bool may_try = !arm_.demotes && host_.lead(tail) > 0;
    if (uses >= arm_.uses_to_stay || may_try) {
      host_.set_uses(tail, 0);
      host_.move(tail, kMain);
      clean(moves);
      return true;
    }
    if (uses == 0 || !arm_.second_chance) return false;
    host_.set_uses(tail, 0);
    host_.move(tail, kSmall);
    return true;
  }

  Host& host_;
  const Arm& arm_;
  std::uint16_t now_;
};

}  // namespace strata::memory
