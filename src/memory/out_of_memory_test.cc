// Each call of the memory tier with its first, second, third ... allocation failing, once and
// from then on: nothing is thrown, nothing is damaged, and what was invalidated is not served.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/failing_allocations.h"

namespace strata::memory {
namespace {

class MemoryTierOutOfMemory : public testing::Test {
 protected:
  // A tier in which the next entry makes tables, posting sets and cells grow.
  void start() {
    tier = std::make_unique<MemoryTier>(MemoryOptions{.shards = 1}, clock, /*seed=*/7);
    for (int i = 0; i < 6; ++i) {
      const std::string key = "k" + std::to_string(i);
      ASSERT_EQ(tier->fill(make(key, {tag("t"), tag(key)}), tier->position()),
                FillOutcome::kStored);
    }
  }

  EntryRef make(const std::string& key, const Labels& labels) const {
    EntryRef entry = entry_with_labels(key, labels);
    entry->set_group(&group);
    return entry;
  }
  [[nodiscard]] bool has(const std::string& key) const {
    return static_cast<bool>(tier->get({key, key_hash(key), {}}));
  }

  // Runs call(offer) on a new tier with its n-th allocation failing, for every n, and then
  // check(). `offer` was made before.
  void fail_each_allocation(const std::function<EntryRef()>& make_offer,
                            const std::function<void(EntryRef offer)>& call,
                            const std::function<void()>& check) {
    testkit::fail_each_allocation([&](testkit::FailingAllocations& failing) {
      start();
      EntryRef offer = make_offer();
      failing.begin();
      call(std::move(offer));
      failing.end();
      tier->check_invariants();
      check();
    });
  }

  const LabelGroup group{{keyspace("user"), source("db")}};
  const LabelGroup other{{keyspace("other"), source("db")}};
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

TEST_F(MemoryTierOutOfMemory, AFillIsDeclinedOrKept) {
  int declined = 0;
  FillOutcome outcome{};
  fail_each_allocation(
      [&] {
        EntryRef entry = make("new", {tag("t"), tag("new"), tag("k1")});
        entry->set_group(&other);
        return entry;
      },
      [&](EntryRef offer) { outcome = tier->fill(std::move(offer), tier->position()); },
      [&] {
        declined += outcome == FillOutcome::kDeclined ? 1 : 0;
        EXPECT_EQ(outcome == FillOutcome::kStored, has("new"));
        EXPECT_NE(outcome, FillOutcome::kRefused);
        EXPECT_TRUE(has("k0"));
      });
  EXPECT_GE(declined, 6) << "or the failures hit nothing";
}

TEST_F(MemoryTierOutOfMemory, AFillThatIsDeclinedStillReplaces) {
  FillOutcome outcome{};
  fail_each_allocation(
      [&] {
        return make("k0", {tag("new"), tag("k1")});
      },
      [&](EntryRef offer) { outcome = tier->fill(std::move(offer), tier->position()); },
      [&] { EXPECT_EQ(outcome == FillOutcome::kStored, has("k0")); });
}

TEST_F(MemoryTierOutOfMemory, APutStillInvalidates) {
  FillOutcome outcome{};
  const Ticket before{0};
  fail_each_allocation(
      [&] {
        EXPECT_EQ(tier->fill(make("derived", {Label(LabelKind::kKey, "k0")}), before),
                  FillOutcome::kStored);
        return make("k0", {tag("new")});
      },
      [&](EntryRef offer) {
        const KeyRef key = offer->key();
        outcome = tier->put(key, std::move(offer), before, RemovalCause::kReplaced);
      },
      [&] {
        EXPECT_EQ(outcome == FillOutcome::kStored, has("k0"));
        EXPECT_FALSE(has("derived"));
        EXPECT_EQ(tier->fill(make("k0", {}), before), FillOutcome::kRefused);
      });
}

TEST_F(MemoryTierOutOfMemory, AnInvalidationStillInvalidates) {
  for (const Label& label : {tag("t"), keyspace("user"), everything()}) {
    SCOPED_TRACE(format_label(label));
    fail_each_allocation([&] { return EntryRef(); },
                         [&](const EntryRef&) {
                           tier->invalidate({&label, 1});
                         },
                         [&] {
                           EXPECT_EQ(tier->stats().entries, 0u);
                           for (int i = 0; i < 6; ++i) EXPECT_FALSE(has("k" + std::to_string(i)));
                           EXPECT_EQ(tier->fill(make("k0", {tag("t")}), Ticket{0}),
                                     FillOutcome::kRefused);
                         });
  }
}

// These are kept no longer than they are fresh.
TEST_F(MemoryTierOutOfMemory, AnExpireLeavesNothingFresh) {
  for (const Label& label : {tag("t"), keyspace("user"), everything()}) {
    SCOPED_TRACE(format_label(label));
    fail_each_allocation([&] { return EntryRef(); },
                         [&](const EntryRef&) {
                           tier->expire({&label, 1});
                         },
                         [&] {
                           EXPECT_EQ(tier->stats().entries, 0u);
                           for (int i = 0; i < 6; ++i) EXPECT_FALSE(has("k" + std::to_string(i)));
                           EXPECT_EQ(tier->fill(make("k0", {tag("t")}), Ticket{0}),
                                     FillOutcome::kRefused);
                         });
  }
}

TEST_F(MemoryTierOutOfMemory, UpkeepStillDoesItsWork) {
  fail_each_allocation([&] { return EntryRef(); },
                       [&](const EntryRef&) {
                         tier->remove_expired();
                         tier->resize(3, 1 << 20);
                       },
                       [&] { EXPECT_EQ(tier->stats().entries, 3u); });
}

// Without memory for its place in the wheel an entry is found by the hand that goes around.
TEST_F(MemoryTierOutOfMemory, WhatHasNoPlaceInTheWheelStillLeavesWhenItHasEnded) {
  constexpr int kWrites = 20 * 64;  // the hand goes around in fewer
  int kept = 0;
  fail_each_allocation(
      [&] {
        EntryRef entry = make("new", {});
        const Instant end = saturating_add(clock->now(), std::chrono::seconds(1));
        entry->set_times(end, end);
        return entry;
      },
      [&](EntryRef offer) { tier->fill(std::move(offer), tier->position()); },
      [&] {
        kept += has("new") ? 1 : 0;
        clock->advance(std::chrono::seconds(3));
        for (int i = 0; i < kWrites; ++i) tier->fill(make("k0", {}), tier->position());
        EXPECT_EQ(tier->sizes().residents, 6u);
      });
  EXPECT_GE(kept, 2) << "or none was kept without a place";
}

// The tenant's first entry in a tier that knows it, and in one that has to learn of it.
TEST_F(MemoryTierOutOfMemory, ATenantsFirstEntryIsDeclinedOrKept) {
  const LabelGroup of_tenant{{keyspace("user"), tenant("a")}};
  int declined = 0;
  FillOutcome outcome{};
  testkit::fail_each_allocation([&](testkit::FailingAllocations& failing) {
    tier = std::make_unique<MemoryTier>(
        MemoryOptions{.each_tenant = {.max_entries = 1}, .shards = 1}, clock, /*seed=*/7);
    ASSERT_EQ(tier->fill(make("k0", {}), tier->position()), FillOutcome::kStored);
    EntryRef offer = make("k0", {tag("t")});
    offer->set_group(&of_tenant);
    failing.begin();
    outcome = tier->fill(std::move(offer), tier->position());
    failing.end();
    tier->check_invariants();
    declined += outcome == FillOutcome::kDeclined ? 1 : 0;
    EXPECT_EQ(outcome == FillOutcome::kStored, has("k0")) << "the former one was replaced";
    const TenantsStats stats = tier->tenants();
    ASSERT_EQ(stats.tenants.size(), 1u);
    EXPECT_EQ(stats.tenants[0].entries, has("k0") ? 1u : 0u);
    EXPECT_EQ(stats.rest.entries, 0u);
  });
  EXPECT_GE(declined, 3) << "or the failures hit nothing";
}

TEST_F(MemoryTierOutOfMemory, AQuotaHoldsOrIsNotSet) {
  const LabelGroup of_tenant{{keyspace("user"), tenant("a")}};
  int failed = 0;
  testkit::fail_each_allocation([&](testkit::FailingAllocations& failing) {
    start();
    for (const std::string key : {"a0", "a1", "a2"}) {
      EntryRef entry = make(key, {tag("t")});
      entry->set_group(&of_tenant);
      ASSERT_EQ(tier->fill(std::move(entry), tier->position()), FillOutcome::kStored);
    }
    failing.begin();
    const bool is_set = tier->set_quota("a", {.max_entries = 2}).ok();
    failing.end();
    tier->check_invariants();
    const int held = has("a0") + has("a1") + has("a2");
    EXPECT_TRUE(is_set ? held <= 2 : held == 3) << held;
    failed += is_set ? 0 : 1;
    EXPECT_EQ(tier->tenants().tenants.size(), is_set ? 1u : 0u);
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(has("k" + std::to_string(i)));
  });
  EXPECT_GE(failed, 1);
}

}  // namespace
}  // namespace strata::memory
