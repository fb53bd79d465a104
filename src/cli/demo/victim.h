// Victim: a process with a cache of its own, which is killed the moment an invalidation returns.
//
//   auto victim = Victim::start(catalogue, clock);      // before any thread is started
//   victim->fill(options, objects);                     // it reads them all through its cache
//   victim->invalidate_and_die({object}, {});           // the last that it does; then SIGKILL
//
// Threads   Thread-compatible. start() may be called only while the process has one thread, for
//           the new process inherits no other, but their locks.
// Lifetime  The catalogue outlives start(). The destructor kills the process if it still runs.
// Errors    kUnavailable, when the process cannot be started or has ended early; or what it says
//           went wrong.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cli/demo/catalogue.h"
#include "cli/demo/front.h"
#include "cli/demo/objects.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::demo {

class Victim {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Victim>> start(const Catalogue& catalogue,
                                                             std::shared_ptr<Clock> clock);
  ~Victim();

  // Opens a cache with `options`, reads `objects` through it, and has it commit them.
  Result<void> fill(const FrontOptions& options, std::span<const ObjectId> objects);

  // Invalidates by the keys and by the tags of these objects. When it returns, every one of the
  // invalidations has returned, and the process is dead.
  Result<void> invalidate_and_die(std::span<const ObjectId> by_key,
                                  std::span<const ObjectId> by_tag);

 private:
  struct State;
  explicit Victim(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
