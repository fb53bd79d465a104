// Values computed from cached values: what they inherit, and when they go.
#include <string>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

class DerivedTest : public CacheFixture {
 protected:
  DerivedTest()
      : cache_(make_cache()),
        users_(cache_.keyspace<std::string>("user", {.ttl = seconds(60), .ttl_jitter = 0})),
        pages_(cache_.keyspace<std::string>("page", {.ttl = minutes(30), .ttl_jitter = 0})) {}

  // A page about a user, read through the load's handle.
  Lookup<std::string> page() {
    return pages_.get_or_load("home", [this](Load& load) {
      const auto user = load.get_or_load(users_, "1", [](Load& inner) {
        inner.tag("org:7");
        return std::string("ann");
      });
      return "about " + user.value_or("nobody");
    });
  }

  Cache cache_;
  Keyspace<std::string> users_;
  Keyspace<std::string> pages_;
};

TEST_F(DerivedTest, ItInheritsAllLabelsAndTheEarliestExpiry) {
  const auto found = page();
  EXPECT_EQ(*found, "about ann");
  EXPECT_EQ(between(clock_->now(), found.entry()->fresh_until()), Duration(seconds(60)));
  const std::span<const Label> labels = found.entry()->labels();
  const auto has = [&](const Label& label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  };
  EXPECT_TRUE(has(users_.key({.identifier = "1"}).value().label()));
  EXPECT_TRUE(has(keyspace("user")));
  EXPECT_TRUE(has(tag("org:7")));
}

TEST_F(DerivedTest, ItGoesWithTheKeyTheTagAndTheKeyspaceItWasReadFrom) {
  EXPECT_TRUE(page());
  users_.erase("1");
  EXPECT_FALSE(pages_.get("home"));
  EXPECT_TRUE(page());
  EXPECT_TRUE(users_.put("1", "anna").ok());
  EXPECT_FALSE(pages_.get("home"));
  users_.erase("1");
  EXPECT_TRUE(page());
  cache_.invalidate(tag("org:7"));
  EXPECT_FALSE(pages_.get("home"));
  EXPECT_TRUE(page());
  cache_.invalidate(keyspace("user"));
  EXPECT_FALSE(pages_.get("home"));
  empty_memory(cache_);
  EXPECT_FALSE(pages_.get("home")) << "in the lower tier too";
  check(cache_);
}

TEST_F(DerivedTest, ACapturedMissIsADependencyOnThatKey) {
  const auto found = pages_.get_or_load(
      "home", [this](Load& load) { return "about " + load.get(users_, "2").value_or("nobody"); });
  EXPECT_EQ(*found, "about nobody");
  EXPECT_TRUE(pages_.get("home"));
  EXPECT_TRUE(users_.put("2", "bob").ok());
  EXPECT_FALSE(pages_.get("home"));
}

TEST_F(DerivedTest, OneThatReadSomethingStaleIsServedAndNotStored) {
  auto slow = cache_.keyspace<std::string>(
      "slow", {.ttl = seconds(1), .ttl_jitter = 0, .stale_for = minutes(5)});
  EXPECT_TRUE(slow.put("1", "old").ok());
  clock_->advance(seconds(2));
  const auto found = pages_.get_or_load(
      "home", [&](Load& load) { return "about " + load.get(slow, "1").value_or("nobody"); });
  EXPECT_EQ(*found, "about old");
  EXPECT_FALSE(pages_.get("home"));
}

TEST_F(DerivedTest, DependenciesAreTransitive) {
  auto sites = cache_.keyspace<std::string>("site");
  EXPECT_TRUE(sites.get_or_load("all", [this](Load& load) {
    const auto page = load.get_or_load(pages_, "home", [this](Load& inner) {
      return inner.get_or_load(users_, "1", [] { return std::string("ann"); }).value_or("");
    });
    return "site of " + page.value_or("");
  }));
  EXPECT_TRUE(sites.get("all"));
  users_.invalidate("1");
  EXPECT_FALSE(sites.get("all"));
  EXPECT_FALSE(pages_.get("home"));
}

TEST_F(DerivedTest, AnUncacheableInputMakesItUncacheable) {
  auto live = cache_.keyspace<std::string>("live", {.ttl = Duration(0)});
  EXPECT_TRUE(pages_.get_or_load("home", [&](Load& load) {
    return load.get_or_load(live, "1", [] { return std::string("now"); }).value_or("");
  }));
  EXPECT_FALSE(pages_.get("home"));
}

TEST_F(DerivedTest, TooManyInheritedLabelsAreReportedAndNothingStored) {
  const auto found = pages_.get_or_load("home", [this](Load& load) {
    for (std::size_t i = 0; i <= limits::kLabelsPerEntry; ++i) (void)load.get(users_, i);
    return std::string("page");
  });
  EXPECT_EQ(*found, "page");
  EXPECT_TRUE(found.has_error());
  EXPECT_FALSE(pages_.get("home"));
}

}  // namespace
}  // namespace strata::testkit
