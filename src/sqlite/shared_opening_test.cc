// What is left when sharers end in the middle, and whom it is left to.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "sqlite/shared_control.h"
#include "testkit/shared_bed.h"

namespace strata::sqlite {
namespace {

namespace fs = std::filesystem;

class SharedOpeningTest : public ::testing::Test, protected SharedBed {
 protected:
  // How the folder is when a sharer ends within its recovery: here it cannot make the new page.
  void end_within_recovery(TestBed& other) {
    other.clock = bed.clock;
    copy_to(other);
    const std::string in_the_way = other.path() + ".shared.new/x";
    fs::create_directories(in_the_way);
    EXPECT_EQ(other.try_open(options_of(other)).error().code, ErrorCode::kUnavailable);
    fs::remove_all(other.path() + ".shared.new");
  }
  [[nodiscard]] SqliteOptions options_of(const TestBed& other) const {
    SqliteOptions made = options();
    made.path = other.path();
    return made;
  }
  // More rows than an invalidation removes before it returns.
  std::string leave_rows_to_remove() {
    constexpr int kRows = 1'100;
    for (int i = 0; i < kRows; ++i) bed.fill(*a, "k" + std::to_string(i), "old", {tag("t")});
    invalidate(*a, tag("t"));
    return "k" + std::to_string(kRows - 1);
  }
};

TEST_F(SharedOpeningTest, WhatARecoveryThatDidNotEndLeavesIsNotTrustedByASingleOwner) {
  const std::string last = leave_rows_to_remove();
  TestBed other;
  end_within_recovery(other);
  EXPECT_EQ(value_of(*other.open(), last), "-");
}

TEST_F(SharedOpeningTest, WhatARecoveryThatDidNotEndLeavesIsTrustedByThoseWhoShare) {
  bed.fill(*a, "k", "value", {tag("u")});
  const std::string last = leave_rows_to_remove();
  TestBed other;
  end_within_recovery(other);
  auto next = other.open(options_of(other));
  EXPECT_EQ(value_of(*next, last), "-");
  EXPECT_EQ(value_of(*next, "k"), "value");
}

TEST_F(SharedOpeningTest, AnOpeningThatFailsLeavesWhatIsThere) {
  bed.fill(*a, "k", "value");
  a->close({});
  b->close({});
  const std::string in_the_way = bed.path() + ".journal.new/x";
  fs::create_directories(in_the_way);
  EXPECT_EQ(bed.try_open(options()).error().code, ErrorCode::kUnavailable);
  fs::remove_all(bed.path() + ".journal.new");
  a = open();
  EXPECT_EQ(value_of(*a, "k"), "value");
}

TEST_F(SharedOpeningTest, WhoCannotJoinADamagedFileIsToldThatItIsDamaged) {
  SharedControl::open(bed.path() + ".shared")->report_damage();
  const auto third = bed.try_open(options());
  ASSERT_FALSE(third.ok());
  EXPECT_NE(third.error().message.find("is damaged, and nobody uses it"), std::string::npos)
      << third.error().message;
}

// The file remembers how many were carried out, and the page that counts them is a new one.
TEST_F(SharedOpeningTest, WhatCannotBeWrittenAfterACleanReopeningIsDemandedToo) {
  const auto demand = [&](const char* label) {
    const WriterHold hold(bed.path());
    invalidate(*a, tag(label));
  };
  demand("first");
  bed.put(*a, "other", "value");  // carries it out
  a.reset();
  b.reset();
  a = open();
  b = open();
  bed.fill(*a, "k", "old", {tag("t")});
  ASSERT_EQ(value_of(*b, "k"), "old");
  demand("t");
  EXPECT_EQ(value_of(*b, "k"), "-");
  bed.put(*b, "other", "again");
  EXPECT_EQ(value_of(*b, "k"), "-");
}

TEST_F(SharedOpeningTest, AFileThatSharersDidNotCloseIsNotTrustedByASingleOwner) {
  bed.fill(*a, "k", "old", {tag("t")});
  TestBed other;
  other.clock = bed.clock;
  {
    const WriterHold hold(bed.path());
    invalidate(*a, tag("t"));
    copy_to(other);
  }
  auto alone = other.open();
  EXPECT_EQ(value_of(*alone, "k"), "-");
  EXPECT_FALSE(fs::exists(other.path() + ".shared"));
}

// Whoever owns the file alone has other files and numbers than those who shared it before.
TEST_F(SharedOpeningTest, WhatSharersSaidOfAnEarlierFileIsNotBelieved) {
  bed.fill(*a, "k", "old");
  SharedControl::open(bed.path() + ".shared")->report_damage();
  a->close({});
  b->close({});
  EXPECT_TRUE(fs::exists(bed.path() + ".shared"));
  auto alone = bed.open();
  EXPECT_EQ(alone->stats().state, TierState::kDegraded);
  EXPECT_EQ(value_of(*alone, "k"), "-");
  EXPECT_EQ(bed.put(*alone, "k", "new"), FillOutcome::kStored);
  alone->close({});
  a = open();
  EXPECT_EQ(a->stats().state, TierState::kOk);
  EXPECT_EQ(value_of(*a, "k"), "new");
}

TEST_F(SharedOpeningTest, APageUnderASecondNameIsRefused) {
  a->close({});
  b->close({});
  const std::string page = bed.folder.file("page");
  fs::create_symlink(page, bed.path() + ".shared");
  EXPECT_EQ(bed.try_open(options()).error().code, ErrorCode::kRejected);
  EXPECT_EQ(bed.try_open(bed.options()).error().code, ErrorCode::kRejected);
}

}  // namespace
}  // namespace strata::sqlite
