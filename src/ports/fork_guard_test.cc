// R17, for the ports: what a child of fork() has of its parent is refused, and neither hangs nor
// reaches what is the parent's.
#include "ports/fork_guard.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

#include "ports/process.h"
#include "strata/ports/thread.h"
#include "strata/testing/record_tier.h"
#include "testkit/forked.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata::internal {
namespace {

using testkit::forked;

TEST(R17Birthplace, IsThisProcessAndNoChild) {
  const Birthplace here;
  EXPECT_TRUE(here.is_here());
  EXPECT_EQ(forked([&] {
              const Birthplace there;
              return std::to_string(here.is_here()) + std::to_string(there.is_here());
            }),
            "01");
  EXPECT_TRUE(here.is_here());
}

// Every thread waits, or runs a task that never ends: the child has none of them.
TEST(R17Executor, AChildNeitherPostsNorWaitsForItsParentsThreads) {
  std::atomic<bool> is_over{false};
  std::atomic<int> ran{0};
  std::shared_ptr<Executor> pool = thread_pool({.threads = 2});
  ASSERT_TRUE(pool->post([&] {
    ++ran;
    testkit::wait_until([&] { return is_over.load(); });
  }));
  testkit::wait_until([&] { return ran == 1; });
  EXPECT_EQ(forked([&] {
              const bool posted = pool->post([] {});
              pool->close();
              pool.reset();
              return std::string(posted ? "posted" : "refused");
            }),
            "refused");
  EXPECT_TRUE(pool->post([&] { ++ran; }));
  is_over = true;
  pool->close();
  EXPECT_EQ(ran, 2);
}

TEST(R17Timer, AChildNeitherSchedulesNorWaits) {
  const std::shared_ptr<Clock> clock = system_clock();
  std::shared_ptr<Timer> timer = system_timer(clock);
  std::atomic<bool> ran{false};
  ASSERT_TRUE(timer->schedule(saturating_add(clock->now(), std::chrono::hours(1)), [] {}));
  EXPECT_EQ(forked([&] {
              const bool scheduled = timer->schedule(clock->now(), [] {});
              timer.reset();
              return std::string(scheduled ? "scheduled" : "refused");
            }),
            "refused");
  ASSERT_TRUE(timer->schedule(clock->now(), [&] { ran = true; }));
  testkit::wait_until([&] { return ran.load(); });
}

TEST(R17Thread, AChildDoesNotJoinWhatItDoesNotHave) {
  std::atomic<bool> is_over{false};
  Thread thread("waits", [&] { testkit::wait_until([&] { return is_over.load(); }); });
  EXPECT_EQ(forked([&] {
              thread.join();
              return std::string(thread.joinable() ? "joinable" : "gone");
            }),
            "gone");
  EXPECT_TRUE(thread.joinable());
  is_over = true;
}

TEST(R17Tier, AChildsCallsAreClosedAndReachNothing) {
  auto records = std::make_unique<RecordTier>();
  RecordTier* const inner = records.get();
  std::unique_ptr<Tier> tier = fork_guarded(std::move(records));
  const Ticket before = tier->position();
  const KeyRef key{"1:user::42:", key_hash("1:user::42:"), {}};
  const Labels labels{tag("org:7")};
  EXPECT_EQ(forked([&] {
              const auto found = tier->get(key, {});
              tier->invalidate(labels);
              tier->close({});
              const std::string inside = std::to_string(inner->calls()) +
                                         (inner->position() == before ? " same " : " raised ");
              const std::string state(to_string(tier->stats().state));
              tier.reset();
              return inside + state + ": " + found.error().message;
            }),
            "0 same off: the tier records belongs to the process that this one was forked from: "
            "open one of its own");
  EXPECT_TRUE(tier->get(key, {}));
}

// flock() belongs to the open file, which a child shares: it would keep the lock of a parent that
// is gone.
TEST(R17ClosedInChildren, ALockedFileIsClosedInTheChildAndStaysLockedByItsOwner) {
  const testkit::TempDir folder;
  const std::string path = folder.file("lock");
  std::ofstream(path) << "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
  const auto state = [&](int number) {
    return std::string(::fcntl(number, F_GETFD) < 0 ? "closed" : "open");
  };
  {
    ClosedInChildren closed(file);
    const ClosedInChildren moved = std::move(closed);
    EXPECT_EQ(forked([&] { return state(file); }), "closed");
    const int another = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_NE(::flock(another, LOCK_EX | LOCK_NB), 0) << "the child's end unlocks nothing";
    ::close(another);
  }
  EXPECT_EQ(forked([&] { return state(file); }), "open");
  ::close(file);
}

}  // namespace
}  // namespace strata::internal
