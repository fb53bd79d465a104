// Puts against each other, against loads and against invalidations.
#include "core/yield_point.h"
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

void two_puts(World& world) {
  for (const char* name : {"one", "two"}) {
    world.thread(name, [&] { world.put("k"); });
  }
  world.at_end(
      [&] { world.require(world.values.get("k").has_value(), "k: neither of two puts was kept"); });
}

void put_against_its_tag(World& world) {
  world.thread("put", [&] { world.put("k", {.labels = {tag("t")}}); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

void put_against_a_load(World& world) {
  world.thread("put", [&] { world.put("k"); });
  world.thread("load", [&] { world.load("k"); });
  world.thread("read", [&] { world.get("k"); });
}

void put_against_a_promotion(World& world) {
  world.seed("k");
  world.empty_memory();
  world.thread("put", [&] { world.put("k"); });
  world.thread("read", [&] {
    world.get("k");
    world.get("k");
  });
}

void put_against_an_erase(World& world) {
  world.thread("put", [&] { world.put("k"); });
  world.thread("erase", [&] { world.change({"k"}, [&] { world.values.erase("k"); }); });
  world.thread("read", [&] { world.get("k"); });
}

void put_against_a_clear(World& world) {
  world.seed("k");
  world.thread("put", [&] { world.put("k"); });
  world.thread("clear", [&] { world.change({"k"}, [&] { world.values.clear(); }); });
}

void put_against_a_touch(World& world) {
  world.seed("k");
  world.thread("put", [&] { world.put("k"); });
  world.thread("touch", [&] { (void)world.values.touch("k", std::chrono::hours(5)); });
  world.thread("read", [&] { world.get("k"); });
}

void touch_against_a_change(World& world) {
  world.seed("k");
  world.thread("touch", [&] { (void)world.values.touch("k", std::chrono::hours(5)); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("read", [&] { world.get("k"); });
}

// A refresh that brings another value takes turns with puts.
void put_against_a_refresh(World& world) {
  world.executor_thread();
  world.seed("k");
  world.advance(std::chrono::minutes(90));
  world.thread("put", [&] { world.put("k"); });
  world.thread("load", [&] { world.load("k"); });
}

// What is computed from a key goes when the key is put.
void put_against_a_dependant(World& world) {
  world.seed("k");
  world.thread("put", [&] { world.put("k"); });
  world.thread("derive", [&] { world.load_derived("d", "k"); });
}

void put_into_little_room(World& world) {
  world.seed("k");
  world.thread("put", [&] { world.put("k"); });
  world.thread("other", [&] { world.put("other"); });
  world.thread("change", [&] { world.change_key("k"); });
}

void puts_while_a_tier_is_broken(World& world) {
  world.seed("k");
  world.thread("break", [&] {
    world.tiers[0]->set_broken(true);
    STRATA_YIELD("tier.broken");
    world.tiers[0]->set_broken(false);
  });
  world.thread("put", [&] { world.put("k"); });
  world.thread("read", [&] { world.get("k"); });
}

}  // namespace

std::vector<Scenario> put_scenarios() {
  const KeyspaceOptions renewed{
      .ttl = std::chrono::hours(1), .ttl_jitter = 0, .stale_for = std::chrono::hours(9)};
  return {
      {"two puts of one key pass each other",
       {Mutant::kPutsUnserialised},
       {.tiers_agree = true},
       two_puts},
      {"two puts of one key pass each other in three tiers",
       {Mutant::kPutsUnserialised},
       {.tiers = 2, .tiers_agree = true},
       two_puts},
      {"a put runs while its tag is invalidated",
       {Mutant::kPutUnconditional},
       {},
       put_against_its_tag},
      {"a put runs while its key is loaded", {Mutant::kLateTicket}, {}, put_against_a_load},
      {"a put runs while what it replaces is promoted",
       {Mutant::kMemoryFillUnchecked},
       {},
       put_against_a_promotion},
      {"a put runs while its key is erased", {}, {.tiers_agree = true}, put_against_an_erase},
      {"a put runs while its keyspace is cleared", {}, {}, put_against_a_clear},
      {"a put runs while its key is touched", {}, {.tiers_agree = true}, put_against_a_touch},
      {"a value is touched while its tag is invalidated", {}, {}, touch_against_a_change},
      {"a put runs while a refresh brings another value",
       {},
       {.values = renewed, .tiers_agree = true},
       put_against_a_refresh},
      {"a put runs while something is computed from its key",
       {Mutant::kNoLowWater},
       {},
       put_against_a_dependant},
      {"two puts make room for each other while one is invalidated",
       {},
       {.max_entries = 1},
       put_into_little_room},
      {"a put runs while the tier below fails", {}, {}, puts_while_a_tier_is_broken},
  };
}

}  // namespace strata::scenarios
