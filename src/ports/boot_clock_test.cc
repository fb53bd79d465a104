// Tests of the coarse clock across sleeps of the machine.
#include "ports/boot_clock.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::internal {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kTickNs = 4 * kMs;

// A machine whose clocks move when told. Each reading may take a while, as preemption does.
struct Machine {
  std::int64_t awake_ns = 10'000 * kMs;
  std::int64_t slept_ns = 0;
  std::int64_t reading_takes_ns = 0;

  std::int64_t read(std::int64_t value) {
    awake_ns += reading_takes_ns;
    return value;
  }
};

struct Reader {
  Machine* machine = nullptr;
  [[nodiscard]] std::int64_t boottime_ns() const {
    return machine->read(machine->awake_ns + machine->slept_ns);
  }
  [[nodiscard]] std::int64_t monotonic_ns() const { return machine->read(machine->awake_ns); }
  [[nodiscard]] std::int64_t monotonic_coarse_ns() const {
    return machine->read(machine->awake_ns / kTickNs * kTickNs);
  }
};

std::int64_t ns(Instant at) { return at.since_boot.count(); }

TEST(BootClock, CountsTheTimeThatTheMachineSlept) {
  Machine machine;
  const BootClock<Reader> clock(Reader{&machine});
  const Instant before = clock.now();
  machine.slept_ns += 3'600'000 * kMs;
  EXPECT_EQ(ns(clock.now()), ns(before) + 3'600'000 * kMs);
}

TEST(BootClock, TheCoarseOneStartsWithWhatWasSleptBefore) {
  Machine machine{.slept_ns = 5'000 * kMs};
  const BootClock<Reader> clock(Reader{&machine});
  EXPECT_EQ(clock.coarse_now(), clock.now()) << "at a tick";
}

TEST(BootClock, TheCoarseOneNoticesASleepWithinATick) {
  Machine machine;
  const BootClock<Reader> clock(Reader{&machine});
  EXPECT_EQ(clock.coarse_now(), clock.now());
  machine.slept_ns += 3'600'000 * kMs;
  machine.awake_ns += kTickNs;
  EXPECT_EQ(clock.coarse_now(), clock.now());
}

// Invariant (1) and what follows from it, with sleeps and slow readings anywhere.
TEST(BootClock, TheCoarseOneIsNeverAheadNeverGoesBackAndIsNotLate) {
  testkit::for_each_seed(300, [](testkit::Random& random) {
    Machine machine{.slept_ns = static_cast<std::int64_t>(random.below(1'000) * 1'000'000)};
    const BootClock<Reader> clock(Reader{&machine});
    Instant former = clock.coarse_now();
    for (int step = 0; step < 200; ++step) {
      machine.reading_takes_ns =
          random.one_in(10) ? static_cast<std::int64_t>(random.below(20'000'000)) : 0;
      if (random.one_in(10)) machine.slept_ns += static_cast<std::int64_t>(random.below(1u << 30));
      machine.awake_ns += static_cast<std::int64_t>(random.below(3'000'000));

      const Instant coarse = clock.coarse_now();
      ASSERT_GE(coarse, former);
      ASSERT_LE(coarse, clock.now());
      former = coarse;

      // After some waking time without slow readings, what is left is the tick.
      machine.reading_takes_ns = 0;
      machine.awake_ns += kTickNs + BootClock<Reader>::kRemeasureNs;
      ASSERT_LT(ns(clock.now()) - ns(clock.coarse_now()), kTickNs);
      former = clock.coarse_now();
    }
  });
}

}  // namespace
}  // namespace strata::internal
