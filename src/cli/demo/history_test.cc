// Tests of the check that no read is stale: it must see every stale read, and only those.
#include "cli/demo/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "cli/demo/sample_catalogue.h"
#include "strata/ports/thread.h"

namespace strata::demo {
namespace {

class HistoryTest : public ::testing::Test {
 protected:
  std::uint64_t change(ObjectId object) {
    const std::uint64_t version = history_.announce(object);
    history_.committed(object, version);
    return version;
  }
  void invalidate(ObjectId object) {
    history_.invalidation_returned(history_.invalidation_begins(std::span(&object, 1), "by key"));
  }
  Verdict read(ObjectId object, std::uint64_t version) {
    return history_.read_ended(history_.read_begins(object), version, "memory");
  }

  const Catalogue catalogue_ = sample_catalogue();
  const Objects objects_{catalogue_};
  History history_{objects_, system_clock()};
  static constexpr ObjectId kObject = 0;
  static constexpr ObjectId kOther = 1;
};

TEST_F(HistoryTest, TheFirstVersionIsGoodUntilAnInvalidationReturns) {
  EXPECT_EQ(read(kObject, 1), Verdict::kGood);
  EXPECT_EQ(change(kObject), 2u);
  EXPECT_EQ(read(kObject, 1), Verdict::kGood) << "nobody was told of the change yet";
  EXPECT_EQ(read(kObject, 2), Verdict::kGood);
  invalidate(kObject);
  EXPECT_EQ(read(kObject, 2), Verdict::kGood);
  EXPECT_EQ(history_.stale_reads(), 0u);
}

TEST_F(HistoryTest, AnOldVersionAfterTheInvalidationReturnedIsStale) {
  change(kObject);
  invalidate(kObject);
  EXPECT_EQ(read(kObject, 1), Verdict::kStale);
  EXPECT_EQ(history_.stale_reads(), 1u);
  EXPECT_EQ(read(kOther, 1), Verdict::kGood) << "it concerned one object";
}

TEST_F(HistoryTest, AReadThatBeganBeforeTheInvalidationReturnedMayBringTheOldVersion) {
  change(kObject);
  const auto covered = history_.invalidation_begins(std::span(&kObject, 1), "by key");
  const auto start = history_.read_begins(kObject);
  history_.invalidation_returned(covered);
  EXPECT_EQ(history_.read_ended(start, 1, "memory"), Verdict::kGood);
  EXPECT_EQ(read(kObject, 1), Verdict::kStale) << "this one began later";
}

TEST_F(HistoryTest, AnInvalidationCoversOnlyTheVersionsBeforeIt) {
  change(kObject);
  const auto covered = history_.invalidation_begins(std::span(&kObject, 1), "by key");
  change(kObject);
  history_.invalidation_returned(covered);
  EXPECT_EQ(read(kObject, 1), Verdict::kStale);
  EXPECT_EQ(read(kObject, 2), Verdict::kGood) << "version 3 was never invalidated";
}

TEST_F(HistoryTest, AFloorNeverFalls) {
  change(kObject);
  const auto early = history_.invalidation_begins(std::span(&kObject, 1), "by key");
  change(kObject);
  invalidate(kObject);
  history_.invalidation_returned(early);
  EXPECT_EQ(read(kObject, 2), Verdict::kStale);
}

TEST_F(HistoryTest, AnAnnouncedVersionMayBeReadBeforeItIsCommitted) {
  const std::uint64_t version = history_.announce(kObject);
  EXPECT_EQ(history_.current(kObject), 1u);
  EXPECT_EQ(read(kObject, version), Verdict::kGood);
  invalidate(kObject);
  EXPECT_EQ(read(kObject, 1), Verdict::kGood) << "the origin did not have version 2 yet";
}

TEST_F(HistoryTest, AVersionThatNeverWasOrAnotherObjectsValueIsImpossible) {
  EXPECT_EQ(read(kObject, 2), Verdict::kImpossible);
  EXPECT_EQ(read(kObject, 0), Verdict::kImpossible);
  EXPECT_EQ(history_.impossible_reads(), 2u);
  EXPECT_EQ(history_.stale_reads(), 0u);
  EXPECT_EQ(history_.reads(), 2u);
}

TEST_F(HistoryTest, TheStoryOfAStaleReadTellsWhatHappenedInWhichOrder) {
  change(kObject);
  invalidate(kObject);
  EXPECT_EQ(read(kObject, 1), Verdict::kStale);
  ASSERT_EQ(history_.stories().size(), 1u);
  const std::string story = history_.stories().front();
  std::size_t at = 0;
  for (const char* part :
       {"package bash", "version 1, from memory", "may come is 2", "version 2 is at the origin",
        "invalidation by key begins", "invalidation by key has returned", "the read begins"}) {
    const std::size_t found = story.find(part, at);
    EXPECT_NE(found, std::string::npos) << part << " in\n" << story;
    if (found != std::string::npos) at = found;
  }
}

TEST_F(HistoryTest, StoriesAndEventsAreBounded) {
  for (int i = 0; i < 100; ++i) {
    change(kObject);
    invalidate(kObject);
    EXPECT_EQ(read(kObject, 1), Verdict::kStale);
  }
  EXPECT_EQ(history_.stale_reads(), 100u);
  EXPECT_EQ(history_.stories().size(), History::kStories);
  for (const std::string& story : history_.stories()) {
    EXPECT_LE(std::count(story.begin(), story.end(), '\n'),
              static_cast<std::ptrdiff_t>(History::kEventsPerObject) + 3);
  }
}

// Goal: no false alarm under concurrency. Readers get what a cache without any fault would give
// them: the version that the origin has. Whatever the interleaving, none of it is stale.
TEST_F(HistoryTest, ReadersOfTheOriginItselfAreNeverStale) {
  std::atomic<bool> done{false};
  std::vector<Thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back("reader", [&] {
      do {
        const auto start = history_.read_begins(kObject);
        history_.read_ended(start, history_.current(kObject), "origin");
      } while (!done);
    });
  }
  std::vector<Thread> updaters;
  for (int i = 0; i < 2; ++i) {
    updaters.emplace_back("updater", [&] {
      for (int n = 0; n < 2'000; ++n) {
        change(kObject);
        invalidate(kObject);
      }
    });
  }
  for (Thread& updater : updaters) updater.join();
  done = true;
  for (Thread& thread : threads) thread.join();
  EXPECT_EQ(history_.current(kObject), 4'001u);
  EXPECT_EQ(history_.stale_reads() + history_.impossible_reads(), 0u);
}

}  // namespace
}  // namespace strata::demo
