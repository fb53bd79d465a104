// purge(): what filters select goes from memory and from a real SQLite tier, and nothing else.
#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "cache/cache_fixture.h"
#include "testkit/sqlite_bed.h"

namespace strata::testkit {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

class PurgeTest : public testing::Test {
 protected:
  PurgeTest() {
    CacheParts parts;
    parts.hot = memory_tier({}, bed_.clock, seeded_random(1));
    SqliteOptions options = bed_.options();
    options.journal_slots = SqliteOptions().journal_slots;  // a slice is to fit
    parts.tiers.push_back(bed_.open(options));
    parts.clock = bed_.clock;
    parts.executor = std::make_shared<ManualExecutor>();
    parts.timer = std::make_shared<ManualTimer>(bed_.clock);
    cache_.emplace(std::move(parts));
    users_ = cache_->keyspace<std::string>("user", {.ttl = hours(24), .type = "person"});
    pages_ = cache_->keyspace<std::string>("page", {.ttl = hours(24), .source = "web"});
  }
  void TearDown() override { cache_->hot_tier().check_invariants(); }

  // Two users and two pages, one of each written an hour before the other.
  void fill() {
    users_->put("1", "Ada", {.labels = {tag("admin")}});
    pages_->put("home", std::string(5'000, 'x'));
    bed_.clock->advance(hours(1));
    users_->put("2", "Bob", {.version = "v2"});
    pages_->put("news", "y");
    ASSERT_TRUE(cache_->flush().ok());
  }
  void forget() { empty_memory(*cache_); }
  std::string left() {
    std::string left;
    for (const char* id : {"1", "2"}) left += users_->get(id) ? id : "-";
    for (const char* id : {"home", "news"}) left += pages_->get(id) ? id[0] : '-';
    return left;
  }
  // What is left of the four when the filter is through, with memory as it is and without.
  std::string left_by(const PurgeFilter& filter) {
    std::string both;
    for (const bool in_memory : {true, false}) {
      cache_->clear();
      fill();
      if (!in_memory) forget();
      EXPECT_TRUE(cache_->purge(filter).ok());
      both = both.empty() || both == left() ? left() : both + " but " + left();
      forget();
      EXPECT_EQ(left(), both) << "the file says the same";
    }
    return both;
  }

  sqlite::TestBed bed_;
  std::optional<Cache> cache_;
  std::optional<Keyspace<std::string>> users_;
  std::optional<Keyspace<std::string>> pages_;
};

TEST_F(PurgeTest, EachFilterSelectsWhatItSays) {
  EXPECT_EQ(left_by({.keyspace = "user"}), "--hn");
  EXPECT_EQ(left_by({.type = "person"}), "--hn");
  EXPECT_EQ(left_by({.source = "web"}), "12--");
  EXPECT_EQ(left_by({.tag = "admin"}), "-2hn");
  EXPECT_EQ(left_by({.key_prefix = "1:page::h"}), "12-n");
  EXPECT_EQ(left_by({.version = "v2"}), "1-hn");
  EXPECT_EQ(left_by({.older_than = minutes(30)}), "-2-n");
  EXPECT_EQ(left_by({.tenant = "acme"}), "12hn");
  EXPECT_EQ(left_by({.keyspace = "user", .older_than = minutes(30)}), "-2hn") << "all must hold";
  EXPECT_EQ(left_by({.where = [](const PurgeCandidate& one) { return one.size_bytes > 4'000; }}),
            "12-n");
  EXPECT_EQ(
      left_by({.tag = "admin",
               .where = [](const PurgeCandidate& one) { return one.carries(keyspace("page")); }}),
      "12hn");
}

TEST_F(PurgeTest, ATenantsPartIsSelectedByItsTenant) {
  users_->put("1", "everybody's");
  users_->of_tenant("acme").put("1", "theirs");
  EXPECT_TRUE(cache_->purge({.tenant = "acme"}).ok());
  EXPECT_TRUE(users_->get("1"));
  EXPECT_FALSE(users_->of_tenant("acme").get("1"));
}

TEST_F(PurgeTest, EachTierTellsWhatItRemoved) {
  fill();
  const PurgeResult both = cache_->purge({.keyspace = "user"});
  ASSERT_EQ(both.tiers.size(), 2u);
  EXPECT_EQ(both.tiers[0].name, "sqlite");
  EXPECT_EQ(both.tiers[1].name, "memory");
  EXPECT_EQ(both.tiers[0].removed, 2u);
  EXPECT_EQ(both.tiers[1].removed, 2u);
  forget();
  const PurgeResult below = cache_->purge({.keyspace = "page"});
  EXPECT_EQ(below.tiers[0].removed, 2u);
  EXPECT_EQ(below.tiers[1].removed, 0u);
  EXPECT_EQ(cache_->purge({.keyspace = "page"}).removed(), 0u);
}

TEST_F(PurgeTest, WhatOnlyMemoryHasIsSelectedToo) {
  auto local = cache_->keyspace<std::string>("local", {.tiers = {"memory"}});
  local.put("1", "x");
  const PurgeResult gone = cache_->purge({.keyspace = "local"});
  EXPECT_EQ(gone.tiers[0].removed, 0u);
  EXPECT_EQ(gone.tiers[1].removed, 1u);
  EXPECT_FALSE(local.get("1"));
}

TEST_F(PurgeTest, WithoutAFilterNothingIsPurged) {
  fill();
  const auto refused = [&](const PurgeFilter& filter) -> std::string {
    const PurgeResult result = cache_->purge(filter);
    EXPECT_TRUE(result.tiers.empty());
    if (result.ok()) return "accepted";
    EXPECT_EQ(result.error->code, ErrorCode::kRejected);
    return result.error->message;
  };
  EXPECT_THAT(refused({}), HasSubstr("without a filter"));
  EXPECT_THAT(refused({.tag = ""}), HasSubstr("no text"));
  EXPECT_THAT(refused({.older_than = -minutes(1)}), HasSubstr("negative"));
  EXPECT_EQ(left(), "12hn");
  cache_->close();
  EXPECT_EQ(cache_->purge({.tag = "admin"}).error->code, ErrorCode::kClosed);
}

TEST_F(PurgeTest, APredicateThatThrowsEndsItWithAnError) {
  fill();
  const PurgeResult result = cache_->purge(
      {.where = [](const PurgeCandidate&) -> bool { throw std::runtime_error("my own"); }});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error->message, HasSubstr("my own"));
  EXPECT_EQ(left(), "12hn");
}

TEST_F(PurgeTest, ItIsTheCauseThatExplainNames) {
  fill();
  EXPECT_TRUE(cache_->purge({.keyspace = "user", .older_than = minutes(30)}).ok());
  const Explanation why = cache_->explain(users_->key({.identifier = "1"}).value());
  ASSERT_FALSE(why.history.empty());
  EXPECT_THAT(why.history.back(), HasSubstr("<- purge keyspace user, older than 30"));
}

// Far more than one slice, and than one page of a scan.
TEST_F(PurgeTest, ManyGoInSlices) {
  for (int i = 0; i < 3'500; ++i) {
    (i % 2 == 0 ? users_ : pages_)->put(std::to_string(i), "x");
    if (i % 500 != 0) continue;
    ASSERT_TRUE(cache_->flush().ok());
  }
  const PurgeResult gone = cache_->purge({.keyspace = "user"});
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ(gone.tiers[0].removed, 1'750u);
  EXPECT_EQ(gone.tiers[1].removed, 1'750u);
  // A read that many commits overtake is a miss.
  ASSERT_TRUE(cache_->flush().ok());
  forget();
  for (int i = 0; i < 3'500; ++i) {
    ASSERT_EQ((i % 2 == 0 ? users_ : pages_)->get(std::to_string(i)).has_value(), i % 2 == 1) << i;
  }
}

// The predicate writes: what is there all the time is found all the same, and what does not match
// stays, whenever it came.
TEST_F(PurgeTest, WritesByThePredicateHarmNothing) {
  for (int i = 0; i < 600; ++i) users_->put(std::to_string(i), "x");
  ASSERT_TRUE(cache_->flush().ok());
  int calls = 0;
  const PurgeResult gone = cache_->purge({.where = [&](const PurgeCandidate& one) {
    if (calls < 2'000) pages_->put("new" + std::to_string(calls++), "y");
    return one.carries(keyspace("user"));
  }});
  ASSERT_TRUE(gone.ok());
  for (int i = 0; i < 600; ++i) ASSERT_FALSE(users_->get(std::to_string(i))) << i;
  for (int i = 0; i < calls; ++i) ASSERT_TRUE(pages_->get("new" + std::to_string(i))) << i;
}

TEST_F(PurgeTest, WritersBesideItDoNotHideWhatWasThere) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i) users_->put(std::to_string(i), "old");
    std::atomic<bool> stops{false};
    std::atomic<int> written{0};
    std::thread writer([&] {
      while (!stops) {
        pages_->put(std::to_string(written % 300), "new");
        // Promotes, and is loaded anew where it is gone: it matches either way.
        (void)users_->get(std::to_string(written % 500));
        ++written;
      }
    });
    wait_until([&] { return written > 100; });
    const PurgeResult gone = cache_->purge({.keyspace = "user"});
    stops = true;
    writer.join();
    ASSERT_TRUE(gone.ok());
    for (int i = 0; i < 500; ++i) ASSERT_FALSE(users_->get(std::to_string(i))) << i;
    for (int i = 0; i < std::min(300, written.load()); ++i) {
      ASSERT_TRUE(pages_->get(std::to_string(i))) << i;
    }
  }
}

class PurgeFaultTest : public CacheFixture {};

TEST_F(PurgeFaultTest, ATierThatCannotBeLookedThroughIsAnErrorAndTheOthersAreDone) {
  Cache cache = make_cache(1);
  auto users = cache.keyspace<std::string>("user");
  users.put("1", "x");
  tiers_[0]->set_broken(true);
  const PurgeResult gone = cache.purge({.keyspace = "user"});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(gone.tiers.back().removed, 1u);
  tiers_[0]->set_broken(false);
  EXPECT_FALSE(users.get("1")) << "memory had its key, so it went from below, too";
}

}  // namespace
}  // namespace strata::testkit
