// fork_guarded(): a port that a child of fork() can neither use nor destroy. There its calls are
// refused, with kClosed or as one that is closed, and its end does nothing.
//
// Threads   As the port that is wrapped.
#pragma once

#include <memory>

#include "strata/ports/executor.h"
#include "strata/ports/source.h"
#include "strata/ports/tier.h"
#include "strata/ports/timer.h"

namespace strata::internal {

[[nodiscard]] std::unique_ptr<Tier> fork_guarded(std::unique_ptr<Tier> tier);
[[nodiscard]] std::shared_ptr<Source> fork_guarded(std::shared_ptr<Source> source);
[[nodiscard]] std::shared_ptr<Executor> fork_guarded(std::shared_ptr<Executor> executor);
[[nodiscard]] std::shared_ptr<Timer> fork_guarded(std::shared_ptr<Timer> timer);

}  // namespace strata::internal
