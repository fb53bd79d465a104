// R15t: a million cases of time, by arithmetic that has room for all of them: nothing wraps,
// nothing is fresh for longer than it was given, and nothing lives for ever by accident.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "strata/core/record.h"
#include "strata/core/time.h"
#include "testkit/random.h"
#include "testkit/reliability.h"

namespace strata {
namespace {

using testkit::Random;
__extension__ using Wide = __int128;

constexpr std::uint64_t kCases = 1'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kTolerated = 2'000 * kNsPerMs;  // a writer's clock may be ahead by this

// Around the edges of what is representable and of what people configure, or anything.
std::int64_t any_time(Random& random) {
  static constexpr std::array<std::int64_t, 12> kEdges{0,
                                                       1,
                                                       -1,
                                                       kTolerated,
                                                       3'600 * 1'000 * kNsPerMs,
                                                       86'400LL * 365 * 1'000 * kNsPerMs,
                                                       INT64_MAX,
                                                       INT64_MAX - 1,
                                                       INT64_MIN,
                                                       INT64_MIN + 1,
                                                       INT64_MAX / kNsPerMs,
                                                       INT64_MIN / kNsPerMs};
  if (random.one_in(3)) return static_cast<std::int64_t>(random.next());
  const std::int64_t edge = kEdges[random.below(kEdges.size())];
  const auto by = static_cast<std::int64_t>(random.skewed() >> random.below(64));
  std::int64_t moved = edge;
  const bool wraps = random.one_in(2) ? __builtin_add_overflow(edge, by, &moved)
                                      : __builtin_sub_overflow(edge, by, &moved);
  return wraps ? edge : moved;
}

Duration any_length(Random& random) {
  const std::int64_t time = any_time(random);
  return Duration(time < 0 ? ~time : time);
}

std::int64_t held(Wide time) {
  return static_cast<std::int64_t>(std::clamp<Wide>(time, INT64_MIN, INT64_MAX));
}

struct Case {
  Lifetime lifetime;
  Instant now;
  WallTime wall;
  std::uint64_t boot;

  // In nanoseconds; nothing if it is from a future that no clock is ahead by.
  [[nodiscard]] std::optional<Wide> age() const {
    const Wide age = lifetime.boot_id == boot
                         ? Wide{now.since_boot.count()} - lifetime.written_since_boot.count()
                         : (Wide{wall.unix_ms} - lifetime.written_wall.unix_ms) * kNsPerMs;
    if (age < -kTolerated) return std::nullopt;
    return std::max<Wide>(age, 0);
  }
};

Case any_case(Random& random) {
  Case made{.lifetime = {.written_wall = {any_time(random)},
                         .written_since_boot = Duration(any_time(random)),
                         .boot_id = random.below(2),
                         .fresh_for = any_length(random),
                         .keep_for = {}},
            .now = {Duration(std::min(any_length(random).count(), INT64_MAX - 1))},
            .wall = {any_time(random)},
            .boot = random.below(2)};
  made.lifetime.keep_for = std::max(made.lifetime.fresh_for, any_length(random));
  if (random.one_in(2)) {
    // Near its end, where one nanosecond decides.
    const Wide end = Wide{made.lifetime.written_since_boot.count()} +
                     made.lifetime.fresh_for.count() + Wide(random.below(3)) - 1;
    made.now = {Duration(static_cast<std::int64_t>(std::clamp<Wide>(end, 0, INT64_MAX - 1)))};
    made.boot = made.lifetime.boot_id;
  }
  return made;
}

// Whether what is left of `given` is what the age leaves of it.
bool is_right(Duration left, Duration given, const std::optional<Wide>& age) {
  if (!age) return left <= Duration::zero();
  if (*age > INT64_MAX) return left <= Duration::zero() || given == kForever;
  if (given == kForever) return left == kForever;
  return left.count() == held(Wide{given.count()} - *age);
}

TEST(TimeProperties, OfAMillionLivesNoneIsLongerThanItWasGiven) {
  Random random(1);
  std::uint64_t wrong = 0;
  std::uint64_t too_long = 0;
  std::uint64_t ended_wrong = 0;
  std::uint64_t would_wrap = 0;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case one = any_case(random);
    const Remaining left = remaining(one.lifetime, one.now, one.wall, one.boot);
    const std::optional<Wide> age = one.age();
    wrong += is_right(left.fresh, one.lifetime.fresh_for, age) ? 0 : 1;
    wrong += is_right(left.kept, one.lifetime.keep_for, age) ? 0 : 1;
    const bool is_over =
        !age || (*age >= one.lifetime.fresh_for.count() && one.lifetime.fresh_for != kForever);
    too_long += is_over && left.fresh > Duration::zero() ? 1 : 0;

    const Lifetime ended = ended_at(one.lifetime, one.now, one.wall, one.boot);
    const Remaining after = remaining(ended, one.now, one.wall, one.boot);
    ended_wrong += after.fresh > Duration::zero() ? 1 : 0;
    ended_wrong += after.kept > std::max(left.kept, Duration::zero()) ? 1 : 0;

    // What a plain addition would say: written + ttl > now.
    std::int64_t end = 0;
    const bool wraps = __builtin_add_overflow(one.lifetime.written_since_boot.count(),
                                              one.lifetime.fresh_for.count(), &end);
    would_wrap += wraps ? 1 : 0;
  }
  testkit::Reliability report("R15t",
                              "lives of any length, at any time, after any step of a clock");
  report.count("cases", kCases).count("cases in which an addition wraps", would_wrap).seeds(1, 1);
  report.violations("lives of another length", wrong).violations("fresh beyond the ttl", too_long);
  report.violations("lives that an expire did not end", ended_wrong);
  EXPECT_GT(would_wrap, kCases / 100) << "arithmetic that wraps must fail this test";
}

TEST(TimeProperties, OfAMillionSumsNoneWraps) {
  Random random(2);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Duration a(any_time(random));
    const Duration b(any_time(random));
    const bool is_forever = a == kForever || b == kForever;
    const std::int64_t sum = is_forever ? INT64_MAX : held(Wide{a.count()} + b.count());
    wrong += saturating_add(a, b).count() == sum ? 0 : 1;
    const std::int64_t path = b == kForever ? INT64_MAX : held(Wide{b.count()} - a.count());
    wrong += between({a}, {b}).count() == path ? 0 : 1;
  }
  testkit::Reliability report("R15t", "sums and differences of any times");
  report.count("cases", kCases).seeds(2, 2).violations("wrong sums", wrong);
}

}  // namespace
}  // namespace strata
