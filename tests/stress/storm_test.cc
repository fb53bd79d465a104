// An invalidation storm: correct in both directions, and what remains is in proportion to what is
// left. STRATA_STORM_ENTRIES says how many entries, and so how many invalidations.
#include "stress/storm.h"

#include <gtest/gtest.h>

#include <iostream>

#include "core/mutant.h"
#include "memory/tier.h"
#include "strata/ports/environment.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"

namespace strata::stress {
namespace {

constexpr std::uint32_t kEntries = STRATA_SANITIZED != 0 ? 5'000 : 20'000;

std::uint32_t entries() {
  const auto text = system_environment()("STRATA_STORM_ENTRIES");
  return text ? static_cast<std::uint32_t>(std::stoul(*text)) : kEntries;
}

TEST(Storm, NothingInvalidatedIsServedAndNothingElseIsLost) {
  const std::uint32_t count = entries();
  Storm storm({.entries = count, .invalidations = count});
  const StormResult result = storm.run();
  EXPECT_EQ(result.wrong, "");
  EXPECT_GE(result.invalidations, count);
  EXPECT_GT(result.removed, count);
  EXPECT_GT(result.reads, 0U);
  std::cout << result.invalidations << " invalidations in " << result.rounds << " rounds, "
            << result.removed << " entries removed, " << result.reads << " reads meanwhile\n";
  storm.tier().check_invariants();
  storm.tier().invalidate(std::vector<Label>{everything()});
  const auto sizes = dynamic_cast<memory::MemoryTier&>(storm.tier()).sizes();
  EXPECT_EQ(sizes.residents, 0U);
  EXPECT_EQ(sizes.labels, 0U);
  EXPECT_EQ(sizes.postings, 0U);
}

TEST(Storm, ATagThatForgetsAnEntryWouldBeFound) {
  strata::testing::set_mutant(strata::testing::Mutant::kPostingForgotten);
  Storm storm({.entries = kEntries, .invalidations = kEntries});
  const StormResult result = storm.run();
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_NE(result.wrong, "");
  testkit::Reliability("R13", "keys and tags are invalidated while others read")
      .found("posting-forgotten", result.rounds);
}

}  // namespace
}  // namespace strata::stress
