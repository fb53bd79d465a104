// Each way of saying that something is wrong, with its first, second, third ... allocation failing,
// once and from then on: nothing is thrown, and what was reported as done is done. What was
// reported as failed is done when it is repeated.
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"
#include "core/mutant.h"
#include "strata/core/label.h"
#include "strata/tiered/transaction.h"
#include "testkit/failing_allocations.h"
#include "testkit/reliability.h"

namespace strata::testkit {
namespace {

class CacheOutOfMemory : public CacheFixture {
 protected:
  // A cache whose value "old" carries tag t, in memory and below.
  void start() {
    cache_.emplace(make_cache(1));
    users_.emplace(cache_->keyspace<std::string>("user"));
    ASSERT_TRUE(users_->put("1", "old", {.labels = {t_}}).ok());
    log_.reserve(64);
  }

  // Calls `change`, which says whether it succeeded, with each of its allocations failing.
  long expect_final(const std::function<void()>& prepare, const std::function<bool()>& change) {
    return fail_each_allocation([&](FailingAllocations& failing) {
      start();
      prepare();
      failing.begin();
      const bool done = change();
      failing.end();
      if (!done) {
        EXPECT_TRUE(change());
      }
      EXPECT_NE(users_->get("1").value_or("-"), "old");
      empty_memory(*cache_);
      EXPECT_NE(users_->get("1").value_or("-"), "old") << "in the tier below";
      check(*cache_);
    });
  }
  long expect_final(const std::function<bool()>& change) {
    return expect_final([] {}, change);
  }

  const Label t_ = tag("t");
  const Label user_ = keyspace("user");
  std::optional<Cache> cache_;
  std::optional<Keyspace<std::string>> users_;
};

TEST_F(CacheOutOfMemory, AnInvalidationThatReportsSuccessIsFinal) {
  EXPECT_GT(expect_final([&] { return cache_->invalidate(t_).ok(); }), 2);
  expect_final([&] { return cache_->invalidate(user_).ok(); });
  expect_final([&] { return cache_->expire(t_).ok(); });
  expect_final([&] { return cache_->clear().ok(); });
  expect_final([&] { return users_->invalidate("1").ok(); });
  expect_final([&] { return users_->erase("1").ok(); });
  expect_final([&] { return users_->clear().ok(); });
  const std::vector<std::string> ids{"1", "2"};
  expect_final([&] { return users_->erase_many(ids).ok(); });
}

TEST_F(CacheOutOfMemory, AnInvalidationThatIsForgottenWouldBeFound) {
  strata::testing::set_mutant(strata::testing::Mutant::kDoomForgotten);
  std::uint64_t stale = 0;
  const long runs = fail_each_allocation([&](FailingAllocations& failing) {
    start();
    failing.begin();
    const bool done = cache_->invalidate(t_).ok();
    failing.end();
    stale += done && users_->get("1").value_or("-") == "old" ? 1 : 0;
  });
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_GT(stale, 0U);
  Reliability("R8", "the n-th allocation of an operation fails, for every n")
      .found("doom-forgotten", static_cast<std::uint64_t>(runs));
}

TEST_F(CacheOutOfMemory, APutThatReportsSuccessReplaces) {
  const std::string value = "new";
  const CallOptions options{.labels = {tag("u")}};
  EXPECT_GT(expect_final([&] { return users_->put("1", value, options).ok(); }), 2);
}

// Compressed, encrypted, and both undone: a value comes back as it was put, or not at all.
class PackedOutOfMemory : public CacheOutOfMemory {
 protected:
  void start_packed() {
    keys_ = ring_;
    cache_.emplace(make_cache(1));
    log_.reserve(64);
    KeyspaceOptions options;
    options.encrypt = true;
    secrets_.emplace(cache_->keyspace<std::string>("secret", options));
  }
  std::optional<Record> stored() {
    const Key key = secrets_->key({.identifier = "1"}).value();
    return *tiers_[0]->get(key.ref(), {});
  }

  const std::string value_ = std::string(20'000, 'x');
  const std::shared_ptr<const KeyRing> ring_ =
      KeyRing::parse(make_encryption_key().value(), "keys").value();
  std::optional<Keyspace<std::string>> secrets_;
};

TEST_F(PackedOutOfMemory, WhatIsPutIsEncryptedBelowOrNotThere) {
  const long runs = fail_each_allocation([&](FailingAllocations& failing) {
    start_packed();
    std::string copy = value_;
    failing.begin();
    const bool is_put = secrets_->put("1", std::move(copy)).ok();
    failing.end();
    // A tier that runs out of memory may be left with a record without a payload.
    if (const auto record = stored()) {
      EXPECT_TRUE(record->encrypted || record->payload.empty());
    }
    if (!is_put) {
      EXPECT_TRUE(secrets_->put("1", value_).ok());
    }
    empty_memory(*cache_);
    EXPECT_EQ(secrets_->get("1").value_or(value_), value_);
  });
  EXPECT_GT(runs, 5);
}

TEST_F(PackedOutOfMemory, WhatIsReadIsTheValueOrNothing) {
  const long runs = fail_each_allocation([&](FailingAllocations& failing) {
    start_packed();
    ASSERT_TRUE(secrets_->put("1", value_).ok());
    empty_memory(*cache_);
    failing.begin();
    const Lookup<std::string> found = secrets_->get("1");
    failing.end();
    if (found.has_value()) {
      EXPECT_EQ(*found, value_);
    }
    empty_memory(*cache_);
    EXPECT_EQ(secrets_->get("1").value_or("-"), value_) << "it is there still";
  });
  EXPECT_GT(runs, 5);
}

TEST_F(CacheOutOfMemory, TheGraphAddsWhatItKnows) {
  const auto edge = [&] {
    ASSERT_TRUE(cache_->dependencies().add(t_, {&user_, 1}).ok());
    ASSERT_TRUE(users_->put("1", "old", {.labels = {t_}}).ok());
  };
  EXPECT_GT(expect_final(edge, [&] { return cache_->invalidate(user_).ok(); }), 2);
}

TEST_F(CacheOutOfMemory, AnEdgeThatIsAddedMakesItsLabelWrong) {
  const Label source = tag("source");
  EXPECT_GT(expect_final([&] { return cache_->dependencies().add(t_, {&source, 1}).ok(); }), 2);
}

TEST_F(CacheOutOfMemory, ATransactionThatCommitsInvalidatesWhatItWasTold) {
  std::optional<Transaction> open;
  const auto prepare = [&] { open.emplace(cache_->transaction()); };
  const Labels labels{tag("a"), t_, tag("b")};
  EXPECT_GT(expect_final(prepare,
                         [&] {
                           static_cast<void>(open->invalidate(labels));  // or everything
                           return open->commit().ok();
                         }),
            2);
  expect_final(prepare, [&] {
    static_cast<void>(open->invalidate(*users_, "1"));
    return open->commit().ok();
  });
}

TEST_F(CacheOutOfMemory, AnEventThatReportsSuccessHasMadeItsLabelsWrong) {
  const auto rule = [&] {
    const RuleDefinitions rules{
        .rules = {{.name = "writes", .on = {"write issue"}, .invalidate = {"{project}"}}}};
    ASSERT_TRUE(cache_->set_rules(rules).ok());
  };
  const Event event = entity_write("issue", "7", {{"project", "t"}});
  EXPECT_GT(expect_final(rule, [&] { return cache_->emit(event).ok(); }), 2);
  std::optional<Transaction> open;
  std::vector<Event> copies;
  const auto prepare = [&] {
    rule();
    open.emplace(cache_->transaction());
    copies.assign(2, event);
  };
  expect_final(prepare, [&] {
    static_cast<void>(open->emit(std::move(copies.back())));
    copies.pop_back();
    return open->commit().ok();
  });
}

TEST_F(CacheOutOfMemory, ALoadAnswersOrReports) {
  long answered = 0;
  const auto loader = [&](Load& load) {
    load.depends_on(t_);
    return std::string("new");
  };
  fail_each_allocation([&](FailingAllocations& failing) {
    start();
    cache_->invalidate(t_);
    failing.begin();
    const auto found = users_->get_or_load("1", loader);
    failing.end();
    answered += found ? 1 : 0;
    if (found) {
      EXPECT_EQ(*found, "new");
    }
    cache_->invalidate(t_);
    EXPECT_EQ(users_->get("1").value_or("-"), "-");
    check(*cache_);
  });
  EXPECT_GT(answered, 2);
}

}  // namespace
}  // namespace strata::testkit
