// Tests of the coarse clock across sleeps of the machine.
#include "ports/boot_clock.h"

#include <gtest/gtest.h>

#include "testkit/seeds.h"

namespace strata::internal {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

// A machine whose clock and counter move when told. A reading may take a while, as preemption does.
struct Machine {
  std::int64_t now_ns = 10'000'000'000;
  std::int64_t reading_takes_ns = 0;
  std::uint64_t ticks = 5'000'000;  // 0: no counter

  void be_awake(std::int64_t ns) {
    now_ns += ns;
    if (ticks != 0) ticks += static_cast<std::uint64_t>(2 * ns);
  }
  // The counter goes on, stops, or begins anew.
  void sleep(std::int64_t ns, std::uint64_t woken_at) {
    now_ns += ns;
    ticks = woken_at;
  }
};

struct Reader {
  Machine* machine = nullptr;
  [[nodiscard]] std::int64_t boottime_ns() const {
    const std::int64_t now = machine->now_ns;
    machine->be_awake(machine->reading_takes_ns);
    return now;
  }
  [[nodiscard]] std::uint64_t ticks() const { return machine->ticks; }
};

constexpr std::uint64_t kKept = BootClock<Reader>::kTicksKept;

TEST(BootClock, TheCoarseOneIsAskedAgainWhenTheCounterHasGoneOn) {
  Machine machine;
  const BootClock<Reader> clock(Reader{&machine});
  const Instant first = clock.coarse_now();
  EXPECT_EQ(first, clock.now());
  machine.now_ns += 1;
  machine.ticks += kKept - 1;
  EXPECT_EQ(clock.coarse_now(), first) << "kept";
  machine.ticks += 1;
  EXPECT_EQ(clock.coarse_now(), clock.now());
}

TEST(BootClock, ASleepIsNoticedWhateverItDoesToTheCounter) {
  Machine machine;
  const BootClock<Reader> clock(Reader{&machine});
  static_cast<void>(clock.coarse_now());
  machine.sleep(kHourNs, machine.ticks + kHourNs);
  EXPECT_EQ(clock.coarse_now(), clock.now()) << "it went on";
  machine.sleep(kHourNs, 1);
  EXPECT_EQ(clock.coarse_now(), clock.now()) << "it began anew";
  machine.sleep(kHourNs, machine.ticks);
  machine.be_awake(kKept);
  EXPECT_EQ(clock.coarse_now(), clock.now()) << "it stood still";
}

TEST(BootClock, WithoutACounterTheCoarseOneIsTheOther) {
  Machine machine{.ticks = 0};
  const BootClock<Reader> clock(Reader{&machine});
  for (int i = 0; i < 3; ++i) {
    machine.be_awake(1);
    EXPECT_EQ(clock.coarse_now(), clock.now());
  }
}

TEST(BootClock, TheCoarseOneIsNeverAheadNeverGoesBackAndIsNotLate) {
  testkit::for_each_seed(300, [](testkit::Random& random) {
    Machine machine{.ticks = random.one_in(5) ? 0 : random.below(1u << 30)};
    const BootClock<Reader> clock(Reader{&machine});
    Instant former = clock.coarse_now();
    for (int step = 0; step < 200; ++step) {
      machine.reading_takes_ns =
          random.one_in(10) ? static_cast<std::int64_t>(random.below(20'000'000)) : 0;
      if (random.one_in(10) && machine.ticks != 0) {
        machine.sleep(static_cast<std::int64_t>(random.below(1u << 30)),
                      1 + random.below(1u << 30));
        former = clock.coarse_now();  // By chance the counter is where it was before the sleep.
        machine.be_awake(kKept);
      }
      machine.be_awake(static_cast<std::int64_t>(random.below(300'000)));

      const std::int64_t begun = machine.now_ns;
      const Instant coarse = clock.coarse_now();
      ASSERT_GE(coarse, former);
      ASSERT_LE(coarse, clock.now());
      ASSERT_GE(coarse.since_boot.count(), begun - static_cast<std::int64_t>(kKept));
      former = coarse;
    }
  });
}

}  // namespace
}  // namespace strata::internal
