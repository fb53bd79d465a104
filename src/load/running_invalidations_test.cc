// RunningInvalidations: the low-water mark under which tickets are taken.
#include "strata/load/running_invalidations.h"

#include <gtest/gtest.h>

#include <optional>

namespace strata {
namespace {

class RunningInvalidationsTest : public testing::Test {
 protected:
  RunningInvalidationsTest()
      : registry_([this] {
          return Tickets{.hot = Ticket{hot_}, .lower = {Ticket{lower_}, Ticket{deeper_}}};
        }) {}

  std::uint64_t hot_ = 10;
  std::uint64_t lower_ = 20;
  std::uint64_t deeper_ = 30;
  RunningInvalidations registry_;
};

TEST_F(RunningInvalidationsTest, WithNothingRunningTheMarkIsThePosition) {
  const Tickets mark = registry_.low_water();
  EXPECT_EQ(number(mark.hot), 10u);
  EXPECT_EQ(number(mark.lower[0]), 20u);
  EXPECT_EQ(number(mark.lower[1]), 30u);
  EXPECT_EQ(registry_.count(), 0u);
}

TEST_F(RunningInvalidationsTest, ARunningInvalidationHoldsTheMarkInEveryTier) {
  const RunningInvalidations::Guard running(registry_);
  ++hot_, ++lower_, ++deeper_;
  const Tickets mark = registry_.low_water();
  EXPECT_EQ(number(mark.hot), 10u);
  EXPECT_EQ(number(mark.lower[0]), 20u);
  EXPECT_EQ(number(mark.lower[1]), 30u);
  EXPECT_EQ(number(registry_.positions().hot), 11u);
}

TEST_F(RunningInvalidationsTest, TheOldestOfSeveralCountsUntilItEnds) {
  auto first = std::make_optional<RunningInvalidations::Guard>(registry_);
  hot_ = 11;
  auto second = std::make_optional<RunningInvalidations::Guard>(registry_);
  hot_ = 12;
  EXPECT_EQ(registry_.count(), 2u);
  EXPECT_EQ(number(registry_.low_water().hot), 10u);
  first.reset();
  EXPECT_EQ(number(registry_.low_water().hot), 11u);
  second.reset();
  EXPECT_EQ(number(registry_.low_water().hot), 12u);
}

TEST_F(RunningInvalidationsTest, ASlotIsUsedAgainWithItsOwnPositions) {
  { const RunningInvalidations::Guard running(registry_); }
  hot_ = 15;
  const RunningInvalidations::Guard running(registry_);
  hot_ = 16;
  EXPECT_EQ(number(registry_.low_water().hot), 15u);
  EXPECT_EQ(registry_.count(), 1u);
}

}  // namespace
}  // namespace strata
