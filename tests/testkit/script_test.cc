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

// What happened, in order. Only the running actor writes, so no lock is needed for the order to
// be certain; the lock is for schedules in which two actors run.
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

TEST(Script, ActorsDoNothingUntilTheyAreSent) {
  Log log;
  Script script;
  script.actor("a", [&] { log.add("ran"); });
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

// One actor parks inside a turn that another one needs, as puts of one key do.
TEST(Script, AnActorThatWaitsForAnotherOneIsBlocked) {
  Mutex turn;
  Log log;
  Script script;
  script.actor("owner", [&] {
    const MutexLock lock(turn);
    STRATA_YIELD("test.owning");
    log.add("owner");
  });
  script.actor("waiter", [&] {
    const MutexLock lock(turn);
    log.add("waiter");
    STRATA_YIELD("test.owning");
  });
  EXPECT_EQ(script.run_to("owner", "test.owning"), Stop::kParked);
  EXPECT_EQ(script.run_to("waiter", "test.owning"), Stop::kBlocked);
  EXPECT_EQ(script.finish("owner"), Stop::kFinished);
  // It may have parked on its own by now; sent to the same point, it is reported there.
  EXPECT_EQ(script.run_to("waiter", "test.owning"), Stop::kParked);
  EXPECT_EQ(script.place("waiter"), "test.owning");
  EXPECT_EQ(script.finish("waiter"), Stop::kFinished);
  EXPECT_EQ(log.events(), (std::vector<std::string>{"owner", "waiter"}));
}

// Goal: time alone does not make an actor blocked; being asleep does.
TEST(Script, AnActorThatIsBusyIsNotBlocked) {
  const auto clock = system_clock();
  Script script;
  script.actor("busy", [&] {
    const Instant begin = clock->now();
    while (between(begin, clock->now()) < std::chrono::milliseconds(500)) {
    }
  });
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
}

}  // namespace
}  // namespace strata::testkit
