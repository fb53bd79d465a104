// Tests of the switch for mutants.
#include "core/mutant.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace strata::testing {
namespace {

#if defined(STRATA_MUTANTS)

TEST(Mutant, NamesAreKebabCaseAndDiffer) {
  EXPECT_EQ(mutant_name(Mutant::kNone), "none");
  EXPECT_EQ(mutant_name(Mutant::kLateTicket), "late-ticket");
  std::set<std::string_view> names;
  for (int index = 0; index < static_cast<int>(Mutant::kCount); ++index) {
    const std::string_view name = mutant_name(static_cast<Mutant>(index));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
  }
}

TEST(Mutant, IsFoundByItsName) {
  for (int index = 0; index < static_cast<int>(Mutant::kCount); ++index) {
    const auto mutant = static_cast<Mutant>(index);
    EXPECT_EQ(find_mutant(mutant_name(mutant)), mutant);
  }
  EXPECT_EQ(find_mutant("kLateTicket"), std::nullopt);
  EXPECT_EQ(find_mutant(""), std::nullopt);
}

TEST(Mutant, OneIsOnAtATime) {
  EXPECT_FALSE(STRATA_MUTANT(kLateTicket));
  set_mutant(Mutant::kLateTicket);
  EXPECT_TRUE(STRATA_MUTANT(kLateTicket));
  EXPECT_FALSE(STRATA_MUTANT(kNoTickets));
  EXPECT_FALSE(STRATA_MUTANT(kNone));
  set_mutant(Mutant::kNone);
  EXPECT_FALSE(STRATA_MUTANT(kLateTicket));
}

#else

TEST(Mutant, AreNeverOnInBuildsWithoutThem) {
  set_mutant(Mutant::kLateTicket);
  EXPECT_FALSE(STRATA_MUTANT(kLateTicket));
  EXPECT_FALSE(kMutantsBuilt);
}

#endif

}  // namespace
}  // namespace strata::testing
