// The protocol's rules, each with what happens without it: a schedule that ends well, and with
// the mutant badly. What the schedules do is in docs/consistency.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/mutant.h"
#include "testkit/script.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

using strata::testing::Mutant;
using testkit::Script;

// Each schedule returns whether something was served that must not be, or lost that must not be.

bool late_fill() {
  TestBed bed;
  const auto tier = bed.open();
  const Ticket ticket = tier->position();
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  (void)tier->fill(bed.record("k", "old", {tag("t")}), ticket, {});
  return value_of(*tier, "k") == "old";
}

bool invalidation_between_comparing_and_accepting() {
  TestBed bed;
  const auto tier = bed.open();
  Script script;
  const Ticket ticket = tier->position();
  script.actor("fill", [&] { (void)tier->fill(bed.record("k", "old", {tag("t")}), ticket, {}); });
  script.run_to("fill", "sqlite.fill.compared");
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  script.finish("fill");
  return value_of(*tier, "k") == "old";
}

bool read_before_the_removal_is_committed() {
  TestBed bed;
  const auto tier = bed.open();
  bed.fill(*tier, "k", "old", {tag("t")});
  tier->flush({}).value();
  const WriterHold hold(bed.path());
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  return value_of(*tier, "k") == "old";
}

bool tombstone_retired_under_a_read() {
  TestBed bed;
  const auto tier = bed.open();
  bed.fill(*tier, "k", "old", {tag("t")});
  tier->flush({}).value();
  Script script;
  std::string seen;
  script.actor("read", [&] { seen = value_of(*tier, "k"); });
  WriterHold hold(bed.path());
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  script.run_to("read", "sqlite.read.selected");
  hold.release();
  wait_until([&] { return tier->stats().tombstones == 0; });
  script.finish("read");
  return seen == "old";
}

bool pending_write_committed_under_a_read() {
  TestBed bed;
  const auto tier = bed.open();
  bed.put(*tier, "k", "old");
  tier->flush({}).value();
  Script script;
  std::string seen;
  script.actor("read", [&] { seen = value_of(*tier, "k"); });
  WriterHold hold(bed.path());
  bed.put(*tier, "k", "new");
  script.run_to("read", "sqlite.read.selected");
  hold.release();
  wait_until([&] { return tier->stats().pending_writes == 0; });
  script.finish("read");
  return seen == "old";
}

bool put_behind_a_tombstone() {
  TestBed bed;
  const auto tier = bed.open();
  bed.put(*tier, "k", "old", {tag("t")});
  tier->flush({}).value();
  WriterHold hold(bed.path());
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  bed.put(*tier, "k", "new", {tag("t")});
  const bool is_hidden = value_of(*tier, "k") != "new";
  hold.release();
  wait_until([&] { return tier->stats().tombstones == 0; });
  return is_hidden || value_of(*tier, "k") != "new";
}

bool put_that_began_before_an_invalidation() {
  TestBed bed;
  const auto tier = bed.open();
  const Ticket ticket = tier->position();
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  const Record record = bed.record("k", "old", {tag("t")});
  (void)tier->put(key_of("k"), &record, ticket, {});
  return value_of(*tier, "k") == "old";
}

bool fill_that_waits_for_the_writer() {
  TestBed bed;
  const auto tier = bed.open();
  const WriterHold hold(bed.path());
  const Ticket ticket = tier->position();
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  // The writer has taken the removal and cannot write it, so the fill waits behind it.
  wait_until([&] { return tier->stats().errors > 0; });
  (void)tier->fill(bed.record("k", "old", {tag("t")}), ticket, {});
  return value_of(*tier, "k") == "old";
}

bool crash_before_the_removal_is_committed() {
  TestBed bed;
  const auto tier = bed.open();
  bed.put(*tier, "k", "old", {tag("t")});
  bed.put(*tier, "l", "old");
  tier->flush({}).value();
  WriterHold hold(bed.path());
  const Label changed = tag("t");
  tier->invalidate({&changed, 1});
  bed.put(*tier, "l", "new");
  TestBed later;
  const auto again = bed.open_after_crash(later);
  hold.release();
  return value_of(*again, "k") == "old" || value_of(*again, "l") == "old";
}

struct Rule {
  const char* name;
  bool (*ends_badly)();
  std::vector<Mutant> mutants;
};

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

class SqliteRules : public ::testing::TestWithParam<Rule> {
 protected:
  void TearDown() override { testing::set_mutant(Mutant::kNone); }
};

TEST_P(SqliteRules, EndsWell) { EXPECT_FALSE(GetParam().ends_badly()); }

TEST_P(SqliteRules, EndsBadlyWithoutTheRule) {
  for (const Mutant mutant : GetParam().mutants) {
    testing::set_mutant(mutant);
    EXPECT_TRUE(GetParam().ends_badly()) << testing::mutant_name(mutant);
  }
}

const auto kRules = ::testing::Values(
    Rule{"AFillIsCompared", late_fill, {Mutant::kNoTickets, Mutant::kSqliteFillUnchecked}},
    Rule{"ComparingAndAcceptingAreOneStep",
         invalidation_between_comparing_and_accepting,
         {Mutant::kSqliteCheckThenAct}},
    Rule{"ATombstoneCoversTheRemoval",
         read_before_the_removal_is_committed,
         {Mutant::kNoTombstone, Mutant::kTombstoneByReaderStart}},
    Rule{"ReadsSeeThatTombstonesWereRetired",
         tombstone_retired_under_a_read,
         {Mutant::kNoRetiredCounter}},
    Rule{"PendingWritesAreLookedAtFirst",
         pending_write_committed_under_a_read,
         {Mutant::kPendingAfterSelect}},
    Rule{"ATombstoneCoversOnlyWhatIsOlder",
         put_behind_a_tombstone,
         {Mutant::kTombstoneWithoutNumber}},
    Rule{"APutIsCompared", put_that_began_before_an_invalidation, {Mutant::kPutUnconditional}},
    Rule{"AFillIsComparedBeforeItIsVisible",
         fill_that_waits_for_the_writer,
         {Mutant::kPendingUnchecked}},
    Rule{"TombstonesAreInTheJournal", crash_before_the_removal_is_committed, {Mutant::kNoJournal}});

INSTANTIATE_TEST_SUITE_P(Each, SqliteRules, kRules,
                         [](const auto& rule) { return std::string(rule.param.name); });

}  // namespace
}  // namespace strata::sqlite
