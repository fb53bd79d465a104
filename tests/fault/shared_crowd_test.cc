// R12 with processes: fifty of them with twenty threads each ask for one cold key at the same time,
// and the process that loads it may be killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "fault/crowd_oracle.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using testkit::CrowdOracle;
using testkit::wait_until;

constexpr std::uint64_t kRounds = 40;

class CrowdOfProcesses : public ::testing::Test {
 protected:
  void start(std::size_t count, std::string how = {}) {
    const std::string folder = folder_.path().string();
    std::string program = STRATA_CROWD_CHILD;
    char* const arguments[] = {program.data(), const_cast<char*>(folder.c_str()),
                               how.empty() ? nullptr : how.data(), nullptr};
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(::posix_spawn(&children_[i], program.c_str(), nullptr, nullptr, arguments, environ),
                0);
      // The others find a file: beside so many that begin, making it could take longer than they
      // wait for that.
      if (i == 0) wait_until([&] { return oracle_.opened + oracle_.failed_opens == 1; });
    }
    count_ = count;
    wait_until([&] { return oracle_.opened + oracle_.failed_opens == count; });
    ASSERT_EQ(oracle_.failed_opens.load(), 0u);
  }
  // All ask for the round's key; returns when `count` have it.
  void ask(std::uint64_t round, std::uint64_t count) {
    const std::uint64_t before = oracle_.finished;
    oracle_.round = round;
    wait_until([&] { return oracle_.finished == before + count; });
  }
  void TearDown() override {
    oracle_.is_to_end = true;
    for (const pid_t child : children_) {
      int status = 0;
      if (child == 0) continue;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
    }
  }

  testkit::TempDir folder_;
  CrowdOracle& oracle_ = *CrowdOracle::map(folder_.file("oracle"));
  std::array<pid_t, CrowdOracle::kProcesses> children_{};
  std::size_t count_ = 0;
};

TEST_F(CrowdOfProcesses, LoadsEachKeyOnce) {
  start(CrowdOracle::kProcesses);
  std::uint64_t not_one = 0;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    ask(round, count_);
    EXPECT_EQ(oracle_.loads[round], 1u) << round;
    not_one += oracle_.loads[round] == 1 ? 0 : 1;
  }
  testkit::Reliability report("R12", "processes that ask for one cold key at the same time");
  report.count("processes", count_).count("threads of each", CrowdOracle::kThreads);
  report.count("rounds", kRounds).violations("wrong answers", oracle_.wrong);
  report.violations("rounds with more or fewer than one load", not_one);
}

TEST_F(CrowdOfProcesses, FollowTheOneThatIsKilledWhileItLoads) {
  start(10);
  oracle_.hangs = true;
  oracle_.round = 1;
  wait_until([&] { return oracle_.hanging != 0; });
  const auto killed = std::find(children_.begin(), children_.end(), oracle_.hanging.load());
  ASSERT_NE(killed, children_.end());
  ASSERT_EQ(::kill(*killed, SIGKILL), 0);
  const auto began = std::chrono::steady_clock::now();
  wait_until([&] { return oracle_.finished == count_ - 1; });
  const std::chrono::duration<double, std::milli> delay = std::chrono::steady_clock::now() - began;
  int status = 0;
  ASSERT_EQ(::waitpid(*killed, &status, 0), *killed);
  *killed = 0;
  EXPECT_EQ(oracle_.loads[1], 2u);
  testkit::Reliability report("R12", "the process that loads is killed");
  report.count("kills", 1).figure("delay_ms", delay.count());
  report.violations("wrong answers", oracle_.wrong);
  report.violations("loads beyond two", oracle_.loads[1] > 2 ? oracle_.loads[1] - 2 : 0);
}

// That the test can fail.
TEST_F(CrowdOfProcesses, WithFilesOfTheirOwnLoadAsOftenAsTheyAre) {
  start(5, "apart");
  ask(1, count_);
  EXPECT_EQ(oracle_.loads[1], count_);
  testkit::Reliability("R12", "processes with files of their own").found("no shared file", 1);
}

}  // namespace
}  // namespace strata
