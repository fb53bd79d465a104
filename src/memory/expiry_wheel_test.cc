// ExpiryWheel against what should have left by now.
#include "memory/expiry_wheel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "memory/test_entries.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ExpiryWheelTest : public testing::Test {
 protected:
  void add(const std::string& key, Duration life) {
    EntryRef entry = entry_with_key(key);
    const Instant end = saturating_add(now, life);
    entry->set_times(end, end);
    wheel.add(*entry);
    entries[key] = entry;
  }
  // Advances the clock and removes what is due, with as many calls as it takes.
  std::size_t advance(Duration time, bool exactly = false) {
    now = saturating_add(now, time);
    std::size_t removed = 0;
    for (int calls = 0; calls < 100'000; ++calls) {
      std::array<Entry*, 4> due;
      const std::size_t count = wheel.take(now, due, 8, exactly);
      for (std::size_t at = 0; at < count; ++at) {
        EXPECT_LE(due[at]->keep_until(), now);
        EXPECT_EQ(entries.erase(std::string(due[at]->key_text())), 1u);
      }
      removed += count;
      if (count == 0 && calls > 5'000) break;
    }
    wheel.check_invariants();
    return removed;
  }
  // Whether nothing is left that should have gone a tick ago.
  [[nodiscard]] bool is_clean() const {
    for (const auto& [key, entry] : entries) {
      if (saturating_add(entry->keep_until(), ExpiryWheel::kTick) <= now) return false;
    }
    return true;
  }

  Instant now{hours(1)};
  ExpiryWheel wheel{now};
  std::map<std::string, EntryRef> entries;
};

TEST_F(ExpiryWheelTest, WhatIsDueLeavesWithinATick) {
  add("soon", milliseconds(300));
  add("later", seconds(40));
  add("much later", hours(5));
  add("never", kForever);
  EXPECT_EQ(wheel.size(), 3u);
  EXPECT_EQ(advance(milliseconds(300), true), 1u) << "at once, if that is asked for";
  EXPECT_EQ(advance(seconds(39)), 0u);
  EXPECT_EQ(advance(seconds(2)), 1u);
  EXPECT_EQ(advance(hours(4)), 0u);
  EXPECT_EQ(advance(hours(1)), 1u);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST_F(ExpiryWheelTest, ALifeThatWasProlongedIsHeeded) {
  add("a", seconds(1));
  const Instant later = saturating_add(now, seconds(100));
  entries["a"]->set_times(later, later);
  EXPECT_EQ(advance(seconds(90)), 0u);
  EXPECT_EQ(advance(seconds(11)), 1u);
}

TEST_F(ExpiryWheelTest, WhatIsRemovedIsNotTaken) {
  for (int i = 0; i < 100; ++i) add(std::to_string(i), seconds(1));
  for (int i = 0; i < 100; i += 3) {
    wheel.remove(*entries[std::to_string(i)]);
    wheel.remove(*entries[std::to_string(i)]);
    entries.erase(std::to_string(i));
  }
  wheel.check_invariants();
  EXPECT_EQ(advance(seconds(2)), 66u);
}

TEST_F(ExpiryWheelTest, LivesOfAllLengthsEndInTime) {
  testkit::Random random(3);
  int next = 0;
  for (int step = 0; step < 300; ++step) {
    for (int i = 0; i < 20; ++i) {
      const auto life = static_cast<std::int64_t>(1) << random.below(40);
      add(std::to_string(next++), std::chrono::microseconds(life));
    }
    advance(std::chrono::microseconds(static_cast<std::int64_t>(1) << random.below(38)));
    ASSERT_TRUE(is_clean()) << step;
  }
  EXPECT_EQ(wheel.size(), entries.size());
  advance(hours(24 * 365));
  EXPECT_TRUE(entries.empty());
}

// More than a block of them: those that leave from the middle are replaced by others' last.
TEST_F(ExpiryWheelTest, ManyOfOneTickComeAndGo) {
  constexpr int kEntries = 3'000;
  testkit::Random random(5);
  for (int i = 0; i < kEntries; ++i) add(std::to_string(i), seconds(100));
  for (int i = 0; i < kEntries; ++i) {
    if (random.one_in(3)) continue;
    wheel.remove(*entries[std::to_string(i)]);
    entries.erase(std::to_string(i));
  }
  wheel.check_invariants();
  EXPECT_EQ(wheel.size(), entries.size());
  EXPECT_EQ(advance(seconds(99)), 0u);
  const std::size_t left = entries.size();
  EXPECT_EQ(advance(seconds(2)), left);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST_F(ExpiryWheelTest, ACallLooksAtNoMoreThanItIsTold) {
  for (int i = 0; i < 1'000; ++i) add(std::to_string(i), seconds(100));
  now = saturating_add(now, seconds(200));
  std::array<Entry*, 100> due;
  std::size_t removed = 0;
  std::size_t calls = 0;
  while (removed < 1'000) {
    const std::size_t count = wheel.take(now, due, 10, false);
    EXPECT_LE(count, 10u);
    removed += count;
    ASSERT_LT(++calls, 1'000u);
  }
  EXPECT_GE(calls, 200u) << "brought down, and taken";
}

}  // namespace
}  // namespace strata::memory
