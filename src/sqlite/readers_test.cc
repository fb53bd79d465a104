// Tests of the pool of reading connections.
#include "sqlite/readers.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sqlite/files.h"
#include "sqlite/schema.h"
#include "strata/ports/thread.h"
#include "strata/testing/manual_clock.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

class ReadersTest : public testing::Test {
 protected:
  void SetUp() override {
    make_file(path).value();
    Database made = Database::open({.path = path, .use = Database::Use::kMake}).value();
    make_schema(made, {.epoch = 1}).value();
  }

  testkit::TempDir folder;
  const std::string path = folder.file("cache.db");
  ManualClock clock;
  Readers readers{2, clock};
};

TEST_F(ReadersTest, WithoutAFileThereIsNothingToBorrow) {
  readers.close("the file is away");
  const auto lease = readers.borrow({});
  ASSERT_FALSE(lease.ok());
  EXPECT_EQ(lease.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(lease.error().message, "the file is away");
}

TEST_F(ReadersTest, NoMoreThanTheLimitAreLentAndOthersWaitUntilTheirDeadline) {
  readers.open({.path = path}, 1);
  auto first = readers.borrow({});
  {
    auto second = readers.borrow({});
    ASSERT_TRUE(first.ok() && second.ok());
    const auto third = readers.borrow({clock.now()});
    ASSERT_FALSE(third.ok());
    EXPECT_EQ(third.error().code, ErrorCode::kDeadlineExceeded);
  }
  EXPECT_TRUE(readers.borrow({clock.now()}).ok()) << "one was given back";
}

TEST_F(ReadersTest, ALeaseThatEndsLetsTheNextOneIn) {
  readers.open({.path = path}, 1);
  auto first = readers.borrow({});
  auto second = std::make_unique<Result<Readers::Lease>>(readers.borrow({}));
  std::atomic<bool> has_third{false};
  Thread other("borrows", [&] { has_third = readers.borrow({}).ok(); });
  second.reset();
  other.join();
  EXPECT_TRUE(has_third);
}

TEST_F(ReadersTest, ClosingWaitsForTheLeasesAndThenNobodyGetsOne) {
  readers.open({.path = path}, 1);
  auto lease = std::make_unique<Result<Readers::Lease>>(readers.borrow({}));
  std::atomic<bool> is_closed{false};
  Thread closing("closes", [&] {
    readers.close("closed");
    is_closed = true;
  });
  while (readers.borrow({clock.now()}).ok()) continue;  // until it has begun
  EXPECT_FALSE(is_closed);
  EXPECT_EQ((**lease)->get(LabelId{1}).code, SQLITE_OK) << "the lease is still good";
  lease.reset();
  closing.join();
  EXPECT_EQ(readers.borrow({}).error().message, "closed");
  readers.open({.path = path}, 1);
  EXPECT_TRUE(readers.borrow({}).ok());
}

TEST_F(ReadersTest, AFileThatCannotBeOpenedIsAnErrorEachTime) {
  readers.open({.path = folder.file("missing.db")}, 1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(readers.borrow({clock.now()}).error().code, ErrorCode::kUnavailable);
  }
}

TEST_F(ReadersTest, RowsOfAnotherEpochOrNumberDoNotDecode) {
  Record record;
  record.key_text = "a";
  record.number = Ticket{5};
  record.epoch = 1;
  const std::string bytes = encode_record(record).value();
  Database database = Database::open({.path = path, .use = Database::Use::kWrite}).value();
  Statement insert =
      database.prepare("INSERT INTO entries(key, number, group_id, record) VALUES(?1, ?2, 0, ?3)")
          .value();
  const auto add = [&](std::int64_t key, std::int64_t number) {
    insert.bind(1, key);
    insert.bind(2, number);
    insert.bind(3, bytes);
    ASSERT_EQ(insert.run(), SQLITE_OK);
  };
  add(1, 5);
  add(2, 6);
  readers.open({.path = path}, 1);
  EXPECT_TRUE((*readers.borrow({}))->get(LabelId{1}).record.has_value());
  const Selected other_number = (*readers.borrow({}))->get(LabelId{2});
  EXPECT_TRUE(other_number.found());
  EXPECT_FALSE(other_number.record.has_value());
  EXPECT_FALSE((*readers.borrow({}))->get(LabelId{3}).found());
  readers.close();
  readers.open({.path = path}, 2);
  EXPECT_FALSE((*readers.borrow({}))->get(LabelId{1}).record.has_value()) << "of another epoch";
}

}  // namespace
}  // namespace strata::sqlite
