// Tests of threads: they are joined whenever their handle goes.
#include "strata/ports/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <string>
#include <utility>

namespace strata {
namespace {

TEST(Thread, IsJoinedWhenItsHandleGoes) {
  bool ran = false;
  {
    const Thread thread("test", [&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(Thread, JoiningTwiceIsFine) {
  bool ran = false;
  Thread thread("test", [&] { ran = true; });
  EXPECT_TRUE(thread.joinable());
  thread.join();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(thread.joinable());
  thread.join();
}

TEST(Thread, AnEmptyHandleHasNothingToJoin) {
  Thread thread;
  EXPECT_FALSE(thread.joinable());
  thread.join();
}

TEST(Thread, AssignmentJoinsTheFormerOne) {
  std::atomic<int> ran{0};
  Thread thread("first", [&] { ++ran; });
  thread = Thread("second", [&] { ++ran; });
  EXPECT_GE(ran, 1);
  Thread moved = std::move(thread);
  EXPECT_FALSE(thread.joinable());  // NOLINT: moved from, on purpose
  moved.join();
  EXPECT_EQ(ran, 2);
}

TEST(Thread, ToolsSeeTheBeginningOfItsName) {
  std::string seen;
  Thread("a-name-that-is-too-long", [&] {
    std::array<char, 64> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    seen = name.data();
  }).join();
  EXPECT_EQ(seen, "a-name-that-is-");
}

}  // namespace
}  // namespace strata
