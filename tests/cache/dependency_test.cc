// The explicit graph of dependencies, as the cache applies it.
#include <string>

#include "cache/cache_fixture.h"
#include "strata/core/limits.h"

namespace strata::testkit {
namespace {

class DependencyTest : public CacheFixture {
 protected:
  void TearDown() override { check(cache_); }

  Result<bool> depends(const Label& derived, Labels sources) {
    return cache_.dependencies().add(derived, sources);
  }
  void store(const std::string& id, Labels labels) {
    values_.put(id, "v", {.labels = std::move(labels)});
  }
  std::string read(const std::string& id) { return values_.get(id).value_or("-"); }
  std::string read_below(const std::string& id) {
    empty_memory(cache_);
    return read(id);
  }

  Cache cache_ = make_cache(2);
  Keyspace<std::string> values_ = cache_.keyspace<std::string>("value");
};

TEST_F(DependencyTest, WhatCarriesTheDerivedLabelGoesWithTheSource) {
  ASSERT_TRUE(depends(tag("report"), {tag("orders"), tag("prices")}).ok());
  store("a", {tag("report")});
  store("b", {tag("other")});
  EXPECT_EQ(read("a"), "v");
  cache_.invalidate(tag("prices"));
  EXPECT_EQ(read("a") + read_below("a"), "--");
  EXPECT_EQ(read("b"), "v");
}

TEST_F(DependencyTest, ItGoesOverSeveralEdgesAndInCycles) {
  ASSERT_TRUE(depends(tag("a"), {tag("b")}).ok());
  ASSERT_TRUE(depends(tag("b"), {tag("c")}).ok());
  ASSERT_TRUE(depends(tag("c"), {tag("a")}).ok());
  for (const char* source : {"a", "b", "c"}) {
    store("1", {tag("a")});
    cache_.invalidate(tag(source));
    EXPECT_EQ(read_below("1"), "-") << source;
  }
}

TEST_F(DependencyTest, KeysKeyspacesAndTypesCanBeEitherEnd) {
  auto typed = cache_.keyspace<std::string>("typed", {.type = "t"});
  const Label derived[] = {values_.key({.identifier = "1"})->label(), keyspace("value")};
  const Label sources[] = {typed.key({.identifier = "9"})->label(), keyspace("typed"), type("t"),
                           tag("s")};
  for (const Label& from : derived) {
    for (const Label& source : sources) {
      ASSERT_TRUE(depends(from, {source}).ok());
      store("1", {});
      cache_.invalidate(source);
      EXPECT_EQ(read_below("1"), "-") << format_label(from) << " <- " << format_label(source);
      cache_.dependencies().remove(from);
    }
  }
}

TEST_F(DependencyTest, APutOfTheSourceTakesWhatDependsOnItsKey) {
  ASSERT_TRUE(depends(tag("report"), {values_.key({.identifier = "source"})->label()}).ok());
  store("1", {tag("report")});
  store("source", {});
  EXPECT_EQ(read_below("1"), "-");
}

TEST_F(DependencyTest, ANewEdgeInvalidatesWhatWasStoredWithoutIt) {
  store("1", {tag("report")});
  EXPECT_TRUE(depends(tag("report"), {tag("orders")}).value());
  EXPECT_EQ(read_below("1"), "-");
  store("1", {tag("report")});
  EXPECT_FALSE(depends(tag("report"), {tag("orders")}).value());
  EXPECT_EQ(read_below("1"), "v");
}

TEST_F(DependencyTest, AnEdgeThatComesDuringALoadKeepsItsValueOut) {
  const auto loaded = values_.get_or_load("1", [&](Load& load) {
    load.tag("report");
    EXPECT_TRUE(depends(tag("report"), {tag("orders")}).ok());
    return std::string("v");
  });
  EXPECT_EQ(*loaded, "v");
  EXPECT_EQ(read_below("1"), "-");
}

// The file knows the sources, though the process that reads it does not know the edge.
TEST_F(DependencyTest, WhatWasStoredBelowIsFoundWithoutTheGraph) {
  ASSERT_TRUE(depends(tag("report"), {tag("orders")}).ok());
  store("1", {tag("report")});
  cache_.dependencies().remove(tag("report"));
  EXPECT_EQ(read_below("1"), "v");
  cache_.invalidate(tag("orders"));
  EXPECT_EQ(read_below("1"), "-");
}

TEST_F(DependencyTest, WhatHasTooManySourcesStaysInMemoryAndGoesAllTheSame) {
  // A chain that is longer than a closure may be deep.
  const std::size_t length = limits::kDependencyDepth + 10;
  for (std::size_t i = 0; i < length; ++i) {
    ASSERT_TRUE(depends(tag("n" + std::to_string(i)), {tag("n" + std::to_string(i + 1))}).ok());
  }
  for (const std::size_t source : {std::size_t{1}, length / 2, length}) {
    store("1", {tag("n0")});
    EXPECT_EQ(read("1"), "v");
    EXPECT_FALSE(tiers_[0]->get(values_.key({.identifier = "1"})->ref(), {})->has_value());
    EXPECT_EQ(cache_.invalidate(tag("n" + std::to_string(source))).removed(), 1u) << source;
    EXPECT_EQ(read("1"), "-") << source;
  }
}

TEST_F(DependencyTest, EarlyCutoffCanBeSwitchedOff) {
  auto eager = cache_.keyspace<std::string>(
      "eager", {.ttl = seconds(1), .keep_for = minutes(5), .early_cutoff = false});
  CountingLoader loader;
  const auto derive = [&](Keyspace<std::string>& from) {
    (void)values_.get_or_load("d", [&](Load& load) {
      load.depends_on(from.key({.identifier = "1"})->label());
      return std::string("derived");
    });
  };
  (void)eager.get_or_load("1", loader());
  derive(eager);
  clock_->advance(seconds(2));
  (void)eager.get_or_load("1", loader());
  EXPECT_EQ(read("d"), "-");

  auto quiet = cache_.keyspace<std::string>("quiet", {.ttl = seconds(1), .keep_for = minutes(5)});
  (void)quiet.get_or_load("1", loader());
  derive(quiet);
  clock_->advance(seconds(2));
  (void)quiet.get_or_load("1", loader());
  EXPECT_EQ(read("d"), "derived");
}

}  // namespace
}  // namespace strata::testkit
