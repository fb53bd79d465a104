// Reads of SQLite against the writer thread: pending writes, tombstones, the journal.
#include "model/schedule.h"
#include "model/stack.h"

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// The removal is accepted and not committed when the invalidation returns.
bool read_before_the_removal_commits() {
  Stack stack;
  stack.seed();
  const WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  return stack.serves_older_than(1);
}

// R starts after the return; SELECT finds the row; the removal commits and its tombstone is
// retired; R looks for a tombstone.
bool tombstone_retired_under_a_read() {
  Stack stack;
  stack.seed();
  stack.empty_memory();
  Script script;
  Lookup<int> taken;
  script.actor("R", [&] { taken = stack.values.get("k"); });
  WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.run_to("R", "sqlite.read.selected");
  hold.release();
  stack.wait_until_reclaimed();
  script.finish("R");
  return taken && *taken < 1;
}

// R starts after a put returned; SELECT finds the row before it; the put commits and is no
// longer pending; R looks for a pending write.
bool pending_write_committed_under_a_read() {
  Stack stack;
  (void)stack.values.put("k", 0);
  (void)stack.cache.flush();
  Script script;
  Lookup<int> taken;
  script.actor("R", [&] { taken = stack.values.get("k"); });
  WriterHold hold(stack);
  (void)stack.values.put("k", 1);
  stack.empty_memory();
  script.run_to("R", "sqlite.read.selected");
  hold.release();
  (void)stack.cache.flush();
  script.finish("R");
  return taken && *taken < 1;
}

// A put that follows an invalidation of its tag is not what was invalidated.
bool put_behind_a_tombstone() {
  Stack stack;
  const CallOptions tagged{.labels = {tag("t")}};
  // So many that one transaction does not remove them all; k is among the last.
  constexpr int kOthers = 1'500;
  for (int i = 0; i < kOthers; ++i) (void)stack.values.put(i, 0, tagged);
  (void)stack.values.put("k", 0, tagged);
  (void)stack.cache.flush();
  WriterHold hold(stack);
  stack.cache.invalidate(tag("t"));
  (void)stack.values.put("k", 1, tagged);
  stack.empty_memory();
  hold.release();
  (void)stack.cache.flush();
  stack.wait_until_reclaimed();
  const auto found = stack.values.get("k");
  return !found || *found != 1;
}

// W has raised the tag's number; P puts a new value with the tag; a second invalidation runs and
// returns; W goes on and sets its tombstone, whose number is below the value's.
bool second_invalidation_between_raise_and_tombstone() {
  Stack stack;
  Script script;
  script.actor("W", [&] { stack.cache.invalidate(tag("t")); });
  const WriterHold hold(stack);
  script.run_to("W", "sqlite.invalidate.raised");
  (void)stack.values.put("k", 0, {.labels = {tag("t")}});
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.finish("W");
  return stack.serves_older_than(1);
}

// kill -9 between the invalidation's return and its commit.
bool crash_before_the_removal_commits() {
  Stack stack;
  stack.seed();
  WriterHold hold(stack);
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  const auto again = Stack::after_crash_of(stack);
  hold.release();
  return again->serves_older_than(1);
}

// The same for a put: what it replaced is gone, though it is not committed itself.
bool crash_before_the_put_commits() {
  Stack stack;
  (void)stack.values.put("k", 0);
  (void)stack.cache.flush();
  WriterHold hold(stack);
  (void)stack.values.put("k", 1);
  const auto again = Stack::after_crash_of(stack);
  hold.release();
  return again->serves_older_than(1);
}

}  // namespace

std::vector<Schedule> sqlite_schedules() {
  return {
      {"a read comes before the removal commits",
       {Mutant::kNoTombstone, Mutant::kTombstoneByReaderStart},
       read_before_the_removal_commits},
      {"a tombstone is retired under a read",
       {Mutant::kNoRetiredCounter},
       tombstone_retired_under_a_read},
      {"a pending write is committed under a read",
       {Mutant::kPendingAfterSelect},
       pending_write_committed_under_a_read},
      {"a second invalidation comes between the raise and the tombstone of the first",
       {Mutant::kTombstoneAfterRaise},
       second_invalidation_between_raise_and_tombstone},
      {"a tombstone covers what was put after it",
       {Mutant::kTombstoneWithoutNumber},
       put_behind_a_tombstone},
      {"the process is killed before the removal commits",
       {Mutant::kNoJournal},
       crash_before_the_removal_commits},
      {"the process is killed before the put commits",
       {Mutant::kNoJournal},
       crash_before_the_put_commits},
  };
}

}  // namespace strata::model
