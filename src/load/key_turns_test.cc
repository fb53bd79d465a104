// Turns of a key, and what a thread does after its last one.
#include "load/key_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "strata/ports/thread.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeyTurns, ATaskRunsAtOnceOutsideATurn) {
  bool ran = false;
  KeyTurns::after_turn([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(KeyTurns, TasksOfATurnRunAfterItInTheirOrder) {
  KeyTurns turns;
  std::vector<int> ran;
  {
    const KeyTurns::Turn turn(turns, 1);
    EXPECT_TRUE(KeyTurns::in_turn());
    KeyTurns::after_turn([&] { ran.push_back(1); });
    KeyTurns::after_turn([&] { ran.push_back(2); });
    EXPECT_THAT(ran, IsEmpty());
  }
  EXPECT_FALSE(KeyTurns::in_turn());
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST(KeyTurns, ATaskMayTakeTheSameTurnAndLeaveTasksItself) {
  KeyTurns turns;
  std::vector<std::string> ran;
  {
    const KeyTurns::Turn turn(turns, 1);
    KeyTurns::after_turn([&] {
      const KeyTurns::Turn again(turns, 1);
      KeyTurns::after_turn([&] { ran.push_back("inner"); });
      ran.push_back("outer");
    });
    KeyTurns::after_turn([&] { ran.push_back("second"); });
  }
  EXPECT_THAT(ran, ElementsAre("outer", "inner", "second"));
}

TEST(KeyTurns, TasksWaitForTheTurnsOfAllCaches) {
  KeyTurns one;
  KeyTurns other;
  bool ran = false;
  {
    const KeyTurns::Turn outer(one, 1);
    {
      const KeyTurns::Turn inner(other, 1);
      KeyTurns::after_turn([&] { ran = true; });
    }
    EXPECT_FALSE(ran);
  }
  EXPECT_TRUE(ran);
}

TEST(KeyTurns, AnotherThreadHasNoTurn) {
  KeyTurns turns;
  const KeyTurns::Turn turn(turns, 1);
  bool ran = false;
  Thread other("test-turns", [&] { KeyTurns::after_turn([&] { ran = true; }); });
  other.join();
  EXPECT_TRUE(ran);
}

TEST(KeyTurns, OneKeyIsTakenByOneThreadAtATime) {
  KeyTurns turns;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<Thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back("test-turns", [&] {
      for (int n = 0; n < 1'000; ++n) {
        const KeyTurns::Turn turn(turns, 7);
        most = std::max<int>(most, ++inside);
        std::this_thread::yield();  // whoever could come in, comes in now
        --inside;
      }
    });
  }
  for (Thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace strata
