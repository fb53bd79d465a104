// Callers that wait for the load of another.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

void join_while_changing(World& world, const World::Tell& change) {
  world.thread("lead", [&] { world.load("k"); });
  world.thread("change", change);
  world.thread("join", [&] { world.load("k"); });
}

void join_against_a_tag(World& world) {
  join_while_changing(world, [&] { world.change_tag({"k"}); });
}

void join_against_a_key(World& world) {
  join_while_changing(world, [&] { world.change_key("k"); });
}

void join_between_two(World& world) {
  join_while_changing(world, [&] { world.change_tag({"k"}); });
  world.thread("change again", [&] { world.change_tag({"k"}); });
}

void many_callers(World& world) {
  for (const char* name : {"first", "second", "third", "fourth"}) {
    world.thread(name, [&] { world.load("k"); });
  }
  world.at_end([&] { world.require(world.loads("k") == 1, "k: was loaded more than once"); });
}

void two_keys(World& world) {
  const auto both = [&world](const char* one, const char* other) {
    world.load(one);
    world.load(other);
  };
  world.thread("forth", [both] { both("a", "b"); });
  world.thread("back", [both] { both("b", "a"); });
  world.thread("again", [both] { both("a", "b"); });
  world.at_end([&] {
    world.require(world.loads("a") == 1 && world.loads("b") == 1, "was loaded more than once");
  });
}

// The values are past their ttl and kept in case that a load fails, which both do.
void join_a_failing_load(World& world) {
  world.seed("k");
  world.advance(std::chrono::hours(2));
  world.thread("change", [&] { world.change_key("k"); });
  world.thread("lead", [&] { world.fail_to_load("k"); });
  world.thread("join", [&] { world.fail_to_load("k"); });
}

void join_after_a_failure(World& world) {
  world.thread("fail", [&] { world.fail_to_load("k"); });
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_key("k"); });
}

// A loader that asks for what the other thread's loader is loading: one of them is refused.
void two_loads_that_want_each_other(World& world) {
  const auto want = [&world](const char* mine, const char* others) {
    (void)world.derived.get_or_load(mine, [&world, others](Load& outer) -> Result<int> {
      const Lookup<int> other = outer.get_or_load(world.derived, others, [](Load&) { return 1; });
      if (!other) return other.error();
      return *other;
    });
  };
  world.thread("a", [want] { want("a", "b"); });
  world.thread("b", [want] { want("b", "a"); });
}

// A joined load takes longer than its waiter may wait.
void wait_too_long(World& world) {
  world.executor_thread();
  world.thread("lead", [&] { world.load("k"); });
  world.thread("join", [&] { world.load("k", {.hard_timeout = std::chrono::seconds(1)}); });
  world.thread("change", [&] {
    world.advance(std::chrono::seconds(2));
    world.change_tag({"k"});
  });
}

// A load that outlives its lease, and what overtakes it.
void lose_the_lease(World& world) {
  const auto slow = [&world](Load& load) -> Result<int> {
    load.tag("t");
    world.advance(std::chrono::seconds(100));
    return Error{ErrorCode::kLoadFailed, "it took too long", {}};
  };
  world.thread("hung", [&world, slow] { (void)world.values.get_or_load("k", slow); });
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

}  // namespace

std::vector<Scenario> join_scenarios() {
  const KeyspaceOptions kept{.ttl = std::chrono::hours(1),
                             .ttl_jitter = 0,
                             .keep_for = std::chrono::hours(9),
                             .retry_after = std::chrono::seconds(0)};
  return {
      {"a caller joins a load whose tag is invalidated",
       {Mutant::kJoinAnyLoad, Mutant::kJoinComparesKeyOnly},
       {},
       join_against_a_tag},
      {"a caller joins a load whose key is invalidated",
       {Mutant::kJoinAnyLoad},
       {},
       join_against_a_key},
      {"a caller joins a load between two invalidations",
       {Mutant::kJoinBetween},
       {},
       join_between_two},
      {"four callers ask for one key", {}, {.one_load = true}, many_callers},
      {"three callers ask for two keys in different orders", {}, {.one_load = true}, two_keys},
      {"a caller joins a failing load whose kept value is invalidated",
       {Mutant::kWaiterTakesFailsafe},
       {.tiers = 0, .values = kept},
       join_a_failing_load},
      {"a caller joins a failing load while its key is invalidated",
       {},
       {.errors_allowed = true},
       join_after_a_failure},
      {"two loads ask for each other's key", {}, {}, two_loads_that_want_each_other},
      {"a caller waits no longer than it may", {}, {.errors_allowed = true}, wait_too_long},
      {"a load loses its lease while its tag is invalidated",
       {},
       {.errors_allowed = true},
       lose_the_lease},
  };
}

}  // namespace strata::scenarios
