// Tests of the requests that threads make.
#include "cli/benchmark/requests.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "strata/core/limits.h"

namespace strata::benchmark {
namespace {

using Kind = Distribution::Kind;

std::vector<std::uint32_t> numbers_of(const std::vector<Request>& requests) {
  std::vector<std::uint32_t> numbers;
  for (const Request& request : requests) numbers.push_back(request.number);
  return numbers;
}

std::vector<std::uint64_t> counts_of(const std::vector<Request>& requests, std::size_t entries) {
  std::vector<std::uint64_t> counts(entries);
  for (const Request& request : requests) ++counts.at(request.number);
  return counts;
}

TEST(Requests, AScanGoesFromEntryToEntryEachThreadFromAPlaceOfItsOwn) {
  const RequestMaker maker(5, {.kind = Kind::kScan}, 1);
  EXPECT_EQ(numbers_of(maker.make(0, 2, 4, 0)), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(numbers_of(maker.make(1, 2, 4, 0)), (std::vector<std::uint32_t>{2, 3, 4, 0}));
}

// What is repeated goes on where it ended.
TEST(Requests, AScanThatBeginsAnewIsStillAScan) {
  const RequestMaker maker(5, {.kind = Kind::kScan}, 1);
  const auto numbers = numbers_of(maker.make(0, 1, 13, 0));
  ASSERT_EQ(numbers.size(), 10u);
  EXPECT_EQ(numbers.back(), 4u);
}

TEST(Requests, UniformOnesAskForAllEntriesAlike) {
  constexpr std::size_t kEntries = 10;
  const RequestMaker maker(kEntries, {.kind = Kind::kUniform}, 1);
  for (const std::uint64_t count : counts_of(maker.make(0, 1, 100'000, 0), kEntries)) {
    EXPECT_NEAR(static_cast<double>(count), 10'000.0, 500.0);
  }
}

TEST(Requests, ZipfAsksForFewEntriesOften) {
  constexpr std::size_t kEntries = 1'000;
  const RequestMaker maker(kEntries, {.kind = Kind::kZipf, .exponent = 1}, 1);
  std::vector<std::uint64_t> counts = counts_of(maker.make(0, 1, 200'000, 0), kEntries);
  std::sort(counts.rbegin(), counts.rend());
  const double first = static_cast<double>(counts[0]);
  EXPECT_NEAR(first / static_cast<double>(counts[1]), 2, 0.1);
  EXPECT_NEAR(first / static_cast<double>(counts[9]), 10, 1.0);
}

TEST(Requests, AreTheSameForTheSameSeedAndOthersForEachThread) {
  const RequestMaker maker(1'000, {}, 1);
  const RequestMaker same(1'000, {}, 1);
  EXPECT_EQ(numbers_of(maker.make(0, 2, 100, 0)), numbers_of(same.make(0, 2, 100, 0)));
  EXPECT_NE(numbers_of(maker.make(0, 2, 100, 0)), numbers_of(maker.make(1, 2, 100, 0)));
}

TEST(Requests, TheShareOfWritesIsTheOneAskedFor) {
  const RequestMaker maker(1'000, {}, 1);
  for (const unsigned percent : {0u, 5u, 50u, 100u}) {
    const auto requests = maker.make(0, 1, 100'000, percent);
    const auto writes = std::count_if(requests.begin(), requests.end(),
                                      [](Request request) { return request.is_write != 0; });
    const double share = static_cast<double>(writes) / 1'000;
    if (percent == 0 || percent == 100) {
      EXPECT_EQ(share, percent);
    } else {
      EXPECT_NEAR(share, percent, 0.5);
    }
  }
}

TEST(Requests, TheLargestNumberOfEntriesFits) {
  const RequestMaker maker(limits::kBenchmarkEntries, {.kind = Kind::kUniform}, 1);
  for (const Request& request : maker.make(0, 1, 10'000, 0)) {
    EXPECT_LT(request.number, limits::kBenchmarkEntries);
  }
}

TEST(Requests, AreNoMoreThanAThreadMakesAndFewInAll) {
  EXPECT_EQ(requests_for(100, 1), 100u);
  EXPECT_EQ(requests_for(101, 2), 51u);
  EXPECT_EQ(requests_for(1, 256), 1u);
  EXPECT_EQ(requests_for(std::nullopt, 1), kRequestsInAll);
  EXPECT_EQ(requests_for(limits::kBenchmarkOperations, 16), kRequestsInAll / 16);
  EXPECT_EQ(requests_for(std::nullopt, 256), kRequestsMin);
}

}  // namespace
}  // namespace strata::benchmark
