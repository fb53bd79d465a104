// Two openings of one file, as two processes have them. docs/consistency.md has the rules.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/mutant.h"
#include "sqlite/shared_control.h"
#include "testkit/shared_bed.h"

namespace strata::sqlite {
namespace {

using strata::testing::Mutant;

constexpr Duration kHour = std::chrono::hours(1);

class SharedTierTest : public ::testing::Test, protected SharedBed {};

TEST_F(SharedTierTest, WhatOneFillsTheOtherServes) {
  EXPECT_EQ(bed.fill(*a, "k", "value"), FillOutcome::kStored);
  EXPECT_EQ(value_of(*b, "k"), "value");
  EXPECT_EQ(b->stats().entries + a->stats().entries, 1u);
}

TEST_F(SharedTierTest, WhatOneInvalidatesTheOtherServesNoMore) {
  bed.fill(*a, "k", "old", {tag("t")});
  EXPECT_EQ(value_of(*a, "k"), "old");
  invalidate(*b, tag("t"));
  EXPECT_EQ(value_of(*a, "k"), "-");
  bed.put(*b, "k", "new");
  EXPECT_EQ(value_of(*a, "k"), "new");
}

TEST_F(SharedTierTest, AnExpireOfOneEndsTheTtlForTheOther) {
  Record record = bed.record("k", "old", {tag("t")});
  record.lifetime.fresh_for = kHour;
  record.lifetime.keep_for = 2 * kHour;
  ASSERT_TRUE(a->fill(record, a->position(), {}).ok());
  const Label changed = tag("t");
  b->expire({&changed, 1});
  const auto found = a->get(key_of("k"), {}).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->lifetime.fresh_for, Duration::zero());
}

// Whether a load that began before another process invalidated is stored.
bool stores_late_fill(TestBed& bed, Tier& loads, Tier& invalidates) {
  const Ticket ticket = loads.position();
  const Label changed = tag("t");
  invalidates.invalidate({&changed, 1});
  (void)loads.fill(bed.record("k", "old", {tag("t")}), ticket, {});
  return value_of(invalidates, "k") == "old";
}

TEST_F(SharedTierTest, AnOlderLoadOfAnotherProcessIsRefused) {
  EXPECT_FALSE(stores_late_fill(bed, *a, *b));
  EXPECT_EQ(a->stats().refused, 1u);
  if (!strata::testing::kMutantsBuilt) return;
  strata::testing::set_mutant(Mutant::kSharedUnchecked);
  EXPECT_TRUE(stores_late_fill(bed, *a, *b));
  strata::testing::set_mutant(Mutant::kNone);
}

TEST_F(SharedTierTest, APutComparesWithWhatOthersInvalidated) {
  const Record record = bed.record("k", "old", {tag("t")});
  const Ticket ticket = a->position();
  invalidate(*b, tag("t"));
  EXPECT_EQ(a->put(key_of("k"), &record, ticket, {}).value(), FillOutcome::kRefused);
  EXPECT_EQ(value_of(*b, "k"), "-");
}

// Removals are done in slices; until then the numbers say what is a miss.
TEST_F(SharedTierTest, RowsThatAreStillToBeRemovedAreMisses) {
  constexpr int kRows = 1'500;
  for (int i = 0; i < kRows; ++i) bed.fill(*a, "k" + std::to_string(i), "old", {tag("t")});
  const std::string last = "k" + std::to_string(kRows - 1);
  EXPECT_EQ(value_of(*b, last), "old");
  invalidate(*a, tag("t"));
  EXPECT_GT(a->stats().entries, 0u);
  // First by the one that knows what it did itself: a look at the log wakes the other's upkeep.
  if (strata::testing::kMutantsBuilt) {
    strata::testing::set_mutant(Mutant::kSharedIgnoresNumbers);
    EXPECT_EQ(value_of(*a, last), "old");
    strata::testing::set_mutant(Mutant::kNone);
  }
  EXPECT_EQ(value_of(*a, last), "-");
  EXPECT_EQ(value_of(*b, last), "-");
  catch_up();
  bed.fill(*b, last, "new", {tag("t")});
  ASSERT_TRUE(b->flush({}).ok());  // another process can do what is left
  EXPECT_EQ(value_of(*a, last), "new");
  EXPECT_EQ(value_of(*a, "k7"), "-");
  ASSERT_TRUE(a->flush({}).ok());
  bed.fill(*a, "another", "value");
  EXPECT_EQ(a->stats().entries, 2u);
}

// Whether a value is served that was invalidated while nobody could write.
bool serves_what_could_not_be_invalidated(TestBed& bed, Tier& a, Tier& b) {
  bed.put(a, "k", "old", {tag("t")});
  const Label changed = tag("t");
  {
    const WriterHold hold(bed.path());
    a.invalidate({&changed, 1});
    if (value_of(b, "k") == "old" || value_of(a, "k") == "old") return true;
  }
  const Ticket ticket = b.position();
  (void)b.fill(bed.record("j", "old", {tag("t")}), ticket, {});
  return value_of(a, "k") == "old" || value_of(b, "k") == "old" || value_of(a, "j") == "old";
}

TEST_F(SharedTierTest, AnInvalidationThatCannotBeWrittenTakesEverything) {
  bed.put(*b, "other", "value");
  EXPECT_FALSE(serves_what_could_not_be_invalidated(bed, *a, *b));
  EXPECT_EQ(value_of(*b, "other"), "-");
  catch_up();
  EXPECT_EQ(bed.put(*b, "other", "again"), FillOutcome::kStored);
  EXPECT_EQ(value_of(*a, "other"), "again");
  if (!strata::testing::kMutantsBuilt) return;
  strata::testing::set_mutant(Mutant::kSharedDemandsNothing);
  EXPECT_TRUE(serves_what_could_not_be_invalidated(bed, *a, *b));
  strata::testing::set_mutant(Mutant::kNone);
}

TEST_F(SharedTierTest, TheLastToCloseLeavesAFileForASingleOwner) {
  bed.fill(*a, "k", "value", {tag("t")});
  bed.fill(*b, "j", "value", {tag("u")});
  invalidate(*a, tag("u"));
  EXPECT_EQ(bed.try_open(bed.options()).error().code, ErrorCode::kUnavailable);
  a->close({});
  EXPECT_EQ(value_of(*b, "k"), "value");
  b->close({});
  EXPECT_FALSE(std::filesystem::exists(bed.path() + ".shared"));
  auto alone = bed.open();
  EXPECT_EQ(value_of(*alone, "k"), "value");
  EXPECT_EQ(value_of(*alone, "j"), "-");
  EXPECT_EQ(bed.try_open(options()).error().code, ErrorCode::kUnavailable);
  invalidate(*alone, tag("t"));
  alone->close({});
  a = open();
  EXPECT_EQ(value_of(*a, "k"), "-");
}

TEST_F(SharedTierTest, WhatASingleOwnersJournalKnowsIsInvalidated) {
  a->close({});
  b->close({});
  auto alone = bed.open();
  bed.fill(*alone, "k", "old", {tag("t")});
  bed.fill(*alone, "j", "value");
  ASSERT_TRUE(alone->flush({}).ok());
  TestBed other;
  other.clock = bed.clock;
  {
    const WriterHold hold(bed.path());
    invalidate(*alone, tag("t"));
    for (const char* suffix : {"", "-wal", ".journal"}) {
      std::filesystem::copy_file(bed.path() + suffix, other.path() + suffix);
    }
  }
  SqliteOptions shares = options();
  shares.path = other.path();
  auto shared = other.open(shares);
  EXPECT_EQ(value_of(*shared, "k"), "-");
  EXPECT_EQ(value_of(*shared, "j"), "value");
  EXPECT_FALSE(std::filesystem::exists(other.path() + ".journal"));
}

TEST_F(SharedTierTest, AfterTheEndOfAllProcessesTheFileIsTrusted) {
  bed.fill(*a, "k", "value", {tag("t")});
  bed.fill(*a, "j", "old", {tag("u")});
  invalidate(*b, tag("u"));
  TestBed other;
  other.clock = bed.clock;
  copy_to(other);
  SqliteOptions shares = options();
  shares.path = other.path();
  auto again = other.open(shares);
  EXPECT_EQ(value_of(*again, "k"), "value");
  EXPECT_EQ(value_of(*again, "j"), "-");
}

TEST_F(SharedTierTest, AFileThatLacksCommitsStartsEmpty) {
  bed.fill(*a, "k", "value", {tag("t")});
  invalidate(*b, tag("u"));
  TestBed other;
  other.clock = bed.clock;
  copy_to(other, false);
  SqliteOptions shares = options();
  shares.path = other.path();
  EXPECT_EQ(value_of(*other.open(shares), "k"), "-");
}

TEST_F(SharedTierTest, WhatWasDemandedBeforeTheEndOfAllProcessesIsInvalidated) {
  bed.fill(*a, "k", "value", {tag("t")});
  TestBed other;
  other.clock = bed.clock;
  {
    const WriterHold hold(bed.path());
    invalidate(*a, tag("t"));
    copy_to(other);
  }
  SqliteOptions shares = options();
  shares.path = other.path();
  EXPECT_EQ(value_of(*other.open(shares), "k"), "-");
}

TEST_F(SharedTierTest, NobodyJoinsAFileOfWhichTheRecoveryDidNotEnd) {
  bed.fill(*a, "k", "value");
  SharedControl::open(bed.path() + ".shared")->set_in_recovery(true);
  EXPECT_EQ(bed.try_open(options()).error().code, ErrorCode::kUnavailable);
  TestBed other;
  other.clock = bed.clock;
  copy_to(other);
  SqliteOptions shares = options();
  shares.path = other.path();
  EXPECT_EQ(value_of(*other.open(shares), "k"), "value");  // who is alone begins anew
}

TEST_F(SharedTierTest, AnotherBootStartsEmpty) {
  bed.fill(*a, "k", "value");
  TestBed other;
  copy_to(other);
  other.clock->reboot();
  SqliteOptions shares = options();
  shares.path = other.path();
  EXPECT_EQ(value_of(*other.open(shares), "k"), "-");
}

TEST_F(SharedTierTest, ADamagedFileIsOffForAllUntilAllHaveClosedIt) {
  bed.fill(*a, "k", "value");
  SharedControl::open(bed.path() + ".shared")->report_damage();
  EXPECT_EQ(a->get(key_of("k"), {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(b->get(key_of("k"), {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(b->stats().state, TierState::kOff);
  a->close({});
  EXPECT_EQ(bed.try_open(options()).error().code, ErrorCode::kUnavailable);
  b->close({});
  a = open();
  EXPECT_EQ(a->stats().state, TierState::kDegraded);
  EXPECT_EQ(value_of(*a, "k"), "-");
  EXPECT_EQ(bed.put(*a, "k", "new"), FillOutcome::kStored);
}

TEST_F(SharedTierTest, ForgottenLabelsRefuseOldLoads) {
  a->close({});
  b->close({});
  SqliteOptions few = options();
  few.remembered_labels = 16;
  a = bed.open(few);
  const Ticket before = a->position();
  bed.fill(*a, "kept", "value", {tag("kept")});
  for (int i = 0; i < 100; ++i) invalidate(*a, tag(std::to_string(i)));
  EXPECT_EQ(a->fill(bed.record("k", "old"), before, {}).value(), FillOutcome::kRefused);
  EXPECT_EQ(value_of(*a, "kept"), "value");
  EXPECT_EQ(bed.fill(*a, "k", "new"), FillOutcome::kStored);
}

}  // namespace
}  // namespace strata::sqlite
