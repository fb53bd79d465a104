// Shadows that cannot be built: once there is memory again they are what the plan says, all of
// them.
#include <gtest/gtest.h>

#include "memory/policy/controller.h"
#include "memory/policy/horizon.h"
#include "testkit/failing_allocations.h"
#include "testkit/policy_bed.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

TEST(ControllerOutOfMemory, ACurveIsRightOnceThereIsMemoryAgain) {
  constexpr std::uint64_t kKeys = 1'000;
  const long failures = testkit::fail_each_allocation([](testkit::FailingAllocations& failing) {
    LookUps counts;
    Controller controller(
        {.adapts = true, .has_curve = true, .look_ups = [&counts] { return counts; }});
    Horizon policy(&controller);
    PolicyBed bed(policy, 30);
    testkit::Random random(7);
    const auto play = [&](int requests) {
      for (int i = 0; i < requests; ++i) {
        const KeyNumber key = random.below(kKeys);
        const bool is_hit = bed.holds(key);
        ++(is_hit ? counts.hits : counts.misses);
        if (controller.samples(hash_of(key))) {
          controller.look_up("1:user::x:", {.hash = hash_of(key),
                                            .kind = is_hit ? UseKind::kHit : UseKind::kMiss});
        }
        bed.request(key);
      }
    };
    play(500);
    bed.set_bounds(500, 0);
    failing.begin();
    for (KeyNumber key = 0; key < 64; ++key) controller.offer({.hash = hash_of(key)});
    failing.end();
    play(8'000);
    const Curve curve = controller.curve();
    EXPECT_GT(curve.requests, 7'000u);
    EXPECT_NEAR(curve.points[0].hit_ratio, 0.12, 0.05);
    EXPECT_NEAR(curve.points[kOwnSize].hit_ratio, 0.47, 0.05);
    EXPECT_GT(curve.points[3].hit_ratio, 0.8) << "everything fits, but for what comes first";
    EXPECT_GT(curve.points[5].hit_ratio, 0.8);
  });
  EXPECT_GT(failures, 20);
}

}  // namespace
}  // namespace strata::memory
