// Places, those who wait for one, and those who may not even wait.
#include "load/bulkhead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "strata/ports/clock.h"
#include "strata/ports/thread.h"
#include "strata/testing/manual_clock.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata::internal {
namespace {

using Entry = Bulkhead::Entry;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

struct Bed {
  explicit Bed(std::size_t inside, std::size_t waiting) : bulkhead(inside, waiting) {}

  // A caller that waits, in a thread of its own; it notes its name once it is inside, and leaves.
  Thread waiter(std::string name, std::vector<std::string>& order) {
    const std::size_t before = bulkhead.waiting();
    Thread thread("waiter", [this, name, &order] {
      ASSERT_EQ(bulkhead.enter({}, *clock), Entry::kInside);
      order.push_back(name);  // nobody else is inside
      bulkhead.leave();
    });
    testkit::wait_until([&] { return bulkhead.waiting() == before + 1; });
    return thread;
  }

  const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Bulkhead bulkhead;
};

TEST(Bulkhead, WhoComesFirstIsServedFirst) {
  Bed bed(1, 10);
  ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  std::vector<std::string> order;
  Thread first = bed.waiter("first", order);
  Thread second = bed.waiter("second", order);
  Thread third = bed.waiter("third", order);
  bed.bulkhead.leave();
  first.join();
  second.join();
  third.join();
  EXPECT_THAT(order, ElementsAre("first", "second", "third"));
  EXPECT_EQ(bed.bulkhead.inside(), 0u);
}

TEST(Bulkhead, OneTooManyMayNotWait) {
  Bed bed(1, 1);
  ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  std::vector<std::string> order;
  Thread waiter = bed.waiter("waiter", order);
  Entry entry = Entry::kInside;
  Thread("late", [&] { entry = bed.bulkhead.enter({}, *bed.clock); }).join();
  EXPECT_EQ(entry, Entry::kFull);
  bed.bulkhead.leave();
  waiter.join();
}

TEST(Bulkhead, ADeadlineEndsTheWaitAndGivesUpTheTurn) {
  Bed bed(1, 10);
  ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  Entry entry = Entry::kInside;
  const Deadline deadline{saturating_add(bed.clock->now(), milliseconds(1))};
  Thread late("late", [&] { entry = bed.bulkhead.enter(deadline, *bed.clock); });
  testkit::wait_until([&] { return bed.bulkhead.waiting() == 1; });
  bed.clock->advance(milliseconds(1));
  late.join();
  EXPECT_EQ(entry, Entry::kLate);
  EXPECT_EQ(bed.bulkhead.waiting(), 0u);
  bed.bulkhead.leave();
  EXPECT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  bed.bulkhead.leave();
}

TEST(Bulkhead, ThoseWhoWaitCanBeSentAway) {
  Bed bed(1, 10);
  ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  std::atomic<int> sent{0};
  std::vector<Thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back("waiter", [&] {
      if (bed.bulkhead.enter({}, *bed.clock) == Entry::kSentAway) ++sent;
    });
  }
  testkit::wait_until([&] { return bed.bulkhead.waiting() == 3; });
  bed.bulkhead.send_away();
  threads.clear();
  EXPECT_EQ(sent.load(), 3);
  EXPECT_EQ(bed.bulkhead.inside(), 1u);
  bed.bulkhead.leave();
}

TEST(Bulkhead, KnowsWhichThreadsAreInside) {
  Bed bed(1, 1);
  EXPECT_FALSE(bed.bulkhead.has_me());
  ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
  EXPECT_TRUE(bed.bulkhead.has_me());
  Thread other("other", [&] {
    EXPECT_FALSE(bed.bulkhead.has_me());
    ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
    EXPECT_TRUE(bed.bulkhead.has_me()) << "with the place that became free";
    bed.bulkhead.leave();
  });
  testkit::wait_until([&] { return bed.bulkhead.waiting() == 1; });
  bed.bulkhead.leave();
  EXPECT_FALSE(bed.bulkhead.has_me());
  other.join();
}

TEST(Bulkhead, WithoutALimitEverybodyIsLetIn) {
  Bed bed(0, 0);
  testkit::run_threads(4, [&](std::size_t) {
    ASSERT_EQ(bed.bulkhead.enter({}, *bed.clock), Entry::kInside);
    bed.bulkhead.leave();
  });
}

TEST(Bulkhead, NoMoreThanTheLimitAreInsideAndNobodyIsForgotten) {
  constexpr std::size_t kInside = 2;
  constexpr int kCalls = 100;
  Bulkhead bulkhead(kInside, 3);
  const std::shared_ptr<Clock> clock = system_clock();
  std::atomic<std::size_t> inside{0};
  std::atomic<int> served{0};
  std::atomic<int> refused{0};
  testkit::run_threads(8, [&](std::size_t) {
    for (int i = 0; i < kCalls; ++i) {
      const Entry entry = bulkhead.enter({}, *clock);
      if (entry != Entry::kInside) {
        EXPECT_EQ(entry, Entry::kFull);
        ++refused;
        continue;
      }
      EXPECT_LE(++inside, kInside);
      ++served;
      --inside;
      bulkhead.leave();
    }
  });
  EXPECT_EQ(served.load() + refused.load(), 8 * kCalls);
  EXPECT_EQ(bulkhead.inside(), 0u);
  EXPECT_EQ(bulkhead.waiting(), 0u);
}

}  // namespace
}  // namespace strata::internal
