// Tests of a cache that reads an outbox: what another program commits is gone from the cache, from
// the configuration to the value; and nothing of it goes on when the cache is closed.
#include "config/outbox_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <string>

#include "strata/config/open.h"
#include "strata/tiered/cache_feed.h"
#include "testkit/outbox_bed.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testkit::OutboxListener;
using testkit::wait_until;

class OutboxFeed : public testkit::OutboxBed {
 protected:
  static constexpr const char* kKeyspaces = R"(
  keyspaces:
    issue: {type: issue}
    comment: {type: comment}
)";
  static constexpr const char* kRules = R"(
  rules:
    issue-changed:
      on: [write issue, delete issue]
      invalidate: ["issue:{id}", "project:{project}:lists"]
)";
  static constexpr const char* kCascades = R"(
  cascades:
    comments-of-issue: {from: issue, to: comment, label: "comments-of:{id}"}
)";

  Result<Cache> try_open_with(const std::string& sections) {
    const std::string path = folder_.file("strata.yaml");
    std::ofstream(path) << "cache:\n  sqlite: {enabled: false}\n  log: {level: off}\n" << sections;
    return strata::open(path);
  }
  Result<Cache> try_open(const std::string& outbox) {
    return try_open_with("  outboxes: {shop: " + outbox + "}\n" + kKeyspaces + kRules + kCascades);
  }
  // Opened with those sections and the outbox, and told of the gap of a new reader.
  Cache open_with(const std::string& sections) {
    Cache cache =
        try_open_with("  outboxes: {shop: {database: application.db, poll: 1ms}}\n" + sections)
            .value();
    wait_for_reader(path_);
    return cache;
  }
  // Opened, and told of the gap that a new reader begins with.
  Cache open_cache(const std::string& outbox = "{database: application.db, poll: 1ms}") {
    Cache cache = try_open(outbox).value();
    wait_for_reader(path_);
    return cache;
  }
  // The outbox knows the reader once it has taken that gap.
  static void wait_for_reader(const std::string& path) {
    wait_until([&] {
      const Result<OutboxStatus> status = outbox_status({.path = path});
      return status.ok() && !status->readers.empty();
    });
  }

  static void put(Cache& cache, const std::string& id, const std::string& label,
                  const std::string& keyspace = "text") {
    cache.keyspace<std::string>(keyspace).put(id, "value", {.labels = {tag(label)}});
  }
  static bool has(Cache& cache, const std::string& id, const std::string& keyspace = "text") {
    return static_cast<bool>(cache.keyspace<std::string>(keyspace).get(id));
  }
  // How the value left memory. Why is known when the invalidation has returned: whoever looks
  // before may have removed it.
  static std::string history_of(Cache& cache, const std::string& id, std::size_t entries_left) {
    wait_until([&] { return cache.stats().tiers.at(0).tier.entries == entries_left; });
    const auto texts = cache.keyspace<std::string>("text");
    Explanation why;
    wait_until([&] {
      why = cache.explain(texts.key({.identifier = id}).value());
      return !why.history.empty() && why.history[0].find("not in the journal") == std::string::npos;
    });
    return why.history[0];
  }

  // What comes to a second reader of the same name, now that the first one has let it go.
  std::vector<std::string> left_for_reader() {
    OutboxListener listener;
    const auto relay = open(listener);
    return poll(*relay, listener);
  }
};

TEST_F(OutboxFeed, WhatAnotherProgramCommitsIsGone) {
  Cache cache = open_cache();
  put(cache, "issue", "issue:1");
  put(cache, "list", "project:7:lists");
  put(cache, "comment", "comments-of:1");
  put(cache, "other", "issue:2");
  insert(1, 1);
  EXPECT_THAT(history_of(cache, "issue", 1),
              HasSubstr("<- rule issue-changed <- event entity_write issue 1 <- outbox shop"));
  for (const char* id : {"issue", "list", "comment"}) EXPECT_FALSE(has(cache, id)) << id;
  EXPECT_TRUE(has(cache, "other"));
}

TEST_F(OutboxFeed, HandlersAreToldWhereAnEventCameFrom) {
  Cache cache = open_cache();
  std::atomic<bool> is_told = false;
  const Subscription subscription =
      cache.events()
          .subscribe(EventKind::kEntityWrite,
                     [&](const Event& event) { is_told = event.origin == "outbox shop"; })
          .value();
  insert(1, 1);
  wait_until([&] { return is_told.load(); });
}

TEST_F(OutboxFeed, NothingRunsAfterTheClose) {
  std::atomic<int> told = 0;
  Cache cache = open_cache();
  const Subscription subscription =
      cache.events().subscribe(EventKinds::all(), [&](const Event&) { ++told; }).value();
  insert(1, 1);
  wait_until([&] { return told > 0; });
  cache.close();
  const int before = told;
  insert(2, 2);
  const std::vector<std::string> left = left_for_reader();
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left.back(), "issue 2 write") << "it has not been read in this name";
  EXPECT_EQ(told, before);
}

TEST_F(OutboxFeed, ACacheThatGoesLetsItsReaderGo) {
  { const Cache cache = open_cache(); }
  insert(1, 1);
  EXPECT_THAT(left_for_reader(), ElementsAre("issue 1 write"));
}

TEST_F(OutboxFeed, AMovedCacheIsFed) {
  Cache first = open_cache();
  Cache cache = std::move(first);
  put(cache, "issue", "issue:1");
  insert(1, 1);
  wait_until([&] { return !has(cache, "issue"); });
}

TEST_F(OutboxFeed, AGapOfATypeTakesItsValuesAndWhatCascades) {
  Cache cache = open_cache();
  put(cache, "1", "a", "issue");
  put(cache, "1", "a", "comment");
  put(cache, "1", "issue:1");
  application_.run("DROP TABLE issue; CREATE TABLE issue(id INTEGER PRIMARY KEY, project INTEGER)");
  wait_until([&] { return !has(cache, "1", "issue"); });
  wait_until([&] { return !has(cache, "1", "comment"); });
  EXPECT_TRUE(has(cache, "1")) << "it is of no type";
}

TEST_F(OutboxFeed, WithoutRulesAWriteTakesItsItemItsListsAndItsType) {
  Cache cache = open_with(kKeyspaces);
  put(cache, "item", "issue:1");
  put(cache, "list", "issue:lists");
  put(cache, "other", "issue:2");
  put(cache, "2", "a", "issue");
  insert(1, 1);
  EXPECT_THAT(history_of(cache, "item", 1), HasSubstr("event entity_write issue 1 <- outbox shop"));
  EXPECT_FALSE(has(cache, "list"));
  EXPECT_FALSE(has(cache, "2", "issue")) << "nobody says which values are made of issue 1";
  EXPECT_TRUE(has(cache, "other"));

  put(cache, "item", "issue:1");
  put(cache, "list", "issue:lists");
  application_.run("DELETE FROM issue");
  wait_until([&] { return !has(cache, "item"); });
  wait_until([&] { return !has(cache, "list"); });
}

TEST_F(OutboxFeed, WithoutRulesWhatAWriteMakesWrongIsGoneBeforeHandlersAreTold) {
  Cache cache = open_with("");
  std::atomic<bool> is_told = false;
  std::atomic<bool> was_there = true;
  const Subscription subscription = cache.events()
                                        .subscribe(EventKinds::all(),
                                                   [&](const Event&) {
                                                     was_there = has(cache, "item");
                                                     is_told = true;
                                                   })
                                        .value();
  put(cache, "item", "issue:1");
  insert(1, 1);
  wait_until([&] { return is_told.load(); });
  EXPECT_FALSE(was_there);
}

TEST_F(OutboxFeed, ARuleWhoseConditionDoesNotHoldKeepsTheOthersOfItsType) {
  Cache cache = open_with(std::string(kKeyspaces) + R"(
  rules: {a: {on: [write issue], when: project == 8, invalidate: ["project:8"]}}
)");
  put(cache, "item", "issue:1");
  put(cache, "list", "project:8");
  put(cache, "2", "a", "issue");
  insert(1, 1);  // of project 7
  wait_until([&] { return !has(cache, "item"); });
  EXPECT_TRUE(has(cache, "list"));
  EXPECT_TRUE(has(cache, "2", "issue"));
}

TEST_F(OutboxFeed, ATypeInNoKeyspaceTakesEverythingAfterAGap) {
  Cache cache = open_with("");
  put(cache, "1", "a");
  application_.run("DROP TABLE issue; CREATE TABLE issue(id INTEGER PRIMARY KEY, project INTEGER)");
  EXPECT_THAT(history_of(cache, "1", 0), HasSubstr("everything <- outbox shop"))
      << "no keyspace has the type, so nobody knows which values are of it";
}

TEST_F(OutboxFeed, WhatCascadesToATypeInNoKeyspaceTakesEverythingAfterAGap) {
  Cache cache = open_with("  keyspaces: {issue: {type: issue}}\n" + std::string(kCascades));
  put(cache, "comment", "comments-of:1");
  application_.run("DROP TABLE issue; CREATE TABLE issue(id INTEGER PRIMARY KEY, project INTEGER)");
  EXPECT_THAT(history_of(cache, "comment", 0), HasSubstr("everything <- outbox shop"));
}

TEST_F(OutboxFeed, AGapOfEverythingTakesEverything) {
  Cache cache = open_cache();
  put(cache, "1", "a");
  ASSERT_TRUE(remove_whole_outbox({.path = path_}).ok());
  install();
  EXPECT_THAT(history_of(cache, "1", 0), HasSubstr("everything <- outbox shop"));
}

TEST_F(OutboxFeed, ADatabaseThatIsNotThereYetIsReadWhenItIs) {
  Cache cache = try_open("{database: later.db, poll: 1ms}").value();
  put(cache, "issue", "issue:1");
  EXPECT_TRUE(has(cache, "issue"));
  const std::string later = folder_.file("later.db");
  testkit::ApplicationDatabase database(later);
  database.run("CREATE TABLE issue(id INTEGER PRIMARY KEY, project INTEGER)");
  ASSERT_TRUE(install_outbox({.path = later}, kIssue).ok());
  wait_until([&] { return !has(cache, "issue"); });
  wait_for_reader(later);
  put(cache, "issue", "issue:1");
  database.run("INSERT INTO issue VALUES (1, 7)");
  wait_until([&] { return !has(cache, "issue"); });
}

TEST_F(OutboxFeed, AReaderThatIsInUseIsAnErrorAlsoForAGracefulCache) {
  OutboxListener listener;
  const auto relay = open(listener);
  const auto cache = try_open("{database: application.db}");
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(cache.error().message, HasSubstr("strata.yaml:4:21: cache.outboxes.shop: "));
  EXPECT_TRUE(try_open("{database: application.db, enabled: false}").ok()) << "it is not read";
}

TEST_F(OutboxFeed, ABuilderTakesOutboxes) {
  OutboxRelayOptions outbox = options();
  outbox.poll = milliseconds(1);
  Cache cache =
      CacheBuilder()
          .rules({.rules = {{.name = "a", .on = {"write issue"}, .invalidate = {"issue:{id}"}}}})
          .outbox(outbox)
          .build()
          .value();
  wait_for_reader(path_);
  put(cache, "issue", "issue:1");
  insert(1, 1);
  wait_until([&] { return !has(cache, "issue"); });

  const auto second = CacheBuilder().outbox(outbox).build();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  outbox.reader = "Shop";
  const auto wrong = CacheBuilder().outbox(outbox).build();
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message,
            "outbox: reader \"Shop\" needs a name of 1 to 64 lower case letters, digits, - and _");
}

// A poll may be rarer than what retries are bounded by.
TEST_F(OutboxFeed, AnyPollOfTheConfigurationIsAccepted) {
  EXPECT_TRUE(try_open("{database: application.db, poll: 1h}").ok());
}

TEST(CacheFeedTest, AFeedOutlivesItsCacheAndSaysSo) {
  std::optional<Cache> cache = CacheBuilder().build().value();
  CacheFeed feed = cache->feed("outbox shop");
  EXPECT_TRUE(feed.emit(entity_write("issue", "1")).ok());
  cache->close();
  EXPECT_EQ(feed.emit(entity_write("issue", "1")).error->code, ErrorCode::kClosed);
  cache.reset();
  EXPECT_EQ(feed.emit(entity_write("issue", "1")).error->code, ErrorCode::kClosed);
  const Labels labels{everything()};
  EXPECT_EQ(feed.invalidate(labels).error->code, ErrorCode::kClosed);
}

TEST(CacheFeedTest, WhatFeedsTheCacheEndsBeforeItRefusesAnything) {
  Cache cache = CacheBuilder().build().value();
  CacheFeed feed = cache.feed("pid 4711");
  int ends = 0;
  cache.before_close([&] {
    EXPECT_TRUE(feed.emit(entity_write("issue", "1")).ok());
    ++ends;
  });
  cache.close();
  cache.close();
  EXPECT_EQ(ends, 1);
  cache.before_close([&] { ++ends; });
  EXPECT_EQ(ends, 2) << "it is closed: at once";
}

}  // namespace
}  // namespace strata
