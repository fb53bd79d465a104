// with_faults(): a port of yours or of ours, whose calls fail as a FaultPlan says.
//
//   auto plan = std::make_shared<FaultPlan>();
//   Cache cache = CacheBuilder().tier(with_faults(std::move(tier), plan)).build().value();
//   plan->add({.call = "redis.get"}).value();   // from now on no read of it works
//
// A fault never breaks a promise by itself: what a port may not refuse is done all the same. What
// the cache makes of each is told in docs/testing-your-code.md.
//
//   port, and the names of its calls           an error is                  always done
//   Tier: <name>.get, .get_many, .fill, .put,  the answer                   position, invalidate,
//     .touch, .scan, .remove_expired, .flush;                               expire, stats; a close
//     .invalidate, .expire, .close: only slow                               that is only late
//   Source: <name>.fetch                       the answer                   close
//   HotTier: hot.get, .fill, .put              a miss; a decline; a put     everything else
//                                              that only erases
//   Executor, Timer: executor.post,            a refused task               close
//     timer.schedule
//   Random: random.next                        the number before once more
//   Clock: clock.now, clock.wall_now           none: they jump (kDelay)     boot_id
//   MachineMemory: memory.read                 the answer                   give_back
//   LogSink: log.write                         a line that is lost
//
// kThrow and kLostAnswer are kError where a call cannot throw, or has no answer to lose. A clock's
// now() jumps forward only. What hangs does so whatever its deadline is, and close() waits for it.
//
// Threads   As the port that is wrapped.
// Lifetime  The plan is kept as long as the port is.
#pragma once

#include <memory>

#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/hot_tier.h"
#include "strata/ports/log.h"
#include "strata/ports/machine_memory.h"
#include "strata/ports/random.h"
#include "strata/ports/source.h"
#include "strata/ports/tier.h"
#include "strata/ports/timer.h"
#include "strata/testing/fault_plan.h"

namespace strata {

using SharedFaultPlan = std::shared_ptr<FaultPlan>;

[[nodiscard]] std::unique_ptr<Tier> with_faults(std::unique_ptr<Tier> tier, SharedFaultPlan plan);
[[nodiscard]] std::unique_ptr<HotTier> with_faults(std::unique_ptr<HotTier> tier,
                                                   SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<Source> with_faults(std::shared_ptr<Source> source,
                                                  SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<Executor> with_faults(std::shared_ptr<Executor> executor,
                                                    SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<Timer> with_faults(std::shared_ptr<Timer> timer,
                                                 SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<Random> with_faults(std::shared_ptr<Random> random,
                                                  SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<Clock> with_faults(std::shared_ptr<Clock> clock,
                                                 SharedFaultPlan plan);
[[nodiscard]] std::shared_ptr<MachineMemory> with_faults(std::shared_ptr<MachineMemory> machine,
                                                         SharedFaultPlan plan);
[[nodiscard]] LogSink with_faults(LogSink log, SharedFaultPlan plan);

}  // namespace strata
