// Fault loops: every call to a tier fails in turn, and reads still work and are never stale.
#include <string>

#include "cache/cache_fixture.h"
#include "testkit/fault_plan.h"

namespace strata::testkit {
namespace {

class CacheFault : public CacheFixture, public testing::WithParamInterface<FaultKind> {};

TEST_P(CacheFault, ReadsWorkAndNothingStaleIsServedWhicheverCallFails) {
  fail_each_call(GetParam(), [this](FaultPlan& plan) {
    Cache cache = make_cache(2);
    for (RecordTier* tier : tiers_) tier->set_fault([&plan] { return plan.should_fail(); });
    auto users = cache.keyspace<std::string>("user", {.keep_for = minutes(60)});
    int version = 0;
    const auto load = [&](Load& handle) {
      handle.tag("t");
      return "v" + std::to_string(version);
    };
    const auto expect = [&](int at_least) {
      const auto found = users.get_or_load("1", load);
      ASSERT_TRUE(found);
      EXPECT_GE(std::stoi(found->substr(1)), at_least);
      empty_memory(cache);
      const auto below = users.get("1");
      if (below) {
        EXPECT_GE(std::stoi(below->substr(1)), at_least);
      }
    };
    expect(0);
    version = 1;
    cache.invalidate(tag("t"));
    expect(1);
    version = 2;
    EXPECT_TRUE(users.put("1", "v2").ok());
    expect(2);
    version = 3;
    users.erase("1");
    expect(3);
    version = 4;
    cache.clear();
    expect(4);
    (void)users.touch("1", minutes(1));
    (void)cache.remove_expired();
    (void)cache.flush();
    const std::vector<std::string> ids{"1", "2"};
    EXPECT_EQ(users.get_many(ids).size(), 2u);
    check(cache);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, CacheFault,
                         testing::Values(FaultKind::kOnce, FaultKind::kFromThenOn));

}  // namespace
}  // namespace strata::testkit
