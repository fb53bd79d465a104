// The loop over seeds.
#include "testkit/seeds.h"

#include <gtest/gtest.h>

#include <string>

#include "strata/ports/environment.h"

namespace strata::testkit {
namespace {

int failures() {
  const auto* result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
  int count = 0;
  for (int part = 0; part < result->total_part_count(); ++part) {
    if (result->GetTestPartResult(part).failed()) ++count;
  }
  return count;
}

// Returns whether the body passed.
bool run_seed(std::uint64_t seed, const std::function<void(Random&)>& body) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed << "; rerun with STRATA_SEED=" << seed);
  const int before = failures();
  Random random(seed);
  body(random);
  return failures() == before;
}

}  // namespace

void for_each_seed(std::uint64_t count, const std::function<void(Random& random)>& body) {
  if (const auto chosen = system_environment()("STRATA_SEED")) {
    run_seed(std::stoull(*chosen), body);
    return;
  }
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    if (!run_seed(seed, body)) return;
  }
}

}  // namespace strata::testkit
