// R18: processes that end while they have a cache: return from main, exit() anywhere, a signal, at
// once. Each is a process of its own (life_child.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "fault/signal_rounds.h"
#include "strata/strata.h"
#include "strata/testing/manual_clock.h"
#include "testkit/sanitizer.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class R18ProcessLife : public ::testing::Test {
 protected:
  testkit::TempDir folder_;
  std::shared_ptr<ManualClock> clock_;  // none: the system's

  std::string run(const std::string& how) {
    return testkit::Program(how, folder_.path().string()).end();
  }

  [[nodiscard]] Cache reopened(const std::string& name) const {
    CacheBuilder builder;
    if (clock_) builder.clock(clock_);
    return builder.sqlite({.path = folder_.file(name)}).build().value();
  }
  // What the file has for the user, and that it is sound.
  [[nodiscard]] std::string stored(const std::string& id, const std::string& name = "cache.db") {
    Cache cache = reopened(name);
    EXPECT_EQ(cache.stats().tiers.at(1).tier.state, TierState::kOk);
    return cache.keyspace<std::string>("user").get(id).value_or("-");
  }
};

TEST_F(R18ProcessLife, StaticCachesOfTwoLibrariesAreClosedAfterMain) {
  EXPECT_EQ(run("static"), "put\nput\nthe first library still answers\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
  EXPECT_EQ(stored("1", "second.db"), "ada");
}

TEST_F(R18ProcessLife, ThreadLocalCachesAreClosedWithTheirThreads) {
  EXPECT_EQ(run("thread_local"), "put\nput\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
  EXPECT_EQ(stored("1", "second.db"), "ada");
}

TEST_F(R18ProcessLife, ExitWaitsForALoadThatEnds) {
  EXPECT_EQ(run("exit_during_a_load"), "put\nthe load ends\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
}

TEST_F(R18ProcessLife, ExitWithinALoadDoesNotWaitForItself) {
  EXPECT_EQ(run("exit_in_a_load"), "put\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
}

TEST_F(R18ProcessLife, ExitWithinALoaderOfTheCallingThreadEndsTheProcess) {
  EXPECT_EQ(run("exit_in_a_call"), "put\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
}

TEST_F(R18ProcessLife, AfterADeadlineNobodyWaitsForALoadThatHangs) {
  EXPECT_EQ(run("exit_with_a_load_that_hangs"), "put\nclosed in time\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
}

TEST_F(R18ProcessLife, AnEndAtOnceIsACrashAndWhatWasFlushedIsThere) {
  EXPECT_EQ(run("_exit"), "put\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
  EXPECT_EQ(run("quick_exit"), "put\nexit code 0");
  EXPECT_EQ(stored("1"), "ada");
}

// At random moments: whatever was acknowledged before the signal is in the file.
TEST_F(R18ProcessLife, ASignalAndACloseLoseNothingThatWasAcknowledged) {
  testkit::SignalRounds rounds(18);
  while (rounds.rounds < (STRATA_SANITIZED != 0 ? 10 : 40) && !HasFailure()) rounds.end_one();
  rounds.report(18, 18);
}

TEST_F(R18ProcessLife, ACloseThatDoesNotWaitWouldBeFound) {
  testkit::SignalRounds rounds(18, "flush-waits-for-nothing");
  while (rounds.rounds < 20 && rounds.lost == 0 && !HasFailure()) rounds.end_one();
  EXPECT_GT(rounds.lost, 0U);
  testkit::Reliability("R18", "SIGTERM at any moment, and a close with a deadline of 10 s")
      .found("flush-waits-for-nothing", rounds.rounds);
}

class R18Close : public R18ProcessLife {
 protected:
  void SetUp() override { clock_ = std::make_shared<ManualClock>(); }

  std::atomic<bool> is_released_{false};
  std::atomic<int> running_{0};

  [[nodiscard]] Cache make_cache() {
    return CacheBuilder().clock(clock_).sqlite({.path = folder_.file("cache.db")}).build().value();
  }
  auto hanging() {
    return [this](Load&) -> std::string {
      ++running_;
      testkit::wait_until([this] { return is_released_.load(); });
      --running_;
      return "late";
    };
  }
};

TEST_F(R18Close, KeepsItsDeadlineWhenALoadDoesNotReturn) {
  std::optional<Cache> cache = make_cache();
  auto users = cache->keyspace<std::string>("user");
  ASSERT_TRUE(users.put("1", "ada").ok());
  ASSERT_TRUE(cache->flush().ok());  // or the deadline may come first
  users.get_or_load_async("2", hanging());
  testkit::wait_until([&] { return running_ == 1; });
  const Deadline deadline{saturating_add(clock_->now(), seconds(5))};
  std::atomic<bool> is_closed{false};
  std::thread closes([&] {
    cache->close(deadline);
    is_closed = true;
  });
  while (!is_closed) {
    // Time passes for close() alone.
    EXPECT_LE(clock_->now(), saturating_add(deadline.at, seconds(60))) << "it waits on";
    clock_->advance(milliseconds(20));
    std::this_thread::sleep_for(milliseconds(5));
  }
  closes.join();
  EXPECT_EQ(users.get("1").error().code, ErrorCode::kClosed);
  EXPECT_EQ(stored("1"), "ada") << "the file is written, and free";
  cache.reset();
  EXPECT_EQ(running_, 1) << "the destructor does not wait either";
  is_released_ = true;
  testkit::wait_until([&] { return running_ == 0; });
  EXPECT_EQ(stored("2"), "-") << "what came late was dropped";
}

TEST_F(R18Close, WithoutADeadlineItWaitsForTheLoad) {
  std::optional<Cache> cache = make_cache();
  auto users = cache->keyspace<std::string>("user");
  std::string got;
  users.get_or_load_async("2", hanging()).then([&](auto found) { got = found.value_or("-"); });
  testkit::wait_until([&] { return running_ == 1; });
  std::thread releases([&] {
    testkit::wait_until([&] { return !users.put("3", "x").ok(); });
    is_released_ = true;
  });
  cache.reset();
  releases.join();
  EXPECT_EQ(running_, 0);
  EXPECT_EQ(got, "late");
}

TEST_F(R18Close, LoadersThatThrowWhileItWaitsAreErrorsAndItEnds) {
  std::optional<Cache> cache = make_cache();
  auto users = cache->keyspace<std::string>("user");
  std::atomic<int> failed{0};
  for (int id = 0; id < 16; ++id) {
    users
        .get_or_load_async(id,
                           [this](Load&) -> std::string {
                             ++running_;
                             testkit::wait_until([this] { return is_released_.load(); });
                             throw std::runtime_error("the origin is gone");
                           })
        .then([&](auto found) { failed += found.has_error() ? 1 : 0; });
  }
  testkit::wait_until([&] { return running_ == 4; });
  std::thread releases([&] {
    testkit::wait_until([&] { return !users.put("x", "x").ok(); });
    is_released_ = true;
  });
  cache->close();
  releases.join();
  EXPECT_EQ(failed, 16);
  cache.reset();
  EXPECT_EQ(stored("1"), "-");
}

}  // namespace
}  // namespace strata
