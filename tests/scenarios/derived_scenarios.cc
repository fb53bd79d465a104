// Values computed from other values while those are made wrong.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

void derive_while_changing(World& world) {
  world.thread("change", [&] { world.change_key("k"); });
  world.thread("derive", [&] { world.load_derived("d", "k"); });
}

void from_memory(World& world) {
  world.seed("k");
  derive_while_changing(world);
}

void from_below(World& world) {
  world.seed("k");
  world.empty_memory();
  derive_while_changing(world);
}

void from_a_joined_load(World& world) {
  world.thread("load", [&] { world.load("k"); });
  derive_while_changing(world);
}

void by_a_tag(World& world) {
  world.seed("k");
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("derive", [&] { world.load_derived("d", "k"); });
  world.thread("again", [&] { world.load_derived("d", "k"); });
}

void by_a_put(World& world) {
  world.seed("k");
  world.load_derived("d", "k");
  world.thread("put", [&] { world.put("k"); });
  world.thread("derive", [&] { world.load_derived("e", "k"); });
}

void from_a_miss(World& world) {
  world.thread("put", [&] { world.put("k"); });
  world.thread("derive", [&] { world.derive_from_known("d", "k"); });
}

void from_what_is_absent(World& world) {
  world.set_absent("k");
  world.thread("create", [&] { world.create("k", [&] { world.values.invalidate("k"); }); });
  world.thread("derive", [&] {
    world.load("k");
    world.derive_from_known("d", "k");
  });
}

void over_two_levels(World& world) {
  world.seed("k");
  world.thread("change", [&] { world.change_key("k"); });
  world.thread("derive", [&] { world.load_derived_twice("d", "k"); });
}

void two_of_one(World& world) {
  world.seed("k");
  world.thread("change", [&] { world.change_key("k"); });
  world.thread("d", [&] { world.load_derived("d", "k"); });
  world.thread("e", [&] { world.load_derived("e", "k"); });
}

void of_a_cleared_keyspace(World& world) {
  world.seed("k");
  world.thread("clear", [&] { world.change({"k"}, [&] { world.values.clear(); }); });
  world.thread("derive", [&] { world.load_derived("d", "k"); });
}

// The value is past its ttl, is served at once and renewed behind.
void of_a_stale_value(World& world) {
  world.executor_thread();
  world.seed("k");
  world.advance(std::chrono::minutes(90));
  world.thread("derive", [&] { world.load_derived("d", "k"); });
  world.thread("change", [&] { world.change_key("k"); });
}

// A refresh that brings another value is an invalidation of what was made of the old one.
void of_a_renewed_value(World& world) {
  world.executor_thread();
  world.seed("k");
  world.load_derived("d", "k");
  world.advance(std::chrono::minutes(90));
  world.thread("change", [&] { world.change({"k"}, [&] { world.load("k", {.bypass = true}); }); });
  world.thread("derive", [&] { world.load_derived("d", "k"); });
}

}  // namespace

std::vector<Scenario> derived_scenarios() {
  const KeyspaceOptions renewed{
      .ttl = std::chrono::hours(1), .ttl_jitter = 0, .stale_for = std::chrono::hours(9)};
  const WorldOptions long_lived{.values = renewed,
                                .derived = {.ttl = std::chrono::hours(48), .ttl_jitter = 0}};
  return {
      {"a value is computed from what memory has while that is invalidated",
       {Mutant::kNoLowWater, Mutant::kLowWaterLate, Mutant::kLateTicket},
       {},
       from_memory},
      {"a value is computed from what is below memory while that is invalidated",
       {Mutant::kDeeperTicketLate},
       {},
       from_below},
      {"a value is computed over three tiers while its source is invalidated",
       {Mutant::kNoLowWater},
       {.tiers = 2},
       from_memory},
      {"a value is computed from a joined load while that is invalidated",
       {Mutant::kNoLowWater},
       {},
       from_a_joined_load},
      {"two compute one value while a tag of its source is invalidated",
       {Mutant::kNoLowWater},
       {},
       by_a_tag},
      {"the source of computed values is put, which are in other shards",
       {Mutant::kPutStaysInShard},
       {},
       by_a_put},
      {"a value is computed from a miss while the key is put",
       {Mutant::kLateTicket},
       {},
       from_a_miss},
      {"a value is computed from an absence while the key is created",
       {Mutant::kLateTicket},
       {.values = {.ttl = std::chrono::hours(1),
                   .ttl_jitter = 0,
                   .negative_ttl = std::chrono::hours(1)}},
       from_what_is_absent},
      {"a value is computed from a computed one while the first is invalidated",
       {Mutant::kNoLowWater},
       {},
       over_two_levels},
      {"two values are computed from one while that is invalidated",
       {Mutant::kNoLowWater},
       {},
       two_of_one},
      {"a value is computed while the keyspace of its source is cleared",
       {Mutant::kNoLowWater},
       {},
       of_a_cleared_keyspace},
      {"a value is computed from a stale one that is invalidated",
       {},
       {.values = renewed},
       of_a_stale_value},
      {"a value is computed while its source is renewed with another value",
       {},
       long_lived,
       of_a_renewed_value},
  };
}

}  // namespace strata::scenarios
