// Tests of thread slots.
#include "core/thread_slot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <set>
#include <vector>

#include "testkit/threads.h"

namespace strata::internal {
namespace {

// The slots of `count` threads that are all alive at once.
std::vector<unsigned> slots_of_living_threads(std::size_t count) {
  std::vector<unsigned> slots(count);
  std::barrier all_have_one(static_cast<std::ptrdiff_t>(count));
  testkit::run_threads(count, [&](std::size_t index) {
    slots[index] = thread_slot();
    all_have_one.arrive_and_wait();
  });
  return slots;
}

TEST(ThreadSlot, StaysTheSameWithinAThread) {
  const unsigned slot = thread_slot();
  EXPECT_NE(slot, kSharedSlot);
  EXPECT_LT(slot, kThreadSlots);
  EXPECT_EQ(thread_slot(), slot);
}

TEST(ThreadSlot, LivingThreadsHaveDifferentOnes) {
  const unsigned own = thread_slot();  // before theirs are free again
  std::vector<unsigned> slots = slots_of_living_threads(20);
  slots.push_back(own);
  EXPECT_EQ(std::set<unsigned>(slots.begin(), slots.end()).size(), 21u);
}

TEST(ThreadSlot, TheLowestFreeOneIsTaken) {
  for (int round = 0; round < 3; ++round) {
    const std::vector<unsigned> slots = slots_of_living_threads(20);
    EXPECT_LE(*std::max_element(slots.begin(), slots.end()), 21u);
  }
}

TEST(ThreadSlot, ThoseThatComeTooLateShareOne) {
  const std::vector<unsigned> slots = slots_of_living_threads(kThreadSlots + 10);
  std::set<unsigned> own;
  int shared = 0;
  for (const unsigned slot : slots) {
    ASSERT_LT(slot, kThreadSlots);
    if (slot == kSharedSlot) {
      ++shared;
    } else {
      EXPECT_TRUE(own.insert(slot).second) << slot;
    }
  }
  EXPECT_GE(shared, 10);
  EXPECT_LE(own.size(), kThreadSlots - 1);
}

// A destructor that counts something after the thread gave its slot back. It is made first, so
// that it goes last.
TEST(ThreadSlot, DestructorsThatRunAfterItIsGivenBackGetTheSharedOne) {
  static unsigned seen = kNoSlot;
  struct Late {
    ~Late() { seen = thread_slot(); }
    void arm() {}
  };
  testkit::run_threads(1, [](std::size_t) {
    static thread_local Late late;
    late.arm();
    EXPECT_NE(thread_slot(), kSharedSlot);
  });
  EXPECT_EQ(seen, kSharedSlot);
}

}  // namespace
}  // namespace strata::internal
