// Back-off: what a failed load leaves behind, and what ends it.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

using testing::HasSubstr;
using testing::Not;

class BackoffTest : public CacheFixture {
 protected:
  void TearDown() override {
    executor_->run_all();  // a close waits for what was posted
    check(cache_);
  }

  Lookup<std::string> fail(const std::string& id = "1") {
    return users_.get_or_load(id, loader_.failing());
  }
  Result<bool> depend(const Label& derived, const Label& source) {
    return cache_.dependencies().add(derived, std::span(&source, 1));
  }
  KeyspaceStats stats() { return cache_.stats().keyspaces.at(0); }

  Cache cache_ = make_cache();
  Keyspace<std::string> users_ =
      cache_.keyspace<std::string>("user", {.ttl = seconds(60),
                                            .ttl_jitter = 0,
                                            .error_backoff = milliseconds(100),
                                            .error_backoff_max = milliseconds(300)});
  CountingLoader loader_;
};

TEST_F(BackoffTest, WithinItsTimeTheErrorIsTheAnswerAndNothingIsLoaded) {
  EXPECT_THAT(fail().error().message, Not(HasSubstr("not loaded again")));
  clock_->advance(milliseconds(60));
  const auto again = fail();
  EXPECT_EQ(again.outcome(), Outcome::kError);
  EXPECT_EQ(again.error().code, ErrorCode::kLoadFailed);
  EXPECT_THAT(again.error().message, HasSubstr("'1:user::1:' is not loaded again for 40 ms: "));
  EXPECT_THAT(again.error().message, HasSubstr("the origin is down"));
  EXPECT_EQ(loader_.runs, 1);
  EXPECT_EQ(stats().backed_off, 1u);
  EXPECT_EQ(stats().load_failures, 1u);
  EXPECT_TRUE(users_.get_or_load("2", loader_())) << "another key";
  EXPECT_EQ(users_.get("1").outcome(), Outcome::kMiss) << "it is no value";
}

TEST_F(BackoffTest, ItDoublesWithEachFailureInARowAndASuccessEndsIt) {
  int runs = 0;
  for (const int waits : {100, 200, 300, 300}) {
    (void)fail();
    clock_->advance(milliseconds(waits - 1));
    (void)fail();
    EXPECT_EQ(loader_.runs, ++runs);
    clock_->advance(milliseconds(1));
  }
  EXPECT_TRUE(users_.get_or_load("1", loader_()));
  empty_memory(cache_);
  tiers_[0]->forget_all();
  runs = loader_.runs;
  (void)fail();
  clock_->advance(milliseconds(100));
  (void)fail();
  EXPECT_EQ(loader_.runs, runs + 2) << "the first again";
}

TEST_F(BackoffTest, IsOffUnlessItIsAskedFor) {
  auto plain = cache_.keyspace<std::string>("plain");
  (void)plain.get_or_load("1", loader_.failing());
  (void)plain.get_or_load("1", loader_.failing());
  EXPECT_EQ(loader_.runs, 2);
}

// What may have changed what a load would bring; each ends a back-off.
TEST_F(BackoffTest, WhateverMayHaveChangedTheAnswerEndsIt) {
  auto orgs = cache_.keyspace<std::string>("org");
  const std::vector<std::function<void()>> changes = {
      [&] { users_.erase("1"); },
      [&] { users_.invalidate("1"); },
      [&] { users_.expire("1"); },
      [&] { users_.clear(); },
      [&] { cache_.clear(); },
      [&] { cache_.invalidate(tag("said")); },
      [&] { cache_.invalidate(tag("nobody knows whether it would have had this one")); },
      [&] { cache_.expire(tag("said")); },
      [&] { orgs.put("7", "acme"); },
      [&] { orgs.erase("8"); },
      [&] {
        users_.put("1", "ann");
        users_.erase("1");
      },
      [&] {
        EXPECT_TRUE(users_.get_or_load("1", loader_(), {.bypass = true}));
        empty_memory(cache_);
        tiers_[0]->forget_all();
      },
      [&] { (void)depend(users_.key({.identifier = "1"})->label(), tag("x")); },
  };
  const auto failing = [&](Load& load) -> Result<std::string> {
    ++loader_.runs;
    load.tag("said");
    (void)load.get(orgs, "7");
    (void)load.get(orgs, "8");
    return Error{ErrorCode::kLoadFailed, "down", {}};
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    (void)users_.get_or_load("1", failing);
    const int runs = loader_.runs;
    (void)users_.get_or_load("1", failing);
    ASSERT_EQ(loader_.runs, runs);
    changes[i]();
    const int changed = loader_.runs;
    (void)users_.get_or_load("1", failing);
    ASSERT_EQ(loader_.runs, changed + 1);
    users_.erase("1");
  }
}

TEST_F(BackoffTest, WritesOfOtherKeysDoNotEndIt) {
  (void)fail();
  EXPECT_TRUE(users_.put("2", "bob").ok());
  users_.erase("2");
  users_.invalidate("3");
  (void)fail();
  EXPECT_EQ(loader_.runs, 1);
}

// What the inner load failed for is not known to the outer one.
TEST_F(BackoffTest, AFailureOfALoadWithinIsNotRemembered) {
  auto plain = cache_.keyspace<std::string>("plain");
  auto regions = cache_.keyspace<std::string>("region");
  (void)regions.put("eu", "bad");
  const auto nested = [&] {
    return users_.get_or_load("1", [&](Load& outer) -> Result<std::string> {
      const auto inner = outer.get_or_load(plain, "9", [&](Load& load) -> Result<std::string> {
        const std::string region = load.get(regions, "eu").value_or("none");
        if (region == "bad") return Error{ErrorCode::kLoadFailed, "a bad region", {}};
        return region;
      });
      if (!inner) return inner.error();
      return *inner;
    });
  };
  EXPECT_FALSE(nested());
  (void)regions.put("eu", "good");
  EXPECT_EQ(nested().value_or("nothing"), "good");
}

TEST_F(BackoffTest, WhatTheKeyDependsOnInTheGraphEndsIt) {
  auto orgs = cache_.keyspace<std::string>("org");
  const Label user = users_.key({.identifier = "1"})->label();
  const Label org = orgs.key({.identifier = "7"})->label();
  ASSERT_TRUE(depend(user, org).ok());
  (void)fail();
  orgs.put("8", "other");
  (void)fail();
  EXPECT_EQ(loader_.runs, 1);
  orgs.put("7", "acme");
  (void)fail();
  EXPECT_EQ(loader_.runs, 2);
}

TEST_F(BackoffTest, AFailureThatBeganBeforeAnInvalidationIsNotRemembered) {
  for (const bool by_tag : {false, true}) {
    SCOPED_TRACE(by_tag);
    const int runs = loader_.runs;
    const auto meanwhile = [&](Load&) -> Result<std::string> {
      ++loader_.runs;
      if (by_tag) cache_.invalidate(tag("t"));
      if (!by_tag) users_.invalidate("1");
      return Error{ErrorCode::kLoadFailed, "as it was before", {}};
    };
    EXPECT_EQ(users_.get_or_load("1", meanwhile).outcome(), Outcome::kError);
    EXPECT_TRUE(users_.get_or_load("1", loader_()));
    EXPECT_EQ(loader_.runs, runs + 2);
    users_.erase("1");
  }
}

TEST_F(BackoffTest, AKeptValueIsServedAsRetryAfterSays) {
  auto kept = cache_.keyspace<std::string>("kept", {.ttl = seconds(10),
                                                    .ttl_jitter = 0,
                                                    .keep_for = seconds(100),
                                                    .retry_after = seconds(5),
                                                    .error_backoff = seconds(50)});
  kept.put("1", "old");
  clock_->advance(seconds(11));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(kept.get_or_load("1", loader_.failing()).value(), "old");
    EXPECT_EQ(loader_.runs, i + 1);
    EXPECT_EQ(kept.get_or_load("1", loader_.failing()).value(), "old");
    EXPECT_EQ(loader_.runs, i + 1);
    clock_->advance(seconds(5));
  }
}

TEST_F(BackoffTest, AnExceptionIsRethrownToo) {
  const auto throwing = [](Load&) -> std::string { throw std::out_of_range("no such row"); };
  (void)users_.get_or_load("1", throwing);
  EXPECT_THROW((void)users_.get_or_load("1", loader_()).value(), std::out_of_range);
  EXPECT_EQ(loader_.runs, 0);
}

TEST_F(BackoffTest, WhatATierHasIsServedAllTheSame) {
  users_.put("1", "ann");
  empty_memory(cache_);
  faults_->add({.call = "records.get", .times = 2}).value();  // before the load, and after it
  EXPECT_EQ(fail().outcome(), Outcome::kError);
  EXPECT_EQ(fail().value(), "ann") << "the tier answers again";
  EXPECT_EQ(loader_.runs, 1);
}

TEST_F(BackoffTest, ACallThatBypassesTheCacheAsksTheSource) {
  (void)fail();
  EXPECT_EQ(users_.get_or_load("1", loader_.failing(), {.bypass = true}).outcome(),
            Outcome::kError);
  EXPECT_EQ(loader_.runs, 2);
}

TEST_F(BackoffTest, ABatchLoadsTheOthersOnly) {
  std::vector<std::string> asked;
  bool down = true;
  const auto batch = [&](std::span<const std::string> ids,
                         Load&) -> Result<std::vector<std::optional<std::string>>> {
    asked.assign(ids.begin(), ids.end());
    if (down) return Error{ErrorCode::kLoadFailed, "down", {}};
    return std::vector<std::optional<std::string>>(ids.size(), "value");
  };
  const std::vector<std::string> ids{"1", "2"};
  (void)users_.get_or_load_many(ids, batch);
  EXPECT_EQ(fail("2").outcome(), Outcome::kError);
  EXPECT_EQ(loader_.runs, 0) << "the batch's failure is that of each key";
  down = false;
  users_.invalidate("1");
  const auto found = users_.get_or_load_many(ids, batch);
  EXPECT_THAT(asked, testing::ElementsAre("1"));
  EXPECT_EQ(found[0].value(), "value");
  EXPECT_THAT(found[1].error().message, HasSubstr("is not loaded again"));
  clock_->advance(milliseconds(100));
  EXPECT_EQ(users_.get_or_load_many(ids, batch)[1].value(), "value");
}

TEST_F(BackoffTest, AsynchronousCallsAreAnsweredWithItToo) {
  (void)fail();
  auto again = users_.get_or_load_async("1", loader_.failing()).future();
  executor_->run_all();
  EXPECT_THAT(again.get().error().message, HasSubstr("is not loaded again"));
  EXPECT_EQ(loader_.runs, 1);
}

// The origin is repaired, then the key is invalidated: from then on no caller gets the error of
// before from memory of it. What a load that was under way fails with is another matter.
TEST_F(BackoffTest, NoErrorOutlivesAnInvalidationWhateverThreadsDo) {
  auto busy = cache_.keyspace<std::string>("busy", {.error_backoff = seconds(1000)});
  std::atomic<bool> up{false};
  std::atomic<bool> stop{false};
  const auto load = [&up](Load&) -> Result<std::string> {
    if (up) return std::string("value");
    return Error{ErrorCode::kLoadFailed, "down", {}};
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) (void)busy.get_or_load("1", load);
    });
  }
  for (int round = 0; round < 300; ++round) {
    up = true;
    if (round % 2 == 0) busy.invalidate("1");
    if (round % 2 == 1) cache_.invalidate(tag("t"));
    const auto found = busy.get_or_load("1", load);
    const std::string message = found ? "" : found.error().message;
    EXPECT_THAT(message, Not(HasSubstr("is not loaded again")));
    up = false;
    busy.erase("1");
    for (int i = 0; i < 3; ++i) (void)busy.get_or_load("1", load);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(cache_.stats().keyspaces.at(0).backed_off, 0u);
}

}  // namespace
}  // namespace strata::testkit
