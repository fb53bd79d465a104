// The order of an invalidation's steps over the tiers.
#include "model/schedule.h"
#include "model/stack.h"

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// W has taken its first step; a reader that starts now promotes what the other tier still has.
bool promotion_between_two_tiers() {
  Stack stack;
  stack.seed();
  Script script;
  script.actor("W", [&] { stack.cache.invalidate(tag("t")); });
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  (void)stack.values.get("k");
  script.finish("W");
  return stack.serves_older_than(1);
}

// L has filled SQLite; W's SQLite step; memory has removed or raised, whichever comes first;
// L fills memory; W goes on and returns.
bool fill_between_memorys_raise_and_removal() {
  Stack stack;
  Script script;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.actor("W", [&] { stack.cache.invalidate(tag("t")); });
  script.run_to("L", "tiered.store.lower");
  stack.origin = 1;
  script.run_to("W", "memory.invalidate.raised");
  script.finish("L");
  script.finish("W");
  return stack.serves_older_than(1);
}

bool clearing_a_keyspace() {
  Stack stack;
  stack.seed();
  stack.origin = 1;
  stack.cache.invalidate(keyspace("values"));
  return stack.serves_older_than(1);
}

// What memory evicts may not find its way below after an invalidation.
bool eviction_across_an_invalidation() {
  Stack stack({.max_entries = 1});
  stack.seed();
  Script script;
  script.actor("E", [&] { (void)stack.values.put("other", 9); });
  script.run_to("E", "tiered.spill");
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.finish("E");
  return stack.serves_older_than(1);
}

}  // namespace

std::vector<Schedule> invalidation_schedules() {
  return {
      {"a reader promotes between two tiers' steps",
       {Mutant::kMemoryFirst},
       promotion_between_two_tiers},
      {"a load fills memory between its raise and its removal",
       {Mutant::kRaiseAfterRemoval},
       fill_between_memorys_raise_and_removal},
      {"an entry of a cleared keyspace is still in the table",
       {Mutant::kCellNotCompared},
       clearing_a_keyspace},
      {"an evicted entry is written below after an invalidation",
       {Mutant::kSpillOnEviction},
       eviction_across_an_invalidation},
  };
}

}  // namespace strata::model
