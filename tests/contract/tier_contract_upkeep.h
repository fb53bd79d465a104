// The contract of Tier, continued: lifetimes, batches, scans, and the end.
#pragma once

#include <algorithm>
#include <set>

#include "contract/tier_contract.h"
#include "strata/core/limits.h"

namespace strata::contract {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_P(TierContract, RecordsAreReturnedUntilKeepFor) {
  fill({.key = "a", .fresh_for = seconds(1), .keep_for = minutes(5)});
  clock->advance(minutes(5) - seconds(1));
  EXPECT_EQ(value("a"), "value") << "past its ttl; whether to use it is the caller's business";
  clock->advance(seconds(1));
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, AStepOfTheWallClockDoesNotChangeALife) {
  fill({.key = "a", .keep_for = minutes(5)});
  clock->step_wall(std::chrono::hours(24));
  EXPECT_EQ(value("a"), "value");
  clock->step_wall(-std::chrono::hours(48));
  EXPECT_EQ(value("a"), "value");
  clock->advance(minutes(5));
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, RemoveExpiredRemovesAllThatExpiredAndNothingElse) {
  for (int i = 0; i < 50; ++i) {
    fill({.key = "short" + std::to_string(i), .labels = {tag("t")}, .keep_for = seconds(30 + i)});
    fill({.key = "long" + std::to_string(i), .keep_for = minutes(10)});
  }
  fill({.key = "always"});
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
  clock->advance(minutes(2));
  EXPECT_EQ(tier->remove_expired({}).value(), 50u);
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), 50u);
  EXPECT_EQ(scan_all(1'000).size(), 51u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(value("long" + std::to_string(i)), "value");
  EXPECT_EQ(value("always"), "value");
}

TEST_P(TierContract, RemoveExpiredSeesWhatWasJustWritten) {
  fill({.key = "a", .keep_for = seconds(1)});
  clock->advance(seconds(2));
  EXPECT_EQ(tier->remove_expired({}).value(), 1u);
}

TEST_P(TierContract, ATouchChangesTheLifetimeAndNothingElse) {
  fill({.key = "a", .group = users, .labels = {tag("t")}, .keep_for = minutes(1)});
  clock->advance(seconds(30));
  const Lifetime longer = lifetime(minutes(5), minutes(10));
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), longer, {}).value()));
  ASSERT_TRUE(record("a"));
  EXPECT_EQ(record("a")->lifetime, longer);
  clock->advance(minutes(9));
  ASSERT_TRUE(record("a"));
  EXPECT_EQ(value("a"), "value");
  EXPECT_EQ(record("a")->labels, Labels{tag("t")});
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
  clock->advance(minutes(1));
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(tier->remove_expired({}).value(), 1u);
}

TEST_P(TierContract, ATouchedRecordIsInvalidatedLikeBefore) {
  fill({.key = "a", .labels = {tag("t")}});
  const Lifetime other = lifetime(minutes(5), minutes(10));
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), other, {}).value()));
  invalidate({tag("t")});
  EXPECT_EQ(value("a"), "-");
  EXPECT_FALSE(tier->touch(key_ref("a"), other, {}).value());
  tier->flush({}).value();
  EXPECT_EQ(value("a"), "-") << "a touch brings nothing back";

  put({.key = "b", .value = "1"});
  EXPECT_TRUE(settled(tier->touch(key_ref("b"), other, {}).value()));
  fill({.key = "derived", .labels = {key_label("b")}});
  put({.key = "b", .value = "2"});
  EXPECT_EQ(value("derived"), "-");
  ASSERT_TRUE(record("b"));
  EXPECT_EQ(record("b")->lifetime.keep_for, kForever) << "the touch was of the record before";
}

TEST_P(TierContract, WhatIsNotThereCannotBeTouched) {
  EXPECT_FALSE(tier->touch(key_ref("a"), lifetime(minutes(1), minutes(1)), {}).value());
  fill({.key = "a", .keep_for = seconds(1)});
  clock->advance(seconds(2));
  EXPECT_FALSE(tier->touch(key_ref("a"), lifetime(minutes(1), minutes(1)), {}).value());
  EXPECT_EQ(value("a"), "-");
}

TEST_P(TierContract, GetManyAnswersInOrder) {
  std::vector<std::string> names;
  for (int i = 0; i < 700; ++i) {
    names.push_back("k" + std::to_string(i));
    if (i % 3 == 0) continue;
    fill({.key = names.back(), .value = std::to_string(i), .group = users});
    if (i % 7 == 0) invalidate({key_label(names.back())});
  }
  std::vector<KeyRef> keys;
  for (const std::string& name : names) keys.push_back(key_ref(name));
  keys.push_back(keys[1]);
  const auto answers = tier->get_many(keys, {}).value();
  ASSERT_EQ(answers.size(), keys.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool there = i % 3 != 0 && i % 7 != 0;
    ASSERT_EQ(answers[i].has_value(), there) << i;
    if (there) {
      EXPECT_EQ(answers[i]->payload, std::to_string(i));
    }
  }
  ASSERT_TRUE(answers.back()) << "the same key twice";
  EXPECT_EQ(answers.back()->payload, "1");
  EXPECT_TRUE(tier->get_many({}, {}).value().empty());
}

TEST_P(TierContract, AScanFindsEachRecordOnce) {
  std::set<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "k" + std::to_string(i);
    fill({.key = key, .labels = {tag(i % 5 == 0 ? "fifth" : "other")}});
    if (i % 5 != 0) expected.insert(key);
  }
  fill({.key = "expired", .keep_for = seconds(1)});
  clock->advance(seconds(2));
  expected.insert("expired");
  invalidate({tag("fifth")});
  for (const std::size_t limit : {1u, 7u, 1'000u}) {
    std::multiset<std::string> found;
    for (const Record& seen : scan_all(limit)) found.insert(seen.key_text);
    EXPECT_EQ(found, std::multiset<std::string>(expected.begin(), expected.end()));
  }
}

TEST_P(TierContract, AScanFindsWhatStaysWhileOthersComeAndGo) {
  for (int i = 0; i < 200; ++i) fill({.key = "stays" + std::to_string(i), .labels = {tag("s")}});
  std::multiset<std::string> found;
  std::optional<ScanCursor> cursor = ScanCursor{};
  for (int page_number = 0; cursor; ++page_number) {
    ScanPage page = tier->scan(*cursor, 20, {}).value();
    for (const Record& seen : page.records) {
      if (seen.key_text.starts_with("stays")) found.insert(seen.key_text);
    }
    cursor = page.next;
    ASSERT_LT(page_number, 1'000) << "the scan does not end";
    if (page_number > 20) continue;
    fill({.key = "new" + std::to_string(page_number), .labels = {tag("n")}});
    put({.key = "stays" + std::to_string(page_number * 9), .value = "changed"});
    if (page_number % 4 == 3) invalidate({tag("n")});
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(found.count("stays" + std::to_string(i)), 1u) << i;
}

TEST_P(TierContract, ACursorThatItDidNotGiveIsRejectedOrEndsTheScan) {
  fill({.key = "a"});
  for (const char* position : {"nonsense", "-", "99999999999999999999", "1 ", "\xff"}) {
    const Result<ScanPage> page = tier->scan({position}, 10, {});
    if (!page.ok()) {
      EXPECT_EQ(page.error().code, ErrorCode::kRejected);
    }
  }
}

TEST_P(TierContract, FlushCommitsEverything) {
  for (int i = 0; i < 100; ++i) put({.key = "k" + std::to_string(i)});
  EXPECT_TRUE(tier->flush({}).ok());
  EXPECT_EQ(tier->stats().pending_writes, 0u);
  EXPECT_EQ(tier->stats().tombstones, 0u);
  EXPECT_EQ(value("k7"), "value");
}

TEST_P(TierContract, CountsWhatItDoes) {
  const TierStats before = tier->stats();
  EXPECT_EQ(before.state, TierState::kOk) << before.reason;
  fill({.key = "a", .labels = {tag("t")}});
  put({.key = "b"});
  (void)value("a");
  (void)value("absent");
  const KeyRef keys[] = {key_ref("a"), key_ref("b"), key_ref("c")};
  (void)tier->get_many(keys, {}).value();
  invalidate({tag("t")});
  tier->flush({}).value();
  const TierStats after = tier->stats();
  EXPECT_EQ(after.name, tier->name());
  EXPECT_EQ(after.hits - before.hits, 3u);
  EXPECT_EQ(after.misses - before.misses, 2u);
  EXPECT_EQ(after.stored - before.stored, 2u);
  EXPECT_EQ(after.invalidations - before.invalidations, 2u);
  EXPECT_EQ(after.entries, 1u);
  EXPECT_EQ(after.removed(RemovalCause::kInvalidated), 1u);
  EXPECT_GT(after.bytes, 0u);
}

TEST_P(TierContract, AnErasedAClearedAndAReplacedRecordAreCountedAsThat) {
  fill({.key = "a"});
  fill({.key = "b"});
  tier->flush({}).value();
  put({.key = "a", .value = "2"});
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().removed(RemovalCause::kReplaced), 1u);
  erase("a");
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().removed(RemovalCause::kErased), 1u);
  invalidate({everything()});
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().removed(RemovalCause::kCleared), 1u);
  EXPECT_EQ(tier->stats().entries, 0u);
}

TEST_P(TierContract, AClosedTierSaysSo) {
  fill({.key = "a"});
  tier->close({});
  tier->close({});
  const auto expect_closed = [](const auto& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kClosed);
  };
  const KeyRef key = key_ref("a");
  const Record offered = make_record({.key = "a"});
  expect_closed(tier->get(key, {}));
  expect_closed(tier->get_many({&key, 1}, {}));
  expect_closed(tier->fill(offered, tier->position(), {}));
  expect_closed(tier->put(key, &offered, tier->position(), {}));
  expect_closed(tier->touch(key, offered.lifetime, {}));
  expect_closed(tier->scan({}, 10, {}));
  expect_closed(tier->remove_expired({}));
  expect_closed(tier->flush({}));
  const Ticket before = tier->position();
  const Label label = tag("t");
  EXPECT_GT(tier->invalidate({&label, 1}).position, before) << "numbers go on";
}

TEST_P(TierContract, ACloseWithoutTimeEndsToo) {
  for (int i = 0; i < 1'000; ++i) fill({.key = "k" + std::to_string(i), .labels = {tag("t")}});
  invalidate({tag("t")});
  tier->close({clock->now()});
  EXPECT_EQ(tier->get(key_ref("k1"), {}).error().code, ErrorCode::kClosed);
}

TEST_P(TierContract, WhatWasClosedIsThereAgainAndWhatWasInvalidatedIsNot) {
  if (!GetParam().is_kept) return;
  put({.key = "a", .value = "1", .group = users, .labels = {tag("a")}});
  fill({.key = "b", .value = "2", .group = users, .labels = {tag("b")}});
  fill({.key = "c", .value = "3", .group = orders});
  fill({.key = "d", .value = "4"});
  invalidate({tag("b")});
  erase("d");
  const Ticket before = tier->position();
  start({});
  EXPECT_GE(tier->position(), before) << "numbers never go back";
  EXPECT_EQ(value("a") + value("b") + value("c") + value("d"), "1-3-");
  invalidate({keyspace("user")});
  EXPECT_EQ(value("a") + value("c"), "-3") << "labels are remembered with their records";
  EXPECT_EQ(fill({.key = "a", .value = "5"}), FillOutcome::kStored);
  start({});
  EXPECT_EQ(value("a") + value("c"), "53");
  EXPECT_EQ(tier->stats().state, TierState::kOk) << tier->stats().reason;
}

}  // namespace strata::contract
