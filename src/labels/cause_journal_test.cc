#include "strata/labels/cause_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "strata/core/limits.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using testing::ElementsAre;

constexpr WallTime kThen{1'000'000};
constexpr WallTime kThreeSecondsLater{1'003'000};

Removal removal_of(std::uint64_t key, RemovalCause why = RemovalCause::kEvicted,
                   CauseId cause = CauseId::kNone) {
  return {.key = LabelId{key}, .why = why, .cause = cause, .at = kThen};
}

// rule <- event <- process, and an invalidation by the rule.
CauseId begin_chain(CauseJournal& journal) {
  const CauseId process = journal.begin({CauseKind::kProcess, "4711", CauseId::kNone, kThen});
  const CauseId event =
      journal.begin({CauseKind::kEvent, "entity_write issue id=12", process, kThen});
  const CauseId rule = journal.begin({CauseKind::kRule, "issue-write", event, kThen});
  return journal.begin({CauseKind::kInvalidate, "tag org:7", rule, kThen});
}

TEST(CauseJournal, AChainGoesFromTheInvalidationToItsRoot) {
  CauseJournal journal;
  const CauseId call = begin_chain(journal);
  EXPECT_EQ(journal.chain(call),
            "invalidated by tag org:7 <- rule issue-write <- event entity_write issue id=12 <- "
            "pid 4711");
  EXPECT_EQ(journal.chain(CauseId{3}),
            "rule issue-write <- event entity_write issue id=12 <- "
            "pid 4711");
  EXPECT_EQ(journal.chain(CauseId::kNone), "");
  EXPECT_EQ(journal.chain(journal.begin({CauseKind::kClear, "", CauseId::kNone, kThen})), "clear");
}

TEST(CauseJournal, ARemovalIsToldWithItsAgeAndItsCauses) {
  CauseJournal journal;
  const CauseId call = begin_chain(journal);
  const CauseId cli = journal.begin({CauseKind::kCli, "", CauseId::kNone, kThen});
  const CauseId erase = journal.begin({CauseKind::kErase, "1:user::42:", cli, kThen});
  const auto text = [&](const Removal& removal) {
    return journal.text(removal, kThreeSecondsLater);
  };
  EXPECT_EQ(text(removal_of(1)), "evicted 3 s ago");
  EXPECT_EQ(text(removal_of(1, RemovalCause::kExpired)), "expired 3 s ago");
  EXPECT_EQ(text(removal_of(1, RemovalCause::kErased, erase)),
            "erased by erase 1:user::42: <- cli, 3 s ago");
  EXPECT_EQ(text(removal_of(1, RemovalCause::kInvalidated, call)),
            "invalidated by tag org:7 <- rule issue-write <- event entity_write issue id=12 <- "
            "pid 4711, 3 s ago");
}

TEST(CauseJournal, WhatIsOlderThanTheJournalIsSaidToBeSo) {
  CauseJournal journal({.removals = 8, .causes = 4});
  const CauseId call = begin_chain(journal);
  journal.begin({CauseKind::kCli, "x", CauseId::kNone, kThen});
  EXPECT_EQ(journal.chain(call),
            "invalidated by tag org:7 <- rule issue-write <- event entity_write issue id=12 <- "
            "(older than the journal)");
  for (int i = 0; i < 3; ++i) journal.begin({CauseKind::kCli, "x", CauseId::kNone, kThen});
  EXPECT_EQ(journal.chain(call), "(older than the journal)");
  EXPECT_EQ(journal.text(removal_of(1, RemovalCause::kInvalidated, call), kThen),
            "invalidated by (older than the journal), 0 s ago");
  EXPECT_FALSE(journal.cause(call).has_value());
}

TEST(CauseJournal, ALongChainIsCutAtItsLimit) {
  CauseJournal journal;
  CauseId last = CauseId::kNone;
  for (std::size_t i = 0; i < limits::kCauseChain; ++i) {
    last = journal.begin({CauseKind::kRule, "r", last, kThen});
  }
  EXPECT_TRUE(journal.chain(last).ends_with("<- rule r"));
  last = journal.begin({CauseKind::kRule, "r", last, kThen});
  EXPECT_TRUE(journal.chain(last).ends_with("<- rule r <- ..."));
}

TEST(CauseJournal, AParentOrACauseThatWasNotGivenOutIsDropped) {
  CauseJournal journal;
  const CauseId self = journal.begin({CauseKind::kRule, "r", CauseId{1}, kThen});
  EXPECT_EQ(journal.cause(self)->parent, CauseId::kNone);
  journal.record(removal_of(7, RemovalCause::kErased, CauseId{2}));
  EXPECT_EQ(journal.last(LabelId{7})->cause, CauseId::kNone);
  journal.record(removal_of(7, RemovalCause::kErased, CauseId{1}));
  EXPECT_EQ(journal.last(LabelId{7})->cause, self);
}

TEST(CauseJournal, ACauseIsFoundByItsNumber) {
  CauseJournal journal({.removals = 8, .causes = 4});
  const CauseId call = begin_chain(journal);
  journal.set_number(call, Ticket{41});
  EXPECT_EQ(journal.cause_of_number(Ticket{41}), call);
  EXPECT_EQ(journal.cause(call)->number, Ticket{41});
  EXPECT_EQ(journal.cause_of_number(Ticket{40}), CauseId::kNone);
  EXPECT_EQ(journal.cause_of_number(Ticket{0}), CauseId::kNone);
  // Of two numbers in one place the later one is known, and never taken for the other.
  journal.set_number(CauseId{3}, Ticket{45});
  EXPECT_EQ(journal.cause_of_number(Ticket{45}), CauseId{3});
  EXPECT_EQ(journal.cause_of_number(Ticket{41}), CauseId::kNone);
  for (int i = 0; i < 3; ++i) journal.begin({CauseKind::kCli, "x", CauseId::kNone, kThen});
  EXPECT_EQ(journal.cause_of_number(Ticket{45}), CauseId::kNone);
  journal.set_number(CauseId{3}, Ticket{46});
  EXPECT_EQ(journal.cause_of_number(Ticket{46}), CauseId::kNone);
}

TEST(CauseJournal, ATierCountsForItself) {
  CauseJournal journal({.tiers = 2});
  const CauseId call = begin_chain(journal);
  journal.set_number(call, Ticket{41});
  journal.set_number(call, Ticket{9}, 1);
  journal.set_number(CauseId{3}, Ticket{41}, 1);
  journal.set_number(CauseId{3}, Ticket{41}, 2);  // there is no such tier
  EXPECT_EQ(journal.cause(call)->number, Ticket{41});
  EXPECT_EQ(journal.cause_of_number(Ticket{41}), call);
  EXPECT_EQ(journal.cause_of_number(Ticket{9}, 1), call);
  EXPECT_EQ(journal.cause_of_number(Ticket{41}, 1), CauseId{3});
  EXPECT_EQ(journal.cause_of_number(Ticket{9}), CauseId::kNone);
  EXPECT_EQ(journal.cause_of_number(Ticket{41}, 2), CauseId::kNone);
}

Removal below(std::uint64_t number) {
  return {.key = LabelId{7},
          .why = RemovalCause::kInvalidated,
          .at = kThen,
          .tier = 1,
          .number = Ticket{number}};
}

// A tier below memory may be done before the call that invalidates has its number.
TEST(CauseJournal, ARemovalByNumberHasItsCauseWhicheverCameFirst) {
  for (const bool cause_first : {true, false}) {
    CauseJournal journal({.tiers = 2});
    const CauseId call = begin_chain(journal);
    if (cause_first) journal.set_number(call, Ticket{9}, 1);
    journal.record(below(9));
    if (!cause_first) {
      EXPECT_EQ(journal.last(LabelId{7})->number, Ticket{9});
      EXPECT_EQ(journal.text(*journal.last(LabelId{7}), kThen, "sqlite"),
                "invalidated in sqlite by (not in the journal), 0 s ago");
      journal.set_number(call, Ticket{9}, 1);
    }
    const Removal last = *journal.last(LabelId{7});
    EXPECT_EQ(last.cause, call);
    EXPECT_EQ(last.number, Ticket{});
    EXPECT_EQ(journal.history(LabelId{7}, 1).front(), last);
    EXPECT_TRUE(journal.text(last, kThen, "sqlite").starts_with("invalidated in sqlite by tag"));
    EXPECT_TRUE(journal.text(last, kThen).starts_with("invalidated by tag org:7 <- rule"));
    journal.check_invariants();
  }
}

TEST(CauseJournal, WhatIsSaidTwiceOfATierIsKeptOnce) {
  CauseJournal journal({.tiers = 3});
  const auto count = [&] { return journal.history(LabelId{7}, 100).size(); };
  journal.record(below(9));
  journal.record(removal_of(7));  // memory's is another matter
  journal.record(below(9));
  EXPECT_EQ(count(), 2U);
  journal.set_number(begin_chain(journal), Ticket{9}, 1);
  journal.record(below(9));
  EXPECT_EQ(count(), 2U) << "also when its cause is known by now";
  Removal deeper = below(9);
  deeper.tier = 2;
  journal.record(deeper);
  journal.record(below(10));
  journal.record(below(9));
  EXPECT_EQ(count(), 5U);
  journal.record(removal_of(7));
  journal.record(removal_of(7));
  EXPECT_EQ(count(), 7U) << "what has no number happened twice";
}

TEST(CauseJournal, AFeedSeesEachCauseOnce) {
  CauseJournal journal({.removals = 0, .causes = 4});
  const CauseId last = begin_chain(journal);
  const auto ids = [&](CauseId after, std::size_t most) {
    std::vector<std::uint64_t> found;
    for (const Cause& cause : journal.causes_after(after, most)) {
      found.push_back(static_cast<std::uint64_t>(cause.id));
    }
    return found;
  };
  EXPECT_THAT(ids(CauseId::kNone, 2), ElementsAre(1, 2));
  EXPECT_THAT(ids(CauseId{2}, 10), ElementsAre(3, 4));
  EXPECT_THAT(ids(last, 10), ElementsAre());
  EXPECT_THAT(ids(CauseId{UINT64_MAX}, 10), ElementsAre());
  journal.begin({CauseKind::kCli, "x", CauseId::kNone, kThen});
  EXPECT_THAT(ids(CauseId::kNone, 10), ElementsAre(2, 3, 4, 5));
}

TEST(CauseJournal, AMissHasTheReasonOfTheLastRemoval) {
  CauseJournal journal;
  EXPECT_EQ(journal.classify(LabelId{7}), MissReason::kCold);
  std::set<std::string_view> names{to_string(MissReason::kCold)};
  for (const RemovalCause why : kRemovalCauses) {
    journal.record(removal_of(7, why));
    EXPECT_EQ(to_string(journal.classify(LabelId{7})), to_string(why));
    EXPECT_EQ(journal.classify(LabelId{8}), MissReason::kCold);
  }
  for (const MissReason reason : kMissReasons) names.insert(to_string(reason));
  EXPECT_EQ(names.size(), kMissReasonCount);
}

TEST(CauseJournal, WithoutCapacityNothingIsKept) {
  CauseJournal journal({.removals = 0, .causes = 0});
  EXPECT_EQ(journal.begin({CauseKind::kCli, "x", CauseId::kNone, kThen}), CauseId::kNone);
  journal.set_number(CauseId{1}, Ticket{1});
  journal.record(removal_of(7));
  EXPECT_EQ(journal.last(LabelId{7}), std::nullopt);
  EXPECT_EQ(journal.cause_of_number(Ticket{1}), CauseId::kNone);
  EXPECT_TRUE(journal.causes_after(CauseId::kNone, 10).empty());
  EXPECT_EQ(journal.stats().removals, 0U);
  EXPECT_LT(journal.footprint_bytes(), 1'000U);
  CauseJournal other({.removals = 0, .causes = 0});
  EXPECT_TRUE(other.decode(journal.encode()).ok());
  journal.check_invariants();
}

TEST(CauseJournal, MemoryIsFixedAndAsDocumented) {
  CauseJournal journal;
  const std::size_t bytes = journal.footprint_bytes();
  EXPECT_NEAR(static_cast<double>(bytes), 65'536 * 44 + 16'384 * 144, 1'000);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    journal.record(removal_of(i % 1'000));
    journal.begin({CauseKind::kPut, "1:user::42:", CauseId::kNone, kThen});
  }
  EXPECT_EQ(journal.footprint_bytes(), bytes);
  const CauseJournalStats stats = journal.stats();
  EXPECT_EQ(stats.removals, 65'536U);
  EXPECT_EQ(stats.causes, 16'384U);
  EXPECT_EQ(stats.removals_recorded, 100'000U);
  EXPECT_EQ(stats.causes_recorded, 100'000U);
  journal.check_invariants();
}

TEST(CauseJournal, AgreesWithAListThatForgetsTheOldest) {
  testkit::for_each_seed(100, [](testkit::Random& random) {
    const std::size_t capacity = std::size_t{1} << random.below(7);
    CauseJournal journal({.removals = capacity, .causes = capacity});
    std::deque<Removal> removals;  // newest first
    std::deque<Cause> causes;
    const std::uint64_t keys = random.between(1, 20);
    std::uint64_t begun = 0;
    for (int step = 0; step < 300; ++step) {
      if (random.one_in(2)) {
        const CauseId id{++begun};
        const CauseId parent{random.below(static_cast<std::uint64_t>(id))};
        const std::string text = random.text(0, 10);
        const CauseKind kind = random.pick(kCauseKinds);
        ASSERT_EQ(journal.begin({kind, text, parent, kThen}), id);
        causes.push_front({.id = id, .parent = parent, .kind = kind, .at = kThen, .text = text});
        if (causes.size() > capacity) causes.pop_back();
      } else {
        std::vector<Removal> batch;
        for (std::uint64_t left = random.between(1, 3); left > 0; --left) {
          batch.push_back(removal_of(random.below(keys), random.pick(kRemovalCauses)));
          batch.back().via = LabelId{random.next()};
          removals.push_front(batch.back());
          if (removals.size() > capacity) removals.pop_back();
        }
        journal.record_many(batch);
      }
      const std::uint64_t key = random.below(keys);
      std::vector<Removal> expected;
      const std::size_t most = random.below(5);
      for (const Removal& removal : removals) {
        if (removal.key == LabelId{key}) expected.push_back(removal);
      }
      ASSERT_EQ(journal.last(LabelId{key}).has_value(), !expected.empty());
      if (!expected.empty()) {
        ASSERT_EQ(journal.last(LabelId{key}), expected.front());
      }
      if (expected.size() > most) expected.resize(most);
      ASSERT_EQ(journal.history(LabelId{key}, most), expected);
      const std::vector<Cause> feed = journal.causes_after(CauseId::kNone, SIZE_MAX);
      ASSERT_EQ(feed, std::vector<Cause>(causes.rbegin(), causes.rend()));
    }
    journal.check_invariants();
  });
}

}  // namespace
}  // namespace strata
