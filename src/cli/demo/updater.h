// Updater: changes objects at their origins, invalidates each change, and reads it back at once.
//
// A quarter of its steps are aimed: it has a partner load the object, waits until the origin has
// made its answer, then changes and invalidates the object while that answer is on its way. A
// cache without tickets keeps the old value then, and one that joins any load hands it out.
//
// Threads   Confined to one thread; the partner is a thread of its own. Several updaters may
//           work on the same origins.
// Errors    An origin or an invalidation that fails. A read that fails is counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/demo/choice.h"
#include "cli/demo/front.h"
#include "cli/demo/origins.h"
#include "strata/core/result.h"
#include "strata/ports/random.h"

namespace strata::demo {

class Updater {
 public:
  struct Counts {
    std::uint64_t changes = 0;
    std::uint64_t by_key = 0;
    std::uint64_t by_tag = 0;
    std::uint64_t by_source = 0;
    std::uint64_t during_a_load = 0;
    std::uint64_t check_reads = 0;
    std::uint64_t failed = 0;
    std::string first_failure;
  };

  Updater(Origins& origins, Front& front, const Choice& choice, std::shared_ptr<Random> random);
  ~Updater();

  // The next change; kinds of changes take turns.
  Result<void> step();
  // Changes a few objects of the origin, then invalidates everything from it.
  Result<void> change_and_invalidate_source(ObjectKind kind);

  [[nodiscard]] const Counts& counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
