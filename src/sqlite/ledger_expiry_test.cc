// Tests of soft tombstones: in the ledger by itself, and over the end of the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sqlite/ledger.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

using std::chrono::minutes;
using Kind = Operation::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SoftTombstones : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override { ledger->check_invariants(); }

  void start(std::span<const Mark> marks, std::size_t max_tombstones = 8) {
    auto journal = Journal::make(folder.file("journal"),
                                 {.owner = {.epoch = 9}, .slots = max_tombstones}, marks);
    ledger = std::make_unique<Ledger>(LedgerOptions{.remembered_labels = 1'000,
                                                    .max_pending_writes = 100,
                                                    .max_pending_bytes = 1 << 20,
                                                    .max_tombstones = max_tombstones},
                                      LedgerStart{Ticket{100}, 9, marks}, clock,
                                      std::move(journal).value());
  }
  // A row that was accepted with the number of now.
  Record row(const std::string& key, Labels labels) {
    Record made;
    made.key_text = key;
    made.labels = std::move(labels);
    made.number = ledger->position();
    made.lifetime = {.written_since_boot = clock.now().since_boot,
                     .boot_id = clock.boot_id(),
                     .fresh_for = minutes(10),
                     .keep_for = minutes(60)};
    return made;
  }
  Ticket expire(const Label& label) {
    const LabelId id = label.id();
    return ledger->expire({&id, 1});
  }
  Ticket invalidate(const Label& label) {
    const LabelId id = label.id();
    return ledger->invalidate({&id, 1});
  }
  // What is left of the row's life beyond its ttl in minutes, "fresh", or "-".
  std::string judged(Record row) {
    const LabelId label = label_id(LabelKind::kKey, row.key_text);
    const Look look = ledger->look(label, key_of(row.key_text));
    if (ledger->judge(look, label, row) != Verdict::kServe) return "-";
    const Remaining left = remaining(row.lifetime, clock.now(), clock.wall_now(), clock.boot_id());
    if (left.fresh > Duration::zero()) return "fresh";
    return std::to_string(std::chrono::duration_cast<minutes>(left.kept).count());
  }
  std::vector<Mark> marks() const { return Journal::read(folder.file("journal"))->marks; }
  Batch take() {
    Batch batch;
    EXPECT_EQ(ledger->take(batch, {clock.now()}), Ledger::Taken::kWork);
    return batch;
  }
  static std::vector<Kind> kinds(const Batch& batch) {
    std::vector<Kind> found;
    for (const Operation& operation : batch.operations) found.push_back(operation.kind);
    return found;
  }

  testkit::TempDir folder;
  ManualClock clock;
  std::unique_ptr<Ledger> ledger;
};

TEST_F(SoftTombstones, EndsTheTtlOfOlderRowsUntilItsCommit) {
  const Record old = row("a", {tag("t")});
  clock.advance(minutes(2));
  expire(tag("t"));
  const Record later = row("b", {tag("t")});
  EXPECT_EQ(judged(old), "50");
  EXPECT_EQ(judged(later), "fresh");
  EXPECT_EQ(judged(row("c", {tag("u")})), "fresh");
  clock.advance(minutes(2));
  EXPECT_EQ(judged(old), "48") << "it goes on from the call";
  Batch batch = take();
  EXPECT_THAT(kinds(batch), ElementsAre(Kind::kEnd));
  EXPECT_EQ(judged(old), "48");
  EXPECT_EQ(marks().size(), 1u);
  ledger->finish(batch, {.number = 1});
  EXPECT_EQ(judged(old), "fresh") << "rows say it by themselves from now on";
  EXPECT_EQ(ledger->counts().tombstones, 0u);
  EXPECT_THAT(marks(), IsEmpty());
}

TEST_F(SoftTombstones, ReadsThatItsRetirementOvertakesBeginAgain) {
  Record old = row("a", {tag("t")});
  expire(tag("t"));
  const LabelId label = label_id(LabelKind::kKey, "a");
  const Look look = ledger->look(label, key_of("a"));
  Batch batch = take();
  ledger->finish(batch, {.number = 1});
  EXPECT_EQ(ledger->judge(look, label, old), Verdict::kAgain);
}

TEST_F(SoftTombstones, AHardOneTakesItsPlaceAndAnEarlierOneStays) {
  const Record first = row("a", {tag("t")});
  invalidate(tag("t"));
  const Record second = row("b", {tag("t")});
  expire(tag("t"));
  EXPECT_EQ(judged(first), "-");
  EXPECT_EQ(judged(second), "50");
  EXPECT_EQ(marks().size(), 2u);
  const Ticket last = invalidate(tag("t"));
  EXPECT_EQ(judged(second), "-");
  ASSERT_EQ(marks().size(), 1u);
  EXPECT_EQ(marks().front().number, last);
  Batch batch = take();
  EXPECT_THAT(kinds(batch), ElementsAre(Kind::kSkip, Kind::kRemove))
      << "the end of the ttl is not worth the work";
  ledger->finish(batch, {.number = 1});
  EXPECT_EQ(ledger->counts().tombstones, 0u);
  EXPECT_THAT(marks(), IsEmpty());
}

TEST_F(SoftTombstones, OneOfEverythingHardReplacesThemAllAndASoftOneNone) {
  const Record old = row("a", {tag("t")});
  expire(tag("t"));
  clock.advance(minutes(5));
  expire(everything());
  EXPECT_EQ(ledger->counts().tombstones, 2u);
  EXPECT_EQ(judged(old), "45") << "since the first";
  EXPECT_EQ(judged(row("b", {})), "fresh");
  invalidate(everything());
  EXPECT_EQ(ledger->counts().tombstones, 1u);
  EXPECT_EQ(judged(old), "-");
}

// What came between the two is kept from the first one's time on.
TEST_F(SoftTombstones, OfTwoThatAreNotCommittedTheFirstTimeCounts) {
  const Record old = row("a", {tag("t")});
  expire(tag("t"));
  clock.advance(minutes(3));
  const Record between = row("b", {tag("t")});
  clock.advance(minutes(3));
  expire(tag("t"));
  EXPECT_EQ(judged(old), "44");
  EXPECT_EQ(judged(between), "47");
  Batch batch = take();
  EXPECT_THAT(kinds(batch), ElementsAre(Kind::kSkip, Kind::kEnd));
  EXPECT_EQ(batch.operations[1].end.now, ManualClock::kStart);
  ledger->finish(batch, {.number = 1});
  EXPECT_EQ(ledger->counts().tombstones, 0u);
}

TEST_F(SoftTombstones, WithoutRoomOneForEverythingReplacesTheSoftOnesOnly) {
  start({}, 4);
  const Record wrong = row("a", {tag("t")});
  invalidate(tag("t"));
  const Record other = row("b", {tag("other")});
  for (int i = 0; i < 4; ++i) expire(tag("u" + std::to_string(i)));
  EXPECT_EQ(ledger->counts().collapses, 1u);
  EXPECT_EQ(ledger->counts().tombstones, 2u);
  EXPECT_EQ(judged(wrong), "-");
  EXPECT_EQ(judged(other), "50") << "out of time, though nobody asked for it; but not lost";
  for (int i = 0; i < 20; ++i) expire(tag("u" + std::to_string(i % 7)));
  ledger->check_invariants();
  EXPECT_EQ(judged(wrong), "-");
}

TEST_F(SoftTombstones, ManyExpiresOfOneLabelDoNotFillTheQueue) {
  for (int i = 0; i < 100'000; ++i) expire(tag("t"));
  Batch batch = take();
  EXPECT_LE(batch.operations.size(), 1'000u);
  EXPECT_EQ(ledger->counts().tombstones, 1u);
}

// A row and its touch have the same number, so a touch of what is covered is accepted anew.
TEST_F(SoftTombstones, ATouchOfACoveredRowIsANewAcceptanceOfTheNewestRecord) {
  const Record old = row("a", {tag("t")});
  const LabelId label = label_id(LabelKind::kKey, "a");
  const Ticket raised = expire(tag("t"));
  Look look = ledger->look(label, key_of("a"));
  // A newer record becomes a row meanwhile.
  (void)ledger->fill(std::make_shared<Record>(row("a", {})), label, ledger->position());
  EXPECT_FALSE(ledger->touch_row(look, label, std::make_shared<Record>(old), {}));
  Batch batch = take();
  ledger->finish(batch, {.number = 1, .unfinished = std::vector{batch.operations[0].id}});
  EXPECT_FALSE(ledger->touch_row(look, label, std::make_shared<Record>(old), {}));

  look = ledger->look(label, key_of("a"));
  EXPECT_TRUE(ledger->touch_row(look, label, std::make_shared<Record>(old), {}));
  look = ledger->look(label, key_of("a"));
  ASSERT_EQ(look.kind, Look::Kind::kPending);
  EXPECT_EQ(look.pending->number, raised);
  EXPECT_FALSE(look.end);
}

// An invalidation that comes while a touch copies the record: stored behind its removal, the copy
// would be served again.
TEST_F(SoftTombstones, ATouchOfAPendingRecordLooksAgainWhetherItIsCovered) {
  const LabelId label = label_id(LabelKind::kKey, "a");
  (void)ledger->fill(std::make_shared<Record>(row("a", {tag("t")})), label, ledger->position());
  expire(tag("t"));
  const Lifetime longer{.fresh_for = minutes(5)};
  EXPECT_EQ(ledger->touch_pending(label, key_of("a"), longer), Ledger::Touched::kDone);
  EXPECT_FALSE(ledger->look(label, key_of("a")).end);
  invalidate(tag("t"));
  EXPECT_EQ(ledger->touch_pending(label, key_of("a"), longer), Ledger::Touched::kMiss);
  Batch batch = take();
  EXPECT_EQ(batch.operations.back().kind, Kind::kRemove);
}

// Several marks of a label, in whatever slots they are, are what the highest of them says.
TEST_F(SoftTombstones, TheHighestOfALabelsMarksCounts) {
  const LabelId t = tag("t").id();
  for (const std::vector<Mark>& left :
       {std::vector<Mark>{{t, Ticket{40}}, {t, Ticket{70}}, {tag("u").id(), Ticket{50}}},
        std::vector<Mark>{{t, Ticket{70}}, {tag("u").id(), Ticket{50}}, {t, Ticket{40}}}}) {
    start(left);
    Record between = row("a", {tag("t")});
    between.number = Ticket{60};
    EXPECT_EQ(judged(between), "-");
    ASSERT_EQ(marks().size(), 2u);
    for (const Mark& mark : marks()) EXPECT_EQ(mark.number, Ticket{mark.label == t ? 70u : 50u});
    Batch batch = take();
    std::vector<Ticket> numbers;
    for (const Operation& operation : batch.operations) {
      if (operation.kind == Kind::kRemove) numbers.push_back(operation.number);
    }
    EXPECT_THAT(numbers, ElementsAre(Ticket{50}, Ticket{70}));
  }
}

class SoftTombstonesOfATier : public ::testing::Test {
 protected:
  static void expire(Tier& tier, const Label& label) { tier.expire({&label, 1}); }
  Record kept(const std::string& key, const std::string& value, Labels labels) const {
    Record made = bed.record(key, value, std::move(labels));
    made.lifetime.fresh_for = minutes(10);
    made.lifetime.keep_for = minutes(60);
    return made;
  }
  void fill(Tier& tier, const Record& record) {
    ASSERT_EQ(tier.fill(record, tier.position(), {}).value(), FillOutcome::kStored);
  }
  bool is_fresh(Tier& tier, const std::string& key) const {
    const auto found = tier.get(key_of(key), {}).value();
    return found &&
           remaining(found->lifetime, bed.clock->now(), bed.clock->wall_now(), bed.clock->boot_id())
                   .fresh > Duration::zero();
  }
  TestBed bed;
};

TEST_F(SoftTombstonesOfATier, WhatWasNotCommittedWhenTheProcessEndedIsForgotten) {
  const auto tier = bed.open();
  fill(*tier, kept("a", "1", {tag("t")}));
  fill(*tier, kept("b", "2", {tag("u")}));
  tier->flush({}).value();
  WriterHold hold(bed.path());
  expire(*tier, tag("t"));
  EXPECT_EQ(value_of(*tier, "a"), "1");
  TestBed later;
  const auto again = bed.open_after_crash(later);
  hold.release();
  EXPECT_EQ(value_of(*again, "a"), "-");
  EXPECT_EQ(value_of(*again, "b"), "2");
  tier->flush({}).value();
  TestBed last;
  const auto committed = bed.open_after_crash(last);
  EXPECT_EQ(value_of(*committed, "a"), "1");
  EXPECT_FALSE(is_fresh(*committed, "a"));
}

// A slice decodes so many bytes at most, so it ends in the middle of what it has found.
TEST_F(SoftTombstonesOfATier, LargeRecordsAreEndedInSlicesOfTheirOwn) {
  SqliteOptions options = bed.options();
  options.max_bytes = 256u << 20;
  const auto tier = bed.open(options);
  constexpr int kMany = 20;
  for (int i = 0; i < kMany; ++i) {
    fill(*tier, kept(std::to_string(i), std::string(1'000'000, 'x'), {tag("t")}));
    tier->flush({}).value();
  }
  for (const Label& label : {tag("t"), keyspace("space"), everything()}) {
    expire(*tier, label);
    tier->flush({}).value();
    EXPECT_EQ(tier->stats().tombstones, 0u);
    for (int i = 0; i < kMany; ++i) ASSERT_FALSE(is_fresh(*tier, std::to_string(i))) << i;
    for (int i = 0; i < kMany; ++i) {
      Record renewed = kept(std::to_string(i), std::string(1'000'000, 'y'), {tag("t")});
      fill(*tier, renewed);
      tier->flush({}).value();
    }
  }
}

TEST_F(SoftTombstonesOfATier, AStepOfTheWallClockDoesNotMakeARecordOfAnotherBootFreshAgain) {
  auto tier = bed.open();
  fill(*tier, kept("a", "1", {tag("t")}));
  tier->close({});
  bed.clock->reboot();
  tier = bed.open();
  ASSERT_TRUE(is_fresh(*tier, "a"));
  expire(*tier, tag("t"));
  bed.clock->step_wall(-std::chrono::minutes(1));
  EXPECT_FALSE(is_fresh(*tier, "a"));
  tier->flush({}).value();
  EXPECT_FALSE(is_fresh(*tier, "a"));
  EXPECT_EQ(value_of(*tier, "a"), "1");
}

}  // namespace
}  // namespace strata::sqlite
