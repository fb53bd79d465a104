// Invalidations against each other, against readers, and in bulk.
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

void read_twice(World& world, const std::string& id) {
  world.thread("read", [&world, id] {
    world.get(id);
    world.get(id);
  });
}

void cleared_keyspace(World& world) {
  world.seed("k");
  world.thread("change", [&] { world.change({"k"}, [&] { world.values.clear(); }); });
  read_twice(world, "k");
}

void two_of_one_tag(World& world) {
  world.seed("k");
  world.thread("one", [&] { world.change_tag({"k"}); });
  world.thread("two", [&] { world.change_tag({"k"}); });
  world.thread("load", [&] { world.load("k"); });
}

void tag_and_key(World& world) {
  world.seed("a");
  world.seed("b");
  world.thread("tag", [&] { world.change_tag({"a", "b"}); });
  world.thread("key", [&] { world.change_key("a"); });
  world.thread("load", [&] {
    world.load("a");
    world.load("b");
  });
}

// More keys than memory removes in one slice.
void many_keys(World& world) {
  constexpr int kKeys = 520;
  std::vector<std::string> ids{"k"};
  for (int i = 0; i < kKeys; ++i) ids.push_back(std::to_string(i));
  ids.emplace_back("last");
  world.seed("k");
  world.thread("change", [&world, ids] {
    world.change({"k", "last"}, [&] { world.values.erase_many(ids); });
  });
  world.thread("load", [&] { world.load("last"); });
}

void erase_while_loading(World& world) {
  world.thread("erase", [&] { world.change({"k"}, [&] { world.values.erase("k"); }); });
  world.thread("load", [&] { world.load("k"); });
  world.thread("read", [&] { world.get("k"); });
}

void erase_twice(World& world) {
  world.seed("k");
  for (const char* name : {"one", "two"}) {
    world.thread(name, [&] { world.change({"k"}, [&] { world.values.erase("k"); }); });
  }
  world.thread("load", [&] { world.load("k"); });
}

void scan_while_changing(World& world) {
  for (const char* id : {"a", "b", "c"}) world.seed(id);
  world.thread("scan", [&] {
    std::vector<EntryRef> entries;
    std::uint64_t cursor = 0;
    do {
      cursor = world.cache.hot_tier().scan(cursor, entries);
    } while (cursor != 0);
    std::size_t kept = 0;
    for (const EntryRef& entry : entries)
      kept += entry->key_text().find(":a:") != std::string::npos;
    world.require(kept >= 1, "a: was there all the time, and not in the scan");
  });
  world.thread("change", [&] { world.change_key("b"); });
  world.thread("put", [&] { world.put("d"); });
}

void remove_expired_while_loading(World& world) {
  world.seed("k");
  world.advance(std::chrono::hours(3));
  world.thread("sweep", [&] { world.cache.remove_expired(); });
  world.thread("load", [&] { world.load("k"); });
  world.thread("change", [&] { world.change_tag({"k"}); });
}

void tiny_table(World& world) {
  world.seed("k");
  world.thread("one", [&] { world.change_labels({"k"}, {tag("t"), tag("u")}); });
  world.thread("two", [&] { world.cache.invalidate({tag("v"), tag("w"), tag("x")}); });
  world.thread("load", [&] { world.load("k"); });
}

void group_against_load(World& world) {
  world.seed("k");
  world.thread("source", [&] { world.change_labels({"k"}, {source("db")}); });
  world.thread("type", [&] { world.change_labels({"k"}, {Label(LabelKind::kType, "person")}); });
  world.thread("load", [&] { world.load("k"); });
}

}  // namespace

std::vector<Scenario> invalidation_scenarios() {
  return {
      {"a reader looks while a keyspace is cleared",
       {Mutant::kCellNotCompared},
       {},
       cleared_keyspace},
      {"two invalidate one tag while a load runs", {Mutant::kLateTicket}, {}, two_of_one_tag},
      {"a tag and a key are invalidated while loads run", {Mutant::kLateTicket}, {}, tag_and_key},
      {"more keys than a slice are erased while one is loaded",
       {Mutant::kLateTicket},
       {},
       many_keys},
      {"a key is erased while it is loaded", {Mutant::kLateTicket}, {}, erase_while_loading},
      {"a key is erased twice while it is loaded", {Mutant::kLateTicket}, {}, erase_twice},
      {"memory is scanned while it changes", {}, {}, scan_while_changing},
      {"what is expired is removed while it is loaded",
       {Mutant::kLateTicket},
       {},
       remove_expired_while_loading},
      {"two invalidations overflow a tiny label table", {}, {.remembered_labels = 2}, tiny_table},
      {"a type and a source are invalidated while a load runs",
       {Mutant::kLateTicket},
       {.values =
            {.ttl = std::chrono::hours(1), .ttl_jitter = 0, .type = "person", .source = "db"}},
       group_against_load},
  };
}

}  // namespace strata::scenarios
