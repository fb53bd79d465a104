// Tests of the counts of hits and misses.
#include "memory/read_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>

#include "core/thread_slot.h"
#include "testkit/sanitizer.h"
#include "testkit/threads.h"

namespace strata::memory {
namespace {

constexpr std::uint64_t kAdds = STRATA_SANITIZED ? 20'000 : 500'000;

TEST(ReadCounts, HitsAndMissesAreCountedApart) {
  const auto counts = std::make_unique<ReadCounts>();
  const unsigned slot = internal::thread_slot();
  counts->add_hits(slot, 3);
  counts->add_misses(slot, 1);
  counts->add_hits(slot, 39);
  EXPECT_EQ(counts->hits(), 42u);
  EXPECT_EQ(counts->misses(), 1u);
}

// In generations, so that slots change hands; and more threads than there are slots, so that some
// share one.
TEST(ReadCounts, NothingIsLostAmongManyThreads) {
  constexpr std::size_t kThreads = internal::kThreadSlots + 10;
  const auto counts = std::make_unique<ReadCounts>();
  std::atomic<std::uint64_t> counted{0};
  std::atomic<std::uint64_t> sharers{0};
  for (int generation = 0; generation < 2; ++generation) {
    std::barrier all_have_slots(std::ptrdiff_t{kThreads});
    testkit::run_threads(kThreads, [&](std::size_t thread) {
      const unsigned slot = internal::thread_slot();
      all_have_slots.arrive_and_wait();
      const bool shares = slot == internal::kSharedSlot;
      if (shares) ++sharers;
      if (!shares && thread % 16 != 0) return;
      for (std::uint64_t add = 0; add < kAdds; ++add) counts->add_hits(slot, 1);
      counts->add_misses(slot, kAdds);
      counted += kAdds;
    });
  }
  EXPECT_GE(sharers, 20u);
  EXPECT_EQ(counts->hits(), counted);
  EXPECT_EQ(counts->misses(), counted);
}

}  // namespace
}  // namespace strata::memory
