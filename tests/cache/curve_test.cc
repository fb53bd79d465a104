// The curve of a cache: what it says before anything is known, of which keyspaces, and how near it
// is to caches that really have those sizes.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"
#include "testkit/random.h"

namespace strata::testkit {
namespace {

class CurveTest : public CacheFixture {
 protected:
  Cache make_sized(std::uint64_t entries, MemoryOptions memory = {}) {
    memory.max_entries = entries;
    memory.curve = true;
    return make_cache(0, {}, memory);
  }
  static Error error_of(Cache& cache) {
    const Result<Curve> curve = cache.curve();
    EXPECT_FALSE(curve);
    return curve ? Error{} : curve.error();
  }
};

// Popular keys, and now and then a scan of others.
std::uint64_t pick(Random& random, int step) {
  if (step % 10'000 < 2'000) return 1'000'000 + static_cast<std::uint64_t>(step);
  const std::uint64_t octave = random.below(14);
  return (1ULL << octave) + random.below(1ULL << octave);
}

TEST_F(CurveTest, IsWithinTwoPointsOfCachesOfThoseSizes) {
  constexpr int kSteps = 60'000;
  const auto play = [](Cache& cache) {
    auto users = cache.keyspace<std::uint64_t>("user");
    Random random(1);
    std::uint64_t hits = 0;
    for (int step = 0; step < kSteps; ++step) {
      const std::uint64_t key = pick(random, step);
      const auto found = users.get_or_load(key, [&] { return key; });
      hits += found.outcome() == Outcome::kHit ? 1 : 0;
    }
    return static_cast<double>(hits) / kSteps;
  };
  for (const std::uint64_t entries : {100u, 800u}) {
    Cache cache = make_sized(entries);
    const double own = play(cache);
    const Curve curve = cache.curve().value();
    for (const CurvePoint& point : curve.points) {
      EXPECT_EQ(point.max_entries, static_cast<std::uint64_t>(entries * point.size));
      Cache other = make_sized(point.max_entries);
      EXPECT_NEAR(point.hit_ratio, play(other), 0.02) << entries << " x" << point.size;
    }
    // A read that misses looks into memory twice: before it joins the load, and when it leads it.
    EXPECT_NEAR(curve.points[2].hit_ratio, own, 0.02);
    check(cache);
  }
}

TEST_F(CurveTest, TellsKeyspacesApartAndTenantsNot) {
  Cache cache = make_sized(64);
  auto small = cache.keyspace<int>("small");
  auto large = cache.keyspace<int>("large");
  auto acme = small.of_tenant("acme");
  for (int round = 0; round < 400; ++round) {
    for (int key = 0; key < 10; ++key) {
      (void)small.get_or_load(key, [&] { return key; });
      (void)acme.get_or_load(key, [&] { return key; });
    }
    for (int key = 0; key < 20; ++key)
      (void)large.get_or_load(round * 20 + key, [&] { return key; });
  }
  const Curve curve = cache.curve().value();
  ASSERT_EQ(curve.keyspaces.size(), 2u);
  EXPECT_EQ(curve.keyspaces[0].name, "small");
  EXPECT_EQ(curve.keyspaces[1].name, "large");
  EXPECT_GT(curve.keyspaces[0].hit_ratio(2), 0.9);
  EXPECT_LT(curve.keyspaces[1].hit_ratio(5), 0.05);
}

TEST_F(CurveTest, BeforeAnythingWasAskedForRestsOnNothing) {
  Cache cache = make_sized(1'000);
  const Curve curve = cache.curve().value();
  EXPECT_EQ(curve.requests, 0u);
  EXPECT_EQ(curve.points[0].plus_minus, 1);
  EXPECT_EQ(curve.points[5].max_entries, 8'000u);
}

TEST_F(CurveTest, SaysWhyThereIsNone) {
  Cache off = make_cache(0, {}, {.enabled = false});
  EXPECT_EQ(error_of(off).code, ErrorCode::kRejected);
  EXPECT_NE(error_of(off).message.find("off"), std::string::npos);
  Cache lru = make_cache(0, {}, {.policy = EvictionPolicy::kLru, .curve = true});
  EXPECT_EQ(error_of(lru).message,
            "memory has no curve: its policy is lru, and only adaptive and horizon have one");
  Cache without = make_cache(0);
  EXPECT_EQ(error_of(without).message,
            "memory has no curve: MemoryOptions::curve (cache.memory.curve) is false");
}

TEST_F(CurveTest, OfBoundsWithoutEndHasBoundsWithoutEnd) {
  constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};
  Cache cache = make_sized(100);
  cache.hot_tier().resize(kNoEnd, kNoEnd);
  auto users = cache.keyspace<int>("user");
  for (int step = 0; step < 2'000; ++step) (void)users.get_or_load(step % 150, [] { return 1; });
  const Curve curve = cache.curve().value();
  for (const CurvePoint& point : curve.points) {
    if (point.size >= 1) {
      EXPECT_EQ(point.max_entries, kNoEnd) << point.size;
      EXPECT_EQ(point.max_bytes, kNoEnd) << point.size;
    } else {
      EXPECT_NEAR(static_cast<double>(point.max_bytes), 0x1p64 * point.size, 1e6);
    }
  }
  check(cache);
}

TEST_F(CurveTest, AClosedCacheHasNone) {
  Cache cache = make_sized(100);
  EXPECT_TRUE(cache.curve());
  cache.close();
  EXPECT_EQ(error_of(cache).code, ErrorCode::kClosed);
}

TEST_F(CurveTest, IsThereWhenMemoryIsSwitchedOnLaterAndWhenItGrows) {
  Cache cache = make_cache(0, {}, {.enabled = false, .curve = true});
  cache.hot_tier().resize(100, 1u << 20);
  auto users = cache.keyspace<int>("user");
  const auto play = [&] {
    for (int step = 0; step < 20'000; ++step) (void)users.get_or_load(step % 150, [] { return 1; });
  };
  play();
  EXPECT_GT(cache.curve().value().requests, 0u);
  EXPECT_GT(cache.curve().value().points[3].hit_ratio, 0.9);
  cache.hot_tier().resize(200, 1u << 20);
  play();
  const Curve grown = cache.curve().value();
  EXPECT_GT(grown.points[2].hit_ratio, 0.9);
  EXPECT_LT(grown.points[1].hit_ratio, 0.8);
  check(cache);
}

}  // namespace
}  // namespace strata::testkit
