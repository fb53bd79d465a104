// The contract of HotTier: the fill rule, invalidations and puts. What it says of bounds, times
// and batches is in hot_tier_contract_upkeep.h; of concurrency in hot_tier_races.h.
//
// Include it in one file of a test program and instantiate HotTierContract there.
#pragma once

#include <gmock/gmock.h>

#include "contract/hot_tier_fixture.h"

namespace strata::contract {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_P(HotTierContract, AFilledEntryIsReturnedUntilItIsRemoved) {
  EXPECT_EQ(fill({.key = "a", .value = "1", .group = &users}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("b"), "-");
  erase("a");
  EXPECT_EQ(value("a"), "-");
}

TEST_P(HotTierContract, APeekSeesWhatAGetSeesAndIsNotCounted) {
  fill({.key = "a", .value = "1", .group = &users});
  const TierStats before = tier->stats();
  const auto peek = [&](std::string_view key) { return tier->peek({key, key_hash(key), {}}); };
  ASSERT_TRUE(peek("a"));
  EXPECT_EQ(peek("a")->key_text(), "a");
  EXPECT_FALSE(peek("b"));
  invalidate({keyspace("user")});
  EXPECT_FALSE(peek("a"));
  EXPECT_EQ(tier->stats().hits, before.hits);
  EXPECT_EQ(tier->stats().misses, before.misses);
}

TEST_P(HotTierContract, AVisitIsAGetInPlaceAndMayUseTheTier) {
  fill({.key = "a", .value = "1", .group = &users});
  std::string seen;
  const auto visit = [&](std::string_view key, std::function<void(const Entry&)> what) {
    const auto call = [](void* context, const Entry& entry) {
      (*static_cast<std::function<void(const Entry&)>*>(context))(entry);
    };
    return tier->visit(key_ref(key), call, &what);
  };
  const TierStats before = tier->stats();
  EXPECT_TRUE(visit("a", [&](const Entry& entry) {
    erase("a");
    EXPECT_EQ(value("a"), "-");
    fill({.key = "b", .value = "2", .group = &users});
    visit("b", [&](const Entry& inner) { seen = inner.value<std::string>(); });
    for (int i = 0; i < 200; ++i) fill({.key = "b", .value = "2", .group = &users});
    seen += entry.value<std::string>();
  }));
  EXPECT_EQ(seen, "21") << "what was removed meanwhile could be read";
  EXPECT_EQ(tier->stats().hits, before.hits + 2);
  EXPECT_FALSE(visit("a", [](const Entry&) { FAIL(); }));
  EXPECT_THROW(visit("b", [](const Entry&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  invalidate({keyspace("user")});
  EXPECT_FALSE(visit("b", [](const Entry&) { FAIL(); }));
}

TEST_P(HotTierContract, AnEntryCarriesItsGroupItsKeyAndItsLabels) {
  const Labels carried{keyspace("user"), source("db"),    key_label("a"), tag("t"),
                       key_label("b"),   source("other"), everything()};
  for (const Label& label : carried) {
    SCOPED_TRACE(format_label(label));
    const auto offer = [&](Ticket ticket) {
      return fill(
          {.key = "a", .group = &users, .labels = {tag("t"), key_label("b"), source("other")}},
          ticket);
    };
    const Ticket before = tier->position();
    ASSERT_EQ(offer(before), FillOutcome::kStored);

    const InvalidateOutcome outcome = invalidate({label});
    EXPECT_EQ(number(outcome.position), number(before) + 1);
    EXPECT_EQ(tier->position(), outcome.position);
    EXPECT_EQ(outcome.removed.value_or(1), 1u);
    EXPECT_EQ(value("a"), "-");
    EXPECT_EQ(tier->stats().entries, 0u);

    EXPECT_EQ(offer(before), FillOutcome::kRefused) << "the ticket is from before";
    EXPECT_EQ(value("a"), "-");
    EXPECT_EQ(offer(outcome.position), FillOutcome::kStored);
    EXPECT_EQ(value("a"), "value");
  }
}

TEST_P(HotTierContract, LabelsThatAnEntryDoesNotCarryDoNotConcernIt) {
  const Ticket before = tier->position();
  fill({.key = "a", .group = &users, .labels = {tag("t")}});
  const InvalidateOutcome outcome =
      invalidate({keyspace("order"), source("other"), key_label("b"), tag("u"),
                  Label(LabelKind::kSource, "t"), Label(LabelKind::kTag, "db")});
  EXPECT_EQ(outcome.removed.value_or(0), 0u);
  EXPECT_EQ(value("a"), "value");
  EXPECT_EQ(fill({.key = "a", .value = "2", .group = &users, .labels = {tag("t")}}, before),
            FillOutcome::kStored);
}

TEST_P(HotTierContract, OneInvalidationOfManyLabelsIsCountedOnce) {
  fill({.key = "a", .labels = {tag("t"), tag("u")}});
  fill({.key = "b", .labels = {tag("u")}});
  fill({.key = "c", .group = &users, .labels = {tag("u")}});
  fill({.key = "d", .group = &users});
  const InvalidateOutcome outcome =
      invalidate({tag("t"), tag("u"), key_label("b"), keyspace("user"), tag("t")});
  EXPECT_EQ(number(outcome.position), 1u);
  EXPECT_EQ(outcome.removed.value_or(4), 4u);
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kInvalidated), 4u);
}

TEST_P(HotTierContract, AnInvalidationOfNothingIsCounted) {
  fill({.key = "a"});
  EXPECT_EQ(number(invalidate({}).position), 1u);
  EXPECT_EQ(value("a"), "value");
}

TEST_P(HotTierContract, ARefusedFillLeavesWhatIsThere) {
  const Ticket before = tier->position();
  invalidate({tag("t")});
  fill({.key = "a", .value = "new"});
  EXPECT_EQ(fill({.key = "a", .value = "old", .labels = {tag("t")}}, before),
            FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "new");
  EXPECT_EQ(tier->stats().refused, 1u);
  EXPECT_THAT(removals.take(), IsEmpty());
}

TEST_P(HotTierContract, ATicketTooOldToTellIsRefused) {
  start({.remembered_labels = 4});
  const Ticket before = tier->position();
  for (int i = 0; i < 100; ++i) invalidate({tag("unrelated" + std::to_string(i))});
  EXPECT_TRUE(tier->invalidated_after(ids_of({tag("t")}), before));
  EXPECT_EQ(fill({.key = "a"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "a"}), FillOutcome::kStored);
}

// A group's generation may be forgotten while it has no entries, but never its invalidation.
TEST_P(HotTierContract, AGroupWithoutEntriesIsInvalidatedToo) {
  const Ticket before = tier->position();
  fill({.key = "a", .group = &users});
  erase("a");
  invalidate({keyspace("user")});
  EXPECT_EQ(fill({.key = "b", .group = &users}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "b", .group = &users}), FillOutcome::kStored);
  EXPECT_EQ(value("b"), "value");
  EXPECT_EQ(fill({.key = "c", .group = &orders}, before), FillOutcome::kStored);
}

TEST_P(HotTierContract, GroupsWithTheSameLabelAreInvalidatedTogether) {
  fill({.key = "a", .group = &users});
  fill({.key = "b", .group = &orders});
  fill({.key = "c", .group = &users_again});
  EXPECT_EQ(invalidate({keyspace("user")}).removed.value_or(2), 2u);
  EXPECT_EQ(value("b"), "value");
  EXPECT_EQ(invalidate({source("db")}).removed.value_or(1), 1u);
  EXPECT_EQ(value("b"), "-");
}

TEST_P(HotTierContract, EntriesThatCameAfterAnInvalidationStay) {
  fill({.key = "a", .value = "1", .group = &users, .labels = {tag("t")}});
  invalidate({tag("t"), keyspace("user"), key_label("a")});
  fill({.key = "a", .value = "2", .group = &users, .labels = {tag("t")}});
  EXPECT_EQ(value("a"), "2");
  EXPECT_EQ(tier->stats().entries, 1u);
}

TEST_P(HotTierContract, TheSameLabelTwiceIsOne) {
  fill({.key = "a", .group = &users, .labels = {tag("t"), tag("t"), source("db")}});
  EXPECT_EQ(invalidate({tag("t")}).removed.value_or(1), 1u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kInvalidated), 1u);
}

TEST_P(HotTierContract, TellsWhetherAnEntrysLabelsWereInvalidated) {
  const EntryRef entry = make_entry({.key = "a", .group = &users, .labels = {tag("t")}});
  Ticket ticket = tier->position();
  for (const Label& label : {key_label("a"), source("db"), tag("t"), everything()}) {
    EXPECT_FALSE(tier->invalidated_after(*entry, ticket));
    EXPECT_FALSE(tier->invalidated_after(ids_of({label}), ticket));
    invalidate({label, tag("other")});
    EXPECT_TRUE(tier->invalidated_after(*entry, ticket)) << format_label(label);
    EXPECT_TRUE(tier->invalidated_after(ids_of({tag("u"), label}), ticket));
    ticket = tier->position();
  }
}

TEST_P(HotTierContract, APutCountsAsAnInvalidationOfItsKey) {
  const Ticket before = tier->position();
  fill({.key = "derived", .labels = {key_label("a")}});
  EXPECT_EQ(put({.key = "a", .value = "1"}), FillOutcome::kStored);
  EXPECT_EQ(number(tier->position()), number(before) + 1);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("derived"), "-") << "it was computed from an older value";
  EXPECT_EQ(fill({.key = "a", .value = "old"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "derived", .labels = {key_label("a")}}, before), FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "1");
}

TEST_P(HotTierContract, APutIsRefusedWhenItsLabelsWereInvalidatedByOthers) {
  for (const Label& label : {key_label("a"), tag("t"), keyspace("user"), everything()}) {
    SCOPED_TRACE(format_label(label));
    ASSERT_EQ(put({.key = "a", .value = "former"}), FillOutcome::kStored);
    const Ticket ticket = tier->position();
    invalidate({label});
    fill({.key = "a", .value = "between"});
    EXPECT_EQ(put({.key = "a", .value = "late", .group = &users, .labels = {tag("t")}}, ticket),
              FillOutcome::kRefused);
    EXPECT_EQ(value("a"), "-") << "whatever was there may be older than the put";
  }
}

TEST_P(HotTierContract, OfTwoPutsWithTheSameTicketTheSecondIsRefused) {
  const Ticket ticket = tier->position();
  EXPECT_EQ(put({.key = "a", .value = "1"}, ticket), FillOutcome::kStored);
  EXPECT_EQ(put({.key = "a", .value = "2"}, ticket), FillOutcome::kRefused);
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(put({.key = "a", .value = "3"}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "3");
}

TEST_P(HotTierContract, APutThatCarriesItsOwnKeyStays) {
  EXPECT_EQ(put({.key = "a", .value = "1", .labels = {key_label("a")}}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(put({.key = "a", .value = "2", .labels = {key_label("a")}}), FillOutcome::kStored);
  EXPECT_EQ(value("a"), "2");
  erase("a");
  EXPECT_EQ(value("a"), "-");
}

TEST_P(HotTierContract, AnEraseRefusesOlderFillsEvenOfAnAbsentKey) {
  const Ticket before = tier->position();
  erase("a");
  EXPECT_EQ(fill({.key = "a"}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "a"}), FillOutcome::kStored);
}

TEST_P(HotTierContract, KeysWithTheSameTextAreToldApartByTheirParameters) {
  const std::string text = "1:user::42:#0123456789abcdef0123456789abcdef";
  ASSERT_EQ(fill({.key = text, .value = "1", .long_params = "p=1"}), FillOutcome::kStored);
  EXPECT_TRUE(tier->get(key_ref(text, "p=1")));
  EXPECT_FALSE(tier->get(key_ref(text, "p=2")));
  EXPECT_FALSE(tier->get(key_ref(text)));

  ASSERT_EQ(fill({.key = text, .value = "2", .labels = {tag("t")}, .long_params = "p=2"}),
            FillOutcome::kStored);
  EXPECT_TRUE(tier->get(key_ref(text, "p=2")));
  EXPECT_FALSE(tier->get(key_ref(text, "p=1"))) << "one text has room for one of them";
}

TEST_P(HotTierContract, NegativeEntriesAreKeptLikeOthers) {
  EntryRef entry = Entry::make_negative(key_ref("a"), value_type<std::string>());
  entry->set_group(&users);
  EXPECT_EQ(tier->fill(std::move(entry), tier->position()), FillOutcome::kStored);
  const EntryRef found = tier->get(key_ref("a"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->negative());
  invalidate({source("db")});
  EXPECT_FALSE(tier->get(key_ref("a")));
}

TEST_P(HotTierContract, AnEntryLivesOnWithItsHolders) {
  fill({.key = "a", .value = "held", .group = &users});
  const EntryRef held = tier->get(key_ref("a"));
  invalidate({everything()});
  EXPECT_EQ(held->value<std::string>(), "held");
  start({});
  EXPECT_EQ(held->value<std::string>(), "held");
}

TEST_P(HotTierContract, TheListenerIsToldOnceOfEachEntryAndWhy) {
  fill({.key = "a", .value = "1"});
  fill({.key = "a", .value = "2"});
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "1", RemovalCause::kReplaced}));
  put({.key = "a", .value = "3"});
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "2", RemovalCause::kReplaced}));
  erase("a");
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "3", RemovalCause::kErased}));

  fill({.key = "b", .value = "1", .labels = {tag("t")}});
  fill({.key = "c", .value = "1", .labels = {tag("t"), key_label("b")}});
  invalidate({tag("t"), key_label("b")});
  EXPECT_THAT(removals.take(), UnorderedElementsAre(Removal{"b", "1", RemovalCause::kInvalidated},
                                                    Removal{"c", "1", RemovalCause::kInvalidated}));
  fill({.key = "d", .value = "1"});
  invalidate({everything()});
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"d", "1", RemovalCause::kCleared}));

  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(1));
  fill({.key = "e", .value = "1", .fresh_until = soon, .keep_until = soon});
  clock->advance(std::chrono::seconds(2));
  EXPECT_EQ(tier->remove_expired(), 1u);
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"e", "1", RemovalCause::kExpired}));

  fill({.key = "f", .value = "1"});
  tier->resize(0, 0);
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"f", "1", RemovalCause::kEvicted}));
}

// A group's entries may be reclaimed later than they are invalidated.
TEST_P(HotTierContract, AnInvalidatedGroupsEntriesAreToldWhenTheyAreReclaimed) {
  fill({.key = "a", .value = "1", .group = &users});
  fill({.key = "b", .value = "1", .group = &orders});
  invalidate({keyspace("user")});
  EXPECT_EQ(tier->stats().removed(RemovalCause::kInvalidated), 1u);
  tier->remove_expired();
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "1", RemovalCause::kInvalidated}));
  EXPECT_EQ(tier->stats().removed(RemovalCause::kInvalidated), 1u);
}

// Neither the listener nor a value's destructor runs under a lock, so both may use the tier.
TEST_P(HotTierContract, TheListenerMayUseTheTier) {
  std::vector<std::string> seen;
  tier->set_removal_listener([&](const EntryRef& entry, RemovalCause cause, Ticket) {
    seen.push_back(value(entry->key_text()));
    if (cause == RemovalCause::kReplaced) invalidate({tag("t")});
  });
  fill({.key = "t", .labels = {tag("t")}});
  fill({.key = "a", .value = "1"});
  fill({.key = "a", .value = "2"});
  EXPECT_THAT(seen, ElementsAre("2", "-")) << "after the entry became invisible";
}

struct UsesTierWhenDestroyed {
  std::shared_ptr<std::function<void()>> action;
  UsesTierWhenDestroyed(UsesTierWhenDestroyed&&) = default;
  UsesTierWhenDestroyed(std::shared_ptr<std::function<void()>> last_words)  // NOLINT: a value
      : action(std::move(last_words)) {}
  ~UsesTierWhenDestroyed() {
    if (action) (*action)();
  }
};

}  // namespace strata::contract

template <>
struct strata::Codec<strata::contract::UsesTierWhenDestroyed> {
  using Value = strata::contract::UsesTierWhenDestroyed;
  static constexpr std::string_view kName = "uses-tier";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Value&) { return std::string(); }
  static Result<Value> decode(std::string_view) { return Value(nullptr); }
};

namespace strata::contract {

TEST_P(HotTierContract, AValuesDestructorMayUseTheTier) {
  int destroyed = 0;
  const auto action = std::make_shared<std::function<void()>>([&] {
    ++destroyed;
    invalidate({tag("t")});
    fill({.key = "new"});
  });
  tier->set_removal_listener(nullptr);
  const auto offer = [&](std::string_view key) {
    return tier->fill(Entry::make(key_ref(key), UsesTierWhenDestroyed(action)), tier->position());
  };
  const auto expect_destroyed = [&](int values) {
    tier->remove_expired();
    EXPECT_EQ(destroyed, values);
  };
  EXPECT_EQ(offer("a"), FillOutcome::kStored);
  EXPECT_EQ(offer("a"), FillOutcome::kStored);
  expect_destroyed(1);
  erase("a");
  expect_destroyed(2);
  EXPECT_EQ(offer("b"), FillOutcome::kStored);
  invalidate({everything()});
  expect_destroyed(3);
  tier->resize(0, 0);
  EXPECT_EQ(offer("c"), FillOutcome::kDeclined);
  EXPECT_EQ(destroyed, 4);
}

}  // namespace strata::contract
