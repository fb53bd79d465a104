// What a journal of causes carries over a restart, and threads that use one at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "strata/core/limits.h"
#include "strata/labels/cause_journal.h"
#include "testkit/random.h"
#include "testkit/seeds.h"
#include "testkit/threads.h"

namespace strata {
namespace {

constexpr WallTime kThen{1'000'000};

CauseId begin(CauseJournal& journal, CauseKind kind, std::string_view text,
              CauseId parent = CauseId::kNone) {
  return journal.begin({kind, text, parent, kThen});
}

Removal invalidated(std::uint64_t key, CauseId cause) {
  return {.key = LabelId{key},
          .why = RemovalCause::kInvalidated,
          .cause = cause,
          .via = LabelId{9},
          .at = kThen};
}

TEST(CauseRestart, ChainsOfTheFormerProcessStayTrue) {
  CauseJournal former;
  begin(former, CauseKind::kCli, "of nobody");
  const CauseId rule = begin(former, CauseKind::kRule, "issue-write");
  const CauseId call = begin(former, CauseKind::kInvalidate, "tag org:7", rule);
  former.set_number(call, Ticket{5});
  former.record(invalidated(42, call));

  CauseJournal journal;
  ASSERT_TRUE(journal.decode(former.encode({.causes = 0})).ok());
  const std::optional<Removal> last = journal.last(LabelId{42});
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->is_former);
  EXPECT_EQ(last->via, LabelId{9});
  EXPECT_EQ(journal.chain(last->cause), "invalidated by tag org:7 <- rule issue-write");
  EXPECT_TRUE(journal.cause(call)->is_former);
  // Numbers belong to the former process's memory tier.
  EXPECT_EQ(journal.cause(call)->number, std::nullopt);
  EXPECT_EQ(journal.cause_of_number(Ticket{5}), CauseId::kNone);
  // Ids go on, so what comes now is not taken for what was.
  const CauseId next = begin(journal, CauseKind::kPut, "1:user::1:", call);
  EXPECT_EQ(static_cast<std::uint64_t>(next), static_cast<std::uint64_t>(call) + 1);
  EXPECT_FALSE(journal.cause(next)->is_former);
  journal.record(invalidated(42, next));
  EXPECT_FALSE(journal.last(LabelId{42})->is_former);
  EXPECT_TRUE(journal.history(LabelId{42}, 10)[1].is_former);
  const CauseJournalStats stats = journal.stats();
  EXPECT_EQ(stats.removals, 2U);
  EXPECT_EQ(stats.causes, 3U);
  EXPECT_EQ(stats.removals_recorded, 1U);
  EXPECT_EQ(stats.causes_recorded, 1U);
  journal.check_invariants();
}

TEST(CauseRestart, OnlyTheLastRemovalsAndTheirCausesAreCarried) {
  CauseJournal former;
  const CauseId first = begin(former, CauseKind::kInvalidate, "first");
  const CauseId second = begin(former, CauseKind::kInvalidate, "second");
  former.record(invalidated(1, first));
  former.record(invalidated(2, second));
  former.record(invalidated(3, second));
  CauseJournal journal;
  ASSERT_TRUE(journal.decode(former.encode({.removals = 2, .causes = 0})).ok());
  EXPECT_FALSE(journal.last(LabelId{1}).has_value());
  EXPECT_TRUE(journal.last(LabelId{2}).has_value());
  EXPECT_TRUE(journal.last(LabelId{3}).has_value());
  EXPECT_FALSE(journal.cause(first).has_value());
  EXPECT_EQ(journal.chain(second), "invalidated by second");
  EXPECT_EQ(journal.encode({.removals = 2, .causes = 0}),
            former.encode({.removals = 2, .causes = 0}));
}

// What was invalidated may be looked for before anything is known to have left because of it.
TEST(CauseRestart, TheLastCausesAreCarriedThoughNothingLeftBecauseOfThem) {
  CauseJournal former({.tiers = 2});
  const CauseId old = begin(former, CauseKind::kInvalidate, "old");
  const CauseId rule = begin(former, CauseKind::kRule, "issue-write");
  for (int i = 0; i < 5; ++i) begin(former, CauseKind::kPut, "between");
  const CauseId call = begin(former, CauseKind::kInvalidate, "tag org:7", rule);
  former.record({.key = LabelId{1}, .at = kThen, .tier = 1, .number = Ticket{77}});
  CauseJournal journal;
  ASSERT_TRUE(journal.decode(former.encode({.causes = 1})).ok());
  EXPECT_EQ(journal.chain(call), "invalidated by tag org:7 <- rule issue-write");
  EXPECT_FALSE(journal.cause(old).has_value());
  EXPECT_EQ(journal.stats().causes, 2U);
  // Of a number of the former process, nothing is known in this one.
  EXPECT_EQ(journal.last(LabelId{1})->number, Ticket{});
  EXPECT_EQ(journal.last(LabelId{1})->tier, 1);
}

TEST(CauseRestart, ASmallerJournalTakesTheYoungest) {
  CauseJournal former;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    former.record(invalidated(i, begin(former, CauseKind::kInvalidate, std::to_string(i))));
  }
  CauseJournal journal({.removals = 8, .causes = 4});
  ASSERT_TRUE(journal.decode(former.encode()).ok());
  EXPECT_FALSE(journal.last(LabelId{92}).has_value());
  EXPECT_EQ(journal.chain(journal.last(LabelId{93})->cause), "(older than the journal)");
  EXPECT_EQ(journal.chain(journal.last(LabelId{97})->cause), "invalidated by 97");
  EXPECT_EQ(journal.chain(journal.last(LabelId{100})->cause), "invalidated by 100");
  journal.check_invariants();
}

TEST(CauseRestart, DamagedBytesLeaveTheJournalEmptyAndUsable) {
  CauseJournal former;
  former.record(invalidated(1, begin(former, CauseKind::kInvalidate, "first")));
  std::string bytes = former.encode();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  CauseJournal journal;
  const Result<void> decoded = journal.decode(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(journal.stats().removals, 0U);
  EXPECT_EQ(begin(journal, CauseKind::kCli, "x"), CauseId{1});
}

// Over several restarts each removal keeps the chain that it had.
TEST(CauseRestart, EveryRestartTellsTheSame) {
  testkit::for_each_seed(50, [](testkit::Random& random) {
    const CauseJournalOptions options{.removals = 256, .causes = 256};
    auto journal = std::make_unique<CauseJournal>(options);
    std::vector<std::pair<std::uint64_t, std::string>> told;
    for (int restart = 0; restart < 4; ++restart) {
      for (int i = 0; i < 30; ++i) {
        const CauseId parent = told.empty() || random.one_in(3)
                                   ? CauseId::kNone
                                   : journal->last(LabelId{told.back().first})->cause;
        const CauseId cause =
            begin(*journal, random.pick(kCauseKinds), random.text(0, 120), parent);
        told.emplace_back(random.next(), journal->chain(cause));
        journal->record(invalidated(told.back().first, cause));
      }
      const std::string bytes = journal->encode();
      journal = std::make_unique<CauseJournal>(options);
      ASSERT_TRUE(journal->decode(bytes).ok());
      ASSERT_EQ(journal->encode(), bytes);
      for (const auto& [key, chain] : told) {
        ASSERT_EQ(journal->chain(journal->last(LabelId{key})->cause), chain);
      }
    }
  });
}

// Writers record chains of their own while readers ask: what is told is always whole.
TEST(CauseJournalThreads, EachRemovalHasTheCauseThatItWasRecordedWith) {
  CauseJournal journal({.removals = 256, .causes = 64});
  constexpr std::size_t kWriters = 2;
  std::atomic<std::size_t> writing{kWriters};
  testkit::run_threads(2 * kWriters, [&](std::size_t index) {
    const std::uint64_t key = index % kWriters;
    const std::string name = std::to_string(key);
    if (index < kWriters) {
      for (std::uint64_t i = 1; i <= 5'000; ++i) {
        const CauseId rule = begin(journal, CauseKind::kRule, name);
        const CauseId call = begin(journal, CauseKind::kInvalidate, name, rule);
        journal.set_number(call, Ticket{kWriters * i + key});
        journal.record(invalidated(key, call));
      }
      --writing;
      return;
    }
    const std::string whole = "invalidated by " + name + " <- rule " + name;
    while (writing > 0) {
      const std::optional<Removal> last = journal.last(LabelId{key});
      if (last) {
        const std::string chain = journal.chain(last->cause);
        ASSERT_TRUE(chain == whole || chain.find("(older than") != std::string::npos) << chain;
        ASSERT_EQ(last->key, LabelId{key});
      }
      for (const Cause& cause : journal.causes_after(CauseId::kNone, 8)) {
        ASSERT_TRUE(cause.text == "0" || cause.text == "1");
        ASSERT_TRUE(!cause.number || number(*cause.number) % 2 == std::stoull(cause.text));
      }
      CauseJournal other({.removals = 16, .causes = 16});
      ASSERT_TRUE(other.decode(journal.encode({.removals = 16, .causes = 0})).ok());
    }
  });
  journal.check_invariants();
  EXPECT_EQ(journal.stats().removals_recorded, 10'000U);
}

}  // namespace
}  // namespace strata
