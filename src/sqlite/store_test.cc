// Tests of the store: how much of a file is looked at before it is used.
#include "sqlite/store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "sqlite/checked_vfs.h"
#include "sqlite/files.h"
#include "testkit/sqlite_bed.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kPages = 2'000;

// Time passes with every look at the clock, of which there are so many.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return {kTick * static_cast<Duration::rep>(++looks)};
  }
  [[nodiscard]] Instant coarse_now() const override { return now(); }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  [[nodiscard]] std::uint64_t boot_id() const override { return 1; }

  static constexpr Duration kTick = std::chrono::milliseconds(1);
  mutable std::size_t looks = 0;
};

class SqliteStore : public testing::Test {
 protected:
  // A file of kPages pages at least, with nothing in its log.
  void SetUp() override {
    const auto tier = bed.open();
    for (std::size_t row = 0; row < kPages; ++row) {
      const std::string key = "k" + std::to_string(row);
      const Record record = bed.record(key, std::string(kPageBytes, 'v'));
      ASSERT_TRUE(tier->put(key_of(key), &record, tier->position(), {}).ok());
    }
    tier->close({});
  }
  // What a check of at most `at_most` says, and how often it looked at the clock.
  Result<void> check(Duration at_most) {
    CountingClock clock;
    Store store({.paths = prepare_paths(bed.path(), false).value(), .readers = 1}, clock);
    EXPECT_TRUE(store.open().ok());
    const std::size_t before = clock.looks;
    Result<void> checked = store.quick_check(at_most);
    looks_ = clock.looks - before;
    return checked;
  }

  TestBed bed;
  std::size_t looks_ = 0;
};

TEST_F(SqliteStore, ACheckWithTimeEnoughReadsAllPages) {
  EXPECT_TRUE(check(std::chrono::hours(1)).ok());
  EXPECT_GT(looks_, kPages / 16);
}

TEST_F(SqliteStore, ACheckEndsWithItsTime) {
  EXPECT_TRUE(check(5 * CountingClock::kTick).ok());
  EXPECT_LT(looks_, 20U);
}

TEST_F(SqliteStore, WhatACheckDidNotComeToIsNoDamage) {
  std::fstream file(bed.path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(kPages * kPageBytes - kPageBytes / 2));
  file << "damage";
  file.close();
  EXPECT_TRUE(check(Duration::zero()).ok());
  const Result<void> checked = check(std::chrono::hours(1));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace strata::sqlite
