// The contract of Tier: the fill rule, invalidations and puts. What it says of times, batches,
// scans and ends is in tier_contract_upkeep.h; of concurrency in tier_races.h; and what random
// calls must leave behind in tier_model.h.
//
// Include it in one file of a test program and instantiate TierContract there.
#pragma once

#include <gmock/gmock.h>

#include "contract/tier_fixture.h"

namespace strata::contract {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST_P(TierContract, ARecordIsReturnedAsItWasStored) {
  Record stored = make_record({.key = "1:user::42:",
                               .value = std::string("\0binary\xff", 8),
                               .group = users,
                               .labels = {tag("t"), key_label("b"), source("other")},
                               .fresh_for = std::chrono::minutes(1),
                               .keep_for = std::chrono::minutes(5)});
  stored.version = "\"etag\"";
  stored.source_last_modified = WallTime{1'234'567};
  stored.codec = 7;
  stored.schema = 8;
  stored.compression = CompressionId::kLz4;
  stored.raw_size = 1'000;
  stored.load_cost_us = 99;
  ASSERT_EQ(settled(tier->fill(stored, tier->position(), {}).value()), FillOutcome::kStored);

  std::optional<Record> found = record("1:user::42:");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, tier->position()) << "of its acceptance";
  // These two are the tier's.
  found->number = stored.number;
  found->epoch = stored.epoch;
  EXPECT_EQ(*found, stored);
}

TEST_P(TierContract, WhatWasNotStoredIsAMissAndNoError) {
  const Result<std::optional<Record>> found = tier->get(key_ref("absent"), {});
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST_P(TierContract, ARecordCarriesItsGroupItsKeyAndItsLabels) {
  const Labels carried{keyspace("user"), source("db"),    key_label("a"), tag("t"),
                       key_label("b"),   source("other"), everything()};
  for (const Label& label : carried) {
    SCOPED_TRACE(format_label(label));
    const auto offer = [&](Ticket ticket) {
      return fill(
          {.key = "a", .group = users, .labels = {tag("t"), key_label("b"), source("other")}},
          ticket);
    };
    const Ticket before = tier->position();
    ASSERT_EQ(offer(before), FillOutcome::kStored);
    ASSERT_EQ(value("a"), "value");

    const InvalidateOutcome outcome = invalidate({label});
    EXPECT_EQ(number(outcome.position), number(before) + 1);
    EXPECT_EQ(tier->position(), outcome.position);
    EXPECT_EQ(value("a"), "-");

    EXPECT_EQ(offer(before), FillOutcome::kRefused) << "the ticket is from before";
    EXPECT_EQ(value("a"), "-");
    EXPECT_EQ(offer(outcome.position), FillOutcome::kStored);
    EXPECT_EQ(value("a"), "value");
  }
}

TEST_P(TierContract, LabelsThatARecordDoesNotCarryDoNotConcernIt) {
  const Ticket before = tier->position();
  fill({.key = "a", .group = users, .labels = {tag("t")}});
  invalidate({keyspace("order"), source("other"), key_label("b"), tag("u"),
              Label(LabelKind::kSource, "t"), Label(LabelKind::kTag, "db")});
  EXPECT_EQ(value("a"), "value");
  EXPECT_EQ(fill({.key = "a", .value = "2", .group = users, .labels = {tag("t")}}, before),
            FillOutcome::kStored);
  EXPECT_EQ(value("a"), "2");
}

TEST_P(TierContract, OneInvalidationOfManyLabelsIsCountedOnce) {
  fill({.key = "a", .labels = {tag("t"), tag("u")}});
  fill({.key = "b", .labels = {tag("u")}});
  fill({.key = "c", .group = users, .labels = {tag("u")}});
  fill({.key = "d", .group = users});
  fill({.key = "e", .group = orders});
  const Ticket before = tier->position();
  const InvalidateOutcome outcome =
      invalidate({tag("t"), tag("u"), key_label("b"), keyspace("user"), tag("t")});
  EXPECT_EQ(number(outcome.position), number(before) + 1);
  for (const char* key : {"a", "b", "c", "d"}) EXPECT_EQ(value(key), "-") << key;
  EXPECT_EQ(value("e"), "value");
}

TEST_P(TierContract, AnInvalidationOfNothingIsCounted) {
  fill({.key = "a"});
  const Ticket before = tier->position();
  EXPECT_EQ(number(invalidate({}).position), number(before) + 1);
  EXPECT_EQ(value("a"), "value");
}

TEST_P(TierContract, ARefusedFillLeavesWhatIsThere) {
  const Ticket before = tier->position();
  invalidate({tag("t")});
  fill({.key = "a", .value = "new"});
  EXPECT_EQ(fill({.key = "a", .value = "old", .labels = {tag("t")}}, before),
            FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "new");
  EXPECT_EQ(tier->stats().refused, 1u);
}

TEST_P(TierContract, ATicketTooOldToTellIsRefused) {
  start({.remembered_labels = 4});
  const Ticket before = tier->position();
  for (int i = 0; i < 100; ++i) invalidate({tag("unrelated" + std::to_string(i))});
  EXPECT_EQ(fill({.key = "a"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "a"}), FillOutcome::kStored);
}

// The floor is for tickets. What is stored stays, however many labels are forgotten.
TEST_P(TierContract, ForgettingLabelsDoesNotConcernWhatIsStored) {
  start({.remembered_labels = 4});
  fill({.key = "a", .labels = {tag("t")}});
  for (int i = 0; i < 100; ++i) invalidate({tag("unrelated" + std::to_string(i))});
  EXPECT_EQ(value("a"), "value");
  invalidate({tag("t")});
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, RecordsThatCameAfterAnInvalidationStay) {
  fill({.key = "a", .value = "1", .group = users, .labels = {tag("t")}});
  invalidate({tag("t"), keyspace("user"), key_label("a")});
  fill({.key = "a", .value = "2", .group = users, .labels = {tag("t")}});
  EXPECT_EQ(value("a"), "2");
  tier->flush({}).value();
  EXPECT_EQ(value("a"), "2");
}

TEST_P(TierContract, GroupsWithTheSameLabelAreInvalidatedTogether) {
  fill({.key = "a", .group = users});
  fill({.key = "b", .group = orders});
  fill({.key = "c", .group = users_again});
  fill({.key = "d"});
  invalidate({keyspace("user")});
  EXPECT_EQ(value("a") + value("b") + value("c") + value("d"), "-value-value");
  invalidate({source("db")});
  EXPECT_EQ(value("b"), "-");
  EXPECT_EQ(value("d"), "value");
}

TEST_P(TierContract, AReplacedRecordTakesItsLabelsAlong) {
  fill({.key = "a", .value = "1", .group = users, .labels = {tag("t"), tag("u")}});
  fill({.key = "a", .value = "2", .group = orders, .labels = {tag("u"), tag("v")}});
  EXPECT_EQ(value("a"), "2");
  invalidate({tag("t"), keyspace("user")});
  EXPECT_EQ(value("a"), "2") << "only the record before it carried them";
  invalidate({tag("v")});
  EXPECT_EQ(value("a"), "-") << "and the one before it does not come back";
  tier->flush({}).value();
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, TheSameLabelTwiceIsOne) {
  fill({.key = "a", .group = users, .labels = {tag("t"), tag("t"), source("db")}});
  EXPECT_EQ(value("a"), "value");
  invalidate({tag("t")});
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, APutCountsAsAnInvalidationOfItsKey) {
  fill({.key = "derived", .labels = {key_label("a")}});
  const Ticket before = tier->position();
  EXPECT_EQ(put({.key = "a", .value = "1"}), FillOutcome::kStored);
  EXPECT_EQ(number(tier->position()), number(before) + 1);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("derived"), "-") << "it was computed from an older value";
  EXPECT_EQ(fill({.key = "a", .value = "old"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "derived", .labels = {key_label("a")}}, before), FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "1");
}

TEST_P(TierContract, APutIsRefusedWhenItsLabelsWereInvalidatedByOthers) {
  for (const Label& label : {key_label("a"), tag("t"), keyspace("user"), everything()}) {
    SCOPED_TRACE(format_label(label));
    ASSERT_EQ(put({.key = "a", .value = "former"}), FillOutcome::kStored);
    const Ticket ticket = tier->position();
    invalidate({label});
    fill({.key = "a", .value = "between"});
    EXPECT_EQ(put({.key = "a", .value = "late", .group = users, .labels = {tag("t")}}, ticket),
              FillOutcome::kRefused);
    EXPECT_EQ(value("a"), "-") << "whatever was there may be older than the put";
  }
}

TEST_P(TierContract, OfTwoPutsWithTheSameTicketTheSecondIsRefused) {
  const Ticket ticket = tier->position();
  EXPECT_EQ(put({.key = "a", .value = "1"}, ticket), FillOutcome::kStored);
  EXPECT_EQ(put({.key = "a", .value = "2"}, ticket), FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(put({.key = "a", .value = "3"}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "3");
}

TEST_P(TierContract, APutThatCarriesItsOwnKeyStays) {
  EXPECT_EQ(put({.key = "a", .value = "1", .labels = {key_label("a")}}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(put({.key = "a", .value = "2", .labels = {key_label("a")}}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "2");
  tier->flush({}).value();
  EXPECT_EQ(value("a"), "2");
  erase("a");
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, APutRemovesWhatWasComputedFromItsKeyAndNothingElse) {
  fill({.key = "derived", .labels = {tag("t"), key_label("a")}});
  fill({.key = "other", .labels = {key_label("b")}});
  put({.key = "a", .value = "1"});
  fill({.key = "again", .labels = {key_label("a")}});
  put({.key = "c", .value = "1"});
  EXPECT_EQ(value("derived"), "-");
  EXPECT_EQ(value("other"), "value");
  EXPECT_EQ(value("again"), "value") << "it came after the put";
  tier->flush({}).value();
  EXPECT_EQ(value("derived"), "-");
  EXPECT_EQ(value("other"), "value");
  EXPECT_EQ(value("again"), "value");
}

TEST_P(TierContract, AnEraseRemovesWhatIsThereAndRefusesOlderFills) {
  const Ticket before = tier->position();
  fill({.key = "a"});
  fill({.key = "derived", .labels = {key_label("a")}});
  erase("a");
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(value("derived"), "-");
  EXPECT_EQ(fill({.key = "a"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "a"}), FillOutcome::kStored);
  const Ticket between = tier->position();
  erase("absent");
  EXPECT_EQ(fill({.key = "absent"}, between), FillOutcome::kRefused);
}

TEST_P(TierContract, APutTooLargeForTheTierStillReplacesTheFormerRecord) {
  start({.max_bytes = 1u << 20});
  const std::string huge(2u << 20, 'x');
  fill({.key = "a", .value = "former"});
  EXPECT_EQ(put({.key = "a", .value = huge}), FillOutcome::kDeclined);
  EXPECT_EQ(value("a"), "-");
  fill({.key = "b", .value = "former"});
  EXPECT_EQ(fill({.key = "b", .value = huge}), FillOutcome::kDeclined);
  EXPECT_EQ(value("b"), "former") << "a fill replaces nothing that is wrong";
  EXPECT_EQ(tier->stats().declined, 2u);
}

TEST_P(TierContract, KeysWithTheSameTextNeverAnswerForEachOther) {
  const std::string text = "1:user::42:#0123456789abcdef0123456789abcdef";
  ASSERT_EQ(fill({.key = text, .value = "1", .long_params = "p=1"}), FillOutcome::kStored);
  EXPECT_TRUE(tier->get(key_ref(text, "p=1"), {}).value());
  ASSERT_EQ(fill({.key = text, .value = "2", .labels = {tag("t")}, .long_params = "p=2"}),
            FillOutcome::kStored);
  const auto second = tier->get(key_ref(text, "p=2"), {}).value();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->payload, "2");
  const auto first = tier->get(key_ref(text, "p=1"), {}).value();
  EXPECT_TRUE(!first || first->payload == "1");
  EXPECT_FALSE(tier->get(key_ref(text), {}).value());
}

TEST_P(TierContract, NegativeRecordsAreKeptLikeOthers) {
  Record negative = make_record({.key = "a", .value = "", .group = users});
  negative.negative = true;
  EXPECT_EQ(settled(tier->fill(negative, tier->position(), {}).value()), FillOutcome::kStored);
  const auto found = record("a");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->negative);
  invalidate({source("db")});
  EXPECT_FALSE(record("a"));
}

TEST_P(TierContract, EmptyAndLargeValuesComeBackWhole) {
  std::string large(1u << 20, '\0');
  for (std::size_t at = 0; at < large.size(); ++at) large[at] = static_cast<char>(at * 7 >> 3);
  fill({.key = "empty", .value = ""});
  fill({.key = "large", .value = large});
  ASSERT_TRUE(record("empty"));
  EXPECT_EQ(value("empty"), "");
  EXPECT_TRUE(value("large") == large);
  fill({.key = "large", .value = "small"});
  EXPECT_EQ(value("large"), "small");
}

}  // namespace strata::contract
