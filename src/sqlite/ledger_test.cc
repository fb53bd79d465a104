// Tests of the ledger by itself: a test plays the writer.
#include "sqlite/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sqlite/pending_bytes.h"
#include "strata/testing/manual_clock.h"
#include "testkit/seeds.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

using Kind = Operation::Kind;
using ::testing::ElementsAre;

KeyRef key_of(std::string_view text) { return {text, key_hash(text), {}}; }
LabelId id_of(std::string_view key) { return label_id(LabelKind::kKey, key); }

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }

  struct Setup {
    std::size_t max_pending_writes = 1'000;
    std::size_t max_pending_bytes = 1 << 20;
    std::size_t max_tombstones = 64;
    Duration put_wait{0};
  };
  void start(const Setup& setup) {
    ledger = std::make_unique<Ledger>(LedgerOptions{.remembered_labels = 1'000,
                                                    .max_pending_writes = setup.max_pending_writes,
                                                    .max_pending_bytes = setup.max_pending_bytes,
                                                    .max_tombstones = setup.max_tombstones,
                                                    .put_wait = setup.put_wait},
                                      LedgerStart{.position = Ticket{100}, .epoch = 9, .marks = {}},
                                      clock, Journal::make_in_memory(setup.max_tombstones));
  }
  void TearDown() override { ledger->check_invariants(); }

  static std::shared_ptr<Record> record(const std::string& key, const std::string& value,
                                        Labels labels = {}) {
    auto made = std::make_shared<Record>();
    made->key_text = key;
    made->payload = value;
    made->labels = std::move(labels);
    return made;
  }
  FillOutcome fill(const std::string& key, const std::string& value, Labels labels = {}) {
    return ledger->fill(record(key, value, std::move(labels)), id_of(key), ledger->position())
        .outcome;
  }
  FillOutcome put(const std::string& key, const std::string& value, Labels labels = {}) {
    return ledger->put(id_of(key), record(key, value, std::move(labels)), ledger->position(), {})
        .outcome;
  }
  Ticket invalidate(const Label& label) {
    const LabelId id = label.id();
    return ledger->invalidate({&id, 1});
  }

  // What is pending under `key`, "-" for a miss, "row" if the file has to be asked.
  std::string look(const std::string& key) {
    const Look found = ledger->look(id_of(key), key_of(key));
    if (found.kind == Look::Kind::kPending) return found.pending->payload;
    return found.kind == Look::Kind::kRow ? "row" : "-";
  }

  Batch take() {
    Batch batch;
    EXPECT_EQ(ledger->take(batch, {clock.now()}), Ledger::Taken::kWork);
    return batch;
  }
  void finish(Batch& batch) { ledger->finish(batch, {.number = ++commits}); }
  // "store a", "remove", ... of a batch.
  static std::vector<std::string> described(const Batch& batch) {
    static constexpr const char* kWords[] = {"skip", "store ", "touch", "remove",
                                             "end",  "drop",   "expire"};
    std::vector<std::string> words;
    for (const Operation& operation : batch.operations) {
      const bool puts = operation.kind == Operation::Kind::kStore && operation.removes;
      std::string word = puts ? "put " : kWords[static_cast<int>(operation.kind)];
      if (operation.record != nullptr) word += operation.record->payload;
      words.push_back(std::move(word));
    }
    return words;
  }

  ManualClock clock;
  std::unique_ptr<Ledger> ledger;
  std::uint64_t commits = 0;
};

TEST_F(LedgerTest, OperationsAreTakenInTheOrderOfTheirAcceptance) {
  fill("a", "1");
  invalidate(tag("t"));
  put("b", "2");
  fill("c", "3");
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("store 1", "remove", "put 2", "store 3"));
  EXPECT_EQ(batch.operations[0].number, Ticket{100});
  EXPECT_EQ(batch.operations[1].number, Ticket{101});
  EXPECT_EQ(batch.operations[2].number, Ticket{102});
  EXPECT_EQ(batch.operations[3].record->number, Ticket{102}) << "the position at its acceptance";
  EXPECT_EQ(batch.operations[3].record->epoch, 9u);
  finish(batch);
  EXPECT_TRUE(ledger->is_drained());
}

TEST_F(LedgerTest, AnAcceptedRecordIsPendingUntilItsCommitIsReported) {
  fill("a", "1");
  EXPECT_EQ(look("a"), "1");
  Batch batch = take();
  EXPECT_EQ(look("a"), "1");
  EXPECT_EQ(ledger->counts().pending_writes, 1u);
  finish(batch);
  EXPECT_EQ(look("a"), "row");
  EXPECT_EQ(ledger->counts().pending_writes, 0u);
}

TEST_F(LedgerTest, OfSeveralRecordsOfAKeyOnlyTheNewestIsWritten) {
  fill("a", "1");
  fill("a", "2");
  put("a", "3");
  put("a", "4");
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("put 4"));
  fill("a", "5");
  finish(batch);
  EXPECT_EQ(look("a"), "5") << "a newer one came while it was written";
}

TEST_F(LedgerTest, APutThatAFillReplacedStillRemovesWhatCarriesItsKey) {
  put("a", "1");
  fill("a", "2");
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("remove", "store 2"));
  EXPECT_EQ(ledger->counts().tombstones, 1u);
  finish(batch);
  EXPECT_EQ(ledger->counts().tombstones, 0u);
}

TEST_F(LedgerTest, ATombstoneStaysUntilItsLastRemovalIsCommitted) {
  Record row = *record("a", "row", {tag("t")});
  row.number = Ticket{100};
  invalidate(tag("t"));
  const Look before = ledger->look(id_of("a"), key_of("a"));
  Batch batch = take();
  const std::uint64_t operation = batch.operations[0].id;
  const std::uint64_t unfinished[] = {operation};
  EXPECT_EQ(ledger->judge(before, id_of("a"), row), Verdict::kMiss);
  ledger->finish(batch, {.number = 1, .unfinished = unfinished, .oldest_running = operation});
  EXPECT_EQ(ledger->judge(before, id_of("a"), row), Verdict::kMiss) << "it goes on";
  EXPECT_FALSE(ledger->is_drained());
  const Ledger::Finished done[] = {{tag("t").id(), operation}};
  ledger->finish_removals(done, {.number = 2});
  EXPECT_EQ(ledger->counts().tombstones, 0u);
  EXPECT_EQ(ledger->judge(before, id_of("a"), row), Verdict::kAgain);
  EXPECT_TRUE(ledger->is_drained());
}

TEST_F(LedgerTest, ALaterInvalidationKeepsTheTombstone) {
  invalidate(tag("t"));
  Batch first = take();
  invalidate(tag("t"));
  finish(first);
  EXPECT_EQ(ledger->counts().tombstones, 1u);
  Batch second = take();
  finish(second);
  EXPECT_EQ(ledger->counts().tombstones, 0u);
}

// A label that is invalidated all the time is removed once in each batch.
TEST_F(LedgerTest, EachBatchRemovesALabelOnce) {
  for (int i = 0; i < 10; ++i) invalidate(tag("t"));
  Batch batch = take();
  invalidate(tag("t"));
  const auto words = described(batch);
  EXPECT_EQ(std::count(words.begin(), words.end(), "remove"), 1);
  EXPECT_EQ(words.back(), "remove") << "the last one, behind everything that it covers";
}

TEST_F(LedgerTest, ARemovalOfEverythingIsABatchOfItsOwn) {
  fill("a", "1");
  invalidate(everything());
  fill("b", "2");
  Batch first = take();
  EXPECT_THAT(described(first), ElementsAre("store 1"));
  finish(first);
  Batch second = take();
  EXPECT_THAT(described(second), ElementsAre("remove"));
  finish(second);
  Batch third = take();
  EXPECT_THAT(described(third), ElementsAre("store 2"));
  finish(third);
}

TEST_F(LedgerTest, ManyInvalidationsOfFewLabelsDoNotPileUp) {
  start({.max_pending_writes = 10, .max_tombstones = 64});
  fill("a", "1");
  put("b", "2");
  for (int i = 0; i < 10'000; ++i) invalidate(tag(i % 2 == 0 ? "t" : "u"));
  std::size_t taken = 0;
  while (!ledger->is_drained()) {
    Batch batch = take();
    taken += batch.operations.size();
    finish(batch);
  }
  EXPECT_LT(taken, 200u);
}

TEST_F(LedgerTest, WithoutRoomFillsAreDeclinedAndPutsOnlyInvalidate) {
  start({.max_pending_writes = 2});
  EXPECT_EQ(fill("a", "1"), FillOutcome::kStored);
  EXPECT_EQ(put("b", "2"), FillOutcome::kStored);
  EXPECT_EQ(fill("c", "3"), FillOutcome::kDeclined);
  EXPECT_EQ(put("b", "4"), FillOutcome::kDeclined);
  EXPECT_EQ(look("b"), "row") << "the former one is gone";
  Record row = *record("b", "row");
  row.number = Ticket{101};
  EXPECT_EQ(ledger->judge(ledger->look(id_of("b"), key_of("b")), id_of("b"), row), Verdict::kMiss);
  EXPECT_EQ(ledger->counts().declined, 2u);
}

TEST_F(LedgerTest, BytesAreBoundedToo) {
  const std::string large(1'000, 'x');
  start({.max_pending_bytes = 2 * bytes_of(*record("a", large))});
  EXPECT_EQ(fill("a", large), FillOutcome::kStored);
  EXPECT_EQ(fill("b", large), FillOutcome::kStored);
  EXPECT_EQ(fill("c", large), FillOutcome::kDeclined);
  Batch batch = take();
  finish(batch);
  EXPECT_EQ(fill("c", large), FillOutcome::kStored);
}

TEST_F(LedgerTest, WithoutRoomInTheJournalOneTombstoneCoversEverything) {
  start({.max_tombstones = 64});
  Record row = *record("a", "row", {tag("unrelated")});
  row.number = ledger->position();
  for (int i = 0; i < 64; ++i) invalidate(tag("t" + std::to_string(i)));
  EXPECT_EQ(ledger->counts().tombstones, 64u);
  const Look look = ledger->look(id_of("a"), key_of("a"));
  EXPECT_EQ(ledger->judge(look, id_of("a"), row), Verdict::kServe);

  invalidate(tag("one more"));
  EXPECT_EQ(ledger->counts().tombstones, 1u);
  EXPECT_EQ(ledger->counts().collapses, 1u);
  EXPECT_EQ(ledger->judge(look, id_of("a"), row), Verdict::kMiss) << "a hit is lost, no more";
  EXPECT_EQ(fill("a", "new", {tag("one more")}), FillOutcome::kStored);
  EXPECT_EQ(this->look("a"), "new") << "what comes after it stays";
  EXPECT_EQ(put("b", "2"), FillOutcome::kStored);
}

TEST_F(LedgerTest, MoreLabelsThanTheJournalHoldsAreOneTombstoneForEverything) {
  std::vector<LabelId> labels;
  for (std::uint64_t i = 0; i < 1'000; ++i) labels.push_back(LabelId{i * 77});
  const Ticket before = ledger->position();
  EXPECT_EQ(number(ledger->invalidate(labels)), number(before) + 1);
  EXPECT_EQ(ledger->counts().tombstones, 1u);
}

TEST_F(LedgerTest, ATouchedRecordReplacesThePendingOne) {
  put("a", "1");
  const Lifetime longer{.fresh_for = std::chrono::hours(1), .keep_for = std::chrono::hours(2)};
  EXPECT_EQ(ledger->touch_pending(id_of("a"), key_of("a"), longer), Ledger::Touched::kDone);
  EXPECT_EQ(ledger->look(id_of("a"), key_of("a")).pending->lifetime, longer);
  EXPECT_EQ(ledger->touch_pending(id_of("b"), key_of("b"), longer), Ledger::Touched::kNotPending);
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("remove", "store 1"));
  EXPECT_EQ(batch.operations[1].record->number, Ticket{101}) << "a touch is no new value";
  finish(batch);
}

TEST_F(LedgerTest, ATouchOfARowIsKnownUntilItIsWritten) {
  Record row = *record("a", "row");
  row.number = Ticket{100};
  const Lifetime longer{.keep_for = std::chrono::hours(2)};
  const Look look = ledger->look(id_of("a"), key_of("a"));
  EXPECT_TRUE(ledger->touch_row(look, id_of("a"), std::make_shared<Record>(row), longer));
  ASSERT_TRUE(ledger->look(id_of("a"), key_of("a")).touch);
  EXPECT_EQ(ledger->look(id_of("a"), key_of("a")).touch->lifetime, longer);
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("touch"));
  finish(batch);
  EXPECT_FALSE(ledger->look(id_of("a"), key_of("a")).touch);

  invalidate(Label(LabelKind::kKey, "a"));
  EXPECT_FALSE(ledger->touch_row(look, id_of("a"), std::make_shared<Record>(row), longer))
      << "it is covered";
}

TEST_F(LedgerTest, ANewRecordTakesThePlaceOfATouch) {
  Record row = *record("a", "row");
  row.number = Ticket{100};
  ASSERT_TRUE(ledger->touch_row(ledger->look(id_of("a"), key_of("a")), id_of("a"),
                                std::make_shared<Record>(row), {}));
  fill("a", "new");
  Batch batch = take();
  EXPECT_THAT(described(batch), ElementsAre("store new"));
}

TEST_F(LedgerTest, MarksOfAnEarlierTimeAreTombstones) {
  const testkit::TempDir folder;
  // Two of one label: the process ended between writing one and clearing the other.
  const std::vector<Mark> marks{
      {tag("t").id(), Ticket{95}}, {tag("t").id(), Ticket{90}}, {tag("u").id(), Ticket{80}}};
  auto journal = Journal::make(folder.file("journal"), {.slots = 64}, marks).value();
  ledger = std::make_unique<Ledger>(LedgerOptions{.remembered_labels = 10,
                                                  .max_pending_writes = 10,
                                                  .max_pending_bytes = 1'000'000,
                                                  .max_tombstones = 64},
                                    LedgerStart{.position = Ticket{95}, .epoch = 9, .marks = marks},
                                    clock, std::move(journal));
  EXPECT_EQ(ledger->position(), Ticket{95});
  Record row = *record("a", "row", {tag("t")});
  row.number = Ticket{94};
  const Look look = ledger->look(id_of("a"), key_of("a"));
  EXPECT_EQ(ledger->judge(look, id_of("a"), row), Verdict::kMiss);
  row.number = Ticket{95};
  EXPECT_EQ(ledger->judge(look, id_of("a"), row), Verdict::kServe);
  EXPECT_EQ(fill("b", "1", {tag("t")}), FillOutcome::kStored);
  EXPECT_EQ(ledger->fill(record("c", "1"), id_of("c"), Ticket{94}).outcome, FillOutcome::kRefused)
      << "nothing is known of what was invalidated before";
  Batch batch = take();
  finish(batch);
  EXPECT_EQ(ledger->counts().tombstones, 0u);
  EXPECT_TRUE(Journal::read(folder.file("journal"))->marks.empty());
}

TEST_F(LedgerTest, WaitingForACommitEndsWhenItFails) {
  fill("a", "1");
  ledger->set_failing("the disk is on fire");
  const auto flushed = ledger->flush({clock.now()});
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code, ErrorCode::kDeadlineExceeded) << "no try failed since it began";
  Batch batch = take();
  finish(batch);
  ledger->set_failing({});
  EXPECT_TRUE(ledger->flush({}).ok());
}

TEST_F(LedgerTest, AfterItsCloseNothingIsAccepted) {
  fill("a", "1");
  ledger->close({clock.now()});
  EXPECT_TRUE(ledger->fill(record("a", "2"), id_of("a"), Ticket{100}).closed);
  EXPECT_TRUE(ledger->put(id_of("a"), nullptr, Ticket{100}, {}).closed);
  Batch batch;
  EXPECT_EQ(ledger->take(batch, {}), Ledger::Taken::kStop);
  const Ticket before = ledger->position();
  EXPECT_GT(invalidate(tag("t")), before) << "numbers go on";
}

TEST_F(LedgerTest, InvariantsHoldThroughRandomCalls) {
  testkit::for_each_seed(30, [&](testkit::Random& random) {
    start({.max_pending_writes = 12, .max_tombstones = 64});
    Batch batch;
    for (int step = 0; step < 400; ++step) {
      const std::string key = "k" + std::to_string(random.below(5));
      switch (random.below(8)) {
        case 0:
          invalidate(random.one_in(9) ? everything() : tag("t" + std::to_string(random.below(90))));
          break;
        case 1:
        case 2:
          put(key, "v", {tag("t" + std::to_string(random.below(9)))});
          break;
        case 3:
          (void)ledger->touch_pending(id_of(key), key_of(key), {});
          break;
        case 4:
          if (batch.empty()) (void)ledger->take(batch, {clock.now()});
          break;
        case 5:
          if (!batch.empty()) finish(batch);
          break;
        default:
          fill(key, "v", {tag("t" + std::to_string(random.below(9)))});
      }
      ledger->check_invariants();
    }
    do {
      finish(batch);
      (void)ledger->take(batch, {clock.now()});
    } while (!batch.empty());
    EXPECT_TRUE(ledger->is_drained());
    EXPECT_EQ(ledger->counts().tombstones, 0u);
    EXPECT_EQ(ledger->counts().pending_writes, 0u);
  });
}

}  // namespace
}  // namespace strata::sqlite
