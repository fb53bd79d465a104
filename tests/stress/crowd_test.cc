// A crowd: very many callers of one load, however it ends.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/mutant.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "strata/tiered/cache.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata::stress {
namespace {

using std::chrono::milliseconds;
using testkit::run_threads;
using testkit::wait_until;

constexpr std::size_t kCallers = STRATA_SANITIZED != 0 ? 100 : 1'000;
constexpr std::size_t kRounds = STRATA_SANITIZED != 0 ? 10 : 200;
constexpr std::size_t kKeys = kCallers;

class Crowd : public ::testing::Test {
 protected:
  Crowd()
      : cache_([this] {
          CacheParts parts;
          parts.hot = memory_tier({}, clock_, seeded_random(1));
          parts.clock = clock_;
          parts.executor = thread_pool({.threads = 2});
          return Cache(std::move(parts));
        }()),
        values_(cache_.keyspace<int>("values")) {}
  ~Crowd() override { cache_.hot_tier().check_invariants(); }

  struct Rounds {
    std::uint64_t not_one = 0;  // more or fewer loads than one
    std::uint64_t wrong = 0;
  };
  // In each of so many rounds all callers ask for a key that is cold.
  Rounds ask_together(std::size_t rounds) {
    std::vector<std::atomic<int>> loads(rounds);
    std::atomic<std::uint64_t> wrong{0};
    std::barrier together(static_cast<std::ptrdiff_t>(kCallers));
    run_threads(kCallers, [&](std::size_t) {
      for (std::size_t round = 0; round < rounds; ++round) {
        together.arrive_and_wait();
        const auto found = values_.get_or_load(round, [&] {
          ++loads[round];
          std::this_thread::yield();
          return static_cast<int>(round);
        });
        if (!found || *found != static_cast<int>(round)) ++wrong;
      }
    });
    Rounds sum{.wrong = wrong};
    for (const std::atomic<int>& round : loads) sum.not_one += round == 1 ? 0 : 1;
    return sum;
  }

  // How many callers have joined a load so far, of all keys.
  [[nodiscard]] std::uint64_t joined() const { return cache_.stats().keyspaces.at(0).joined; }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  Cache cache_;
  Keyspace<int> values_;
};

TEST_F(Crowd, OneColdKeyIsLoadedOnceInEveryRound) {
  const Rounds sum = ask_together(kRounds);
  EXPECT_EQ(sum.not_one, 0U);
  EXPECT_EQ(sum.wrong, 0U);
  testkit::Reliability report("R12", "threads that ask for one cold key at the same time");
  report.count("threads", kCallers).count("rounds", kRounds);
  report.violations("rounds with more or fewer than one load", sum.not_one);
  report.violations("wrong answers", sum.wrong);
}

TEST_F(Crowd, CallersThatLoadEachWouldBeFound) {
  strata::testing::set_mutant(strata::testing::Mutant::kEachCallerLoads);
  const Rounds sum = ask_together(10);
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_GT(sum.not_one, 0U);
  testkit::Reliability("R12", "threads that ask for one cold key at the same time")
      .found("each-caller-loads", 1);
}

TEST_F(Crowd, AsManyKeysAsCallersAreLoadedOnceEach) {
  std::vector<std::atomic<int>> loads(kKeys);
  std::atomic<int> wrong{0};
  run_threads(kCallers, [&](std::size_t caller) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      // Half of them begin elsewhere, so that loads are met in every state.
      const std::size_t key = caller % 2 == 0 ? i : (i + caller) % kKeys;
      const auto found = values_.get_or_load(key, [&] {
        ++loads[key];
        return static_cast<int>(key);
      });
      if (!found || *found != static_cast<int>(key)) ++wrong;
    }
  });
  for (std::size_t key = 0; key < kKeys; ++key) EXPECT_EQ(loads[key], 1) << key;
  EXPECT_EQ(wrong, 0);
}

TEST_F(Crowd, AnExceptionReachesEveryCallerOnce) {
  std::atomic<int> loads{0};
  std::atomic<std::size_t> caught{0};
  run_threads(kCallers, [&](std::size_t) {
    const auto found = values_.get_or_load("k", [&]() -> int {
      ++loads;
      wait_until([&] { return joined() == kCallers - 1; });
      throw std::out_of_range("no such row");
    });
    try {
      (void)found.value();
    } catch (const std::out_of_range&) {
      ++caught;
    }
  });
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(caught, kCallers);
}

TEST_F(Crowd, CallersThatGiveUpDoNotEndTheLoadOfTheOthers) {
  std::atomic<int> loads{0};
  std::atomic<std::size_t> gave_up{0};
  std::atomic<std::size_t> served{0};
  constexpr std::size_t kImpatient = kCallers / 2;
  std::atomic<bool> begun{false};
  run_threads(kCallers, [&](std::size_t caller) {
    // The first one leads: it is not among the impatient.
    if (caller != 0) wait_until([&] { return begun.load(); });
    const bool impatient = caller >= kCallers - kImpatient;
    CallOptions call;
    if (impatient) call.hard_timeout = milliseconds(5);
    const auto found = values_.get_or_load(
        "k",
        [&] {
          ++loads;
          begun = true;
          wait_until([&] { return joined() == kCallers - 1; });
          clock_->advance(milliseconds(5));
          wait_until([&] { return gave_up == kImpatient; });
          return 7;
        },
        call);
    if (found && *found == 7) ++served;
    if (found.outcome() == Outcome::kError && found.error().code == ErrorCode::kDeadlineExceeded) {
      ++gave_up;
    }
  });
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(gave_up, kImpatient);
  EXPECT_EQ(served, kCallers - kImpatient);
}

// Those who came before the invalidation take the old value, those after it share one new load.
TEST_F(Crowd, AnInvalidationInMidFlightCostsOneMoreLoad) {
  std::atomic<int> loads{0};
  std::atomic<int> version{0};
  std::atomic<std::size_t> stale{0};
  std::atomic<bool> invalidated{false};
  constexpr std::size_t kEarly = kCallers / 2;
  std::atomic<bool> begun{false};
  run_threads(kCallers, [&](std::size_t caller) {
    const bool early = caller < kEarly;
    if (caller != 0) wait_until([&] { return begun.load(); });
    if (!early) wait_until([&] { return invalidated.load(); });
    const auto found = values_.get_or_load("k", [&](Load& load) {
      load.tag("t");
      const int read = version;
      if (++loads > 1) return read;
      begun = true;
      wait_until([&] { return joined() == kEarly - 1; });
      version = 1;
      cache_.invalidate(tag("t"));
      invalidated = true;
      wait_until([&] { return joined() == kCallers - 1; });
      return read;
    });
    if (!found || (!early && *found != 1)) ++stale;
  });
  EXPECT_EQ(loads, 2);
  EXPECT_EQ(stale, 0U);
}

// Every loader asks for the next one's key: the last one to wait would close the circle.
TEST_F(Crowd, ACircleOfLoadsIsRefusedToOneAndReleasesAll) {
  std::atomic<std::size_t> begun{0};
  std::atomic<std::size_t> refused{0};
  std::atomic<std::size_t> ended{0};
  run_threads(kCallers, [&](std::size_t caller) {
    const auto found = values_.get_or_load(caller, [&](Load& load) -> Result<int> {
      ++begun;
      wait_until([&] { return begun == kCallers; });
      const auto next = load.get_or_load(values_, (caller + 1) % kCallers, [] { return 1; });
      if (next) return *next;
      if (next.error().message.find("waits for itself") != std::string::npos) ++refused;
      return Error{ErrorCode::kLoadFailed, "the next one failed", {}};
    });
    EXPECT_EQ(found.outcome(), Outcome::kError);
    ++ended;
  });
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(ended, kCallers);
}

}  // namespace
}  // namespace strata::stress
