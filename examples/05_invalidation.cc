// Changes: a transaction of the origin, an event and its rules, an explicit dependency, an
// expire, and the reason afterwards.
//
// Prints:
//   before the commit: other readers see plan, the transaction sees roadmap
//   after it: roadmap
//   after a write of doc 2: the doc is gone, the list of docs is gone
//   after the issue was moved: lists of project 6 and 7 are gone, that of 8 is there
//   the rules that fired: issue-moved
//   after the prices: the report is gone
//   after the expire: stale, and refreshed behind
//   why list 7 went: invalidated by tag project:6:lists, tag project:7:lists
//       <- rule issue-moved <- event entity_write issue 12
#include <iostream>
#include <string>

#include "strata/strata.h"

namespace {

std::string state(strata::Keyspace<std::string>& values, const char* id) {
  return values.get(id) ? "there" : "gone";
}

}  // namespace

int main() {
  using std::chrono::minutes;
  strata::Cache cache = strata::CacheBuilder().build().value();
  auto docs = cache.keyspace<std::string>("doc", {.stale_for = minutes(5)});
  std::string committed = "plan";  // the origin
  const auto load = [&](strata::Load& value) {
    value.tag("doc:1");
    return committed;
  };
  (void)docs.get_or_load("1", load);

  // Opened before the origin's BEGIN; what it invalidates takes effect with commit().
  strata::Transaction change = cache.transaction();
  const std::string written = "roadmap";
  (void)change.invalidate(strata::tag("doc:1"));
  const auto mine = change.get_or_load(docs, "1", [&](strata::Load&) { return written; });
  std::cout << "before the commit: other readers see " << *docs.get("1")
            << ", the transaction sees " << *mine << '\n';
  committed = written;  // COMMIT
  change.commit();
  std::cout << "after it: " << *docs.get_or_load("1", load) << '\n';

  // Where no rule is for it, a write makes what shows the item wrong, and what lists the type.
  docs.put("2", "...", {.labels = {strata::tag("doc:2")}});
  docs.put("list", "...", {.labels = {strata::tag("doc:lists")}});
  (void)cache.invalidate_by_write("doc", "2");
  std::cout << "after a write of doc 2: the doc is " << state(docs, "2") << ", the list of docs is "
            << state(docs, "list") << '\n';

  // Rules say once what an event makes wrong.
  const strata::RuleDefinitions rules{
      .rules = {{.name = "issue-moved",
                 .on = {"write issue"},
                 .when = "changed(project)",
                 .invalidate = {"project:{old.project}:lists", "project:{project}:lists"}}}};
  (void)cache.set_rules(rules);
  for (const char* project : {"6", "7", "8"}) {
    const std::string lists = "project:" + std::string(project) + ":lists";
    docs.put(std::string("list") + project, "...", {.labels = {strata::tag(lists)}});
  }
  const strata::EventResult moved =
      cache.emit(strata::entity_write("issue", "12", {{"project", "7"}}, {{"project", "6"}}));
  std::cout << "after the issue was moved: lists of project 6 and 7 are " << state(docs, "list7")
            << ", that of 8 is " << state(docs, "list8") << '\n'
            << "the rules that fired: " << moved.rules.at(0) << '\n';

  // Whatever carries "report" is wrong when "prices" is, whoever stores it.
  (void)cache.dependencies().add(strata::tag("report"), strata::Labels{strata::tag("prices")});
  docs.put("report", "...", {.labels = {strata::tag("report")}});
  cache.invalidate(strata::tag("prices"));
  std::cout << "after the prices: the report is " << state(docs, "report") << '\n';

  // Not wrong, only out of time.
  cache.expire(strata::tag("doc:1"));
  const auto stale = docs.get_or_load("1", load);
  std::cout << "after the expire: "
            << (stale.outcome() == strata::Outcome::kStaleHit ? "stale" : "fresh")
            << ", and refreshed behind\n";

  const auto why = cache.explain(docs.key({.identifier = "list7"}).value());
  const std::string& last = why.history.at(0);
  const std::size_t arrow = last.find(" <- ");
  std::cout << "why list 7 went: " << last.substr(0, arrow) << "\n   "
            << last.substr(arrow, last.rfind(", ") - arrow) << '\n';
}
