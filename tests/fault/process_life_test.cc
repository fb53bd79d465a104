// R18: processes that end while they have a cache: return from main, exit() anywhere, a signal, at
// once. Each is a process of its own (life_child.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "strata/strata.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A started program and what it prints.
class Program {
 public:
  Program(const std::string& how, const std::string& folder) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string program = STRATA_LIFE_CHILD;
    std::string way = how;
    std::string place = folder;
    char* arguments[] = {program.data(), way.data(), place.data(), nullptr};
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) {
      throw std::runtime_error("cannot start " + program);
    }
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Program() { ::close(output_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void wait_for(const std::string& line) {
    while (said_.find(line) == std::string::npos && read_more()) {
    }
  }
  void send(int number) const { ::kill(pid_, number); }

  // What it printed, then how it ended. ctest's time-out is for one that does not.
  std::string end() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (WIFSIGNALED(status)) return said_ + "signal " + std::to_string(WTERMSIG(status));
    return said_ + "exit code " + std::to_string(WEXITSTATUS(status));
  }

 private:
  bool read_more() {
    std::array<char, 4096> block;
    const ssize_t size = ::read(output_, block.data(), block.size());
    if (size > 0) said_.append(block.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  pid_t pid_ = 0;
  int output_ = -1;
  std::string said_;
};

class R18ProcessLife : public ::testing::Test {
 protected:
  testkit::TempDir folder_;
  std::shared_ptr<ManualClock> clock_;  // none: the system's

  std::string run(const std::string& how) { return Program(how, folder_.path().string()).end(); }

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
  testkit::Random random(18);
  for (int round = 0; round < 10; ++round) {
    const testkit::TempDir folder;
    Program program("end_by_signal", folder.path().string());
    program.wait_for("working");
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(20'000)));
    program.send(SIGTERM);
    const std::string said = program.end();
    ASSERT_THAT(said, HasSubstr("exit code 0"));
    const int acknowledged = std::stoi(said.substr(said.find("acknowledged ") + 13));
    ASSERT_GT(acknowledged, 100);
    Cache cache = CacheBuilder().sqlite({.path = folder.file("cache.db")}).build().value();
    auto users = cache.keyspace<std::string>("user");
    for (int id = 0; id < acknowledged; ++id) {
      ASSERT_EQ(users.get(std::to_string(id)).value_or("-"), "v" + std::to_string(id));
    }
  }
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
    clock_->advance(milliseconds(100));
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
