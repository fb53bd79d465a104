// Tests of the controller's curve, over what a cache tells it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "memory/policy/controller.h"
#include "memory/policy/horizon.h"
#include "testkit/policy_bed.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

// A cache in front of a bed, which counts what it tells.
class CurveBed {
 public:
  explicit CurveBed(std::uint64_t max_entries, std::uint64_t max_weight = 0, bool adapts = false,
                    EvictionAim aim = EvictionAim::kRequests)
      : controller_({.adapts = adapts,
                     .has_curve = true,
                     .aim = aim,
                     .look_ups = [this] { return counts_; }}),
        policy_(&controller_, aim),
        bed_(policy_, max_entries, max_weight) {}

  bool request(KeyNumber key, std::uint32_t weight = 1, const std::string& keyspace = "user") {
    const bool found = bed_.holds(key);
    tell(key, found ? UseKind::kHit : UseKind::kMiss, weight, keyspace);
    if (found) {
      bed_.hit(key);
      return true;
    }
    bed_.insert(key, weight);
    for (KeyNumber spared = key; bed_.is_over();) {
      if (bed_.evict(spared) == kNobody) spared = kNobody;
    }
    return false;
  }
  // A look-up of what has expired, and its new value.
  void request_expired(KeyNumber key) {
    tell(key, UseKind::kGone, 0, "user");
    bed_.erase(key);
    bed_.insert(key);
  }
  void tell(KeyNumber key, UseKind kind, std::uint32_t weight, const std::string& keyspace) {
    ++(kind == UseKind::kHit ? counts_.hits : counts_.misses);
    if (!controller_.samples(hash_of(key))) return;
    controller_.look_up("1:" + keyspace + "::x:",
                        {.hash = hash_of(key), .weight = weight, .kind = kind});
  }
  // `max_weight` bytes from now on.
  void resize(std::uint64_t max_weight) {
    bed_.set_bounds(0, max_weight);
    while (bed_.is_over()) static_cast<void>(bed_.evict(kNobody));
  }
  [[nodiscard]] bool holds(KeyNumber key) const { return bed_.holds(key); }
  Curve curve() { return controller_.curve(); }
  Controller& controller() { return controller_; }

 private:
  LookUps counts_;
  Controller controller_;
  Horizon policy_;
  PolicyBed bed_;
};

TEST(CurveTest, AtFullSamplingEqualsWholeCachesOfThoseSizes) {
  constexpr std::uint64_t kCapacity = 40;
  constexpr int kRequests = 20'000;
  CurveBed cache(kCapacity);
  std::array<std::unique_ptr<CurveBed>, kCurvePoints> others;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    others[i] = std::make_unique<CurveBed>(static_cast<std::uint64_t>(kCapacity * kCurveSizes[i]));
  }
  std::array<int, kCurvePoints> hits{};
  testkit::Random random(1);
  for (int step = 0; step < kRequests; ++step) {
    const KeyNumber key = pick_key(random, 400);
    cache.request(key);
    for (std::size_t i = 0; i < kCurvePoints; ++i) hits[i] += others[i]->request(key) ? 1 : 0;
  }
  const Curve curve = cache.curve();
  EXPECT_EQ(curve.requests, std::uint64_t{kRequests});
  EXPECT_EQ(curve.sampled, std::uint64_t{kRequests});
  EXPECT_EQ(curve.lost, 0u);
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    // Ghosts of different tables forget different keys.
    EXPECT_NEAR(curve.points[i].hit_ratio, static_cast<double>(hits[i]) / kRequests, 0.001) << i;
    EXPECT_EQ(curve.points[i].plus_minus, 0) << i;
    EXPECT_EQ(curve.points[i].size, kCurveSizes[i]);
  }
  EXPECT_DOUBLE_EQ(curve.points[kOwnSize].hit_ratio,
                   static_cast<double>(hits[kOwnSize]) / kRequests);
}

// What the samples are thinned for is no reason to begin anew.
TEST(CurveTest, GoesOnWhereMoreAndMoreEntriesFit) {
  constexpr std::uint64_t kBytes = 400'000;
  constexpr int kRequests = 150'000;
  CurveBed cache(0, kBytes);
  std::array<std::unique_ptr<CurveBed>, kCurvePoints> others;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    others[i] = std::make_unique<CurveBed>(0, static_cast<std::uint64_t>(kBytes * kCurveSizes[i]));
  }
  std::array<int, kCurvePoints> hits{};
  testkit::Random random(7);
  for (int step = 0; step < kRequests; ++step) {
    const KeyNumber key = pick_key(random, 20'000) + (step < kRequests / 3 ? 1'000'000 : 0);
    const std::uint32_t weight = step < kRequests / 3 ? 600 : 100 + hash_of(key) % 100;
    cache.request(key, weight);
    for (std::size_t i = 0; i < kCurvePoints; ++i) hits[i] += others[i]->request(key, weight);
  }
  const Curve curve = cache.curve();
  EXPECT_GE(curve.requests, std::uint64_t{kRequests - 16}) << "nothing is known of so few";
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    EXPECT_NEAR(curve.points[i].hit_ratio, static_cast<double>(hits[i]) / kRequests, 0.02) << i;
  }
}

// Plays requests to a cache and to whole caches of the curve's sizes, and compares.
class CurveOfBytes : public testing::Test {
 protected:
  explicit CurveOfBytes(std::uint64_t max_entries = 0, std::uint64_t max_weight = 400'000,
                        EvictionAim aim = EvictionAim::kRequests)
      : cache_(max_entries, max_weight, false, aim) {
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      const auto sized = [&](std::uint64_t bound) {
        return static_cast<std::uint64_t>(static_cast<double>(bound) * kCurveSizes[i]);
      };
      others_[i] = std::make_unique<CurveBed>(sized(max_entries), sized(max_weight), false, aim);
    }
  }
  void request(KeyNumber key, std::uint32_t weight) {
    ++requests_;
    cache_.request(key, weight);
    for (std::size_t i = 0; i < kCurvePoints; ++i) hits_[i] += others_[i]->request(key, weight);
  }
  void expect_within(double error) {
    const Curve curve = cache_.curve();
    EXPECT_GE(curve.requests + 16, requests_) << "nothing is known of the first few";
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      const double exact = hits_[i] / static_cast<double>(requests_);
      EXPECT_NEAR(curve.points[i].hit_ratio, exact, error) << i;
    }
  }

  CurveBed cache_;
  std::array<std::unique_ptr<CurveBed>, kCurvePoints> others_;
  std::array<double, kCurvePoints> hits_{};
  std::uint64_t requests_ = 0;
  testkit::Random random_{7};
};

// Ghosts of a miniature grow with what it stands for.
TEST_F(CurveOfBytes, OfWhatIsRememberedForLong) {
  for (KeyNumber i = 0; i < 300'000; ++i) {
    const bool comes_once = random_.one_in(2);
    request(comes_once ? 10'000'000 + i : i / 5 + random_.below(40'000), 100);
  }
  expect_within(0.02);
}

// A quarter of the bytes has much more than a quarter of the entries.
TEST_F(CurveOfBytes, OfASmallerCacheThatHoldsMoreThanItsPart) {
  for (int i = 0; i < 200'000; ++i) {
    const KeyNumber key = pick_key(random_, 30'000);
    request(key, hash_of(key) % 2 == 0 ? 60 : 10);
  }
  expect_within(0.04);
}

class CurveOfBytesHit : public CurveOfBytes {
 protected:
  CurveOfBytesHit() : CurveOfBytes(40, 0, EvictionAim::kBytes) {}
};

TEST_F(CurveOfBytesHit, AtFullSamplingEqualsWholeCaches) {
  for (int i = 0; i < 20'000; ++i) {
    const KeyNumber key = pick_key(random_, 400);
    request(key, 10U << hash_of(key) % 8);
  }
  expect_within(0.005);  // ghosts of different tables forget different keys
}

TEST(CurveTest, NoMoreEntriesAreExpectedThanTwiceThoseThatAreThere) {
  CurveBed cache(0, 1'000'000);
  for (KeyNumber key = 0; key < 16; ++key) cache.request(key, 10);
  EXPECT_EQ(cache.controller().entries(), 32u) << "a sample can be thinned later";
  for (KeyNumber key = 16; key < 64; ++key) cache.request(key, 10);
  EXPECT_EQ(cache.controller().entries(), 128u);
}

TEST(CurveTest, OfASampleIsWithinTwoPointsOfWholeCaches) {
  constexpr std::uint64_t kCapacity = 2'500;
  constexpr int kRequests = 150'000;
  for (const bool is_bytes : {false, true}) {
    const auto make = [&](double size) {
      const auto capacity = static_cast<std::uint64_t>(kCapacity * size);
      return is_bytes ? std::make_unique<CurveBed>(0, capacity * 100)
                      : std::make_unique<CurveBed>(capacity);
    };
    const std::unique_ptr<CurveBed> cache = make(1);
    std::array<std::unique_ptr<CurveBed>, kCurvePoints> others;
    for (std::size_t i = 0; i < kCurvePoints; ++i) others[i] = make(kCurveSizes[i]);
    std::array<std::vector<bool>, kCurvePoints> outcomes;
    testkit::Random random(7);
    for (int step = 0; step < kRequests; ++step) {
      const KeyNumber key = pick_key(random, 60'000);
      const std::uint32_t weight = is_bytes ? 25U << hash_of(key) % 4 : 1;
      cache->request(key, weight);
      for (std::size_t i = 0; i < kCurvePoints; ++i) {
        outcomes[i].push_back(others[i]->request(key, weight));
      }
    }
    const Curve curve = cache->curve();
    EXPECT_LT(curve.sampled, curve.requests / 4);
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      const auto hits = std::count(outcomes[i].end() - static_cast<std::ptrdiff_t>(curve.requests),
                                   outcomes[i].end(), true);
      const double exact = static_cast<double>(hits) / static_cast<double>(curve.requests);
      EXPECT_NEAR(curve.points[i].hit_ratio, exact, 0.02) << is_bytes << " " << i;
      EXPECT_LT(curve.points[i].plus_minus, 0.03) << is_bytes << " " << i;
    }
  }
}

TEST(CurveTest, HeavyEntriesCountByTheirWeight) {
  // 20 keys of 1,000 bytes and 200 of 50: at four times the size all of them fit, and at the
  // present one the light ones would.
  CurveBed cache(0, 12'000);
  testkit::Random random(1);
  for (int step = 0; step < 100'000; ++step) {
    const KeyNumber key = random.below(220);
    cache.request(key, key < 20 ? 1'000 : 50);
  }
  const Curve curve = cache.curve();
  EXPECT_LT(curve.points[kOwnSize].hit_ratio, 0.95);
  EXPECT_LT(curve.points[kOwnSize + 1].hit_ratio, 0.99);
  EXPECT_GT(curve.points[kOwnSize + 2].hit_ratio, 0.99);
}

TEST(CurveTest, WhatHasExpiredIsMissedAtEverySize) {
  CurveBed cache(100);
  for (KeyNumber key = 0; key < 50; ++key) cache.request(key);
  for (int round = 0; round < 100; ++round) {
    for (KeyNumber key = 0; key < 50; ++key) {
      if (key % 5 == 0) {
        cache.request_expired(key);
      } else {
        cache.request(key);
      }
    }
  }
  const Curve curve = cache.curve();
  for (std::size_t i = kOwnSize; i < kCurvePoints; ++i) {
    EXPECT_NEAR(curve.points[i].hit_ratio, 0.8, 0.01) << i;
  }
}

TEST(CurveTest, TellsKeyspacesApart) {
  CurveBed cache(200);
  testkit::Random random(3);
  for (int step = 0; step < 50'000; ++step) {
    cache.request(random.below(50), 1, "hot");
    cache.request(1'000 + random.below(600), 1, "warm");
    cache.request(10'000 + static_cast<KeyNumber>(step), 1, "cold");
  }
  const Curve curve = cache.curve();
  ASSERT_EQ(curve.keyspaces.size(), 3u);
  EXPECT_EQ(curve.keyspaces[0].name, "hot");
  EXPECT_EQ(curve.keyspaces[1].name, "warm");
  EXPECT_EQ(curve.keyspaces[2].name, "cold");
  std::uint64_t requests = 0;
  for (const KeyspaceCurve& keyspace : curve.keyspaces) {
    EXPECT_NEAR(static_cast<double>(keyspace.requests), 50'000, 500) << keyspace.name;
    requests += keyspace.requests;
  }
  EXPECT_NEAR(static_cast<double>(requests), static_cast<double>(curve.requests), 3);
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    std::uint64_t hits = 0;
    for (const KeyspaceCurve& keyspace : curve.keyspaces) hits += keyspace.hits[i];
    EXPECT_NEAR(static_cast<double>(hits),
                curve.points[i].hit_ratio * static_cast<double>(curve.requests), 150)
        << i;
    EXPECT_LT(curve.keyspaces[2].hit_ratio(i), 0.001);
  }
  EXPECT_GT(curve.keyspaces[0].hit_ratio(kOwnSize), 0.95);
  EXPECT_GT(curve.keyspaces[1].hit_ratio(kCurvePoints - 1), 0.95) << "all of it fits in there";
  EXPECT_LT(curve.keyspaces[1].hit_ratio(0), 0.5);
}

TEST(CurveTest, IsOfWhatTheTrafficIsNow) {
  CurveBed cache(64);
  const auto play = [&](KeyNumber first, KeyNumber keys, std::uint64_t requests) {
    testkit::Random random(5);
    for (std::uint64_t i = 0; i < requests; ++i) cache.request(first + random.below(keys));
  };
  play(0, 50, 1'000);
  EXPECT_GT(cache.curve().points[kOwnSize].hit_ratio, 0.9);
  play(1'000, 1'000, Controller::kWindowMin * 5 / 2);
  const Curve curve = cache.curve();
  EXPECT_LE(curve.requests, 2 * Controller::kWindowMin);
  EXPECT_GE(curve.requests, Controller::kWindowMin);
  EXPECT_NEAR(curve.points[kOwnSize].hit_ratio, 0.064, 0.01);
}

TEST(CurveTest, OfOtherBoundsBeginsAnew) {
  CurveBed cache(0, 100'000);
  testkit::Random random(5);
  const auto play = [&](int requests) {
    for (int i = 0; i < requests; ++i) cache.request(random.below(3'000), 100);
  };
  play(20'000);
  EXPECT_GT(cache.curve().requests, 19'000u);
  for (const std::uint64_t bytes : {200'000ULL, 150'000ULL}) {
    cache.resize(bytes);
    play(10'000);
    const Curve curve = cache.curve();
    EXPECT_LE(curve.requests, 10'000u) << bytes;
    EXPECT_GT(curve.requests, 9'000u) << bytes;
    EXPECT_NEAR(curve.points[kOwnSize].hit_ratio, static_cast<double>(bytes) / 300'000, 0.05);
  }
}

// Which of the two is reached first differs from one eviction to the next.
TEST(CurveTest, OfTwoBoundsThatAreReachedTogetherGoesOn) {
  CurveBed cache(1'000, 100'000);
  testkit::Random random(5);
  for (int i = 0; i < 60'000; ++i) {
    const KeyNumber key = pick_key(random, 5'000);
    cache.request(key, 50 + hash_of(key) % 101);
  }
  EXPECT_GT(cache.curve().requests, 40'000u);
}

TEST(CurveTest, OfNothingRestsOnNothing) {
  CurveBed cache(1'000);
  const Curve curve = cache.curve();
  EXPECT_EQ(curve.requests, 0u);
  EXPECT_TRUE(curve.keyspaces.empty());
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    EXPECT_EQ(curve.points[i].size, kCurveSizes[i]);
    EXPECT_EQ(curve.points[i].hit_ratio, 0);
    EXPECT_EQ(curve.points[i].plus_minus, 1) << "anything is possible";
  }
}

TEST(CurveTest, TakesNoMoreMemoryThanItSays) {
  for (const std::uint64_t capacity : {100ULL, 500ULL, 20'000ULL, 1'000'000ULL}) {
    for (const bool is_bytes : {false, true}) {
      CurveBed cache(is_bytes ? 0 : capacity, is_bytes ? capacity * 200 : 0, true);
      for (KeyNumber key = 0; key < 50'000; ++key) cache.request(key, is_bytes ? 200 : 1);
      EXPECT_LE(cache.controller().footprint_bytes(), Controller::kFootprintBytesMax) << capacity;
      EXPECT_GT(cache.curve().sampled, 0u) << capacity;
    }
  }
}

}  // namespace
}  // namespace strata::memory
