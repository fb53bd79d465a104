// The baton and its pickers, on threads that do little.
#include "testkit/baton.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "core/mutex.h"
#include "core/yield_point.h"

namespace strata::testkit {
namespace {

using std::chrono::seconds;

// Two threads that each add one to a number, and may be interrupted between reading and writing.
struct LostUpdate {
  int number = 0;
  Baton baton;
  LostUpdate() {
    for (const char* name : {"a", "b"}) {
      baton.thread(name, [this] {
        const int read = number;
        STRATA_YIELD("between");
        number = read + 1;
      });
    }
  }
};

TEST(Baton, LetsAThreadRunToItsEndUnlessThePickerSaysOtherwise) {
  LostUpdate threads;
  SerialPicker serial;
  threads.baton.run(serial);
  EXPECT_EQ(threads.number, 2);
  EXPECT_EQ(threads.baton.story(), "  a: between\n  b: between\n");
}

TEST(Baton, AnInterruptedThreadLosesAnUpdate) {
  std::size_t lost = 0;
  ExhaustivePicker picker(1);
  std::size_t played = 0;
  do {
    LostUpdate threads;
    threads.baton.run(picker);
    if (threads.number == 1) ++lost;
    ++played;
  } while (picker.next());
  // Either thread first, interrupted or not.
  EXPECT_EQ(played, 4U);
  EXPECT_EQ(lost, 2U);
}

TEST(Baton, NothingIsLostWithoutInterruptions) {
  ExhaustivePicker picker(0);
  std::size_t played = 0;
  do {
    LostUpdate threads;
    threads.baton.run(picker);
    EXPECT_EQ(threads.number, 2);
    ++played;
  } while (picker.next());
  EXPECT_EQ(played, 2U);
}

TEST(Baton, RandomPrioritiesFindTheLostUpdateAndASeedFindsItAgain) {
  std::uint64_t found = 0;
  std::string story;
  for (std::uint64_t seed = 1; seed <= 100 && found == 0; ++seed) {
    LostUpdate threads;
    PriorityPicker picker(seed, 2, 2, 2);
    threads.baton.run(picker);
    if (threads.number == 2) continue;
    found = seed;
    story = threads.baton.story();
  }
  ASSERT_NE(found, 0U);
  LostUpdate again;
  PriorityPicker picker(found, 2, 2, 2);
  again.baton.run(picker);
  EXPECT_EQ(again.number, 1);
  EXPECT_EQ(again.baton.story(), story);
}

// A queue of one thread for another.
struct Queue {
  Mutex mutex;
  CondVar changed;
  std::deque<int> items;
};

TEST(Baton, LocksAndConditionsWaitByLettingOthersRun) {
  ExhaustivePicker picker(2);
  std::size_t played = 0;
  do {
    Queue queue;
    int sum = 0;
    Baton baton;
    baton.thread("take", [&] {
      for (int i = 0; i < 2; ++i) {
        const MutexLock lock(queue.mutex);
        while (queue.items.empty()) queue.changed.wait(queue.mutex);
        STRATA_YIELD("taking");  // with the lock: whoever wants it has to wait
        sum += queue.items.front();
        queue.items.pop_front();
      }
    });
    for (const int item : {1, 2}) {
      baton.thread("give " + std::to_string(item), [&queue, item] {
        const MutexLock lock(queue.mutex);
        queue.items.push_back(item);
        queue.changed.notify_one();
      });
    }
    baton.run(picker);
    EXPECT_EQ(sum, 3);
    ++played;
  } while (picker.next());
  EXPECT_GT(played, 10U);
}

TEST(Baton, TimePassesWhenNobodyElseCanGoOn) {
  Queue queue;
  std::chrono::nanoseconds passed{};
  bool notified = true;
  Baton baton;
  baton.set_pass_time([&](std::chrono::nanoseconds by) { passed += by; });
  baton.thread("wait", [&] {
    const MutexLock lock(queue.mutex);
    notified = queue.changed.wait_for(queue.mutex, seconds(5));
  });
  baton.thread("work", [] { STRATA_YIELD("working"); });
  SerialPicker serial;
  baton.run(serial);
  EXPECT_FALSE(notified);
  EXPECT_EQ(passed, seconds(5));
}

TEST(Baton, AThreadThatMovesTheClockEndsTheWaitsThatAreOver) {
  Queue queue;
  bool is_over = false;
  bool notified = true;
  Baton baton;
  const auto wait = [&queue](seconds at_most) {
    const MutexLock lock(queue.mutex);
    return queue.changed.wait_for(queue.mutex, at_most);
  };
  baton.thread("short", [&] {
    is_over = !wait(seconds(5));
    const MutexLock lock(queue.mutex);
    queue.changed.notify_all();
  });
  baton.thread("long", [&] { notified = wait(seconds(6)); });
  baton.thread("clock", [&] { baton.time_passed(seconds(5)); });
  SerialPicker serial;
  baton.run(serial);
  EXPECT_TRUE(is_over);
  EXPECT_TRUE(notified);
}

TEST(Baton, AThreadInTheBackgroundEndsWithTheOthers) {
  Queue queue;
  int taken = 0;
  Baton baton;
  baton.background("executor", [&] {
    const MutexLock lock(queue.mutex);
    for (;;) {
      while (queue.items.empty() && !baton.ending()) queue.changed.wait(queue.mutex);
      if (queue.items.empty()) return;
      taken += queue.items.front();
      queue.items.pop_front();
    }
  });
  baton.thread("post", [&] {
    const MutexLock lock(queue.mutex);
    queue.items.push_back(7);
    queue.changed.notify_all();
  });
  SerialPicker serial;
  baton.run(serial);
  EXPECT_EQ(taken, 7);
}

TEST(BatonDeathTest, ADeadlockEndsTheProcessAndIsTold) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto deadlock = [] {
    Mutex first;
    Mutex second;
    const auto both = [](Mutex& one, Mutex& other) {
      const MutexLock outer(one);
      const MutexLock inner(other);
    };
    ExhaustivePicker picker(1);
    do {
      Baton baton;
      baton.thread("a", [&] { both(first, second); });
      baton.thread("b", [&] { both(second, first); });
      baton.run(picker);
    } while (picker.next());
  };
  EXPECT_DEATH(deadlock(), "nobody can go on:\n.*waits for a lock of b\n.*waits for a lock of a");
}

}  // namespace
}  // namespace strata::testkit
