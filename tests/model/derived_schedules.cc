// A value D computed from a cached value K while K is being invalidated.
#include "model/schedule.h"
#include "model/stack.h"

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// D: load starts, reads K v0 from SQLite; W: SQLite's step; D: fills SQLite; W returns.
bool ticket_taken_after_the_first_read() {
  Stack stack;
  stack.seed();
  stack.empty_memory();
  Script script;
  script.actor("D", [&] { (void)stack.load_derived(); });
  script.actor("W", [&] { stack.values.invalidate("k"); });
  script.run_to("D", "tiered.load.read");
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  script.finish("D");
  script.finish("W");
  return stack.serves_older_than(1, stack.derived, "d");
}

// W: SQLite's step; D: load starts, reads K v0 from memory, fills SQLite; W: memory's step.
bool read_from_memory_during_the_invalidation() {
  Stack stack;
  stack.seed();
  Script script;
  script.actor("W", [&] { stack.values.invalidate("k"); });
  script.actor("D", [&] { (void)stack.load_derived(); });
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  script.finish("D");
  script.finish("W");
  return stack.serves_older_than(1, stack.derived, "d");
}

// The same, but W returns between D's read and its fill.
bool invalidation_ends_before_the_fill() {
  Stack stack;
  stack.seed();
  Script script;
  script.actor("W", [&] { stack.values.invalidate("k"); });
  script.actor("D", [&] { (void)stack.load_derived(); });
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  script.run_to("D", "tiered.load.read");
  script.finish("W");
  script.finish("D");
  return stack.serves_older_than(1, stack.derived, "d");
}

// K comes from a load that D joins instead of from memory.
bool joined_during_the_invalidation() {
  Stack stack;
  Script script;
  script.actor("F", [&] { (void)stack.load_value(); });
  script.actor("W", [&] { stack.values.invalidate("k"); });
  script.actor("D", [&] { (void)stack.load_derived(); });
  script.run_to("F", "tiered.load.loaded");
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  script.run_to("D", "tiered.joined");
  script.finish("F");
  script.finish("D");
  script.finish("W");
  return stack.serves_older_than(1, stack.derived, "d");
}

// The source of a cached value is put; the two are in different shards of memory.
bool the_source_is_put() {
  Stack stack;
  stack.seed();
  (void)stack.load_derived();
  stack.origin = 1;
  (void)stack.values.put("k", 1);
  return stack.serves_older_than(1, stack.derived, "d");
}

}  // namespace

std::vector<Schedule> derived_schedules() {
  return {
      {"the source of a computed value is put, and is in another shard",
       {Mutant::kPutStaysInShard},
       the_source_is_put},
      {"a load takes SQLite's ticket after its first read",
       {Mutant::kDeeperTicketLate},
       ticket_taken_after_the_first_read},
      {"a load reads from memory what SQLite has already invalidated",
       {Mutant::kNoLowWater},
       read_from_memory_during_the_invalidation},
      {"an invalidation ends between a load's read and its fill",
       {Mutant::kNoLowWater, Mutant::kLowWaterLate},
       invalidation_ends_before_the_fill},
      {"a load joins another while SQLite is clean and memory is not",
       {Mutant::kNoLowWater},
       joined_during_the_invalidation},
  };
}

}  // namespace strata::model
