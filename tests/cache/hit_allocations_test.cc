// Hits in memory allocate nothing, whatever the loader of a get_or_load() captures.
#include <array>
#include <string>

#include "cache/cache_fixture.h"
#include "testkit/failing_allocations.h"

namespace strata::testkit {
namespace {

class HitAllocations : public CacheFixture {
 protected:
  // How often `call` allocates.
  template <typename Call>
  static long allocations_of(const Call& call) {
    call();  // what is made once
    return fail_each_allocation([&](FailingAllocations& failing) {
      failing.begin();
      call();
      failing.end();
    });
  }

  Cache cache_ = make_cache(0);
  Keyspace<int> users_ = cache_.keyspace<int>("user");
};

TEST_F(HitAllocations, OfALookUp) {
  users_.put("1", 7);
  EXPECT_EQ(allocations_of([&] { EXPECT_EQ(users_.get("1").value_or(0), 7); }), 0);
  EXPECT_EQ(allocations_of([&] { users_.visit("1", [](int value) { EXPECT_EQ(value, 7); }); }), 0);
}

TEST_F(HitAllocations, OfALookUpThatCouldLoad) {
  users_.put("1", 7);
  const std::array<int, 64> large{8};
  const auto loader = [large] { return large[0]; };
  EXPECT_EQ(allocations_of([&] { EXPECT_EQ(users_.get_or_load("1", loader).value_or(0), 7); }), 0);
  const auto load = [&] {
    users_.erase("1");
    EXPECT_EQ(users_.get_or_load("1", loader).value_or(0), 8);
  };
  load();
}

}  // namespace
}  // namespace strata::testkit
