// The contract of HotTier, continued: an expire ends ttls and removes nothing that is kept.
#pragma once

#include <gmock/gmock.h>

#include "contract/hot_tier_fixture.h"

namespace strata::contract {

class HotTierExpiry : public HotTierContract {
 protected:
  // Fresh for ten seconds from now on, then kept for fifty.
  FillOutcome fill_kept(EntrySpec spec) { return fill_kept(std::move(spec), tier->position()); }
  FillOutcome fill_kept(EntrySpec spec, Ticket ticket) {
    spec.fresh_until = saturating_add(clock->now(), std::chrono::seconds(10));
    spec.keep_until = saturating_add(clock->now(), std::chrono::seconds(60));
    return fill(std::move(spec), ticket);
  }
  InvalidateOutcome expire(const Labels& labels) { return tier->expire(labels); }

  // "fresh", "stale" or "-".
  std::string state(std::string_view key) {
    const EntryRef entry = tier->get(key_ref(key));
    if (!entry) return "-";
    return clock->now() < entry->fresh_until() ? "fresh" : "stale";
  }
};

TEST_P(HotTierExpiry, AnExpireEndsTheTtlOfWhatCarriesOneOfItsLabels) {
  const Labels carried{keyspace("user"), source("db"),    key_label("a"), tag("t"),
                       key_label("b"),   source("other"), everything()};
  for (const Label& label : carried) {
    SCOPED_TRACE(format_label(label));
    const auto offer = [&](Ticket ticket) {
      return fill_kept(
          {.key = "a", .group = &users, .labels = {tag("t"), key_label("b"), source("other")}},
          ticket);
    };
    const Ticket before = tier->position();
    ASSERT_EQ(offer(before), FillOutcome::kStored);
    clock->advance(std::chrono::seconds(3));

    const InvalidateOutcome outcome = expire({label});
    EXPECT_EQ(number(outcome.position), number(before) + 1);
    EXPECT_EQ(tier->position(), outcome.position);
    EXPECT_EQ(outcome.removed.value_or(1), 1u);
    const EntryRef found = tier->get(key_ref("a"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->fresh_until(), clock->now());
    EXPECT_EQ(between(clock->now(), found->keep_until()), Duration(std::chrono::seconds(50)));

    EXPECT_EQ(offer(before), FillOutcome::kRefused) << "the ticket is from before";
    EXPECT_EQ(state("a"), "stale");
    EXPECT_EQ(offer(outcome.position), FillOutcome::kStored);
    EXPECT_EQ(state("a"), "fresh");
  }
  EXPECT_EQ(tier->stats().removed(RemovalCause::kInvalidated), 0u);
}

TEST_P(HotTierExpiry, AnExpireOfLabelsThatAnEntryDoesNotCarryDoesNotConcernIt) {
  const Ticket before = tier->position();
  fill_kept({.key = "a", .group = &users, .labels = {tag("t")}});
  const InvalidateOutcome outcome =
      expire({keyspace("order"), source("other"), key_label("b"), tag("u"),
              Label(LabelKind::kSource, "t"), Label(LabelKind::kTag, "db")});
  EXPECT_EQ(outcome.removed.value_or(0), 0u);
  EXPECT_EQ(state("a"), "fresh");
  EXPECT_EQ(fill_kept({.key = "a", .group = &users, .labels = {tag("t")}}, before),
            FillOutcome::kStored);
}

TEST_P(HotTierExpiry, WhatIsKeptNoLongerThanItIsFreshIsRemovedAsExpired) {
  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(10));
  fill({.key = "a", .group = &users, .fresh_until = soon, .keep_until = soon});
  fill({.key = "b", .labels = {tag("t")}});
  EXPECT_EQ(expire({keyspace("user"), tag("t")}).removed.value_or(2), 2u);
  EXPECT_EQ(state("a") + state("b"), "--");
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), 2u);
  EXPECT_THAT(removals.take(),
              testing::UnorderedElementsAre(Removal{"a", "value", RemovalCause::kExpired},
                                            Removal{"b", "value", RemovalCause::kExpired}));
}

TEST_P(HotTierExpiry, WhatIsKeptForeverStaysForever) {
  fill({.key = "a",
        .labels = {tag("t")},
        .fresh_until = saturating_add(clock->now(), std::chrono::seconds(10)),
        .keep_until = kNever});
  expire({tag("t")});
  ASSERT_EQ(state("a"), "stale");
  EXPECT_EQ(tier->get(key_ref("a"))->keep_until(), kNever);
}

TEST_P(HotTierExpiry, ATtlThatIsOverIsNotEndedAgain) {
  fill_kept({.key = "a", .labels = {tag("t")}});
  clock->advance(std::chrono::seconds(11));
  const EntryRef held = tier->get(key_ref("a"));
  const Instant fresh_until = held->fresh_until();
  const Instant keep_until = held->keep_until();
  held->set_retry_at(kNever);
  EXPECT_EQ(expire({tag("t")}).removed.value_or(0), 0u);
  EXPECT_EQ(held->fresh_until(), fresh_until);
  EXPECT_EQ(held->keep_until(), keep_until);
  EXPECT_LE(held->retry_at(), clock->now()) << "the source may be asked again";
}

TEST_P(HotTierExpiry, AnEntryThatCarriesSeveralOfTheLabelsIsCountedOnce) {
  fill_kept({.key = "a", .group = &users, .labels = {tag("t"), tag("u")}});
  fill_kept({.key = "b", .group = &orders, .labels = {tag("u")}});
  const InvalidateOutcome outcome =
      expire({tag("t"), tag("u"), key_label("a"), keyspace("user"), everything()});
  EXPECT_EQ(number(outcome.position), 1u);
  EXPECT_EQ(outcome.removed.value_or(2), 2u);
  EXPECT_EQ(state("a") + state("b"), "stalestale");
}

TEST_P(HotTierExpiry, AnExpireOfNothingIsCounted) {
  fill_kept({.key = "a"});
  EXPECT_EQ(number(expire({}).position), 1u);
  EXPECT_EQ(state("a"), "fresh");
}

TEST_P(HotTierExpiry, AnInvalidationOfWhatWasExpiredRemovesIt) {
  fill_kept({.key = "a", .group = &users, .labels = {tag("t")}});
  expire({tag("t")});
  invalidate({tag("t")});
  EXPECT_EQ(state("a"), "-");
  fill_kept({.key = "a", .group = &users, .labels = {tag("t")}});
  invalidate({tag("t")});
  expire({tag("t")});
  EXPECT_EQ(state("a"), "-");
}

TEST_P(HotTierExpiry, TellsThatAnEntrysLabelsWereExpired) {
  const EntryRef entry = make_entry({.key = "a", .group = &users, .labels = {tag("t")}});
  for (const Label& label : {key_label("a"), source("db"), tag("t"), everything()}) {
    const Ticket ticket = tier->position();
    expire({label});
    EXPECT_TRUE(tier->invalidated_after(*entry, ticket)) << format_label(label);
  }
}

// More than any slice holds, in one posting set and in the table.
TEST_P(HotTierExpiry, AnExpireOfManyEndsThemAll) {
  constexpr int kMany = 5'000;
  for (const Label& label : {tag("t"), keyspace("user")}) {
    SCOPED_TRACE(format_label(label));
    start({});
    for (int i = 0; i < kMany; ++i) {
      const std::string key = std::to_string(i);
      if (i % 5 == 0) {
        fill({.key = key, .group = &users, .labels = {tag("t")}});
      } else {
        fill_kept({.key = key, .group = &users, .labels = {tag("t")}});
      }
      fill_kept({.key = "other" + key, .group = &orders, .labels = {tag("u")}});
    }
    EXPECT_EQ(expire({label}).removed.value_or(kMany), static_cast<std::uint64_t>(kMany));
    for (int i = 0; i < kMany; ++i) {
      ASSERT_EQ(state(std::to_string(i)), i % 5 == 0 ? "-" : "stale") << i;
      ASSERT_EQ(state("other" + std::to_string(i)), "fresh") << i;
    }
  }
}

}  // namespace strata::contract
