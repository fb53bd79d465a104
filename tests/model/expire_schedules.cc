// Expires: the same races as invalidations have, where "fresh" takes the place of "served".
#include "model/schedule.h"
#include "model/stack.h"

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// Whether the value is served that is only kept. Its load fails.
bool serves_kept_value(Stack& stack) {
  const auto failing = [](Load&) -> Result<int> {
    return Error{ErrorCode::kLoadFailed, "the origin is down", {}};
  };
  return stack.values.get_or_load("k", failing).has_value();
}

// L: load starts, ticket; L: origin v0; W: commit v1, expire, returns; L: fills v0.
bool fill_after_expire() {
  Stack stack;
  Script script;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.run_to("L", "tiered.load.loaded");
  stack.origin = 1;
  stack.cache.expire(tag("t"));
  script.finish("L");
  return stack.serves_older_than(1);
}

// R arrives after the expire returned and joins the load that began before it.
bool join_after_expire() {
  Stack stack;
  Script script;
  Lookup<int> taken;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.actor("R", [&] { taken = stack.load_value(); });
  script.run_to("L", "tiered.load.loaded");
  stack.origin = 1;
  stack.cache.expire(tag("t"));
  script.run_to("R", "tiered.joined");
  script.finish("L");
  script.finish("R");
  return taken && *taken < 1;
}

// W has taken its first step; a reader that starts now promotes what the other tier has fresh.
bool promotion_between_two_tiers() {
  Stack stack;
  stack.seed();
  Script script;
  script.actor("W", [&] { stack.cache.expire(tag("t")); });
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  (void)stack.values.get("k");
  script.finish("W");
  return stack.serves_older_than(1);
}

// W: SQLite's step; D: load starts, reads K v0 from memory, fills SQLite; W: memory's step.
bool derived_during_the_expire() {
  Stack stack;
  stack.seed();
  Script script;
  script.actor("W", [&] { stack.values.expire("k"); });
  script.actor("D", [&] { (void)stack.load_derived(); });
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  script.finish("D");
  script.finish("W");
  return stack.serves_older_than(1, stack.derived, "d");
}

// The end of the ttl is accepted and not committed when the expire returns.
bool read_before_the_end_commits() {
  Stack stack;
  stack.seed();
  const WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.expire(tag("t"));
  return stack.serves_older_than(1);
}

// R starts after the return; SELECT finds the row as it was; the end of its ttl commits and its
// tombstone is retired; R looks for a tombstone.
bool soft_tombstone_retired_under_a_read() {
  Stack stack;
  stack.seed();
  stack.empty_memory();
  Script script;
  Lookup<int> taken;
  script.actor("R", [&] { taken = stack.values.get("k"); });
  WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.expire(tag("t"));
  script.run_to("R", "sqlite.read.selected");
  hold.release();
  stack.wait_until_reclaimed();
  script.finish("R");
  return taken && *taken < 1;
}

// An invalidation whose removal is not committed, and an expire of the same label.
bool expire_after_an_invalidation() {
  Stack stack;
  stack.seed();
  const WriterHold hold(stack);
  stack.cache.invalidate(tag("t"));
  stack.cache.expire(tag("t"));
  return serves_kept_value(stack);
}

// kill -9 between the expire's return and its commit.
bool crash_before_the_end_commits() {
  Stack stack;
  stack.seed();
  WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.expire(tag("t"));
  const auto again = Stack::after_crash_of(stack);
  hold.release();
  return again->serves_older_than(1);
}

}  // namespace

std::vector<Schedule> expire_schedules() {
  return {
      {"a load that began before an expire fills after it",
       {Mutant::kExpireWithoutRaise},
       fill_after_expire},
      {"a reader joins a load that began before an expire",
       {Mutant::kJoinAnyLoad, Mutant::kExpireWithoutRaise},
       join_after_expire},
      {"a reader promotes between two tiers' steps of an expire",
       {Mutant::kMemoryFirst},
       promotion_between_two_tiers},
      {"a load reads from memory what SQLite has already expired",
       {Mutant::kNoLowWater, Mutant::kExpireWithoutRaise},
       derived_during_the_expire},
      {"a read comes before an expire commits",
       {Mutant::kSoftTombstoneAsNone},
       read_before_the_end_commits},
      {"a soft tombstone is retired under a read",
       {Mutant::kNoRetiredCounter},
       soft_tombstone_retired_under_a_read},
      {"an expire follows an invalidation of the same label",
       {Mutant::kSoftWinsOverHard},
       expire_after_an_invalidation},
      {"the process is killed before an expire commits",
       {Mutant::kNoJournal},
       crash_before_the_end_commits},
  };
}

}  // namespace strata::model
