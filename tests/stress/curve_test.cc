// The curve while many threads use the tier, which changes its size and what it holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>

#include "memory/policy/controller.h"
#include "memory/tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/sanitizer.h"
#include "testkit/threads.h"

namespace strata::stress {
namespace {

constexpr int kSteps = STRATA_SANITIZED != 0 ? 20'000 : 300'000;
constexpr std::size_t kThreads = 4;

TEST(CurveStress, MayBeAskedForAtAnyTime) {
  const auto tier = memory_tier({.max_entries = 500, .curve = true},
                                std::make_shared<ManualClock>(), seeded_random(1));
  std::atomic<std::uint64_t> look_ups{0};
  testkit::run_threads(kThreads, [&](std::size_t number) {
    testkit::Random random(number);
    for (int step = 0; step < kSteps; ++step) {
      const std::string text = "1:k" + std::to_string(random.below(3)) +
                               "::" + std::to_string(random.below(2'000)) + ":";
      const KeyRef key{text, key_hash(text), {}};
      if (number == 0 && step % 1'000 == 0) {
        const Curve curve = tier->curve().value();
        for (const CurvePoint& point : curve.points) {
          ASSERT_GE(point.hit_ratio, 0);
          ASSERT_LE(point.hit_ratio, 1);
        }
      } else if (number == 1 && step % 5'000 == 0) {
        tier->resize(random.between(100, 3'000), 64u << 20);
      }
      look_ups.fetch_add(1, std::memory_order_relaxed);
      if (tier->get(key)) continue;
      EntryRef entry = Entry::make<int>(key, step);
      (void)tier->fill(std::move(entry), tier->position());
    }
  });
  tier->check_invariants();
  const Curve curve = tier->curve().value();
  EXPECT_GT(curve.sampled, 0u);
  EXPECT_LE(curve.requests, look_ups.load());
  EXPECT_LE(curve.keyspaces.size(), 4u);
}

// What threads could not show is counted, and the curve says how little it knows then. More threads
// than the controller has rings share them.
TEST(CurveStress, SaysWhatItKnowsThoughSamplesAreLost) {
  for (const std::size_t threads : {kThreads, 2 * memory::Controller::kRings + 3}) {
    const auto tier = memory_tier({.max_entries = 400, .curve = true},
                                  std::make_shared<ManualClock>(), seeded_random(1));
    testkit::run_threads(threads, [&](std::size_t number) {
      testkit::Random random(number);
      for (std::size_t step = 0; step < 4 * kSteps / threads; ++step) {
        const std::string text = "1:user::" + std::to_string(random.below(800)) + ":";
        const KeyRef key{text, key_hash(text), {}};
        if (tier->get(key)) continue;
        (void)tier->fill(Entry::make<std::size_t>(key, step), tier->position());
      }
    });
    const Curve curve = tier->curve().value();
    EXPECT_LE(curve.lost + curve.sampled, curve.requests + 64 * threads);
    // Of keys that are all as likely, what is kept hits.
    constexpr std::array kTruth{0.125, 0.25, 0.5, 1.0, 1.0, 1.0};
    for (std::size_t i = 0; i < kTruth.size(); ++i) {
      EXPECT_NEAR(curve.points[i].hit_ratio, kTruth[i], curve.points[i].plus_minus + 0.06) << i;
    }
    const double share = static_cast<double>(curve.lost) /
                         static_cast<double>(std::max<std::uint64_t>(1, curve.requests));
    EXPECT_GE(curve.points[0].plus_minus, 0.9 * share) << curve.lost << " lost";
  }
}

}  // namespace
}  // namespace strata::stress
