// The contract of Tier, continued: an expire ends ttls and takes away nothing that is kept.
#pragma once

#include "contract/tier_contract.h"

namespace strata::contract {

using std::chrono::minutes;
using std::chrono::seconds;

class TierExpiry : public TierContract {
 protected:
  InvalidateOutcome expire(const Labels& labels) { return settled(tier->expire(labels)); }

  // Fresh for ten minutes from now on, then kept for fifty.
  static RecordSpec kept(RecordSpec spec) {
    spec.fresh_for = minutes(10);
    spec.keep_for = minutes(60);
    return spec;
  }
  [[nodiscard]] Remaining left(const Record& found) const {
    return remaining(found.lifetime, clock->now(), clock->wall_now(), clock->boot_id());
  }
  // "fresh", "stale" or "-".
  [[nodiscard]] std::string state(std::string_view key) {
    const std::optional<Record> found = record(key);
    if (!found) return "-";
    return left(*found).fresh > Duration::zero() ? "fresh" : "stale";
  }
};

TEST_P(TierExpiry, AnExpireEndsTheTtlOfWhatCarriesOneOfItsLabels) {
  const Labels carried{keyspace("user"), source("db"),    key_label("a"), tag("t"),
                       key_label("b"),   source("other"), everything()};
  for (const Label& label : carried) {
    SCOPED_TRACE(format_label(label));
    const auto offer = [&](Ticket ticket) {
      return fill(
          kept({.key = "a", .group = users, .labels = {tag("t"), key_label("b"), source("other")}}),
          ticket);
    };
    const Ticket before = tier->position();
    ASSERT_EQ(offer(before), FillOutcome::kStored);
    clock->advance(minutes(3));

    const InvalidateOutcome outcome = expire({label});
    EXPECT_EQ(number(outcome.position), number(before) + 1);
    EXPECT_EQ(tier->position(), outcome.position);
    const std::optional<Record> found = record("a");
    ASSERT_TRUE(found);
    EXPECT_EQ(left(*found).fresh, Duration::zero());
    EXPECT_EQ(left(*found).kept, Duration(minutes(50)));
    EXPECT_EQ(found->payload, "value");

    EXPECT_EQ(offer(before), FillOutcome::kRefused) << "the ticket is from before";
    EXPECT_EQ(state("a"), "stale");
    EXPECT_EQ(offer(outcome.position), FillOutcome::kStored);
    EXPECT_EQ(state("a"), "fresh");
  }
}

TEST_P(TierExpiry, WhatIsLeftOfALifeGoesOn) {
  fill(kept({.key = "a", .labels = {tag("t")}}));
  clock->advance(minutes(1));
  expire({tag("t")});
  clock->advance(minutes(20));
  ASSERT_TRUE(record("a"));
  EXPECT_EQ(left(*record("a")).kept, Duration(minutes(30)));
  expire({tag("t")});
  EXPECT_EQ(left(*record("a")).kept, Duration(minutes(30))) << "a ttl ends once";
  clock->advance(minutes(30));
  EXPECT_EQ(state("a"), "-");
}

TEST_P(TierExpiry, AnExpireOfLabelsThatARecordDoesNotCarryDoesNotConcernIt) {
  const Ticket before = tier->position();
  fill(kept({.key = "a", .group = users, .labels = {tag("t")}}));
  expire({keyspace("order"), source("other"), key_label("b"), tag("u"),
          Label(LabelKind::kSource, "t"), Label(LabelKind::kTag, "db")});
  expire({});
  EXPECT_EQ(state("a"), "fresh");
  EXPECT_EQ(fill(kept({.key = "a", .group = users, .labels = {tag("t")}}), before),
            FillOutcome::kStored);
}

TEST_P(TierExpiry, WhatIsKeptNoLongerThanItIsFreshIsGone) {
  fill({.key = "a", .labels = {tag("t")}, .fresh_for = minutes(10), .keep_for = minutes(10)});
  fill({.key = "b", .labels = {tag("t")}});
  expire({tag("t")});
  EXPECT_EQ(state("a") + state("b"), "--");
  tier->flush({}).value();
  EXPECT_EQ(state("a") + state("b"), "--");
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), 2u);
}

TEST_P(TierExpiry, RecordsThatCameAfterAnExpireAreLeftAlone) {
  fill(kept({.key = "a", .group = users, .labels = {tag("t")}}));
  expire({tag("t"), keyspace("user"), key_label("a"), key_label("b")});
  fill(kept({.key = "a", .value = "2", .group = users, .labels = {tag("t")}}));
  put(kept({.key = "b", .value = "2", .labels = {tag("t")}}));
  EXPECT_EQ(state("a") + state("b"), "freshfresh");
  tier->flush({}).value();
  EXPECT_EQ(state("a") + state("b"), "freshfresh");
}

TEST_P(TierExpiry, AnInvalidationIsNotWeakenedByAnExpireBeforeOrAfterIt) {
  fill(kept({.key = "a", .labels = {tag("t")}}));
  invalidate({tag("t")});
  expire({tag("t")});
  EXPECT_EQ(state("a"), "-");
  fill(kept({.key = "b", .labels = {tag("t")}}));
  expire({tag("t")});
  invalidate({tag("t")});
  EXPECT_EQ(state("b"), "-");
  // Between two numbers.
  invalidate({tag("t")});
  fill(kept({.key = "c", .labels = {tag("t")}}));
  expire({tag("t")});
  fill(kept({.key = "d", .labels = {tag("t")}}));
  EXPECT_EQ(state("a") + state("b") + state("c") + state("d"), "--stalefresh");
  tier->flush({}).value();
  EXPECT_EQ(state("a") + state("b") + state("c") + state("d"), "--stalefresh");
}

TEST_P(TierExpiry, APutOfWhatWasExpiredTakesItsPlace) {
  fill(kept({.key = "a", .labels = {tag("t")}}));
  fill(kept({.key = "derived", .labels = {key_label("a")}}));
  expire({key_label("a")});
  EXPECT_EQ(state("a") + state("derived"), "stalestale");
  put(kept({.key = "a", .value = "new"}));
  EXPECT_EQ(value("a"), "new");
  EXPECT_EQ(state("a") + state("derived"), "fresh-");
  erase("a");
  tier->flush({}).value();
  EXPECT_EQ(state("a"), "-");
}

TEST_P(TierExpiry, ATouchGivesWhatWasExpiredANewLife) {
  fill(kept({.key = "a", .group = users, .labels = {tag("t")}}));
  clock->advance(minutes(1));
  expire({tag("t")});
  const Lifetime longer = lifetime(minutes(5), minutes(20));
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), longer, {}).value()));
  EXPECT_EQ(state("a"), "fresh");
  tier->flush({}).value();
  ASSERT_EQ(state("a"), "fresh");
  EXPECT_EQ(record("a")->lifetime, longer);
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), lifetime(minutes(6), minutes(6)), {}).value()));
  EXPECT_EQ(state("a"), "fresh");

  expire({keyspace("user")});
  EXPECT_EQ(state("a"), "-") << "the touch left nothing beyond its ttl";
  EXPECT_FALSE(tier->touch(key_ref("a"), longer, {}).value());
  fill(kept({.key = "a", .group = users, .labels = {tag("t")}}));
  expire({tag("t")});
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), longer, {}).value()));
  invalidate({tag("t")});
  EXPECT_EQ(state("a"), "-") << "and it carries its labels";
}

TEST_P(TierExpiry, AnExpireEndsTheLifeThatATouchGave) {
  fill(kept({.key = "a", .labels = {tag("t")}}));
  tier->flush({}).value();
  EXPECT_TRUE(settled(tier->touch(key_ref("a"), lifetime(minutes(5), minutes(20)), {}).value()));
  expire({tag("t")});
  ASSERT_EQ(state("a"), "stale");
  EXPECT_EQ(left(*record("a")).kept, Duration(minutes(15)));
  tier->flush({}).value();
  EXPECT_EQ(left(*record("a")).kept, Duration(minutes(15)));
}

TEST_P(TierExpiry, GetManyAndScansSeeThatATtlHasEnded) {
  for (int i = 0; i < 20; ++i) {
    fill(kept({.key = "k" + std::to_string(i), .labels = {tag(i % 2 == 0 ? "even" : "odd")}}));
  }
  expire({tag("even")});
  std::vector<std::string> names;
  std::vector<KeyRef> keys;
  for (int i = 0; i < 20; ++i) names.push_back("k" + std::to_string(i));
  for (const std::string& name : names) keys.push_back(key_ref(name));
  const auto answers = tier->get_many(keys, {}).value();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]) << i;
    EXPECT_EQ(left(*answers[i]).fresh > Duration::zero(), i % 2 == 1) << i;
  }
  const std::vector<Record> found = scan_all(7);
  EXPECT_EQ(found.size(), 20u);
  for (const Record& seen : found) {
    EXPECT_EQ(left(seen).fresh > Duration::zero(), seen.labels.front() == tag("odd"));
  }
}

TEST_P(TierExpiry, RemoveExpiredRemovesWhatIsOutOfTimeByAnExpire) {
  for (int i = 0; i < 50; ++i) {
    fill(kept({.key = "k" + std::to_string(i), .labels = {tag(i % 2 == 0 ? "even" : "odd")}}));
  }
  expire({tag("even")});
  tier->flush({}).value();
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
  clock->advance(minutes(52));
  EXPECT_EQ(tier->remove_expired({}).value(), 25u);
  EXPECT_EQ(state("k0") + state("k1"), "-stale");
}

// More than one slice, and enough for the writer to have something else to do meanwhile.
TEST_P(TierExpiry, AnExpireOfManyEndsThemAll) {
  constexpr int kMany = 3'000;
  for (int i = 0; i < kMany; ++i) {
    (void)tier
        ->fill(make_record(kept({.key = std::to_string(i), .group = users})), tier->position(), {})
        .value();
  }
  tier->flush({}).value();
  expire({source("db")});
  fill(kept({.key = "new", .group = users}));
  for (int i = 0; i < kMany; i += 7) ASSERT_EQ(state(std::to_string(i)), "stale") << i;
  tier->flush({}).value();
  EXPECT_EQ(tier->stats().tombstones, 0u);
  for (int i = 0; i < kMany; i += 7) ASSERT_EQ(state(std::to_string(i)), "stale") << i;
  EXPECT_EQ(state("new"), "fresh");
}

TEST_P(TierExpiry, WhatWasExpiredBeforeTheEndIsSoAfterIt) {
  if (!GetParam().is_kept) return;
  fill(kept({.key = "a", .labels = {tag("t")}}));
  fill(kept({.key = "b", .labels = {tag("u")}}));
  clock->advance(minutes(1));
  const Ticket raised = expire({tag("t")}).position;
  start({});
  EXPECT_GE(tier->position(), raised);
  EXPECT_EQ(state("a") + state("b"), "stalefresh");
  EXPECT_EQ(left(*record("a")).kept, Duration(minutes(50)));
}

}  // namespace strata::contract
