// R14: an origin that is slow, fails, throws, has nothing, or is overtaken by an invalidation, over
// every state that a cached value can be in, on a clock that moves when told.
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"
#include "core/mutant.h"
#include "testkit/reliability.h"

namespace strata::testkit {
namespace {

enum class Cached { kNothing, kFresh, kStale, kKept, kGone };
enum class Origin { kAnswers, kFails, kThrows, kHasNothing, kIsOvertaken };
enum class Pace { kInTime, kOverSoftTimeout, kOverHardTimeout };

struct Plot {
  Cached cached;
  Origin origin;
  Pace pace;
  bool in_memory;
};

std::vector<Plot> plots() {
  std::vector<Plot> all;
  for (int cached = 0; cached <= 4; ++cached) {
    for (int origin = 0; origin <= 4; ++origin) {
      for (int pace = 0; pace <= 2; ++pace) {
        for (const bool in_memory : {true, false}) {
          all.push_back({Cached(cached), Origin(origin), Pace(pace), in_memory});
        }
      }
    }
  }
  return all;
}

class SlowOrigin : public CacheFixture {
 protected:
  // Returns what went wrong, if anything did.
  std::string play(const Plot& plot) {
    executor_ = std::make_shared<ManualExecutor>();
    clock_ = std::make_shared<ManualClock>();
    Cache cache = make_cache();
    auto users = cache.keyspace<std::string>(
        "user",
        {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(20), .keep_for = seconds(60)});
    if (plot.cached != Cached::kNothing) {
      (void)users.get_or_load("1", [](Load& load) {
        load.tag("t");
        return std::string("old");
      });
    }
    constexpr int kAgesInSeconds[] = {0, 1, 15, 45, 100};
    clock_->advance(seconds(kAgesInSeconds[static_cast<int>(plot.cached)]));
    if (!plot.in_memory) empty_memory(cache);

    CallOptions call;
    if (plot.pace == Pace::kOverSoftTimeout) call.soft_timeout = Duration(0);
    if (plot.pace == Pace::kOverHardTimeout) call.hard_timeout = Duration(0);
    int runs = 0;
    const auto loader = [&](Load& load) -> std::optional<std::string> {
      ++runs;
      load.tag("t");
      if (plot.origin == Origin::kThrows) throw std::runtime_error("the origin threw");
      if (plot.origin == Origin::kHasNothing) return std::nullopt;
      if (plot.origin == Origin::kIsOvertaken) cache.invalidate(tag("t"));
      return "new";
    };
    const auto failing = [&](Load&) -> Result<std::string> {
      ++runs;
      return Error{ErrorCode::kLoadFailed, "the origin is down", {}};
    };
    // The caller may wait for what the executor runs, which this thread does.
    std::atomic<bool> is_over{false};
    Lookup<std::string> found;
    std::thread caller([&] {
      found = plot.origin == Origin::kFails ? users.get_or_load("1", failing, call)
                                            : users.get_or_load("1", loader, call);
      is_over = true;
    });
    const bool waits = plot.pace == Pace::kOverSoftTimeout && !has_kept_value(plot);
    while (!is_over) waits ? void(executor_->run_one()) : std::this_thread::yield();
    caller.join();
    std::string wrong = wrong_answer(plot, found, runs);
    executor_->run_all();
    if (wrong.empty()) wrong = wrong_remains(plot, users.get("1"), runs);
    check(cache);
    return wrong;
  }

  static bool has_kept_value(const Plot& plot) {
    return plot.cached != Cached::kNothing && plot.cached != Cached::kGone;
  }

  // By what is cached, what the origin says, and how soon.
  static std::string wrong_answer(const Plot& plot, const Lookup<std::string>& found, int runs) {
    const bool is_old = found.has_value() && *found == "old";
    if (plot.cached == Cached::kFresh) return is_old && runs == 0 ? "" : "a fresh value is a hit";
    if (plot.cached == Cached::kStale) {
      if (runs > 0) return "what is served at once is renewed behind";
      return is_old && found.outcome() == Outcome::kStaleHit ? "" : "it is served at once";
    }
    const bool has_kept = plot.cached == Cached::kKept;
    const bool fails = plot.origin == Origin::kFails || plot.origin == Origin::kThrows;
    const bool waits =
        plot.pace == Pace::kInTime || (plot.pace == Pace::kOverSoftTimeout && !has_kept);
    if (is_old && !has_kept) return "what is gone is served";
    if (!waits) {
      if (!found.has_error() || found.error().code != ErrorCode::kDeadlineExceeded) {
        return "the caller is told that it took too long";
      }
      if (plot.pace == Pace::kOverSoftTimeout && !is_old) return "the kept value is served";
      return runs == 0 ? "" : "the caller did not wait";
    }
    if (runs != 1) return "it is loaded once";
    if (fails && has_kept) return is_old && found.has_error() ? "" : "the kept value is served";
    if (fails) return found.has_error() && !found.has_value() ? "" : "the failure is told";
    if (plot.origin == Origin::kHasNothing) return found.absent() ? "" : "there is nothing";
    return found.has_value() && *found == "new" ? "" : "what was loaded is returned";
  }

  // What the next caller finds when everything behind has run.
  static std::string wrong_remains(const Plot& plot, const Lookup<std::string>& found, int runs) {
    const std::string value = found.value_or("-");
    if (plot.cached == Cached::kFresh) return value == "old" ? "" : "a fresh value stays";
    if (runs != 1) return "every look-up led to one load";
    switch (plot.origin) {
      case Origin::kAnswers:
        return value == "new" ? "" : "what was loaded is there";
      case Origin::kHasNothing:
        return value == "-" ? "" : "what does not exist any more is served";
      case Origin::kIsOvertaken:
        return value == "-" ? "" : "what was overtaken is served: " + value;
      case Origin::kFails:
      case Origin::kThrows:
        break;
    }
    const bool may_be_old = plot.cached == Cached::kStale || plot.cached == Cached::kKept;
    return value == "-" || (value == "old" && may_be_old) ? "" : "a failure brought " + value;
  }

  static std::string name(const Plot& plot) {
    return "cached " + std::to_string(static_cast<int>(plot.cached)) + ", origin " +
           std::to_string(static_cast<int>(plot.origin)) + ", pace " +
           std::to_string(static_cast<int>(plot.pace)) + (plot.in_memory ? "" : ", below memory");
  }
};

TEST_F(SlowOrigin, EveryCallerGetsWhatItsTimeOutsAndTheCachedValueAllow) {
  std::uint64_t wrong = 0;
  for (const Plot& plot : plots()) {
    const std::string story = play(plot);
    wrong += story.empty() ? 0 : 1;
    EXPECT_EQ(story, "") << name(plot);
  }
  Reliability report("R14", "slow, failing and overtaken origins, on a clock that is moved");
  report.count("scenarios", plots().size()).violations("scenarios that ended badly", wrong);
}

#if defined(STRATA_MUTANTS)
TEST_F(SlowOrigin, AnOriginThatWasOvertakenIsFoundOutWithoutTickets) {
  strata::testing::set_mutant(strata::testing::Mutant::kNoTickets);
  std::uint64_t wrong = 0;
  for (const Plot& plot : plots()) wrong += play(plot).empty() ? 0 : 1;
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_GT(wrong, 0u);
  Reliability("R14", "slow and failing origins").found("no-tickets", 1);
}
#endif

}  // namespace
}  // namespace strata::testkit
