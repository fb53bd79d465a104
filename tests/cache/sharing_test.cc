// Two caches with one file, as two processes have them: what one invalidates leaves the memory of
// the other, and what one loads the other does not.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/shared_control.h"
#include "strata/strata.h"
#include "testkit/script.h"
#include "testkit/sqlite_bed.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

class SharingTest : public ::testing::Test {
 protected:
  testkit::TempDir folder;
  Cache a = make();
  Cache b = make();
  Keyspace<std::string> in_a = a.keyspace<std::string>("space", {.ttl = std::chrono::hours(1)});
  Keyspace<std::string> in_b = b.keyspace<std::string>("space", {.ttl = std::chrono::hours(1)});

  [[nodiscard]] Cache make() const {
    SqliteOptions sqlite;
    sqlite.path = folder.file("cache.db");
    sqlite.sharing = true;
    sqlite.sharing_poll = std::chrono::milliseconds(5);
    // On a busy machine a fill may wait for the other's turn for long.
    return CacheBuilder().sqlite(sqlite, {.timeout = std::chrono::seconds(30)}).build().value();
  }
  static std::string load(Keyspace<std::string>& keyspace, const std::string& value) {
    return keyspace
        .get_or_load("k",
                     [&](Load& load) {
                       load.tag("t");
                       return value;
                     })
        .value();
  }
  static Ticket position(Cache& cache) { return cache.lower_tiers()[0]->position(); }
  static std::string held(Keyspace<std::string>& keyspace) {
    const auto found = keyspace.get("k");
    return found ? *found : "-";
  }
};

TEST_F(SharingTest, WhatOneLoadsTheOtherFindsInTheFile) {
  EXPECT_EQ(load(in_a, "value"), "value");
  EXPECT_EQ(load(in_b, "another"), "value");
}

TEST_F(SharingTest, WhatOneInvalidatesLeavesTheMemoryOfTheOther) {
  EXPECT_EQ(load(in_a, "old"), "old");
  EXPECT_EQ(load(in_b, "-"), "old");
  EXPECT_TRUE(a.invalidate(tag("t")).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
  // Then it may still be about to know that it knows, and refuse what was loaded before.
  testkit::wait_until([&] { return position(a) == position(b); });
  EXPECT_EQ(load(in_b, "new"), "new");
  EXPECT_EQ(load(in_a, "-"), "new");
}

TEST_F(SharingTest, WhatOnePutsTheOtherServes) {
  EXPECT_EQ(load(in_b, "old"), "old");
  EXPECT_TRUE(in_a.put("k", "new").ok());
  testkit::wait_until([&] { return held(in_b) == "new"; });
  EXPECT_EQ(held(in_a), "new");
}

TEST_F(SharingTest, AClearOfOneEmptiesTheOther) {
  EXPECT_EQ(load(in_b, "old"), "old");
  EXPECT_TRUE(a.invalidate(everything()).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
}

// Nothing of it is in the file, which is where the other hears of invalidations.
TEST_F(SharingTest, WhatOneCannotWriteLeavesTheMemoryOfTheOther) {
  EXPECT_EQ(load(in_a, "old"), "old");
  EXPECT_EQ(load(in_b, "-"), "old");
  const sqlite::WriterHold hold(folder.file("cache.db"));
  EXPECT_TRUE(a.invalidate(tag("t")).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
}

TEST_F(SharingTest, WhatOneInvalidatesInADamagedFileLeavesTheMemoryOfTheOther) {
  EXPECT_EQ(load(in_a, "old"), "old");
  EXPECT_EQ(load(in_b, "-"), "old");
  sqlite::SharedControl::open(folder.file("cache.db.shared"))->report_damage();
  EXPECT_TRUE(a.invalidate(tag("t")).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
}

// What one computes from its memory, in the moment before that hears of what the other invalidated,
// is left in no file.
TEST_F(SharingTest, WhatIsComputedBesideAnInvalidationOfTheOtherIsNotLeftStale) {
  std::atomic<int> version{0};
  std::atomic<bool> ends{false};
  const auto derived = [&](const std::string& id) {
    return in_b.get_or_load(id, [&](Load& outer) {
      return outer
          .get_or_load(in_b, "k",
                       [&](Load& load) {
                         load.tag("t");
                         return std::to_string(version);
                       })
          .value();
    });
  };
  constexpr int kRounds = 150;
  constexpr int kDerived = 8;
  auto loads = std::async(std::launch::async, [&] {
    for (int i = 0; !ends; ++i) {
      const int round = version;
      (void)derived("d" + std::to_string(round) + "." + std::to_string(i % kDerived));
    }
  });
  struct End {
    std::atomic<bool>& ends;
    ~End() { ends = true; }
  } const end{ends};
  for (int round = 1; round <= kRounds; ++round) {
    // Something of the others is read, and so its log.
    (void)in_b.get("nothing");
    version = round;
    ASSERT_TRUE(a.invalidate(tag("t")).ok());
    testkit::wait_until([&] { return held(in_b) == "-" || held(in_b) == std::to_string(round); });
    for (const int of : {round - 1, round}) {
      for (int i = 0; i < kDerived; ++i) {
        const auto found = in_a.get("d" + std::to_string(of) + "." + std::to_string(i));
        if (found) {
          ASSERT_EQ(*found, std::to_string(round)) << "in the file";
        }
      }
    }
  }
}

// Or it would be reported as final, and be in no file.
TEST_F(SharingTest, ManyInvalidationsThatFindTheirCacheClosedMeanwhileSaySo) {
  testkit::Script script;
  InvalidationResult result;
  const std::vector<std::string> ids{"k", "l"};
  script.actor("A", [&] { result = in_a.erase_many(ids); });
  ASSERT_EQ(script.run_to("A", "tiered.invalidate.begin"), testkit::Script::Stop::kParked);
  a.close();
  script.finish("A");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error->code, ErrorCode::kClosed);
}

TEST_F(SharingTest, APutThatFindsItsCacheClosedMeanwhileSaysSo) {
  testkit::Script script;
  std::optional<PutResult> result;
  script.actor("A", [&] { result = in_a.put("k", "value"); });
  ASSERT_EQ(script.run_to("A", "tiered.put.tickets"), testkit::Script::Stop::kParked);
  a.close();
  script.finish("A");
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->ok());
}

TEST_F(SharingTest, AnInvalidationThatFindsItsCacheClosedMeanwhileSaysSo) {
  testkit::Script script;
  InvalidationResult result;
  script.actor("A", [&] { result = a.invalidate(tag("t")); });
  ASSERT_EQ(script.run_to("A", "tiered.invalidate.begin"), testkit::Script::Stop::kParked);
  a.close();
  script.finish("A");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error->code, ErrorCode::kClosed);
}

// A load in one cache that lasts until it is told its end.
class SharedLoadTest : public SharingTest {
 protected:
  std::promise<Result<std::string>> end_;
  std::atomic<bool> runs_{false};
  std::atomic<int> loads_in_b_{0};
  std::future<Lookup<std::string>> in_background_;

  void begin_in_a() {
    in_background_ = std::async(std::launch::async, [this] {
      return in_a.get_or_load("k", [this](Load&) -> Result<std::string> {
        runs_ = true;
        return end_.get_future().get();
      });
    });
    testkit::wait_until([&] { return runs_.load(); });
  }
  Lookup<std::string> load_in_b(const CallOptions& call = {}) {
    return in_b.get_or_load(
        "k",
        [this] {
          ++loads_in_b_;
          return std::string("of b");
        },
        call);
  }
};

TEST_F(SharedLoadTest, IsWaitedForByTheOther) {
  begin_in_a();
  auto waiting = std::async(std::launch::async, [&] { return load_in_b(); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  end_.set_value(std::string("of a"));
  const Lookup<std::string> found = waiting.get();
  EXPECT_EQ(found.value(), "of a");
  EXPECT_EQ(found.outcome(), Outcome::kHit);
  EXPECT_EQ(loads_in_b_, 0);
}

TEST_F(SharedLoadTest, IsFollowedWhenItFails) {
  begin_in_a();
  auto waiting = std::async(std::launch::async, [&] { return load_in_b(); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  end_.set_value(Error{ErrorCode::kLoadFailed, "down", {}});
  EXPECT_EQ(waiting.get().value(), "of b");
  EXPECT_EQ(loads_in_b_, 1);
}

TEST_F(SharedLoadTest, IsFollowedWhenItsValueWasInvalidated) {
  begin_in_a();
  auto waiting = std::async(std::launch::async, [&] { return load_in_b(); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  EXPECT_TRUE(in_b.erase("k").ok());
  end_.set_value(std::string("of before"));
  EXPECT_EQ(waiting.get().value(), "of b");
}

TEST_F(SharedLoadTest, IsWaitedForUntilTheDeadline) {
  begin_in_a();
  const Deadline soon{saturating_add(system_clock()->now(), std::chrono::milliseconds(30))};
  EXPECT_EQ(load_in_b({.deadline = soon}).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(loads_in_b_, 0);
  end_.set_value(std::string("of a"));
}

TEST_F(SharedLoadTest, IsWaitedForAsLongAsItsLease) {
  const KeyspaceOptions brief{.ttl = std::chrono::hours(1),
                              .load_lease = std::chrono::milliseconds(30)};
  Cache c = make();
  auto in_c = c.keyspace<std::string>("space", brief);
  begin_in_a();
  EXPECT_EQ(in_c.get_or_load("k", [] { return std::string("of c"); }).value(), "of c");
  end_.set_value(std::string("of a"));
}

// A load that hangs there holds up those here once, and not one after the other.
TEST_F(SharedLoadTest, IsMadeOnceForAllWhenTheOtherHangs) {
  const KeyspaceOptions brief{.ttl = std::chrono::hours(1), .load_lease = std::chrono::seconds(1)};
  Cache c = make();
  auto in_c = c.keyspace<std::string>("space", brief);
  begin_in_a();
  constexpr int kCallers = 4;
  std::atomic<int> loads{0};
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < kCallers; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      return in_c.get_or_load("k", [&] { return ++loads, std::string("of c"); }).value();
    }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "of c");
  EXPECT_LT(loads, kCallers);
  EXPECT_EQ(held(in_c), "of c");
  end_.set_value(std::string("of a"));
}

TEST_F(SharedLoadTest, ADeadlineOfOneCallerDoesNotEndItForTheOthers) {
  begin_in_a();
  const Deadline soon{saturating_add(system_clock()->now(), std::chrono::milliseconds(100))};
  auto brief = std::async(std::launch::async, [&] { return load_in_b({.deadline = soon}); });
  brief.wait_for(std::chrono::milliseconds(20));  // so that it leads
  auto patient = std::async(std::launch::async, [&] { return load_in_b(); });
  EXPECT_EQ(brief.get().error().code, ErrorCode::kDeadlineExceeded);
  end_.set_value(std::string("of a"));
  EXPECT_EQ(patient.get().value(), "of a");
  EXPECT_EQ(loads_in_b_, 0);
}

TEST_F(SharedLoadTest, LoadsWithinLoadsDoNotWaitForEachOther) {
  auto second_in_b = b.keyspace<std::string>("second", {.ttl = std::chrono::hours(1)});
  std::atomic<bool> runs_in_b{false};
  auto load_of_b = std::async(std::launch::async, [&] {
    return second_in_b.get_or_load("k", [&](Load& load) -> Result<std::string> {
      runs_in_b = true;
      testkit::wait_until([&] { return runs_.load(); });
      return "b with " + load.get_or_load(in_b, "k", [] { return std::string("k"); }).value();
    });
  });
  testkit::wait_until([&] { return runs_in_b.load(); });
  begin_in_a();
  EXPECT_EQ(load_of_b.get().value(), "b with k");
  end_.set_value(std::string("of a"));
}

TEST_F(SharedLoadTest, OfABypassWaitsForNobody) {
  begin_in_a();
  EXPECT_EQ(load_in_b({.bypass = true}).value(), "of b");
  end_.set_value(std::string("of a"));
}

}  // namespace
}  // namespace strata
