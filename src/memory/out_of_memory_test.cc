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
#include "testkit/failing_allocations.h"
#include "testkit/manual_clock.h"

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
  std::shared_ptr<testkit::ManualClock> clock = std::make_shared<testkit::ManualClock>();
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

}  // namespace
}  // namespace strata::memory
