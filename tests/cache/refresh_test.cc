// Refreshes that bring something else than what is stored: what becomes of the former value, and
// of what was made from it.
#include <string>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

class RefreshTest : public CacheFixture {
 protected:
  void TearDown() override { check(cache_); }

  // A page made from the value under "a" of `values_`.
  void make_page() {
    ASSERT_TRUE(pages_.get_or_load("page", [this](Load& load) {
      return "page of " + load.get(values_, "a").value_or("nobody");
    }));
  }

  Cache cache_ = make_cache();
  Keyspace<std::string> values_ = cache_.keyspace<std::string>(
      "value", {.ttl = seconds(60), .ttl_jitter = 0, .keep_for = minutes(60)});
  Keyspace<std::string> pages_ = cache_.keyspace<std::string>("page", {.ttl = minutes(30)});
  static constexpr auto kAbsent = [](Load&) -> std::optional<std::string> { return std::nullopt; };
  const CallOptions bypass_{.bypass = true};
};

TEST_F(RefreshTest, ALoadThatFindsNothingEndsTheFormerValueAndWhatWasMadeFromIt) {
  for (const bool in_memory : {true, false}) {
    SCOPED_TRACE(in_memory);
    values_.put("a", "old");
    make_page();
    if (!in_memory) empty_memory(cache_);
    EXPECT_EQ(values_.get_or_load("a", kAbsent, bypass_).value_or("none"), "none");
    EXPECT_EQ(values_.get("a").outcome(), Outcome::kMiss);
    EXPECT_EQ(pages_.get("page").outcome(), Outcome::kMiss);
  }
}

TEST_F(RefreshTest, AValuePastItsTtlIsNotKeptForFailuresOnceItIsKnownToBeGone) {
  values_.put("a", "old");
  clock_->advance(seconds(61));
  EXPECT_EQ(values_.get_or_load("a", kAbsent).value_or("none"), "none");
  CountingLoader loader;
  EXPECT_EQ(values_.get_or_load("a", loader.failing()).outcome(), Outcome::kError);
}

TEST_F(RefreshTest, AValueThatMayNotBeStoredEndsTheFormerOne) {
  auto small = cache_.keyspace<std::string>("small", {.max_value_bytes = 100});
  const auto large = [](Load&) { return std::string(200, 'x'); };
  const auto brief = [](Load& load) {
    load.ttl(Duration(0));
    return std::string("brief");
  };
  small.put("a", "old");
  EXPECT_EQ(small.get_or_load("a", large, bypass_).value().size(), 200u);
  EXPECT_EQ(small.get("a").outcome(), Outcome::kMiss);
  small.put("a", "old");
  EXPECT_EQ(small.get_or_load("a", brief, bypass_).value(), "brief");
  EXPECT_EQ(small.get("a").outcome(), Outcome::kMiss);
}

TEST_F(RefreshTest, ALoadThatAsksNotToBeStoredLeavesWhatIs) {
  values_.put("a", "old");
  const auto partial = [](Load& load) {
    load.do_not_store();
    return std::string("partial");
  };
  EXPECT_EQ(values_.get_or_load("a", partial, bypass_).value(), "partial");
  EXPECT_EQ(values_.get("a").value(), "old");
}

TEST_F(RefreshTest, AnotherValueEndsWhatWasMadeFromTheFormerOneThoughThatIsOnlyBelow) {
  values_.put("a", "old");
  make_page();
  empty_memory(cache_);
  EXPECT_EQ(pages_.get("page").outcome(), Outcome::kHit);
  EXPECT_TRUE(values_.get_or_load(
      "a", [](Load&) { return std::string("new"); }, bypass_));
  EXPECT_EQ(pages_.get("page").outcome(), Outcome::kMiss);
}

TEST_F(RefreshTest, TheSameBytesWithAnotherLabelEndWhatWasMadeFromThem) {
  const auto with = [](const char* tag_text) {
    return [tag_text](Load& load) {
      load.tag(tag_text);
      return std::string("same");
    };
  };
  EXPECT_TRUE(values_.get_or_load("a", with("org:7")));
  make_page();
  EXPECT_TRUE(values_.get_or_load("a", with("org:7"), bypass_));
  EXPECT_EQ(pages_.get("page").outcome(), Outcome::kHit);
  EXPECT_TRUE(values_.get_or_load("a", with("org:8"), bypass_));
  EXPECT_EQ(pages_.get("page").outcome(), Outcome::kMiss);
}

TEST_F(RefreshTest, AnUnmodifiedValueStillDependsOnWhatItWasMadeFrom) {
  values_.put("a", "old");
  const auto first = [this](Load& load) {
    load.version("v1");
    load.tag("t");
    return "page of " + load.get(values_, "a").value_or("nobody");
  };
  const auto with_tag = [](Load& load) {
    load.tag("t");
    load.not_modified();
    return std::string();
  };
  const auto with_read = [this](Load& load) {
    static_cast<void>(load.get(values_, "b"));
    load.not_modified();
    return std::string();
  };
  auto pages = cache_.keyspace<std::string>(
      "conditional", {.ttl = seconds(10), .ttl_jitter = 0, .keep_for = minutes(60)});
  const auto renew = [&](const auto& loader) {
    EXPECT_TRUE(pages.get_or_load("page", first, bypass_));
    clock_->advance(seconds(11));
    EXPECT_EQ(pages.get_or_load("page", loader).outcome(), Outcome::kRefreshed);
    EXPECT_EQ(pages.get("page").outcome(), Outcome::kHit);
  };
  renew(with_tag);
  values_.put("a", "new");
  EXPECT_EQ(pages.get("page").outcome(), Outcome::kMiss);
  renew(with_read);
  values_.put("b", "new");
  EXPECT_EQ(pages.get("page").outcome(), Outcome::kMiss) << "what it read this time";
  renew(with_read);
  values_.put("a", "newer");
  EXPECT_EQ(pages.get("page").outcome(), Outcome::kMiss) << "what it read the first time";
}

}  // namespace
}  // namespace strata::testkit
