// Who is inside, who is one too many, and when those inside count as stuck.
#include "load/visits.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <utility>

#include "testkit/threads.h"

namespace strata::internal {
namespace {

using Outcome = Visits::Outcome;
using std::chrono::milliseconds;

Instant at(int ms) { return {milliseconds(ms)}; }

TEST(Visits, OneTooManyStaysOutside) {
  Visits visits(2, milliseconds(100));
  std::optional<Visits::Visit> first(std::in_place, visits, at(0));
  const Visits::Visit second(visits, at(1));
  const Visits::Visit third(visits, at(2));
  EXPECT_EQ(third.outcome(), Outcome::kFull);
  EXPECT_EQ(visits.inside(), 2u);
  first.reset();
  const Visits::Visit fourth(visits, at(3));
  EXPECT_EQ(fourth.outcome(), Outcome::kInside);
}

TEST(Visits, AreStuckWhenNoneLeavesForLong) {
  Visits visits(10, milliseconds(100));
  const Visits::Visit first(visits, at(1'000));
  const Visits::Visit second(visits, at(1'099));
  EXPECT_EQ(second.outcome(), Outcome::kInside);
  const Visits::Visit third(visits, at(1'100));
  EXPECT_EQ(third.outcome(), Outcome::kStuck);
}

TEST(Visits, WhoLeavesShowsThatTheyAreNot) {
  Visits visits(10, milliseconds(100));
  const Visits::Visit stays(visits, at(0));
  for (int ms = 50; ms <= 1'000; ms += 50) {
    Visits::Visit passes(visits, at(ms));
    ASSERT_EQ(passes.outcome(), Outcome::kInside) << ms;
    passes.leave(at(ms + 1));
  }
}

// It looked at the clock, was stopped, and comes when the others have gone.
TEST(Visits, WhoComesLateDoesNotMakeTheOthersLookStuck) {
  Visits visits(10, milliseconds(100));
  {
    Visits::Visit visit(visits, at(0));
    visit.leave(at(90));
  }
  const Visits::Visit late(visits, at(10));
  const Visits::Visit next(visits, at(150));
  EXPECT_EQ(next.outcome(), Outcome::kInside);
}

TEST(Visits, WhoComesAfterALongPauseFindsNobodyStuck) {
  Visits visits(10, milliseconds(100));
  for (int ms = 0; ms < 10'000; ms += 1'000) {
    Visits::Visit visit(visits, at(ms));
    ASSERT_EQ(visit.outcome(), Outcome::kInside) << ms;
    visit.leave(at(ms + 1));
  }
  EXPECT_EQ(visits.inside(), 0u);
}

TEST(Visits, WhoIsStuckIsForgottenAndMayLeaveLater) {
  Visits visits(1, milliseconds(100));
  Visits::Visit stuck(visits, at(0));
  {
    const Visits::Visit finder(visits, at(100));
    ASSERT_EQ(finder.outcome(), Outcome::kStuck);
  }
  Visits::Visit next(visits, at(150));
  EXPECT_EQ(next.outcome(), Outcome::kInside);
  stuck.leave(at(200));
  EXPECT_EQ(visits.inside(), 1u);
  const Visits::Visit after(visits, at(250));
  EXPECT_EQ(after.outcome(), Outcome::kStuck) << "that one left is no sign of the next";
}

TEST(Visits, OfThreadsNoMoreThanTheLimitAreInside) {
  constexpr std::size_t kMost = 3;
  Visits visits(kMost, kForever);
  std::atomic<std::size_t> inside{0};
  std::atomic<std::size_t> refused{0};
  testkit::run_threads(6, [&](std::size_t) {
    for (int i = 0; i < 1'000; ++i) {
      Visits::Visit visit(visits, at(i));
      if (visit.outcome() != Outcome::kInside) {
        ++refused;
        continue;
      }
      EXPECT_LE(++inside, kMost);
      --inside;
      visit.leave(at(i));
    }
  });
  EXPECT_EQ(visits.inside(), 0u);
}

}  // namespace
}  // namespace strata::internal
