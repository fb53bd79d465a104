// A load that read the old value, and an invalidation that returns before the load ends.
#include <memory>
#include <string>
#include <utility>

#include "model/schedule.h"
#include "model/stack.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "testkit/wait_until.h"

namespace strata {
namespace model {

// Tells when it is destroyed.
struct Witness {
  explicit Witness(bool& its_end) : end(&its_end) {}
  Witness(Witness&& other) noexcept : end(std::exchange(other.end, nullptr)) {}
  ~Witness() {
    if (end != nullptr) *end = true;
  }
  bool* end;
};

}  // namespace model

template <>
struct Codec<model::Witness> {
  static constexpr std::string_view kName = "witness";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const model::Witness&) { return std::string(); }
  static Result<model::Witness> decode(std::string_view) {
    return Error{ErrorCode::kCorrupt, "a witness has no bytes"};
  }
};

}  // namespace strata

namespace strata::model {

using testing::Mutant;
using testkit::Script;

namespace {

// L: load starts, ticket; L: origin v0; W: commit v1, invalidate, returns; L: fills v0.
bool fill_after_invalidation() {
  Stack stack;
  Script script;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.run_to("L", "tiered.load.loaded");
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.finish("L");
  return stack.serves_older_than(1);
}

// The same, with the invalidation between SQLite's comparison and its acceptance.
bool invalidation_between_compare_and_accept() {
  Stack stack;
  Script script;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.run_to("L", "sqlite.fill.compared");
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.finish("L");
  return stack.serves_older_than(1);
}

// W: SQLite's step; L: fills SQLite and memory; W: memory's step, returns; the writer has not
// come to the fill yet.
bool fill_pending_behind_the_invalidation() {
  Stack stack;
  stack.seed();
  stack.values.erase("k");
  (void)stack.cache.flush();
  Script script;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.actor("W", [&] { stack.cache.invalidate(tag("t")); });
  script.run_to("L", "tiered.load.loaded");
  const WriterHold hold(stack);
  stack.origin = 1;
  script.run_to("W", "tiered.invalidate.lower");
  // The writer has taken the removal and cannot write it, so the fill waits behind it. Other
  // mutants may have brought none.
  testkit::wait_until([&] {
    const TierStats tier = stack.cache.stats().tiers.at(1).tier;
    return tier.errors > 0 || tier.tombstones == 0;
  });
  script.finish("L");
  script.finish("W");
  return stack.serves_older_than(1);
}

// R arrives after the invalidation returned and joins the load that began before it.
bool join_after_invalidation() {
  Stack stack;
  Script script;
  Lookup<int> taken;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.actor("R", [&] { taken = stack.load_value(); });
  script.run_to("L", "tiered.load.loaded");
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.run_to("R", "tiered.joined");
  script.finish("L");
  script.finish("R");
  return taken && *taken < 1;
}

// Two invalidations of one label: only the last number is known when R decides.
bool join_between_two_invalidations() {
  Stack stack;
  Script script;
  Lookup<int> taken;
  script.actor("L", [&] { (void)stack.load_value(); });
  script.actor("R", [&] { taken = stack.load_value(); });
  script.run_to("L", "tiered.load.loaded");
  stack.origin = 1;
  stack.cache.invalidate(tag("t"));
  script.run_to("R", "tiered.joined");
  stack.origin = 2;
  script.finish("L");
  script.run_to("R", "tiered.wait.done");
  stack.cache.invalidate(tag("t"));
  script.finish("R");
  return taken && *taken < 1;
}

// L's load fails behind an invalidation whose removal follows its raise; R joins after it
// returned, and must not get the value that L could still have kept.
bool waiter_of_a_failed_load() {
  Stack stack;
  stack.seed();
  stack.clock->advance(std::chrono::hours(2));
  Script script;
  Lookup<int> taken;
  const auto failing = [](Load&) -> Result<int> {
    return Error{ErrorCode::kLoadFailed, "the origin is down", {}};
  };
  script.actor("W", [&] { stack.values.invalidate("k"); });
  script.actor("L", [&] { (void)stack.values.get_or_load("k", failing); });
  script.actor("R", [&] { taken = stack.values.get_or_load("k", failing); });
  script.run_to("W", "memory.invalidate.numbered");
  script.run_to("L", "tiered.load.loaded");
  script.finish("W");
  script.run_to("R", "tiered.joined");
  script.finish("L");
  script.finish("R");
  return taken.has_value();
}

// R looks at a value in place; meanwhile it is erased, and memory gives back all that it can.
bool erased_while_it_is_looked_at() {
  const auto clock = std::make_shared<ManualClock>();
  bool destroyed = false;  // outlives the tier, which destroys what it still has
  bool broken = false;
  const auto tier = memory_tier({}, clock, seeded_random(1));
  const std::string text = "k";
  const KeyRef key{text, key_hash(text), {}};
  tier->fill(Entry::make(key, Witness(destroyed)), tier->position());
  const auto look = [&](const Entry&) {
    tier->put(key, EntryRef(), tier->position(), RemovalCause::kErased);
    tier->remove_expired();
    broken = destroyed;
  };
  using Look = decltype(look);
  tier->visit(
      key, [](void* context, const Entry& entry) { (*static_cast<Look*>(context))(entry); },
      const_cast<void*>(static_cast<const void*>(&look)));
  return broken;
}

}  // namespace

std::vector<Schedule> fill_schedules() {
  return {
      {"a load that began before an invalidation fills after it",
       {Mutant::kNoTickets, Mutant::kLateTicket, Mutant::kSqliteFillUnchecked,
        Mutant::kMemoryFillUnchecked},
       fill_after_invalidation},
      {"an invalidation comes between SQLite's comparison and its acceptance",
       {Mutant::kSqliteCheckThenAct},
       invalidation_between_compare_and_accept},
      {"a fill waits for the writer behind an invalidation",
       {Mutant::kPendingUnchecked},
       fill_pending_behind_the_invalidation},
      {"a reader joins a load that began before an invalidation",
       {Mutant::kJoinAnyLoad, Mutant::kJoinComparesKeyOnly},
       join_after_invalidation},
      {"a second invalidation hides the first from a waiter",
       {Mutant::kJoinBetween},
       join_between_two_invalidations},
      {"a value is erased while a reader looks at it",
       {Mutant::kReclaimAtOnce},
       erased_while_it_is_looked_at},
      {"a waiter of a failed load is handed the leader's kept value",
       {Mutant::kWaiterTakesFailsafe},
       waiter_of_a_failed_load},
  };
}

}  // namespace strata::model
