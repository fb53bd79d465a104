// The contract of HotTier, continued: bounds, times, batches, scans and switching off.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <set>

#include "contract/hot_tier_fixture.h"

namespace strata::contract {

using testing::ElementsAre;
using testing::IsEmpty;

inline std::string numbered(std::string_view text, std::size_t number) {
  return std::string(text) + std::to_string(number);
}

TEST_P(HotTierContract, TheEntryBoundHoldsAfterEveryCall) {
  for (const std::uint64_t bound : {1, 2, 3, 10}) {
    start({.max_entries = bound});
    for (std::size_t i = 0; i < 50; ++i) {
      ASSERT_EQ(fill({.key = numbered("k", i), .value = "v"}), FillOutcome::kStored);
      ASSERT_EQ(tier->stats().entries, std::min<std::uint64_t>(i + 1, bound));
      ASSERT_EQ(value(numbered("k", i)), "v") << "the newcomer is not what is evicted";
    }
    EXPECT_EQ(tier->stats().removed(RemovalCause::kEvicted), 50 - bound);
  }
}

TEST_P(HotTierContract, TheByteBoundHoldsAfterEveryCall) {
  constexpr std::uint64_t kBound = 20'000;
  start({.max_bytes = kBound});
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t size = 37 * i % 3000;
    ASSERT_EQ(fill({.key = numbered("k", i % 50), .value = std::string(size, 'v')}),
              FillOutcome::kStored);
    ASSERT_LE(tier->stats().bytes, kBound);
    ASSERT_EQ(value(numbered("k", i % 50)), std::string(size, 'v'));
  }
  EXPECT_GT(tier->stats().bytes, kBound / 2);
}

TEST_P(HotTierContract, AnEntryLargerThanTheTierIsDeclinedAndEvictsNothing) {
  start({.max_bytes = 10'000});
  for (int i = 0; i < 5; ++i) fill({.key = numbered("k", i)});
  const std::string large(20'000, 'v');
  EXPECT_EQ(fill({.key = "large", .value = large}), FillOutcome::kDeclined);
  EXPECT_EQ(put({.key = "large", .value = large}), FillOutcome::kDeclined);
  EXPECT_EQ(tier->stats().entries, 5u);
  EXPECT_EQ(tier->stats().declined, 2u);
  EXPECT_EQ(value("large"), "-");
}

TEST_P(HotTierContract, ADeclinedValueStillReplacesTheFormerOne) {
  start({.max_bytes = 10'000});
  const std::string large(20'000, 'v');
  fill({.key = "a", .value = "1"});
  EXPECT_EQ(fill({.key = "a", .value = large}), FillOutcome::kDeclined);
  EXPECT_EQ(value("a"), "-");
  fill({.key = "a", .value = "2"});
  EXPECT_EQ(put({.key = "a", .value = large}), FillOutcome::kDeclined);
  EXPECT_EQ(value("a"), "-");
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "1", RemovalCause::kReplaced},
                                           Removal{"a", "2", RemovalCause::kReplaced}));
}

TEST_P(HotTierContract, AReplacementOfTheSameSizeEvictsNothing) {
  for (int i = 0; i < 3; ++i) fill({.key = numbered("k", i)});
  tier->resize(3, tier->stats().bytes);  // There is room for these and nothing else.
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(fill({.key = numbered("k", i % 3)}), FillOutcome::kStored);
    EXPECT_EQ(put({.key = numbered("k", i % 3)}), FillOutcome::kStored);
  }
  EXPECT_EQ(tier->stats().removed(RemovalCause::kEvicted), 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kReplaced), 60u);
}

// A value that grows to nearly the whole tier pushes the others out, and never itself.
TEST_P(HotTierContract, AReplacementThatGrowsEvictsOthers) {
  start({.max_bytes = 20'000});
  for (int i = 0; i < 10; ++i) fill({.key = numbered("k", i), .value = std::string(1'000, 'v')});
  EXPECT_EQ(fill({.key = "k0", .value = std::string(18'000, 'v')}), FillOutcome::kStored);
  EXPECT_EQ(value("k0").size(), 18'000u);
  EXPECT_LE(tier->stats().bytes, 20'000u);
  for (const Removal& removal : removals.take()) {
    EXPECT_EQ(removal.cause,
              removal.key == "k0" ? RemovalCause::kReplaced : RemovalCause::kEvicted);
  }
}

TEST_P(HotTierContract, EntriesAreReturnedUntilKeepUntil) {
  const Instant fresh_until = saturating_add(clock->now(), std::chrono::seconds(1));
  const Instant keep_until = saturating_add(clock->now(), std::chrono::seconds(10));
  fill({.key = "a", .fresh_until = fresh_until, .keep_until = keep_until});
  fill({.key = "b"});
  clock->advance(std::chrono::seconds(9));
  EXPECT_EQ(value("a"), "value") << "past its ttl: the caller judges";
  clock->advance(std::chrono::seconds(1));
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(value("b"), "value");
  EXPECT_THAT(removals.take(), ElementsAre(Removal{"a", "value", RemovalCause::kExpired}));
}

TEST_P(HotTierContract, TimesThatAreChangedInPlaceCount) {
  const auto in = [&](int seconds) {
    return saturating_add(clock->now(), std::chrono::seconds(seconds));
  };
  fill({.key = "a", .fresh_until = in(1), .keep_until = in(1)});
  fill({.key = "b"});
  tier->get(key_ref("a"))->set_times(in(10), in(10));
  tier->get(key_ref("b"))->set_times(in(1), in(1));
  clock->advance(std::chrono::seconds(5));
  EXPECT_EQ(tier->remove_expired(), 1u);
  EXPECT_EQ(value("a"), "value");
  EXPECT_EQ(value("b"), "-");
}

// Nearer or farther, what is touched leaves by itself at its new time.
TEST_P(HotTierContract, WhatIsTouchedLeavesAtItsNewTime) {
  const auto in = [&](int seconds) {
    return saturating_add(clock->now(), std::chrono::seconds(seconds));
  };
  fill({.key = "never"});
  fill({.key = "late", .fresh_until = in(3'600), .keep_until = in(3'600)});
  fill({.key = "soon", .fresh_until = in(2), .keep_until = in(2)});
  fill({.key = "gone", .labels = {tag("t")}});
  tier->invalidate({{tag("t")}});
  EXPECT_TRUE(tier->touch(key_ref("never"), in(5), in(10)));
  EXPECT_TRUE(tier->touch(key_ref("late"), in(10), in(10)));
  EXPECT_TRUE(tier->touch(key_ref("soon"), in(60), kNever));
  EXPECT_FALSE(tier->touch(key_ref("gone"), in(10), in(10)));
  EXPECT_FALSE(tier->touch(key_ref("unknown"), in(10), in(10)));
  EXPECT_EQ(tier->get(key_ref("never"))->fresh_until(), in(5));
  clock->advance(std::chrono::seconds(11));
  EXPECT_EQ(tier->remove_due(100), 2u);
  EXPECT_EQ(value("soon"), "value");
  clock->advance(std::chrono::hours(100));
  EXPECT_EQ(tier->remove_due(100), 0u);
  EXPECT_TRUE(tier->touch(key_ref("soon"), in(1), in(1)));
  clock->advance(std::chrono::seconds(1));
  EXPECT_FALSE(tier->touch(key_ref("soon"), in(9), in(9))) << "it had ended";
}

TEST_P(HotTierContract, TheBoundInBytesIsChangedFromWhatItIs) {
  start({.max_entries = 10, .max_bytes = 1 << 20});
  for (int i = 0; i < 10; ++i) fill({.key = numbered("k", i)});
  EXPECT_FALSE(tier->resize_bytes(1 << 19, 1 << 10));
  EXPECT_EQ(tier->stats().max_bytes, 1u << 20);
  EXPECT_TRUE(tier->resize_bytes(1 << 20, tier->stats().bytes / 2));
  EXPECT_EQ(tier->stats().max_entries, 10u);
  EXPECT_LT(tier->stats().entries, 10u);
  EXPECT_LE(tier->stats().bytes, tier->stats().max_bytes);
}

TEST_P(HotTierContract, RemoveExpiredRemovesAllThatExpiredAndNothingElse) {
  constexpr std::size_t kEntries = 5'000;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const Instant at = saturating_add(clock->now(), std::chrono::seconds(1 + i % 2));
    fill({.key = numbered("k", i), .fresh_until = at, .keep_until = at});
  }
  clock->advance(std::chrono::seconds(1));
  const std::uint64_t already = tier->stats().removed(RemovalCause::kExpired);
  EXPECT_EQ(tier->remove_expired() + already, kEntries / 2);
  EXPECT_EQ(tier->stats().entries, kEntries / 2);
  EXPECT_EQ(tier->remove_expired(), 0u);
}

// What ended within the last half second may stay.
TEST_P(HotTierContract, RemoveDueRemovesWhatIsDueAndNothingElse) {
  constexpr std::size_t kEntries = 5'000;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const Instant at = saturating_add(clock->now(), std::chrono::seconds(10 + 10 * (i % 2)));
    fill({.key = numbered("k", i), .fresh_until = at, .keep_until = at});
  }
  fill({.key = "longer", .keep_until = saturating_add(clock->now(), std::chrono::seconds(10))});
  tier->get(key_ref("longer"))->set_times(kNever, kNever);
  EXPECT_EQ(tier->remove_due(SIZE_MAX), 0u);
  clock->advance(std::chrono::milliseconds(9'999));
  EXPECT_EQ(tier->remove_due(SIZE_MAX), 0u);
  clock->advance(std::chrono::milliseconds(501));
  EXPECT_EQ(tier->remove_due(SIZE_MAX), kEntries / 2);
  EXPECT_EQ(tier->stats().entries, kEntries / 2 + 1);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), kEntries / 2);
  for (const Removal& removal : removals.take()) EXPECT_EQ(removal.cause, RemovalCause::kExpired);
  clock->advance(std::chrono::seconds(10));
  EXPECT_EQ(tier->remove_due(SIZE_MAX), kEntries / 2);
  EXPECT_EQ(tier->remove_due(SIZE_MAX), 0u);
  EXPECT_EQ(value("longer"), "value");
}

TEST_P(HotTierContract, RemoveDueRemovesAtMostWhatItIsTold) {
  constexpr std::size_t kEntries = 2'000;
  const Instant at = saturating_add(clock->now(), std::chrono::seconds(1));
  for (std::size_t i = 0; i < kEntries; ++i) {
    fill({.key = numbered("k", i), .fresh_until = at, .keep_until = at});
  }
  clock->advance(std::chrono::seconds(2));
  EXPECT_EQ(tier->remove_due(0), 0u);
  std::size_t left = kEntries;
  for (const std::size_t at_most : {1, 512, 700, 700}) {
    EXPECT_EQ(tier->remove_due(at_most), at_most);
    left -= at_most;
    EXPECT_EQ(tier->stats().entries, left);
  }
  EXPECT_EQ(tier->remove_due(SIZE_MAX), left);
}

// However far away the end was, and however long nobody called.
TEST_P(HotTierContract, RemoveDueFindsWhatEndedLongAgo) {
  std::size_t number = 0;
  for (const int days : {0, 1, 30, 400}) {
    const Instant at = saturating_add(clock->now(), std::chrono::hours(24 * days));
    for (int i = 0; i < 3'000; ++i) {
      const Instant later = saturating_add(at, std::chrono::seconds(i));
      fill({.key = numbered("k", number++), .fresh_until = later, .keep_until = later});
    }
  }
  const std::uint64_t already = tier->stats().removed(RemovalCause::kExpired);
  clock->advance(std::chrono::hours(24 * 401));
  EXPECT_EQ(tier->remove_due(SIZE_MAX) + already, number);
  EXPECT_EQ(tier->stats().entries, 0u);
}

TEST_P(HotTierContract, GetManyAnswersInOrder) {
  constexpr std::size_t kKeys = 500;
  for (std::size_t i = 0; i < kKeys; i += 3) {
    fill({.key = numbered("k", i), .value = numbered("v", i)});
  }
  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(1));
  fill({.key = "k1", .fresh_until = soon, .keep_until = soon});
  fill({.key = "k2", .group = &users});
  clock->advance(std::chrono::seconds(1));
  invalidate({keyspace("user")});

  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kKeys; ++i) texts.push_back(numbered("k", 7 * i % kKeys));
  texts.push_back(texts.front());
  std::vector<KeyRef> keys;
  for (const std::string& text : texts) keys.push_back(key_ref(text));
  std::vector<EntryRef> entries(keys.size(), tier->get(key_ref("k0")));

  tier->get_many(keys, entries);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t number = 7 * i % kKeys;
    ASSERT_EQ(static_cast<bool>(entries[i]), number % 3 == 0) << texts[i];
    if (number % 3 != 0) continue;
    EXPECT_EQ(entries[i]->value<std::string>(), numbered("v", number));
  }
  tier->get_many({}, {});
}

// A scan may not miss what is there all the time, whatever comes and goes meanwhile.
TEST_P(HotTierContract, AScanSeesAllThatStays) {
  constexpr std::size_t kStaying = 2'000;
  for (std::size_t i = 0; i < kStaying; ++i) fill({.key = numbered("stays", i)});
  fill({.key = "dead", .group = &users});
  invalidate({keyspace("user")});

  std::multiset<std::string> seen;
  std::uint64_t cursor = 0;
  std::size_t steps = 0;
  do {
    std::vector<EntryRef> entries;
    cursor = tier->scan(cursor, entries);
    for (const EntryRef& entry : entries) seen.insert(std::string(entry->key_text()));
    // The tier grows to several times its size and shrinks again.
    const bool grow = steps % 8 < 4;
    for (std::size_t i = 0; i < 1'000; ++i) {
      const std::string key = numbered("moves", i + 1'000 * (steps % 4));
      if (grow) {
        fill({.key = key});
      } else {
        erase(key);
      }
    }
    ASSERT_LT(++steps, 10'000u);
  } while (cursor != 0);

  EXPECT_FALSE(seen.contains("dead"));
  for (std::size_t i = 0; i < kStaying; ++i) {
    ASSERT_GE(seen.count(numbered("stays", i)), 1u) << i;
  }
}

TEST_P(HotTierContract, AScanReturnsOnlyWhatGetWouldReturn) {
  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(1));
  fill({.key = "live"});
  fill({.key = "stale", .fresh_until = soon});
  fill({.key = "expired", .fresh_until = soon, .keep_until = soon});
  fill({.key = "dead", .group = &users});
  invalidate({keyspace("user")});
  clock->advance(std::chrono::seconds(1));

  std::set<std::string> seen;
  std::uint64_t cursor = 0;
  do {
    std::vector<EntryRef> entries;
    cursor = tier->scan(cursor, entries);
    for (const EntryRef& entry : entries) seen.insert(std::string(entry->key_text()));
  } while (cursor != 0);
  EXPECT_THAT(seen, ElementsAre("live", "stale"));
}

TEST_P(HotTierContract, AnEntryThatIsUsedStandsAboveOneThatIsNot) {
  start({.max_entries = 200});
  for (std::size_t i = 0; i < 200; ++i) {
    fill({.key = numbered("k", i)});
    static_cast<void>(value("k0"));
  }
  const Standing used = tier->standing(*tier->peek(key_ref("k0")));
  const Standing unused = tier->standing(*tier->peek(key_ref("k1")));
  EXPECT_GT(used.rank, unused.rank);
  EXPECT_GT(used.uses, unused.uses);
  EXPECT_LT(used.unused_for, unused.unused_for);
  EXPECT_EQ(tier->standing(*tier->peek(key_ref("k1"))).rank, unused.rank) << "asking is no use";
}

TEST_P(HotTierContract, ResizingEvictsUntilTheBoundsHold) {
  constexpr std::size_t kEntries = 3'000;
  for (std::size_t i = 0; i < kEntries; ++i) fill({.key = numbered("k", i)});
  tier->resize(100, 64 << 20);
  EXPECT_EQ(tier->stats().max_entries, 100u);
  EXPECT_GE(tier->stats().entries, kEntries - 1'000) << "the rest is left to upkeep";
  tier->remove_due(SIZE_MAX);
  EXPECT_EQ(tier->stats().entries, 100u);
  const std::uint64_t half = tier->stats().bytes / 2;
  tier->resize(0, half);
  EXPECT_LE(tier->stats().bytes, half);
  EXPECT_GE(tier->stats().entries, 40u);
  EXPECT_EQ(removals.take().size(), kEntries - tier->stats().entries);

  tier->resize(0, 64 << 20);
  for (std::size_t i = 0; i < kEntries; ++i) fill({.key = numbered("k", i)});
  EXPECT_EQ(tier->stats().entries, kEntries);
}

TEST_P(HotTierContract, ATierOfNoBytesStillKeepsNumbers) {
  fill({.key = "a"});
  tier->resize(0, 0);
  EXPECT_EQ(tier->stats().state, TierState::kOff);
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(tier->stats().bytes, 0u);

  const Ticket before = tier->position();
  EXPECT_EQ(fill({.key = "a"}), FillOutcome::kDeclined);
  EXPECT_EQ(put({.key = "b"}), FillOutcome::kDeclined);
  EXPECT_EQ(invalidate({tag("t")}).removed.value_or(0), 0u);
  EXPECT_EQ(number(tier->position()), number(before) + 2);
  EXPECT_TRUE(tier->invalidated_after(ids_of({tag("t")}), before));
  EXPECT_TRUE(tier->invalidated_after(ids_of({key_label("b")}), before));
  EXPECT_FALSE(tier->invalidated_after(ids_of({tag("u")}), before));

  tier->resize(0, 1 << 20);
  EXPECT_EQ(tier->stats().state, TierState::kOk);
  EXPECT_EQ(fill({.key = "a", .labels = {tag("t")}}, before), FillOutcome::kRefused);
  EXPECT_EQ(fill({.key = "a", .labels = {tag("t")}}), FillOutcome::kStored);
}

TEST_P(HotTierContract, AllIsGivenBackWhenEverythingIsInvalidated) {
  for (std::size_t i = 0; i < 3'000; ++i) {
    fill({.key = numbered("k", i), .group = &users, .labels = {tag(numbered("t", i % 7))}});
  }
  EXPECT_EQ(invalidate({everything()}).removed.value_or(3'000), 3'000u);
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->stats().bytes, 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kCleared), 3'000u);
  for (const Removal& removal : removals.take()) EXPECT_EQ(removal.cause, RemovalCause::kCleared);
}

TEST_P(HotTierContract, CountsWhatItDoes) {
  const Ticket before = tier->position();
  fill({.key = "a"});
  put({.key = "b"});
  invalidate({tag("t")});
  fill({.key = "c", .labels = {tag("t")}}, before);
  static_cast<void>(value("a"));
  static_cast<void>(value("c"));
  static_cast<void>(value("d"));
  std::array<EntryRef, 2> entries;
  tier->get_many(std::array{key_ref("a"), key_ref("d")}, entries);

  const TierStats stats = tier->stats();
  EXPECT_EQ(stats.name, tier->name());
  EXPECT_EQ(stats.state, TierState::kOk);
  EXPECT_EQ(stats.entries, 2u);
  EXPECT_GT(stats.bytes, 2 * sizeof(Entry));
  EXPECT_EQ(stats.hits, 2u);
  EXPECT_EQ(stats.misses, 3u);
  EXPECT_EQ(stats.stored, 2u);
  EXPECT_EQ(stats.refused, 1u);
  EXPECT_EQ(stats.declined, 0u);
  EXPECT_EQ(stats.invalidations, 2u) << "a put is one";
}

}  // namespace strata::contract
