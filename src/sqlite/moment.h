// Moment: what time it is, to somebody who judges lifetimes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "strata/core/record.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::sqlite {

struct Moment {
  Instant now;
  WallTime wall_now;
  std::uint64_t boot_id = 0;
};

[[nodiscard]] inline Moment moment_of(const Clock& clock) {
  return {.now = clock.now(), .wall_now = clock.wall_now(), .boot_id = clock.boot_id()};
}

// A life that begins after the moment has no ttl.
[[nodiscard]] inline Lifetime ended_at(const Lifetime& lifetime, const Moment& moment) {
  Instant end = moment.now;
  if (lifetime.boot_id == moment.boot_id) end = std::max(end, Instant{lifetime.written_since_boot});
  return strata::ended_at(lifetime, end, moment.wall_now, moment.boot_id);
}

}  // namespace strata::sqlite
