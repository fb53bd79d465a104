// Tests of the scripted scheduler, with small protocols of their own.
#include "testkit/script.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "core/yield_point.h"
#include "strata/ports/clock.h"
#include "strata/ports/thread.h"

namespace strata::testkit {
namespace {

using Stop = Script::Stop;

// What happened, in order.
class Log {
 public:
  void add(std::string what) {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(what));
  }
  std::vector<std::string> events() {
    const MutexLock lock(mutex_);
    return events_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> events_ STRATA_GUARDED_BY(mutex_);
};

void two_points(Log& log, const std::string& name) {
  log.add(name + "1");
  STRATA_YIELD("test.first");
  log.add(name + "2");
  STRATA_YIELD("test.second");
  log.add(name + "3");
}

void stay_busy_for(Duration duration) {
  const auto clock = system_clock();
  const Instant begin = clock->now();
  while (between(begin, clock->now()) < duration) {
  }
}

TEST(Script, ActorsDoNothingUntilTheyAreSent) {
  Log log;
  Script script;
  script.actor("a", [&] { log.add("ran"); });
  script.actor("other", [] { stay_busy_for(std::chrono::milliseconds(50)); });
  EXPECT_EQ(script.finish("other"), Stop::kFinished);
  EXPECT_EQ(script.place("a"), "start");
  EXPECT_TRUE(log.events().empty());
  EXPECT_EQ(script.finish("a"), Stop::kFinished);
  EXPECT_EQ(log.events(), std::vector<std::string>{"ran"});
}

TEST(Script, PlaysTheInterleavingThatIsWrittenDown) {
  Log log;
  Script script;
  script.actor("a", [&] { two_points(log, "a"); });
  script.actor("b", [&] { two_points(log, "b"); });
  EXPECT_EQ(script.run_to("a", "test.first"), Stop::kParked);
  EXPECT_EQ(script.run_to("b", "test.second"), Stop::kParked);
  EXPECT_EQ(script.place("b"), "test.second");
  EXPECT_EQ(script.finish("a"), Stop::kFinished);
  EXPECT_EQ(script.finish("b"), Stop::kFinished);
  EXPECT_EQ(log.events(), (std::vector<std::string>{"a1", "b1", "b2", "a2", "a3", "b3"}));
}

TEST(Script, StepStopsAtEveryPoint) {
  Log log;
  Script script;
  script.actor("a", [&] { two_points(log, "a"); });
  EXPECT_EQ(script.step("a"), Stop::kParked);
  EXPECT_EQ(script.place("a"), "test.first");
  EXPECT_EQ(script.step("a"), Stop::kParked);
  EXPECT_EQ(script.place("a"), "test.second");
  EXPECT_EQ(script.step("a"), Stop::kFinished);
  EXPECT_EQ(script.place("a"), "");
}

TEST(Script, APointThatIsNotReachedEndsInFinished) {
  Script script;
  script.actor("a", [] { STRATA_YIELD("test.first"); });
  EXPECT_EQ(script.run_to("a", "test.elsewhere"), Stop::kFinished);
  EXPECT_EQ(script.run_to("a", "test.first"), Stop::kFinished) << "and stays finished";
}

TEST(Script, TheSamePointCanBeReachedAgain) {
  std::atomic<int> rounds{0};
  Script script;
  script.actor("a", [&] {
    for (int round = 0; round < 3; ++round) {
      STRATA_YIELD("test.loop");
      ++rounds;
    }
  });
  EXPECT_EQ(script.run_to("a", "test.loop"), Stop::kParked);
  EXPECT_EQ(rounds, 0);
  EXPECT_EQ(script.run_to("a", "test.loop"), Stop::kParked);
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(script.finish("a"), Stop::kFinished);
  EXPECT_EQ(rounds, 3);
}

// One actor parks inside a turn that another one needs, as puts of one key do. The waiter goes
// on by itself when the owner has finished, and parks at the point that it was sent to.
class BlockedActor : public ::testing::Test {
 protected:
  void SetUp() override {
    script_.actor("owner", [this] { take_turn("owner"); });
    script_.actor("waiter", [this] { take_turn("waiter"); });
    ASSERT_EQ(script_.run_to("owner", "test.owning"), Stop::kParked);
    ASSERT_EQ(script_.run_to("waiter", "test.owning"), Stop::kBlocked);
    ASSERT_EQ(script_.place("waiter"), "");
    ASSERT_EQ(script_.finish("owner"), Stop::kFinished);
    while (script_.place("waiter").empty()) {
    }
  }

  void take_turn(const char* name) {
    const MutexLock lock(turn_);
    STRATA_YIELD("test.owning");
    log_.add(name);
    STRATA_YIELD("test.later");
  }

  Mutex turn_;
  Log log_;
  Script script_;
};

TEST_F(BlockedActor, SentToTheSamePointAgainIsReportedThere) {
  EXPECT_EQ(script_.run_to("waiter", "test.owning"), Stop::kParked);
  EXPECT_EQ(script_.place("waiter"), "test.owning");
  EXPECT_EQ(log_.events(), std::vector<std::string>{"owner"});
  EXPECT_EQ(script_.run_to("waiter", "test.owning"), Stop::kFinished) << "reported once";
}

TEST_F(BlockedActor, SentToTheNextPointIsReportedWhereItIs) {
  EXPECT_EQ(script_.step("waiter"), Stop::kParked);
  EXPECT_EQ(script_.place("waiter"), "test.owning");
  EXPECT_EQ(script_.step("waiter"), Stop::kParked);
  EXPECT_EQ(script_.place("waiter"), "test.later");
}

TEST_F(BlockedActor, SentElsewhereGoesThere) {
  EXPECT_EQ(script_.run_to("waiter", "test.later"), Stop::kParked);
  EXPECT_EQ(script_.place("waiter"), "test.later");
}

TEST_F(BlockedActor, SentToItsEndGoesThere) {
  EXPECT_EQ(script_.finish("waiter"), Stop::kFinished);
  EXPECT_EQ(log_.events(), (std::vector<std::string>{"owner", "waiter"}));
}

// Goal: time alone does not make an actor blocked; being asleep does.
TEST(Script, AnActorThatIsBusyIsNotBlocked) {
  Script script;
  script.actor("busy", [] { stay_busy_for(std::chrono::milliseconds(500)); });
  EXPECT_EQ(script.finish("busy"), Stop::kFinished);
}

TEST(Script, OtherThreadsPassEveryPoint) {
  Log log;
  Script script;
  script.actor("a", [&] {
    Thread helper("helper", [&] { two_points(log, "helper"); });
    helper.join();
    STRATA_YIELD("test.first");
  });
  EXPECT_EQ(script.run_to("a", "test.first"), Stop::kParked);
  EXPECT_EQ(log.events().size(), 3u);
}

// The actors are let go together, since one may wait for another one.
TEST(Script, ActorsThatWaitForEachOtherRunToTheEndToo) {
  Mutex turn;
  Script script;
  script.actor("a waiter", [&] { const MutexLock lock(turn); });
  script.actor("the owner", [&] {
    const MutexLock lock(turn);
    STRATA_YIELD("test.owning");
  });
  EXPECT_EQ(script.run_to("the owner", "test.owning"), Stop::kParked);
}

TEST(Script, EverybodyRunsToTheEndWhenItIsOver) {
  Log log;
  {
    Script script;
    script.actor("never sent", [&] { log.add("never sent"); });
    script.actor("parked", [&] {
      STRATA_YIELD("test.first");
      log.add("parked");
    });
    EXPECT_EQ(script.run_to("parked", "test.first"), Stop::kParked);
  }
  EXPECT_EQ(log.events().size(), 2u);
  STRATA_YIELD("test.first");  // nobody listens any more
  const Script another;
}

}  // namespace
}  // namespace strata::testkit
