// Values past their ttl, absent ones, time-outs and work in the background.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

KeyspaceOptions with_ttl() { return {.ttl = hours(1), .ttl_jitter = 0}; }

KeyspaceOptions renewed() {
  KeyspaceOptions options = with_ttl();
  options.stale_for = hours(9);
  return options;
}

KeyspaceOptions kept() {
  KeyspaceOptions options = with_ttl();
  options.keep_for = hours(9);
  return options;
}

KeyspaceOptions remembering_absence() {
  KeyspaceOptions options = with_ttl();
  options.negative_ttl = hours(1);
  return options;
}

// A value that is served past its ttl and renewed in the background.
void renew_against(World& world, const Labels& labels) {
  world.executor_thread();
  world.seed("k");
  world.advance(minutes(90));
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&world, labels] { world.change_labels({"k"}, labels); });
}

void renew_against_a_tag(World& world) { renew_against(world, {tag("t")}); }
void renew_against_a_clear(World& world) { renew_against(world, {keyspace("values")}); }

void renew_against_an_erase(World& world) {
  world.executor_thread();
  world.seed("k");
  world.advance(minutes(90));
  world.thread("load", [&] { world.load("k"); });
  world.thread("read", [&] { world.load("k"); });
  world.thread("erase", [&] { world.change({"k"}, [&] { world.values.erase("k"); }); });
}

// From a tier below, which memory has forgotten.
void renew_from_below(World& world) {
  world.executor_thread();
  world.seed("k");
  world.empty_memory();
  world.advance(minutes(90));
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

// An expire beside an invalidation, which it may not weaken.
void expire_against_an_invalidation(World& world) {
  world.executor_thread();
  world.seed("k");
  world.thread("expire", [&] { world.cache.expire(tag("t")); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("load", [&] { world.load("k"); });
}

// The load takes longer than the soft time-out, and what is kept is served meanwhile.
void kept_on_a_slow_load(World& world) {
  world.executor_thread();
  world.seed("k");
  world.advance(minutes(90));
  world.thread("load", [&] { world.load("k", {.soft_timeout = seconds(1)}); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("time", [&] { world.advance(seconds(2)); });
}

void hard_timeout(World& world) {
  world.executor_thread();
  world.thread("load", [&] { world.load("k", {.hard_timeout = seconds(1)}); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("time", [&] { world.advance(seconds(2)); });
}

void kept_on_a_failure(World& world) {
  world.seed("k");
  world.advance(minutes(90));
  world.thread("fail", [&] {
    world.fail_to_load("k");
    world.fail_to_load("k");
  });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

void kept_below_on_a_failure(World& world) {
  world.seed("k");
  world.empty_memory();
  world.advance(minutes(90));
  world.thread("fail", [&] { world.fail_to_load("k"); });
  world.thread("clear", [&] { world.change({"k"}, [&] { world.cache.clear(); }); });
  world.thread("read", [&] { world.fail_to_load("k"); });
}

void absence_hides_a_creation(World& world) {
  world.set_absent("k");
  world.thread("load", [&] { world.load("k"); });
  world.thread("create", [&] { world.create("k", [&] { world.values.invalidate("k"); }); });
  world.thread("read", [&] { world.get("k"); });
}

// Labels given at the call hold for absence too.
void absence_with_a_label(World& world) {
  world.set_absent("k");
  world.thread("load", [&] { world.load("k", {.labels = {tag("list")}}); });
  world.thread("create", [&] { world.create("k", [&] { world.cache.invalidate(tag("list")); }); });
  world.thread("read", [&] { world.get("k"); });
}

void absence_is_put(World& world) {
  world.set_absent("k");
  world.thread("load", [&] { world.load("k"); });
  world.thread("put", [&] { world.put("k"); });
}

void value_is_destroyed(World& world) {
  world.thread("destroy", [&] { world.destroy("k", [&] { world.values.invalidate("k"); }); });
  world.thread("load", [&] { world.load("k"); });
}

void load_behind(World& world) {
  world.executor_thread();
  world.thread("load", [&] { world.load_async("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("join", [&] { world.load("k"); });
}

void another_version(World& world) {
  world.load("k", {.version = "1"});
  world.thread("load", [&] { world.load("k", {.version = "2"}); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

}  // namespace

std::vector<Scenario> life_scenarios() {
  return {
      {"a value is renewed behind while its tag is invalidated",
       {Mutant::kLateTicket},
       {.values = renewed()},
       renew_against_a_tag},
      {"a value is renewed behind while its keyspace is cleared",
       {Mutant::kLateTicket},
       {.values = renewed()},
       renew_against_a_clear},
      {"a value is renewed behind for two while it is erased",
       {Mutant::kLateTicket},
       {.values = renewed()},
       renew_against_an_erase},
      {"a value below memory is renewed behind while its tag is invalidated",
       {Mutant::kLateTicket},
       {.values = renewed()},
       renew_from_below},
      {"a value is expired while its tag is invalidated",
       {},
       {.values = renewed()},
       expire_against_an_invalidation},
      {"a kept value is served for a slow load while its tag is invalidated",
       {Mutant::kLateTicket},
       {.values = kept()},
       kept_on_a_slow_load},
      {"a load outlives its hard time-out while its tag is invalidated",
       {Mutant::kLateTicket},
       {.errors_allowed = true},
       hard_timeout},
      {"a kept value is served for a failure while its tag is invalidated",
       {},
       {.values = kept()},
       kept_on_a_failure},
      {"a kept value below memory is served for a failure while everything is cleared",
       {Mutant::kMemoryFillUnchecked},
       {.values = kept()},
       kept_below_on_a_failure},
      {"an absence is remembered while the key is created",
       {Mutant::kLateTicket},
       {.values = remembering_absence()},
       absence_hides_a_creation},
      {"an absence with a label is remembered while the label is invalidated",
       {Mutant::kLateTicket},
       {.values = remembering_absence()},
       absence_with_a_label},
      {"an absence is remembered while the key is put",
       {Mutant::kLateTicket},
       {.values = remembering_absence()},
       absence_is_put},
      {"a value is loaded while it ceases to exist",
       {Mutant::kLateTicket},
       {.values = remembering_absence()},
       value_is_destroyed},
      {"a load in the background is joined while its tag is invalidated",
       {Mutant::kJoinAnyLoad, Mutant::kLateTicket},
       {},
       load_behind},
      {"another version is loaded while its tag is invalidated",
       {Mutant::kLateTicket},
       {},
       another_version},
  };
}

}  // namespace strata::scenarios
