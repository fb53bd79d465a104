// Calls for many keys.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

void batch_against_a_tag(World& world) {
  world.thread("batch", [&] { world.load_many({"a", "b"}); });
  world.thread("change", [&] { world.change_tag({"a", "b"}); });
}

void batch_and_single(World& world) {
  world.thread("batch", [&] { world.load_many({"a", "b"}); });
  world.thread("single", [&] { world.load("b"); });
  world.thread("change", [&] { world.change_tag({"a", "b"}); });
}

void crossing_batches(World& world) {
  world.thread("forth", [&] { world.load_many({"a", "b"}); });
  world.thread("back", [&] { world.load_many({"b", "a"}); });
  world.thread("single", [&] { world.load("b"); });
}

void promote_many(World& world) {
  world.seed("a");
  world.seed("b");
  world.empty_memory();
  world.thread("read", [&] { world.get_many({"a", "b"}); });
  world.thread("change", [&] { world.change_tag({"a", "b"}); });
}

void renew_many(World& world) {
  world.executor_thread();
  world.seed("a");
  world.seed("b");
  world.advance(std::chrono::minutes(90));
  world.thread("batch", [&] { world.load_many({"a", "b"}); });
  world.thread("change", [&] { world.change_tag({"a", "b"}); });
}

void batch_against_a_put(World& world) {
  world.thread("batch", [&] { world.load_many({"a", "b"}); });
  world.thread("put", [&] { world.put("b"); });
  world.thread("read", [&] { world.get("b"); });
}

}  // namespace

std::vector<Scenario> batch_scenarios() {
  return {
      {"a batch is loaded while its tag is invalidated",
       {Mutant::kLateTicket},
       {},
       batch_against_a_tag},
      {"a batch and a single load join each other while their tag is invalidated",
       {Mutant::kJoinAnyLoad, Mutant::kJoinComparesKeyOnly},
       {},
       batch_and_single},
      {"two batches ask for each other's keys", {}, {.one_load = true}, crossing_batches},
      {"a batch is promoted while its tag is invalidated",
       {Mutant::kMemoryFillUnchecked},
       {},
       promote_many},
      {"a batch is renewed behind while its tag is invalidated",
       {Mutant::kLateTicket},
       {.values = {.ttl = std::chrono::hours(1),
                   .ttl_jitter = 0,
                   .stale_for = std::chrono::hours(9)}},
       renew_many},
      {"a batch is loaded while one of its keys is put",
       {Mutant::kLateTicket},
       {},
       batch_against_a_put},
  };
}

}  // namespace strata::scenarios
