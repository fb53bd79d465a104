// Tests of the simulated origin.
#include "cli/benchmark/origin.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <vector>

namespace strata::benchmark {
namespace {

class OriginTest : public testing::Test {
 protected:
  OriginOptions options(Duration latency, std::uint64_t seed = 1) {
    return {.latency = latency, .seed = seed, .wait = [this](Duration how_long) {
              waits_.push_back(how_long);
            }};
  }

  const std::shared_ptr<Random> random_ = seeded_random(7);
  const Values values_{64, *random_};
  std::vector<Duration> waits_;
};

TEST_F(OriginTest, AnswersTheValueAndCountsTheCall) {
  Origin origin(values_, options(Duration(0)));
  EXPECT_EQ(origin.fetch(5), values_.make(5, 0));
  EXPECT_EQ(origin.fetch(5), origin.fetch(5));
  EXPECT_EQ(origin.calls(), 3u);
  EXPECT_TRUE(waits_.empty()) << "it takes no time";
}

TEST_F(OriginTest, WaitsTheEntrysOwnTimeEachTime) {
  Origin origin(values_, options(std::chrono::milliseconds(5)));
  for (int i = 0; i < 2; ++i) (void)origin.fetch(9);
  EXPECT_EQ(waits_, std::vector<Duration>(2, origin.latency_of(9)));
}

TEST_F(OriginTest, VariesByAFifthAndTheSameForTheSameSeed) {
  constexpr auto kLatency = std::chrono::milliseconds(10);
  const Origin origin(values_, options(kLatency));
  const Origin same(values_, options(kLatency));
  const Origin other(values_, options(kLatency, 2));
  std::set<Duration> seen;
  std::uint64_t differing = 0;
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    const Duration latency = origin.latency_of(number);
    EXPECT_GE(latency, std::chrono::milliseconds(8));
    EXPECT_LE(latency, std::chrono::milliseconds(12));
    EXPECT_EQ(latency, same.latency_of(number));
    if (latency != other.latency_of(number)) ++differing;
    seen.insert(latency);
  }
  EXPECT_GT(seen.size(), 990u);
  EXPECT_GT(differing, 990u);
  EXPECT_LT(*seen.begin(), std::chrono::microseconds(8'100)) << "all of the range is used";
  EXPECT_GT(*seen.rbegin(), std::chrono::microseconds(11'900));
}

}  // namespace
}  // namespace strata::benchmark
