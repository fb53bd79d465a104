// Tests of how much one call does, counted in the entries that leave by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "memory/charge.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }

// With one shard, and with many.
class BoundedWorkTest : public testing::TestWithParam<std::size_t> {
 protected:
  void start(MemoryOptions options) {
    options.shards = GetParam();
    tier = std::make_unique<MemoryTier>(options, clock, /*seed=*/7);
    tier->set_removal_listener([this](const EntryRef&, RemovalCause, Ticket) { ++removed; });
  }
  // Makes a call and counts what left by it.
  template <typename Call>
  std::size_t work_of(const Call& call) {
    removed = 0;
    call();
    most = std::max(most, removed);
    return removed;
  }
  FillOutcome fill(const std::string& key, std::size_t bytes = 0, const LabelGroup* its = nullptr) {
    EntryRef entry = Entry::make<std::string>(key_of(key), std::string(bytes, 'v'));
    entry->set_group(its);
    FillOutcome outcome{};
    work_of([&] { outcome = tier->fill(std::move(entry), tier->position()); });
    return outcome;
  }
  FillOutcome put(const std::string& key, std::size_t bytes) {
    EntryRef entry = Entry::make<std::string>(key_of(key), std::string(bytes, 'v'));
    FillOutcome outcome{};
    work_of([&] {
      outcome = tier->put(key_of(key), std::move(entry), tier->position(), RemovalCause::kReplaced);
    });
    return outcome;
  }
  void fill_many(const std::string& name, std::size_t count, const LabelGroup* its = nullptr) {
    for (std::size_t i = 0; i < count; ++i) fill(name + std::to_string(i), 0, its);
  }
  bool has(const std::string& key) { return static_cast<bool>(tier->peek(key_of(key))); }
  [[nodiscard]] std::uint64_t entries() const { return tier->stats().entries; }
  [[nodiscard]] std::uint64_t bytes() const { return tier->stats().bytes; }
  void TearDown() override {
    EXPECT_LE(most, 1'000u) << "no call does more";
    tier->check_invariants();
  }

  const LabelGroup group{{keyspace("k"), tenant("a")}};
  std::size_t removed = 0;
  std::size_t most = 0;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

INSTANTIATE_TEST_SUITE_P(Shards, BoundedWorkTest, testing::Values(1, 16));

TEST_P(BoundedWorkTest, AResizeEvictsAThousandAndLeavesTheRestToUpkeep) {
  start({});
  fill_many("k", 4'000);
  EXPECT_EQ(work_of([&] { tier->resize(3'000, 64 * kMiB); }), 1'000u);
  EXPECT_EQ(entries(), 3'000u) << "all of it";
  EXPECT_EQ(tier->remove_due(1'000), 0u);
  EXPECT_EQ(work_of([&] { tier->resize(1'999, 64 * kMiB); }), 1'000u);
  EXPECT_EQ(entries(), 2'000u) << "all but one";
  tier->check_invariants();
  EXPECT_EQ(tier->remove_due(1'000), 1u);
  EXPECT_EQ(entries(), 1'999u);

  EXPECT_EQ(work_of([&] { tier->resize(0, 0); }), 1'000u);
  EXPECT_EQ(fill("new"), FillOutcome::kDeclined) << "it is off";
  EXPECT_LT(entries(), 1'000u);
  EXPECT_EQ(tier->remove_due(100), 100u);
  tier->remove_due(1'000);
  EXPECT_EQ(entries(), 0u);
  EXPECT_EQ(bytes(), 0u);
}

// Nobody else comes by to do it: whoever brings an entry gives up some.
TEST_P(BoundedWorkTest, TheCallsThatFollowALoweredBoundBringTheTierBelowIt) {
  start({});
  fill_many("k", 4'000);
  work_of([&] { tier->resize(500, 64 * kMiB); });
  std::uint64_t before = entries();
  EXPECT_EQ(before, 3'000u);
  for (int i = 0; before > 500; ++i) {
    ASSERT_LT(i, 3'000 / 64);
    EXPECT_EQ(fill("n" + std::to_string(i)), FillOutcome::kStored) << "it is not declined for it";
    EXPECT_LE(entries(), std::max<std::uint64_t>(500, before - 64));
    before = entries();
    tier->check_invariants();
  }
  EXPECT_EQ(before, 500u);
}

TEST_P(BoundedWorkTest, ALoweredQuotaIsReachedInSeveralCalls) {
  start({});
  fill_many("a", 3'000, &group);
  fill_many("k", 100);
  EXPECT_EQ(work_of([&] { ASSERT_TRUE(tier->set_quota("a", {.max_entries = 500}).ok()); }), 1'000u);
  EXPECT_EQ(entries(), 2'100u);
  EXPECT_EQ(fill("new", 0, &group), FillOutcome::kStored);
  EXPECT_EQ(entries(), 2'100u - MemoryTier::kShareOfRest);
  tier->check_invariants();
  EXPECT_EQ(tier->remove_due(1'000), 1'000u);
  EXPECT_EQ(tier->remove_due(1'000), 500u - MemoryTier::kShareOfRest);
  EXPECT_EQ(entries(), 600u);
}

// A newcomer for which 512 entries make room is let in within the bound; one that needs more is let
// in beyond it, and stays until the others have made room for it.
TEST_P(BoundedWorkTest, ALargeNewcomerExceedsTheBoundUntilUpkeepHasMadeItsRoom) {
  start({.max_bytes = 4 * kMiB});
  fill_many("k", 20'000);
  EXPECT_GT(entries(), 10'000u);
  const std::size_t weight = bytes() / entries();
  EXPECT_EQ(fill("medium", 400 * weight), FillOutcome::kStored);
  EXPECT_LE(bytes(), 4 * kMiB);

  const std::uint64_t before = bytes();
  EXPECT_EQ(fill("large", 2 * kMiB), FillOutcome::kStored);
  EXPECT_GT(bytes(), 4 * kMiB);
  EXPECT_LE(bytes(), before + 2 * kMiB + 1'000);
  EXPECT_GE(removed, Offer::kWork);
  tier->check_invariants();
  while (work_of([&] { tier->remove_due(1'000); }) > 0) {
  }
  EXPECT_LE(bytes(), 4 * kMiB);
  EXPECT_GT(bytes(), 4 * kMiB - 10'000) << "and no more than that was evicted";
  EXPECT_TRUE(has("large"));
}

TEST_P(BoundedWorkTest, OnlyOneNewcomerAtATimeExceedsTheBound) {
  start({.max_bytes = 4 * kMiB});
  fill_many("k", 20'000);
  EXPECT_EQ(put("large", 3 * kMiB), FillOutcome::kStored);
  std::uint64_t before = bytes();
  for (int i = 0; i < 3; ++i) {
    const std::string key = "larger" + std::to_string(i);
    EXPECT_EQ(put(key, 3 * kMiB), FillOutcome::kDeclined) << "until that one has its room";
    EXPECT_LT(bytes(), before);
    before = bytes();
    tier->check_invariants();
  }
  EXPECT_TRUE(has("large"));
  EXPECT_EQ(fill("small"), FillOutcome::kStored);
  EXPECT_LT(bytes(), before);
  work_of([&] { tier->resize(0, 2 * kMiB); });
  tier->remove_due(SIZE_MAX);
  EXPECT_FALSE(has("large")) << "it is larger than the bound now";
  EXPECT_LE(bytes(), 2 * kMiB);
}

TEST_P(BoundedWorkTest, ATenantsLargeNewcomerExceedsItsQuotaAndNotTheTier) {
  start({.max_bytes = 64 * kMiB, .tenants = {{"a", {.max_bytes = 2 * kMiB}}}});
  fill_many("a", 10'000, &group);
  fill_many("k", 1'000);
  const auto use = [&] { return tier->tenants().tenants.at(0).bytes; };
  EXPECT_LE(use(), 2 * kMiB);
  EXPECT_EQ(fill("large", kMiB, &group), FillOutcome::kStored);
  EXPECT_GT(use(), 2 * kMiB);
  EXPECT_LE(use(), 3 * kMiB + 1'000);
  tier->check_invariants();
  while (work_of([&] { tier->remove_due(1'000); }) > 0) {
  }
  EXPECT_LE(use(), 2 * kMiB);
  EXPECT_TRUE(has("large"));
  EXPECT_TRUE(has("k0")) << "others give up nothing for it";
  EXPECT_TRUE(has("k999"));
}

// Sizes, bounds, quotas and ends of ttls at random, and not one call that does more.
TEST_P(BoundedWorkTest, NoCallDoesMoreThanAThousandEntriesWork) {
  testkit::for_each_seed(2, [&](testkit::Random& random) {
    start({.max_bytes = 4 * kMiB, .tenants = {{"a", {.max_bytes = 2 * kMiB}}}});
    for (int i = 0; i < 15'000; ++i) {
      const std::string key = "k" + std::to_string(random.below(20'000));
      const LabelGroup* its = random.one_in(2) ? &group : nullptr;
      if (random.one_in(1'000)) {
        work_of([&] { tier->resize(0, random.between(1, 4) * kMiB); });
      } else if (random.one_in(1'000)) {
        work_of([&] {
          EXPECT_TRUE(tier->set_quota("a", {.max_bytes = random.between(1, 2) * kMiB}).ok());
        });
      } else if (random.one_in(300)) {
        put("large" + key, random.below(2 * kMiB));
      } else if (random.one_in(500)) {
        work_of([&] { tier->remove_due(1'000); });
      } else {
        fill(key, random.below(100), its);
      }
      if (i % 1'000 == 0) tier->check_invariants();
    }
    tier->remove_due(SIZE_MAX);
    EXPECT_LE(bytes(), tier->stats().max_bytes);
    EXPECT_LE(tier->tenants().tenants.at(0).bytes, tier->tenants().tenants.at(0).quota.max_bytes);
  });
  EXPECT_GT(most, Offer::kWork);
}

}  // namespace
}  // namespace strata::memory
