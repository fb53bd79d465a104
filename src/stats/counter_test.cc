// Tests of striped counters.
#include "strata/stats/counter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>

#include "core/thread_slot.h"
#include "testkit/sanitizer.h"
#include "testkit/threads.h"

namespace strata {
namespace {

TEST(Counter, StartsAtZeroAndSumsWhatIsAdded) {
  Counter counter;
  EXPECT_EQ(counter.read(), 0u);
  counter.add(1);
  counter.add(41);
  EXPECT_EQ(counter.read(), 42u);
}

// More threads at once than there are cells, so that some share, in several generations, so that
// cells change hands.
TEST(Counter, NothingIsLostAmongManyThreads) {
  constexpr std::size_t kThreads = 40;
  constexpr std::uint64_t kAdds = STRATA_SANITIZED ? 50'000 : 1'000'000;
  Counter counter;
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    std::barrier all_have_slots(std::ptrdiff_t{kThreads});
    testkit::run_threads(kThreads, [&](std::size_t) {
      static_cast<void>(internal::thread_slot());
      all_have_slots.arrive_and_wait();
      for (std::uint64_t add = 0; add < kAdds; ++add) counter.add(1);
    });
    EXPECT_EQ(counter.read(), generation * kThreads * kAdds);
  }
}

// More threads than there are slots, so that several have the shared one.
TEST(Counter, NothingIsLostAmongThreadsThatShareASlot) {
  constexpr std::size_t kThreads = internal::kThreadSlots + 10;
  constexpr std::uint64_t kAdds = STRATA_SANITIZED ? 50'000 : 2'000'000;
  Counter counter;
  std::atomic<std::uint64_t> sharers{0};
  std::barrier all_have_slots(std::ptrdiff_t{kThreads});
  testkit::run_threads(kThreads, [&](std::size_t) {
    const bool shares = internal::thread_slot() == internal::kSharedSlot;
    all_have_slots.arrive_and_wait();
    if (!shares) return;
    ++sharers;
    for (std::uint64_t add = 0; add < kAdds; ++add) counter.add(1);
  });
  EXPECT_GE(sharers, 10u);
  EXPECT_EQ(counter.read(), sharers * kAdds);
}

TEST(Counter, SuccessiveReadsNeverGoDown) {
  constexpr std::uint64_t kAdders = 3;
  constexpr std::uint64_t kAdds = 50'000;
  Counter counter;
  testkit::run_threads(kAdders + 1, [&](std::size_t index) {
    if (index < kAdders) {
      for (std::uint64_t add = 0; add < kAdds; ++add) counter.add(1);
      return;
    }
    std::uint64_t former = 0;
    while (former < kAdders * kAdds) {
      const std::uint64_t now = counter.read();
      ASSERT_GE(now, former);
      former = now;
    }
  });
  EXPECT_EQ(counter.read(), kAdders * kAdds);
}

}  // namespace
}  // namespace strata
