// What the bound of memory is to be, after scripts of readings.
#include "tiered/pressure_control.h"

#include <gtest/gtest.h>

#include <limits>

#include "strata/core/limits.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::internal {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kConfigured = 256 * kMiB;
constexpr std::uint64_t kLeast = limits::kPressedMemoryBytes;

// Memory is full, and follows each decision at once.
class PressureControlTest : public testing::Test {
 protected:
  static Result<MemoryReading> left(double share) {
    return MemoryReading{.limit_bytes = 1'000 * kMiB,
                         .available_bytes = static_cast<std::uint64_t>(share * 1'000) * kMiB,
                         .source = "the test"};
  }
  std::uint64_t read(double share) { return take(left(share)); }
  std::uint64_t take(const Result<MemoryReading>& reading) {
    bound_ = control_.decide(reading, bound_, bound_);
    return bound_;
  }

  PressureControl control_{0.1, kConfigured};
  std::uint64_t bound_ = kConfigured;
};

TEST_F(PressureControlTest, WithEnoughLeftTheBoundIsAsConfigured) {
  for (const double share : {1.0, 0.5, 0.15, 0.11, 0.1}) EXPECT_EQ(read(share), kConfigured);
  EXPECT_EQ(control_.state(), MemoryPressure::kNone);
  EXPECT_EQ(control_.reason(), "10 % of 1000 MiB are left by the test, 10 % are to stay free");
}

TEST_F(PressureControlTest, EachReadingWithTooLittleLeftIsAStepDown) {
  EXPECT_EQ(read(0.09), kConfigured - kConfigured / 16);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
  EXPECT_EQ(read(0.0), kConfigured - 2 * (kConfigured / 16));
  for (int i = 0; i < 100; ++i) ASSERT_GE(read(0.01), kLeast);
  EXPECT_EQ(bound_, kLeast);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
}

// What is not used gives nothing back.
TEST_F(PressureControlTest, ItGoesDownFromWhatIsUsed) {
  EXPECT_EQ(control_.decide(left(0.05), kConfigured, 100 * kMiB), 84 * kMiB);
  EXPECT_EQ(control_.decide(left(0.05), kConfigured, 0), kLeast);
}

TEST_F(PressureControlTest, ABoundBelowTheLeastIsLeftAlone) {
  PressureControl small(0.1, kMiB);
  EXPECT_EQ(small.decide(left(0.0), kMiB, kMiB), kMiB);
  EXPECT_EQ(small.state(), MemoryPressure::kPressed);
  EXPECT_EQ(small.decide(left(0.5), kMiB, kMiB), kMiB);
  EXPECT_EQ(small.state(), MemoryPressure::kNone);
}

TEST_F(PressureControlTest, BetweenTooLittleAndEnoughNothingMoves) {
  const std::uint64_t shrunk = read(0.05);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(read(i % 2 == 0 ? 0.1 : 0.14), shrunk);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
}

TEST_F(PressureControlTest, ItGrowsBackAfterFiveReadingsWithEnoughInARow) {
  for (int i = 0; i < 4; ++i) read(0.05);
  const std::uint64_t shrunk = bound_;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(read(0.2), shrunk);
  EXPECT_EQ(read(0.12), shrunk) << "begins again";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(read(0.2), shrunk);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
  EXPECT_EQ(read(0.2), shrunk + kConfigured / 32);
  EXPECT_EQ(control_.state(), MemoryPressure::kRecovering);
  EXPECT_EQ(read(0.2), shrunk + 2 * (kConfigured / 32));
  EXPECT_EQ(read(0.12), shrunk + 2 * (kConfigured / 32)) << "it stays where it is";
  EXPECT_EQ(control_.state(), MemoryPressure::kRecovering);
  for (int i = 0; i < 20; ++i) read(0.2);
  EXPECT_EQ(bound_, kConfigured);
  EXPECT_EQ(control_.state(), MemoryPressure::kNone);
}

// Else it would take what is left and begin again.
TEST_F(PressureControlTest, ItGrowsByNoMoreThanHalfOfWhatCanBeSpared) {
  PressureControl large(0.1, 100'000 * kMiB);
  std::uint64_t bound = large.decide(left(0.05), 100'000 * kMiB, 100'000 * kMiB);
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t next = large.decide(left(0.15), bound, bound);
    if (i < 4) {
      EXPECT_EQ(next, bound);
    } else {
      EXPECT_EQ(next, bound + 25 * kMiB);
    }
  }
}

TEST_F(PressureControlTest, PressureWhileItGrowsBackIsAStepDown) {
  for (int i = 0; i < 8; ++i) read(0.05);
  for (int i = 0; i < 6; ++i) read(0.3);
  const std::uint64_t grown = bound_;
  EXPECT_EQ(control_.state(), MemoryPressure::kRecovering);
  EXPECT_EQ(read(0.09), grown - kConfigured / 16);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
}

TEST_F(PressureControlTest, AReadingThatFailsChangesNothingAndIsTheReason) {
  const std::uint64_t shrunk = read(0.05);
  const Error error{ErrorCode::kCorrupt, "memory.max says \"lots\"", {}};
  EXPECT_EQ(take(error), shrunk);
  EXPECT_EQ(control_.state(), MemoryPressure::kUnknown);
  EXPECT_EQ(control_.reason(), "memory.max says \"lots\"");
  EXPECT_EQ(read(0.12), shrunk);
  EXPECT_EQ(control_.state(), MemoryPressure::kRecovering);
  EXPECT_EQ(take(error), shrunk);
  EXPECT_EQ(read(0.01), shrunk - kConfigured / 16);
  EXPECT_EQ(control_.state(), MemoryPressure::kPressed);
}

TEST_F(PressureControlTest, AnotherConfiguredBoundBeginsAgain) {
  read(0.05);
  control_.configure(64 * kMiB);
  EXPECT_EQ(control_.state(), MemoryPressure::kNone);
  EXPECT_EQ(control_.configured_max_bytes(), 64 * kMiB);
  EXPECT_EQ(control_.decide(left(0.05), 64 * kMiB, 64 * kMiB), 60 * kMiB);
}

// Near all of the memory "half as much again" would be more than there is.
TEST_F(PressureControlTest, AnyShareCanBeRecoveredFrom) {
  for (const double share : {0.001, 0.5, 0.9, 0.999}) {
    PressureControl control(share, kConfigured);
    std::uint64_t bound = control.decide(left(0.0), kConfigured, kConfigured);
    EXPECT_LT(bound, kConfigured);
    for (int i = 0; i < 2'000; ++i) bound = control.decide(left(1.0), bound, bound);
    EXPECT_EQ(bound, kConfigured) << share;
  }
}

TEST_F(PressureControlTest, TheBoundStaysBetweenTheLeastAndTheConfiguredOne) {
  testkit::for_each_seed(50, [](testkit::Random& random) {
    const std::uint64_t configured = random.skewed() | 1;
    const std::uint64_t least = std::min<std::uint64_t>(configured, kLeast);
    PressureControl control(0.1, configured);
    std::uint64_t bound = configured;
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t limit = random.skewed() | 1;
      Result<MemoryReading> reading = MemoryReading{
          .limit_bytes = limit, .available_bytes = random.between(0, limit), .source = "it"};
      if (random.one_in(10)) reading = Error{ErrorCode::kUnavailable, "no", {}};
      const std::uint64_t former = bound;
      bound = control.decide(reading, bound, random.between(0, bound));
      ASSERT_LE(bound, configured);
      ASSERT_GE(bound, least);
      if (!reading) {
        ASSERT_EQ(bound, former);
      }
      if (control.state() == MemoryPressure::kNone) {
        ASSERT_EQ(bound, configured);
      }
    }
  });
}

TEST(DescribeSize, IsForPeople) {
  EXPECT_EQ(describe_size(0), "0 B");
  EXPECT_EQ(describe_size(1'023), "1023 B");
  EXPECT_EQ(describe_size(1'024), "1 KiB");
  EXPECT_EQ(describe_size(1'536), "1.5 KiB");
  EXPECT_EQ(describe_size(256 * kMiB), "256 MiB");
  EXPECT_EQ(describe_size(std::numeric_limits<std::uint64_t>::max()), "16777216 TiB");
}

}  // namespace
}  // namespace strata::internal
