// Tests of the memory tier's part in the protocol: the races of docs/consistency.md, one by one,
// with threads that stand still where the test wants, and the mutants that each of them kills.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/mutant.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/ports/clock.h"
#include "strata/testing/manual_clock.h"
#include "testkit/script.h"

namespace strata::memory {
namespace {

using testing::Mutant;
using testkit::Script;

class MemoryProtocol : public ::testing::Test {
 protected:
  void TearDown() override { strata::testing::set_mutant(Mutant::kNone); }

  // Begins with an empty tier, and with `mutant` on.
  void start(Mutant mutant) {
    tier = std::make_unique<MemoryTier>(MemoryOptions{.shards = 1}, clock, /*seed=*/7);
    strata::testing::set_mutant(mutant);
  }
  FillOutcome fill(const std::string& key, const std::string& value, Ticket ticket) {
    return tier->fill(make(key, value), ticket);
  }
  EntryRef make(const std::string& key, const std::string& value) {
    EntryRef entry = Entry::make<std::string>({key, key_hash(key), {}}, value);
    entry->set_labels(Labels{tag("t")});
    entry->set_group(&group);
    return entry;
  }
  std::string value(const std::string& key) {
    const EntryRef entry = tier->get({key, key_hash(key), {}});
    return entry ? entry->value<std::string>() : "-";
  }

  // Expects `scenario()`, the value that is read at the end, to be `right`, and to be `wrong`
  // with each of the mutants.
  template <typename Scenario>
  void expect_killed(const Scenario& scenario, const std::string& right, const std::string& wrong,
                     const std::vector<Mutant>& mutants) {
    start(Mutant::kNone);
    EXPECT_EQ(scenario(), right);
    tier->check_invariants();
    for (const Mutant mutant : mutants) {
      start(mutant);
      EXPECT_EQ(scenario(), wrong) << strata::testing::mutant_name(mutant) << " lives";
    }
    strata::testing::set_mutant(Mutant::kNone);
  }

  const LabelGroup group{{keyspace("k")}};
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

TEST_F(MemoryProtocol, AFillThatBeganBeforeAnInvalidationIsRefused) {
  expect_killed(
      [&] {
        const Ticket ticket = tier->position();
        tier->invalidate({{tag("t")}});
        fill("a", "old", ticket);
        return value("a");
      },
      "-", "old", {Mutant::kNoTickets, Mutant::kMemoryFillUnchecked});
}

TEST_F(MemoryProtocol, AFillIsRefusedFromTheRaiseOnEvenBeforeTheRemovals) {
  expect_killed(
      [&] {
        const Ticket ticket = tier->position();
        fill("a", "older", ticket);
        Script script;
        script.actor("change", [&] { tier->invalidate({{tag("t")}}); });
        EXPECT_EQ(script.run_to("change", "memory.invalidate.raised"), Script::Stop::kParked);
        fill("a", "old", ticket);
        EXPECT_EQ(script.finish("change"), Script::Stop::kFinished);
        return value("a");
      },
      "-", "old", {Mutant::kRaiseAfterRemoval, Mutant::kNoTickets});
}

TEST_F(MemoryProtocol, AnInvalidatedGroupIsNotServed) {
  expect_killed(
      [&] {
        fill("a", "old", tier->position());
        tier->invalidate({{keyspace("k")}});
        return value("a");
      },
      "-", "old", {Mutant::kCellNotCompared});
}

TEST_F(MemoryProtocol, APutThatBeganBeforeAnInvalidationIsRefused) {
  expect_killed(
      [&] {
        const Ticket ticket = tier->position();
        tier->invalidate({{tag("t")}});
        EntryRef entry = make("a", "old");
        tier->put(entry->key(), entry, ticket, RemovalCause::kReplaced);
        return value("a");
      },
      "-", "old", {Mutant::kPutUnconditional});
}

// Between the raise and the removals: what was accepted later is not what is removed.
TEST_F(MemoryProtocol, AnEntryAcceptedBetweenRaiseAndRemovalStays) {
  start(Mutant::kNone);
  for (const Labels& labels :
       {Labels{tag("t")}, Labels{Label(LabelKind::kKey, "a")}, Labels{keyspace("k")},
        Labels{everything()}, Labels{tag("t"), Label(LabelKind::kKey, "a"), keyspace("k")}}) {
    SCOPED_TRACE(format_label(labels.front()));
    fill("a", "old", tier->position());
    Script script;
    script.actor("change", [&] { tier->invalidate(labels); });
    ASSERT_EQ(script.run_to("change", "memory.invalidate.raised"), Script::Stop::kParked);
    EXPECT_EQ(fill("a", "new", tier->position()), FillOutcome::kStored);
    ASSERT_EQ(script.finish("change"), Script::Stop::kFinished);
    EXPECT_EQ(value("a"), "new");
    tier->check_invariants();
  }
}

// A read that finds an invalidated entry removes it later, and by then it may be another one.
TEST_F(MemoryProtocol, AReadRemovesOnlyWhatIsGone) {
  start(Mutant::kNone);
  fill("a", "old", tier->position());
  tier->invalidate({{keyspace("k")}});
  Script script;
  script.actor("read", [&] { EXPECT_EQ(value("a"), "-"); });
  ASSERT_EQ(script.run_to("read", "memory.read.gone"), Script::Stop::kParked);
  fill("a", "new", tier->position());
  ASSERT_EQ(script.finish("read"), Script::Stop::kFinished);
  EXPECT_EQ(value("a"), "new");
  tier->check_invariants();
}

class MemoryProtocolSlices : public MemoryProtocol {
 protected:
  static constexpr std::size_t kEntries = 3 * MemoryTier::kRemovalSlice;

  void SetUp() override {
    start(Mutant::kNone);
    for (std::size_t i = 0; i < kEntries; ++i) {
      ASSERT_EQ(fill("k" + std::to_string(i), "old", tier->position()), FillOutcome::kStored);
    }
  }
  std::size_t count(const std::string& wanted) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < kEntries; ++i) {
      found += value("k" + std::to_string(i)) == wanted ? 1 : 0;
    }
    return found;
  }
};

TEST_F(MemoryProtocolSlices, NobodyWaitsForABulkRemoval) {
  InvalidateOutcome outcome;
  Script script;
  script.actor("change", [&] { outcome = tier->invalidate({{tag("t")}}); });
  script.actor("use", [&] {
    EXPECT_EQ(fill("k0", "new", tier->position()), FillOutcome::kStored);
    EXPECT_EQ(value("k0"), "new");
  });
  ASSERT_EQ(script.run_to("change", "memory.invalidate.slice"), Script::Stop::kParked);
  EXPECT_EQ(count("old"), kEntries - MemoryTier::kRemovalSlice);
  EXPECT_EQ(script.finish("use"), Script::Stop::kFinished);
  tier->check_invariants();
  ASSERT_EQ(script.finish("change"), Script::Stop::kFinished);
  EXPECT_EQ(count("old"), 0u);
  EXPECT_EQ(value("k0"), "new");
  EXPECT_LE(kEntries - *outcome.removed, 1u) << "k0 may have been replaced before";
}

// The second invalidation finds nothing of its own, yet may not return before all are gone.
TEST_F(MemoryProtocolSlices, ASecondInvalidationOfTheLabelReturnsWhenNoneIsLeft) {
  for (const bool by_put : {false, true}) {
    const Label label = by_put ? Label(LabelKind::kKey, "base") : tag("t");
    if (by_put) {
      for (std::size_t i = 0; i < kEntries; ++i) {
        const std::string key = "k" + std::to_string(i);
        tier->fill(entry_with_labels(key, {label}), tier->position());
      }
    }
    Script script;
    script.actor("first", [&] { tier->invalidate({{label}}); });
    ASSERT_EQ(script.run_to("first", "memory.invalidate.slice"), Script::Stop::kParked);
    if (by_put) {
      tier->put({"base", key_hash("base"), {}}, EntryRef(), Ticket{0}, RemovalCause::kErased);
    } else {
      tier->invalidate({{label}});
    }
    EXPECT_EQ(tier->stats().entries, 0u);
    tier->check_invariants();
    ASSERT_EQ(script.finish("first"), Script::Stop::kFinished);
  }
}

TEST_F(MemoryProtocolSlices, DoomedEntriesMayLeaveForOtherReasonsMeanwhile) {
  Script script;
  script.actor("change", [&] { tier->invalidate({{tag("t")}}); });
  ASSERT_EQ(script.run_to("change", "memory.invalidate.slice"), Script::Stop::kParked);
  tier->resize(700, 64 << 20);
  tier->check_invariants();
  for (std::size_t i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    tier->put({key, key_hash(key), {}}, EntryRef(), Ticket{0}, RemovalCause::kErased);
  }
  tier->invalidate({{keyspace("k")}});
  fill("new", "new", tier->position());
  tier->check_invariants();
  ASSERT_EQ(script.finish("change"), Script::Stop::kFinished);
  EXPECT_EQ(count("old"), 0u);
  EXPECT_EQ(value("new"), "new");
  tier->check_invariants();
}

TEST_F(MemoryProtocolSlices, ManyKeysAreRemovedInSlicesToo) {
  Labels labels;
  for (std::size_t i = 0; i < kEntries; ++i) {
    labels.emplace_back(LabelKind::kKey, "k" + std::to_string(i));
  }
  InvalidateOutcome outcome;
  Script script;
  script.actor("change", [&] { outcome = tier->invalidate(labels); });
  ASSERT_EQ(script.run_to("change", "memory.invalidate.slice"), Script::Stop::kParked);
  const std::string last(labels.back().text());
  EXPECT_EQ(fill(last, "new", tier->position()), FillOutcome::kStored);
  ASSERT_EQ(script.finish("change"), Script::Stop::kFinished);
  EXPECT_EQ(*outcome.removed, kEntries - 1);
  EXPECT_EQ(count("old"), 0u);
  EXPECT_EQ(value(last), "new");
  tier->check_invariants();
}

// What an invalidation has set aside and not removed yet is fresh still; an expire of the label
// does not return before it is gone.
TEST_F(MemoryProtocol, AnExpireLeavesNothingFreshThatAnInvalidationHasSetAside) {
  start(Mutant::kNone);
  fill("a", "old", tier->position());
  Script script;
  script.actor("change", [&] { tier->invalidate({{tag("t")}}); });
  EXPECT_EQ(script.run_to("change", "memory.invalidate.raised"), Script::Stop::kParked);
  tier->expire({{tag("t")}});
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(script.finish("change"), Script::Stop::kFinished);
  tier->check_invariants();
}

TEST_F(MemoryProtocol, AnEntryAcceptedBetweenAnExpiresRaiseAndItsEndingsIsLeftAlone) {
  expect_killed(
      [&] {
        const Ticket ticket = tier->position();
        fill("a", "older", ticket);
        Script script;
        script.actor("change", [&] { tier->expire({{tag("t"), keyspace("k")}}); });
        EXPECT_EQ(script.run_to("change", "memory.expire.raised"), Script::Stop::kParked);
        fill("b", "old", ticket);
        fill("c", "new", tier->position());
        EXPECT_EQ(script.finish("change"), Script::Stop::kFinished);
        return value("a") + value("b") + value("c");
      },
      "--new", "-oldnew", {Mutant::kExpireWithoutRaise});
}

}  // namespace
}  // namespace strata::memory
