// Puts against each other and against invalidations.
#include "model/schedule.h"
#include "model/stack.h"

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// Two puts of one key go through the tiers side by side. One of them must be kept.
bool two_puts_of_one_key() {
  Stack stack;
  Script script;
  script.actor("A", [&] { (void)stack.values.put("k", 1); });
  script.actor("B", [&] { (void)stack.values.put("k", 2); });
  script.run_to("A", "tiered.put.tickets");
  script.run_to("B", "tiered.put.tickets");
  script.run_to("A", "tiered.put.lower");
  script.run_to("B", "tiered.put.lower");
  script.finish("B");
  script.finish("A");
  script.finish("B");
  if (!stack.values.get("k")) return true;
  const int in_memory = *stack.values.get("k");
  stack.empty_memory();
  const auto below = stack.values.get("k");
  return !below || *below != in_memory;
}

// P has put into SQLite; an invalidation of its tag runs and returns; P puts into memory.
bool invalidation_within_a_put() {
  Stack stack;
  Script script;
  script.actor("P", [&] { (void)stack.values.put("k", 0, {.labels = {tag("t")}}); });
  script.run_to("P", "tiered.put.lower");
  stack.cache.invalidate(tag("t"));
  script.finish("P");
  return stack.serves_older_than(1);
}

}  // namespace

std::vector<Schedule> put_schedules() {
  return {
      {"two puts of one key pass each other", {Mutant::kPutsUnserialised}, two_puts_of_one_key},
      {"a put goes on after its tag was invalidated",
       {Mutant::kPutUnconditional},
       invalidation_within_a_put},
  };
}

}  // namespace strata::model
