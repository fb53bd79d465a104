// Loads and promotions against invalidations of what they bring.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

// A load, and an invalidation of `labels` after the origin changed.
std::function<void(World&)> load_against(const Labels& labels) {
  return [labels](World& world) {
    world.thread("load", [&] { world.load("k"); });
    world.thread("change", [&world, labels] { world.change_labels({"k"}, labels); });
  };
}

KeyspaceOptions named(std::string type, std::string source) {
  return {.ttl = std::chrono::hours(1),
          .ttl_jitter = 0,
          .type = std::move(type),
          .source = std::move(source)};
}

// What is expired is no longer served where nothing past its ttl is.
void load_against_an_expire(World& world) {
  world.thread("load", [&] { world.load("k"); });
  world.thread("expire", [&] { world.change({"k"}, [&] { world.cache.expire(tag("t")); }); });
  world.thread("read", [&] { world.get("k"); });
}

void load_against_its_key(World& world) {
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_key("k"); });
}

// Every tier but the deepest has forgotten the value; a reader promotes it from there.
void promote_from_below(World& world) {
  world.seed("k");
  for (std::size_t i = 0; i + 1 < world.tiers.size(); ++i) world.tiers[i]->forget_all();
  world.empty_memory();
  world.thread("read", [&] { world.get("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

void read_between_two_tiers(World& world) {
  world.seed("k");
  world.thread("change", [&] { world.change_key("k"); });
  world.thread("read", [&] {
    world.get("k");
    world.get("k");
  });
}

// Labels of others fill the table until it forgets.
void raise_the_floor(World& world) {
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("others", [&] {
    for (const char* other : {"x", "y", "z"}) world.cache.invalidate(tag(other));
  });
}

void bypass(World& world) {
  world.seed("k");
  world.thread("bypass", [&] { world.load("k", {.bypass = true}); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("read", [&] { world.get("k"); });
}

void evict_while_loading(World& world) {
  world.seed("k");
  world.thread("other", [&] { world.put("other"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("load", [&] { world.load("k"); });
}

void forget_while_loading(World& world) {
  world.seed("k");
  world.thread("forget", [&] { world.empty_memory(); });
  world.thread("change", [&] { world.change_tag({"k"}); });
  world.thread("load", [&] { world.load("k"); });
}

void probe_while_loading(World& world) {
  world.thread("load", [&] { world.load("k"); });
  world.thread("probe", [&] {
    (void)world.values.contains("k");
    world.get("k");
  });
  world.thread("change", [&] { world.change_key("k"); });
}

// A foreground load, a promotion and an invalidation of what both carry.
void load_and_promote(World& world) {
  world.seed("p");
  world.empty_memory();
  world.thread("load", [&] { world.load("k"); });
  world.thread("promote", [&] { world.get("p"); });
  world.thread("change", [&] { world.change_tag({"k", "p"}); });
  world.thread("read", [&] { world.get("p"); });
}

}  // namespace

std::vector<Scenario> fill_scenarios() {
  return {
      {"a load fills while its key is invalidated",
       {Mutant::kLateTicket, Mutant::kMemoryFillUnchecked, Mutant::kNoTickets},
       {},
       load_against_its_key},
      {"a load fills while a tag is invalidated that it learns with the value",
       {Mutant::kLateTicket, Mutant::kMemoryFillUnchecked, Mutant::kNoTickets},
       {},
       load_against({tag("t")})},
      {"a load fills while its keyspace is cleared",
       {Mutant::kLateTicket},
       {},
       load_against({keyspace("values")})},
      {"a load fills while its type is invalidated",
       {Mutant::kLateTicket},
       {.values = named("person", "")},
       load_against({Label(LabelKind::kType, "person")})},
      {"a load fills while its source is invalidated",
       {Mutant::kLateTicket},
       {.values = named("", "db")},
       load_against({source("db")})},
      {"a load fills while everything is cleared",
       {Mutant::kLateTicket},
       {},
       load_against({everything()})},
      {"a load fills while several labels are invalidated at once",
       {Mutant::kLateTicket},
       {},
       load_against({tag("a"), tag("t"), tag("z")})},
      {"a load fills three tiers while a tag is invalidated",
       {Mutant::kLateTicket, Mutant::kMemoryFillUnchecked},
       {.tiers = 2},
       load_against({tag("t")})},
      {"a load fills while its tag is expired",
       {Mutant::kExpireWithoutRaise, Mutant::kLateTicket},
       {},
       load_against_an_expire},
      {"a load fills three tiers while its tag is expired",
       {Mutant::kExpireWithoutRaise},
       {.tiers = 2},
       load_against_an_expire},
      {"a load fills the tiers below while memory is off",
       {Mutant::kLateTicket},
       {.memory = false},
       load_against({tag("t")})},
      {"a load fills memory alone between a raise and its removals",
       {Mutant::kRaiseAfterRemoval, Mutant::kMemoryFillUnchecked},
       {.tiers = 0},
       load_against({tag("t")})},
  };
}

std::vector<Scenario> promotion_scenarios() {
  return {
      {"a reader promotes while a tag is invalidated",
       {Mutant::kLateTicket, Mutant::kMemoryFillUnchecked},
       {},
       promote_from_below},
      {"a reader promotes through three tiers while a tag is invalidated",
       {Mutant::kMemoryFillUnchecked},
       {.tiers = 2},
       promote_from_below},
      {"a reader comes between two tiers' steps",
       {Mutant::kMemoryFirst},
       {},
       read_between_two_tiers},
      {"a tiny label table forgets while a load runs",
       {},
       {.remembered_labels = 2},
       raise_the_floor},
      {"a bypassing call stores while a tag is invalidated", {Mutant::kLateTicket}, {}, bypass},
      {"an entry is evicted while its tag is invalidated",
       {Mutant::kSpillOnEviction},
       {.max_entries = 1},
       evict_while_loading},
      {"memory forgets everything while a tag is invalidated", {}, {}, forget_while_loading},
      {"a probe looks while a load is invalidated", {}, {}, probe_while_loading},
      {"a load and a promotion run while their tag is invalidated",
       {Mutant::kLateTicket},
       {},
       load_and_promote},
  };
}

}  // namespace strata::scenarios
