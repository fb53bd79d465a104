// Events as the cache handles them: rules, then handlers; and why afterwards.
#include <gmock/gmock.h>

#include <string>

#include "cache/cache_fixture.h"
#include "strata/tiered/transaction.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EventTest : public CacheFixture {
 protected:
  void SetUp() override {
    const RuleDefinitions rules{
        .rules = {{.name = "issue-write",
                   .on = {"write issue", "delete issue"},
                   .invalidate = {"issue:{id}", "project:{project_id}:lists",
                                  "project:{old.project_id}:lists"}},
                  {.name = "soft", .on = {"write note"}, .expire = {"note:{id}"}}},
        .cascades = {{.from = "project", .to = "issue", .label = "project:{id}"}}};
    ASSERT_TRUE(cache_.set_rules(rules).ok());
    store();
  }
  void TearDown() override { check(cache_); }

  void store() {
    values_.put("issue", "v", {.labels = {tag("issue:12"), tag("project:7")}});
    values_.put("list7", "v", {.labels = {tag("project:7:lists")}});
    values_.put("list6", "v", {.labels = {tag("project:6:lists")}});
    values_.put("note", "v", {.labels = {tag("note:1")}});
  }
  // Which of the values are there, and fresh.
  std::string left() {
    std::string there;
    for (const char* id : {"issue", "list7", "list6", "note"}) {
      if (values_.get(id).outcome() == Outcome::kHit) there += std::string(id) + " ";
    }
    return there;
  }

  Cache cache_ = make_cache(1);
  Keyspace<std::string> values_ =
      cache_.keyspace<std::string>("value", {.stale_for = minutes(5), .type = "issue"});
};

TEST_F(EventTest, RulesTurnAnEventIntoInvalidations) {
  const EventResult result =
      cache_.emit(entity_write("issue", "12", {{"project_id", "7"}}, {{"project_id", "6"}}));
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(result.rules, ElementsAre("issue-write"));
  EXPECT_FALSE(result.incomplete);
  EXPECT_EQ(result.invalidated.tiers.size(), 2u);
  EXPECT_EQ(left(), "note ");
}

TEST_F(EventTest, AFieldThatIsMissingTakesTheWholeType) {
  const EventResult result = cache_.emit(entity_write("issue", "12"));
  EXPECT_TRUE(result.incomplete);
  EXPECT_EQ(left(), "");
}

TEST_F(EventTest, ACascadeTakesTheChildren) {
  EXPECT_TRUE(cache_.invalidate_by_write("project", "7").ok());
  EXPECT_EQ(left(), "list7 list6 note ");
}

TEST_F(EventTest, ARuleMayExpireInsteadOfInvalidate) {
  EXPECT_TRUE(cache_.emit(entity_write("note", "1")).ok());
  EXPECT_EQ(values_.get("note").outcome(), Outcome::kStaleHit);
}

TEST_F(EventTest, AWriteWithoutARuleTakesTheItemAndItsLists) {
  values_.put("user", "v", {.labels = {tag("user:3")}});
  values_.put("users", "v", {.labels = {tag("user:lists")}});
  const EventResult result = cache_.invalidate_by_write("user", "3");
  EXPECT_THAT(result.rules, IsEmpty());
  EXPECT_EQ(values_.get("user").outcome(), Outcome::kMiss);
  EXPECT_EQ(values_.get("users").outcome(), Outcome::kMiss);
  EXPECT_EQ(left(), "issue list7 list6 note ");
}

TEST_F(EventTest, HandlersComeAfterTheInvalidation) {
  std::string seen = "never called";
  const Subscription subscription =
      cache_.events()
          .subscribe(EventKind::kEntityWrite, [&](const Event&) { seen = left(); })
          .value();
  cache_.emit(entity_write("issue", "12", {{"project_id", "7"}}, {{"project_id", "6"}}));
  EXPECT_EQ(seen, "note ");
}

TEST_F(EventTest, DisablingTheBusDoesNotDisableTheRules) {
  cache_.events().disable();
  cache_.emit(entity_delete("issue", "12"));
  EXPECT_EQ(left(), "");
}

TEST_F(EventTest, AHandlerThatThrowsChangesNothing) {
  const Subscription subscription =
      cache_.events()
          .subscribe(EventKind::kEntityWrite, [](const Event&) { throw std::runtime_error("no"); })
          .value();
  EXPECT_TRUE(cache_.emit(entity_write("note", "1")).ok());
  EXPECT_EQ(left(), "issue list7 list6 ");
}

TEST_F(EventTest, BatchesOfEventsComeOnTheExecutor) {
  std::size_t seen = 0;
  const Subscription subscription =
      cache_.events()
          .subscribe_batched(EventKind::kEntityWrite,
                             [&](const EventBatch& batch) { seen += batch.items.size(); })
          .value();
  for (int i = 0; i < 5; ++i) cache_.emit(entity_write("note", "1"));
  EXPECT_EQ(seen, 0u);
  cache_.events().flush();
  EXPECT_EQ(seen, 5u);
}

TEST_F(EventTest, TheChainOfCausesLeadsToTheOrigin) {
  Event event = entity_write("issue", "12", {{"project_id", "7"}}, {{"project_id", "6"}});
  event.origin = "4711";
  cache_.emit(event);
  const Explanation why = cache_.explain(values_.key({.identifier = "issue"}).value());
  ASSERT_EQ(why.history.size(), 1u);
  EXPECT_THAT(why.history[0], HasSubstr("tag issue:12"));
  EXPECT_THAT(why.history[0],
              HasSubstr(" <- rule issue-write <- event entity_write issue 12 <- pid 4711"));
}

TEST_F(EventTest, EventsOfATransactionWaitForItsCommit) {
  int told = 0;
  const Subscription subscription =
      cache_.events().subscribe(EventKind::kEntityWrite, [&](const Event&) { ++told; }).value();
  const Event event = entity_write("issue", "12", {{"project_id", "7"}}, {{"project_id", "6"}});
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.emit(event).ok());
  EXPECT_EQ(change.get(values_, "issue").outcome(), Outcome::kMiss);
  EXPECT_EQ(left(), "issue list7 list6 note ");
  change.rollback();
  EXPECT_EQ(told, 0);
  EXPECT_EQ(left(), "issue list7 list6 note ");
  Transaction again = cache_.transaction();
  EXPECT_TRUE(again.emit(event).ok());
  again.commit();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(left(), "note ");
}

TEST_F(EventTest, WhatIsWrongIsSaidAndChangesNothing) {
  EXPECT_EQ(cache_.emit(entity_write("", "12")).error->code, ErrorCode::kRejected);
  EXPECT_EQ(cache_.invalidate_by_write("issue", "").error->code, ErrorCode::kRejected);
  const Result<void> bad = cache_.set_rules({.rules = {{.name = "r", .on = {"wriet issue"}}}});
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, HasSubstr("wriet"));
  EXPECT_EQ(left(), "issue list7 list6 note ");
  EXPECT_EQ(cache_.rule_stats()[0].fired, 0u);
}

TEST_F(EventTest, ATransactionExpiresWhatTheRulesExpire) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.emit(entity_write("note", "1")).ok());
  EXPECT_THAT(change.collected(), ElementsAre(tag("note:1")));
  EXPECT_TRUE(change.commit().ok());
  EXPECT_EQ(values_.get("note").outcome(), Outcome::kStaleHit);
}

TEST_F(EventTest, TheChainOfATransactionNamesItsRulesAndEvents) {
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.emit(entity_write("issue", "12", {{"project_id", "7"}}, {})).ok());
  EXPECT_TRUE(change.commit().ok());
  const Explanation why = cache_.explain(values_.key({.identifier = "issue"}).value());
  ASSERT_EQ(why.history.size(), 1u);
  EXPECT_THAT(why.history[0], HasSubstr("rule issue-write <- event entity_write issue 12"));
}

TEST_F(EventTest, ATransactionKnowsThePlainForm) {
  values_.put("user", "v", {.labels = {tag("user:3")}});
  values_.put("users", "v", {.labels = {tag("user:lists")}});
  Transaction change = cache_.transaction();
  EXPECT_TRUE(change.invalidate_by_write("user", "3").ok());
  EXPECT_TRUE(change.invalidate_by_write("project", "7").ok()) << "for which there is a cascade";
  EXPECT_TRUE(change.commit().ok());
  EXPECT_EQ(values_.get("user").outcome(), Outcome::kMiss);
  EXPECT_EQ(values_.get("users").outcome(), Outcome::kMiss);
  EXPECT_EQ(left(), "list7 list6 note ");
}

}  // namespace
}  // namespace strata::testkit
