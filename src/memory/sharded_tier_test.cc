// Tests of a memory tier with several shards: bounds that are the tier's, and invalidations that
// reach every shard.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/mutant.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/script.h"
#include "testkit/threads.h"

namespace strata::memory {
namespace {

using strata::testing::Mutant;
using testkit::Script;

constexpr std::size_t kShards = 16;

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }

class ShardedTierTest : public ::testing::Test {
 protected:
  void start(std::uint64_t max_entries, std::uint64_t max_bytes = 64 << 20) {
    tier = std::make_unique<MemoryTier>(
        MemoryOptions{.max_entries = max_entries, .max_bytes = max_bytes, .shards = kShards}, clock,
        /*seed=*/7);
  }
  FillOutcome fill(const std::string& key, const Labels& labels = {}) {
    return tier->fill(entry_with_labels(key, labels), tier->position());
  }
  void fill_many(std::size_t count, const Labels& labels = {}) {
    for (std::size_t i = 0; i < count; ++i) fill("k" + std::to_string(i), labels);
  }
  FillOutcome put(const std::string& key) {
    return tier->put(key_of(key), entry_with_key(key), tier->position(), RemovalCause::kReplaced);
  }
  bool has(const std::string& key) { return static_cast<bool>(tier->peek(key_of(key))); }
  void TearDown() override {
    strata::testing::set_mutant(Mutant::kNone);
    tier->check_invariants();
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

TEST_F(ShardedTierTest, TheNumberOfShardsFollowsTheBounds) {
  const auto shards_of = [&](const MemoryOptions& options) {
    return MemoryTier(options, clock, 7).shard_count();
  };
  EXPECT_EQ(shards_of({.max_bytes = 256 << 20}), 16u);
  EXPECT_EQ(shards_of({.max_bytes = 8ULL << 30}), 16u);
  EXPECT_EQ(shards_of({.max_bytes = 32 << 20}), 2u);
  EXPECT_EQ(shards_of({.max_bytes = (32 << 20) - 1}), 1u);
  EXPECT_EQ(shards_of({.max_entries = 10'000}), 2u);
  EXPECT_EQ(shards_of({.max_entries = 10}), 1u);
  EXPECT_EQ(shards_of({.max_bytes = 0}), 1u);
  EXPECT_EQ(shards_of({.max_entries = 10, .shards = 3}), 4u);
  EXPECT_EQ(shards_of({.shards = 1'000'000}), 1024u);
  start(0);
}

TEST_F(ShardedTierTest, TheBoundIsTheTiersHoweverKeysFallOnShards) {
  start(100);
  fill_many(100);
  EXPECT_EQ(tier->stats().entries, 100u) << "none has to go while there is room in the tier";
  fill_many(10'000);
  EXPECT_EQ(tier->stats().entries, 100u);
}

TEST_F(ShardedTierTest, ABoundBelowTheNumberOfShardsHoldsToo) {
  start(3);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_EQ(fill(key), FillOutcome::kStored);
    EXPECT_TRUE(has(key)) << "what was stored last is there";
    EXPECT_LE(tier->stats().entries, 3u);
  }
}

TEST_F(ShardedTierTest, ALargeValueMakesRoomInOtherShards) {
  start(0, 1 << 20);
  fill_many(10'000);
  const std::uint64_t before = tier->stats().entries;
  for (const bool replaces : {false, true}) {
    const std::string key = "large";
    EntryRef entry = Entry::make<std::string>(key_of(key), std::string(700 << 10, 'x'));
    EXPECT_EQ(replaces ? tier->put(key_of(key), std::move(entry), tier->position(),
                                   RemovalCause::kReplaced)
                       : tier->fill(std::move(entry), tier->position()),
              FillOutcome::kStored);
    tier->remove_due(SIZE_MAX);
    EXPECT_TRUE(has(key));
    EXPECT_LT(tier->stats().entries, before / 2);
    EXPECT_LE(tier->stats().bytes, 1u << 20);
    tier->check_invariants();
  }
}

TEST_F(ShardedTierTest, AValueThatNeverFitsEvictsNothing) {
  start(0, 1 << 20);
  fill_many(1'000);
  const std::uint64_t before = tier->stats().entries;
  EXPECT_EQ(tier->fill(Entry::make<std::string>(key_of("x"), std::string(2 << 20, 'x')),
                       tier->position()),
            FillOutcome::kDeclined);
  EXPECT_EQ(tier->stats().entries, before);
}

TEST_F(ShardedTierTest, AResizeLeavesAsManyAsTheBoundAllows) {
  start(0);
  fill_many(5'000);
  tier->resize(1'000, 64 << 20);
  tier->remove_due(SIZE_MAX);
  EXPECT_EQ(tier->stats().entries, 1'000u);
  tier->resize(1, 64 << 20);
  EXPECT_EQ(tier->stats().entries, 1u);
  tier->resize(0, 0);
  EXPECT_EQ(tier->stats().entries, 0u);
}

TEST_F(ShardedTierTest, AnInvalidationReachesEveryShard) {
  start(0);
  const LabelGroup group{{keyspace("k")}};
  for (const Label& label : {tag("t"), keyspace("k"), everything(), Label(LabelKind::kKey, "k0")}) {
    for (std::size_t i = 0; i < 1'000; ++i) {
      EntryRef entry =
          entry_with_labels("k" + std::to_string(i), {tag("t"), Label(LabelKind::kKey, "k0")});
      entry->set_group(&group);
      tier->fill(std::move(entry), tier->position());
    }
    ASSERT_EQ(tier->stats().entries, 1'000u);
    EXPECT_EQ(tier->invalidate({{label}}).removed, 1'000u) << format_label(label);
    EXPECT_EQ(tier->stats().entries, 0u);
  }
}

TEST_F(ShardedTierTest, APutRemovesWhatWasComputedFromItsKeyInEveryShard) {
  for (const Mutant mutant : {Mutant::kNone, Mutant::kPutStaysInShard}) {
    start(0);
    strata::testing::set_mutant(mutant);
    fill_many(200, {Label(LabelKind::kKey, "base")});
    put("base");
    EXPECT_TRUE(has("base"));
    if (mutant == Mutant::kNone) {
      EXPECT_EQ(tier->stats().entries, 1u);
    } else if (strata::testing::kMutantsBuilt) {
      EXPECT_GT(tier->stats().entries, 1u) << "the mutant lives";
    }
  }
}

TEST_F(ShardedTierTest, UpkeepReclaimsInvalidatedGroupsWithoutWrites) {
  start(0);
  const LabelGroup group{{keyspace("k")}};
  for (std::size_t i = 0; i < 20'000; ++i) {
    EntryRef entry = entry_with_key("k" + std::to_string(i));
    if (i % 2 == 0) entry->set_group(&group);
    tier->fill(std::move(entry), tier->position());
  }
  tier->invalidate({{keyspace("k")}});
  ASSERT_EQ(tier->sizes().dead, 10'000u);
  EXPECT_LE(tier->remove_due(100), 100u);
  for (int call = 0; tier->sizes().dead > 0; ++call) {
    ASSERT_LT(call, 10);
    tier->remove_due(4'096);
  }
  EXPECT_EQ(tier->sizes().residents, 10'000u);
  EXPECT_EQ(tier->remove_due(4'096), 0u);
}

// A hit leaves what threads share as it is: the entries with their places in queues, and the tier
// but for the line in which the thread counts. Of a policy that is told of hits in order that is
// not so.
TEST_F(ShardedTierTest, AVisitWritesNothingThatIsShared) {
  const auto bytes_of = [](const auto& object) {
    return std::string(reinterpret_cast<const char*>(&object), sizeof object);
  };
  const auto all_bytes = [&] {
    std::string bytes = bytes_of(*tier);
    for (int i = 0; i < 200; ++i) bytes += bytes_of(*tier->peek(key_of("k" + std::to_string(i))));
    return bytes;
  };
  const auto lines_between = [](const std::string& before, const std::string& after) {
    constexpr std::size_t kLine = 64;
    std::size_t changed = 0;
    for (std::size_t at = 0; at < before.size(); at += kLine) {
      changed += before.compare(at, kLine, after, at, kLine) != 0 ? 1 : 0;
    }
    return changed;
  };
  const auto visit = [&](bool forward) {
    for (int i = 0; i < 100 * 64; ++i) {
      const std::string key = "k" + std::to_string(forward ? i % 64 : 63 - i % 64);
      ASSERT_TRUE(tier->visit(
          key_of(key), [](void*, const Entry&) {}, nullptr));
    }
  };
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAdaptive, EvictionPolicy::kHorizon, EvictionPolicy::kS3Fifo,
        EvictionPolicy::kLfu, EvictionPolicy::kLru}) {
    tier = std::make_unique<MemoryTier>(
        MemoryOptions{.max_entries = 1'000, .policy = policy, .shards = 4}, clock, /*seed=*/7);
    fill_many(200);
    visit(true);  // Uses saturate.
    const std::string before = all_bytes();
    visit(false);
    EXPECT_EQ(lines_between(before, all_bytes()) == 1, policy != EvictionPolicy::kLru)
        << "policy " << static_cast<int>(policy);
  }
}

// So many keys in one shard that many have the same mark in their bucket.
TEST_F(ShardedTierTest, ABatchFindsWhatIsThereAndNothingElse) {
  tier = std::make_unique<MemoryTier>(MemoryOptions{.max_entries = 50'000, .shards = 1}, clock, 7);
  constexpr std::size_t kKeys = 40'000;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kKeys; ++i) texts.push_back("k" + std::to_string(i));
  for (std::size_t i = 0; i < kKeys; i += 2) fill(texts[i]);
  std::vector<KeyRef> keys;
  for (const std::string& text : texts) keys.push_back(key_of(text));
  std::vector<EntryRef> found(kKeys);
  tier->get_many(keys, found);
  for (std::size_t i = 0; i < kKeys; ++i) {
    ASSERT_EQ(static_cast<bool>(found[i]), i % 2 == 0) << texts[i];
    if (found[i]) {
      ASSERT_EQ(found[i]->key_text(), texts[i]);
    }
  }
  EXPECT_EQ(tier->stats().hits, kKeys / 2);
  EXPECT_EQ(tier->stats().misses, kKeys / 2);
}

// Counted in what the call removes; what it moves in the table is bounded by a segment's entries.
TEST_F(ShardedTierTest, NoCallOfAChurnRemovesMoreThanAThousand) {
  start(20'000, 16 << 20);
  std::uint64_t removed = 0;
  std::uint64_t most = 0;
  tier->set_removal_listener([&](const EntryRef&, RemovalCause, Ticket) { ++removed; });
  const LabelGroup group{{keyspace("k")}};
  testkit::Random random(3);
  for (int i = 0; i < 200'000; ++i) {
    const std::string key = "k" + std::to_string(random.below(60'000));
    const std::size_t bytes = random.one_in(100) ? random.below(100'000) : random.below(500);
    EntryRef entry = Entry::make<std::string>(key_of(key), std::string(bytes, 'x'));
    entry->set_group(&group);
    if (random.one_in(3)) {
      const Instant end = saturating_add(clock->now(), Duration(random.below(5'000'000'000)));
      entry->set_times(end, end);
    }
    removed = 0;
    if (random.one_in(2)) {
      tier->get(key_of(key));
    } else if (random.one_in(4)) {
      tier->put(key_of(key), std::move(entry), tier->position(), RemovalCause::kReplaced);
    } else {
      tier->fill(std::move(entry), tier->position());
    }
    most = std::max(most, removed);
    if (i % 100 == 0) clock->advance(Duration(random.below(100'000'000)));
    if (i % 50'000 == 49'999) tier->invalidate({{keyspace("k")}});
  }
  EXPECT_LE(most, 1'000u);
  EXPECT_GT(most, 1u);
}

TEST_F(ShardedTierTest, ScansVisitEveryShard) {
  start(0);
  fill_many(3'000);
  std::vector<EntryRef> found;
  std::uint64_t cursor = 0;
  do cursor = tier->scan(cursor, found);
  while (cursor != 0);
  EXPECT_EQ(found.size(), 3'000u);
}

#if defined(STRATA_YIELD_POINTS)
// Who comes while a bound is being lowered gives up as much as it brings, and a share of the rest.
TEST_F(ShardedTierTest, AFillBesideALoweredBoundGivesUpItsShare) {
  start(20'000);
  fill_many(20'000);
  std::uint64_t removed = 0;
  tier->set_removal_listener([&](const EntryRef&, RemovalCause, Ticket) { ++removed; });
  Script script;
  script.actor("resize", [&] { tier->resize(100, 64 << 20); });
  ASSERT_EQ(script.run_to("resize", "memory.bounds.set"), Script::Stop::kParked);
  EXPECT_EQ(fill("new"), FillOutcome::kStored);
  EXPECT_EQ(removed, 1 + MemoryTier::kShareOfRest);
  EXPECT_EQ(put("newer"), FillOutcome::kStored);
  EXPECT_EQ(removed, 2 * (1 + MemoryTier::kShareOfRest));
  ASSERT_EQ(script.finish("resize"), Script::Stop::kFinished);
  EXPECT_EQ(removed, 2 * (1 + MemoryTier::kShareOfRest) + MemoryTier::kCallWork);
  tier->remove_due(SIZE_MAX);
  EXPECT_EQ(tier->stats().entries, 100u);
}

// The number is raised and no shard was visited: what the invalidation is about may still be
// served, but an older fill is refused, and nothing of before is there when the call returns.
TEST_F(ShardedTierTest, OlderFillsAreRefusedBeforeAnyShardIsVisited) {
  start(0);
  fill_many(100, {tag("t")});
  const Ticket before = tier->position();
  Script script;
  script.actor("change", [&] { tier->invalidate({{tag("t")}}); });
  ASSERT_EQ(script.run_to("change", "memory.invalidate.numbered"), Script::Stop::kParked);
  EXPECT_TRUE(has("k0"));
  EXPECT_EQ(tier->fill(entry_with_labels("k0", {tag("t")}), before), FillOutcome::kRefused);
  EXPECT_EQ(tier->fill(entry_with_labels("other", {tag("u")}), before), FillOutcome::kStored);
  ASSERT_EQ(script.finish("change"), Script::Stop::kFinished);
  EXPECT_TRUE(has("other"));
  EXPECT_EQ(tier->stats().entries, 1u);
}
#endif

// Values that carry a key and the version of it that they were made of, while the key is put.
TEST_F(ShardedTierTest, NothingComputedFromAKeyOutlivesThePutOfANewerValue) {
  constexpr int kPuts = 2'000;
  constexpr std::size_t kDerived = 64;
  start(0);
  const Label base(LabelKind::kKey, "base");
  std::atomic<int> version{0};
  std::atomic<int> floor{0};
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> seen{0};
  const auto derived = [](std::size_t at) { return "d" + std::to_string(at); };
  testkit::run_threads(4, [&](std::size_t index) {
    testkit::Random random(index + 1);
    if (index == 0) {
      for (int i = 1; i <= kPuts || seen.load() < 100; ++i) {
        version.store(i);
        put("base");
        floor.store(i);
        if (i % 8 == 0) std::this_thread::yield();
      }
      over.store(true);
    } else if (index == 1) {
      while (!over.load()) {
        const Ticket ticket = tier->position();
        const std::string key = derived(random.below(kDerived));
        EntryRef entry = Entry::make<int>(key_of(key), version.load());
        entry->set_labels(Labels{base});
        tier->fill(std::move(entry), ticket);
      }
    } else {
      while (!over.load()) {
        const int least = floor.load();
        const std::string key = derived(random.below(kDerived));
        const EntryRef entry = tier->get(key_of(key));
        if (!entry) continue;
        seen.fetch_add(1);
        if (entry->value<int>() < least) wrong.fetch_add(1);
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
}

}  // namespace
}  // namespace strata::memory
