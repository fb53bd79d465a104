// What is printed of guards: their state of now, the counters of all runs, and nothing of those
// that never had anything to do.
#include "cli/guard_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/codecs/json.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

StatsView view_of_a_run() {
  StatsView view;
  TierStats memory;
  memory.name = "memory";
  TierStats sqlite;
  sqlite.name = "sqlite";
  sqlite.reads.state = BreakerState::kOpen;
  sqlite.fills.state = BreakerState::kClosed;
  view.now.tiers = {{memory, {}}, {sqlite, {}}};
  sqlite.reads.opened = 2;
  sqlite.reads.skipped = 12'304;
  view.recorded.counts.tiers = {{sqlite, {}}};
  SourceStats users;
  users.name = "users";
  users.breaker.state = BreakerState::kClosed;
  users.waiting = 3;
  view.now.sources = {users};
  users.refused = 41;
  SourceStats former;
  former.name = "former";
  former.breaker.state = BreakerState::kClosed;
  former.breaker.failures = 9;
  view.recorded.counts.sources = {former, users};
  return view;
}

Json json_of(const StatsView& view) {
  JsonWriter writer;
  writer.begin_object();
  write_guards(writer, view);
  writer.end_object();
  return Json::parse(writer.take()).value();
}

TEST(GuardView, JsonHasTheStateOfNowAndTheCountersOfAllRuns) {
  const Json json = json_of(view_of_a_run());
  const auto text = [&](const char* pointer) { return json.pick(pointer).value().text(); };
  EXPECT_EQ(text("/guards/by_tier/sqlite/reads/state"), "\"open\"");
  EXPECT_EQ(text("/guards/by_tier/sqlite/reads/opened"), "2");
  EXPECT_EQ(text("/guards/by_tier/sqlite/reads/skipped"), "12304");
  EXPECT_EQ(text("/guards/by_source/users/refused"), "41");
  EXPECT_EQ(text("/guards/by_source/users/waiting"), "3");
  EXPECT_EQ(text("/guards/by_source/users/state"), "\"closed\"");
  EXPECT_EQ(text("/guards/by_source/former/state"), "\"off\"") << "not opened by this run";
  EXPECT_EQ(text("/guards/by_source/former/failures"), "9");
  EXPECT_FALSE(json.pick("/guards/by_tier/memory").ok()) << "nothing guards it";
}

TEST(GuardView, TheTableHasThoseThatHadSomethingToDo) {
  const std::string table = guard_table(view_of_a_run(), {.columns = 100});
  EXPECT_THAT(table, HasSubstr("sqlite reads"));
  EXPECT_THAT(table, HasSubstr("open"));
  EXPECT_THAT(table, HasSubstr("12,304"));
  EXPECT_THAT(table, HasSubstr("users"));
  EXPECT_THAT(table, HasSubstr("former"));
  EXPECT_THAT(table, HasSubstr("not in this run")) << "the breaker of what only former runs had";
  EXPECT_THAT(table, Not(HasSubstr("sqlite fills")));
}

TEST(GuardView, ThereIsNoTableIfNothingHappened) {
  StatsView view = view_of_a_run();
  view.recorded = {};
  view.now.tiers[1].tier.reads.state = BreakerState::kClosed;
  EXPECT_THAT(guard_table(view, {.columns = 100}), IsEmpty());
}

}  // namespace
}  // namespace strata::cli
