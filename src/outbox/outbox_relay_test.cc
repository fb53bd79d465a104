// The relay on a database that is well: what is handed over, when, and how often.
#include "strata/outbox/outbox_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "strata/core/limits.h"
#include "testkit/outbox_bed.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testkit::OutboxListener;

class OutboxRelayTest : public testkit::OutboxBed {};

TEST_F(OutboxRelayTest, ChangesAreHandedOverOnceInTheirOrder) {
  OutboxListener handler;
  const auto relay = open(handler);
  EXPECT_THAT(poll(*relay, handler), ElementsAre("gap new_reader"));
  application_.run(
      "INSERT INTO issue VALUES (1, 7), (2, 7); DELETE FROM issue WHERE id = 1;"
      "UPDATE issue SET id = 3");
  EXPECT_THAT(poll(*relay, handler), ElementsAre("issue 1 write", "issue 2 write", "issue 1 delete",
                                                 "issue 3 write", "issue 2 delete"));
  EXPECT_THAT(poll(*relay, handler), IsEmpty());
  const OutboxStats stats = relay->stats();
  EXPECT_EQ(stats.rows, 5u);
  EXPECT_EQ(stats.events, 4u) << "the two inserts share one";
  EXPECT_EQ(stats.batches, 2u);
  EXPECT_EQ(stats.gaps, 1u);
  EXPECT_EQ(stats.failures, 0u);
}

TEST_F(OutboxRelayTest, NothingIsHandedOverBeforeItsCommit) {
  OutboxListener handler;
  const auto relay = open(handler);
  poll(*relay, handler);
  application_.run("BEGIN; INSERT INTO issue VALUES (1, 7)");
  EXPECT_THAT(poll(*relay, handler), IsEmpty());
  application_.run("ROLLBACK; BEGIN; INSERT INTO issue VALUES (2, 7)");
  EXPECT_THAT(poll(*relay, handler), IsEmpty());
  application_.run("COMMIT");
  EXPECT_THAT(poll(*relay, handler), ElementsAre("issue 2 write"));
}

TEST_F(OutboxRelayTest, ANewRelayOfTheReaderGoesOnWhereTheFormerOneEnded) {
  OutboxListener handler;
  auto relay = open(handler);
  poll(*relay, handler);
  insert(1, 2);
  poll(*relay, handler);
  relay.reset();
  insert(3, 3);
  relay = open(handler);
  EXPECT_THAT(poll(*relay, handler), ElementsAre("issue 3 write"));
}

TEST_F(OutboxRelayTest, WhatTheHandlerDoesNotTakeComesAgain) {
  OutboxListener handler;
  const auto relay = open(handler);
  handler.error = "the cache is closed";
  const Result<OutboxPoll> refused = relay->poll_once();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "the cache is closed");
  handler.error.clear();
  EXPECT_THAT(poll(*relay, handler), ElementsAre("gap new_reader")) << "gaps too";

  insert(1, 2);
  handler.throws = true;
  const Result<OutboxPoll> thrown = relay->poll_once();
  ASSERT_FALSE(thrown.ok());
  EXPECT_TRUE(thrown.error().exception != nullptr);
  EXPECT_THAT(thrown.error().message, HasSubstr("thrown"));
  EXPECT_EQ(relay->lag().rows, 2u);
  handler.throws = false;
  EXPECT_THAT(poll(*relay, handler), ElementsAre("issue 1 write", "issue 2 write"));
  EXPECT_EQ(relay->lag().rows, 0u);
  EXPECT_EQ(relay->stats().failures, 2u);
}

TEST_F(OutboxRelayTest, ACrashAfterTheHandlerRepeatsTheBatch) {
  OutboxListener handler;
  auto relay = open(handler);
  poll(*relay, handler);
  insert(1, 1);
  application_.run("BEGIN IMMEDIATE");  // The relay can read, and not write.
  EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_THAT(handler.take_told(), ElementsAre("issue 1 write"));
  relay.reset();
  application_.run("ROLLBACK");
  relay = open(handler);
  EXPECT_THAT(poll(*relay, handler), ElementsAre("issue 1 write"));
}

TEST_F(OutboxRelayTest, BatchesHaveASize) {
  OutboxListener handler;
  OutboxRelayOptions small = options();
  small.batch_rows = 3;
  const auto relay = try_open(handler, small).value();
  poll(*relay, handler);
  insert(1, 7);
  for (const std::uint64_t rows : {3, 3, 1}) {
    const Result<OutboxPoll> polled = relay->poll_once();
    ASSERT_TRUE(polled.ok());
    EXPECT_EQ(polled->rows, rows);
    EXPECT_EQ(polled->more, rows == 3);
    EXPECT_EQ(relay->lag().rows, rows == 1 ? 0 : 7 - handler.told.size());
  }
  EXPECT_EQ(handler.told.size(), 7u);
}

TEST_F(OutboxRelayTest, ABatchOfLongRowsEndsAtItsLimitOfBytes) {
  OutboxListener handler;
  const auto relay = open(handler);
  poll(*relay, handler);
  // A third of the limit each. Triggers write no such rows; a hand may.
  const std::string text = std::to_string(limits::kOutboxBatchBytes / 6);
  application_.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4)"
      " INSERT INTO strata_outbox(type, id, operation, fields, at)"
      " SELECT 'issue', i, 'insert', '''a'',''' || hex(zeroblob(" +
      text +
      ")) || '''',"
      " 0 FROM n");
  EXPECT_EQ(relay->poll_once()->rows, 3u);
  EXPECT_EQ(relay->poll_once()->rows, 1u);
}

TEST_F(OutboxRelayTest, RowsGoWhenEveryReaderHasPassedThem) {
  OutboxListener shop;
  OutboxListener search;
  const auto first = open(shop, "shop");
  const auto second = open(search, "search");
  poll(*first, shop);
  poll(*second, search);
  insert(1, 3);
  EXPECT_EQ(poll(*first, shop).size(), 3u);
  EXPECT_EQ(rows_left(), "3\n");
  EXPECT_EQ(poll(*second, search).size(), 3u) << "each reader is told everything";
  EXPECT_EQ(rows_left(), "0\n");
}

TEST_F(OutboxRelayTest, AReaderThatStaysAwayHoldsRowsOnlyForSoLong) {
  OutboxListener handler;
  OutboxListener away;
  OutboxRelayOptions forgetful = options();
  forgetful.batch_rows = 10;
  forgetful.reader_timeout = std::chrono::hours(1);
  const auto relay = try_open(handler, forgetful).value();
  auto other = open(away, "away");
  poll(*relay, handler);
  poll(*other, away);
  other.reset();
  insert(1, 100);
  poll(*relay, handler);
  EXPECT_EQ(rows_left(), "100\n");

  clock_->advance(std::chrono::minutes(61));
  ASSERT_TRUE(relay->poll_once()->more) << "a sign of life, and a slice of old rows goes";
  EXPECT_EQ(rows_left(), "80\n");
  poll(*relay, handler);
  EXPECT_EQ(rows_left(), "0\n");

  other = open(away, "away");
  EXPECT_THAT(poll(*other, away), ElementsAre("gap trimmed"));
  insert(101, 101);
  EXPECT_THAT(poll(*other, away), ElementsAre("issue 101 write"));
}

TEST_F(OutboxRelayTest, AReaderThatIsThereKeepsItsRowsThoughNothingHappens) {
  OutboxListener handler;
  OutboxListener idle;
  OutboxRelayOptions forgetful = options();
  forgetful.reader_timeout = std::chrono::hours(1);
  const auto relay = try_open(handler, forgetful).value();
  forgetful.reader = "idle";
  const auto other = try_open(idle, forgetful).value();
  poll(*relay, handler);
  poll(*other, idle);
  for (int i = 0; i < 5; ++i) {
    clock_->advance(std::chrono::minutes(16));
    poll(*other, idle);
  }
  insert(1, 1);
  poll(*relay, handler);
  EXPECT_EQ(rows_left(), "1\n");
}

TEST_F(OutboxRelayTest, TheLagIsRowsAndTheAgeOfTheOldest) {
  OutboxListener handler;
  OutboxRelayOptions small = options();
  small.batch_rows = 1;
  const auto relay = try_open(handler, small).value();
  poll(*relay, handler);
  insert(1, 3);
  application_.run("UPDATE strata_outbox SET at = 1000 * seq");
  clock_->set_wall({60'000});
  ASSERT_TRUE(relay->poll_once().ok());
  EXPECT_EQ(relay->lag().rows, 2u);
  EXPECT_EQ(relay->lag().age, std::chrono::seconds(57)) << "row 3 is the next one";
}

TEST_F(OutboxRelayTest, WhileNothingIsCommittedNothingIsWritten) {
  OutboxListener handler;
  const auto relay = open(handler);
  poll(*relay, handler);
  const std::string version = application_.ask("PRAGMA data_version");
  for (int i = 0; i < 10; ++i) poll(*relay, handler);
  EXPECT_EQ(application_.ask("PRAGMA data_version"), version);
}

TEST_F(OutboxRelayTest, AThreadPollsByItself) {
  std::atomic<int> items = 0;
  OutboxRelayOptions quick = options();
  quick.poll = std::chrono::milliseconds(1);
  OutboxHandler handler{.events = [&](std::span<const Event> events) -> Result<void> {
                          for (const Event& event : events) {
                            items += static_cast<int>(event.items.size());
                          }
                          return {};
                        },
                        .gap = [](const OutboxGap&) -> Result<void> { return {}; }};
  const auto relay = OutboxRelay::open(quick, handler).value();
  relay->start();
  EXPECT_EQ(relay->poll_once().error().code, ErrorCode::kRejected);
  // Until it has written down where it begins: or it may not get its turn beside the insertion,
  // and the gap that is told again covers the rows.
  testkit::wait_until([&] { return relay->stats().batches > 0; });
  insert(1, 2'500);
  testkit::wait_until([&] { return items >= 2'500; });
  relay->close();
  relay->close();
  EXPECT_EQ(relay->poll_once().error().code, ErrorCode::kClosed);
}

TEST_F(OutboxRelayTest, CloseWaitsForTheHandlerAndEndsAWaitForALock) {
  std::atomic<bool> is_handling = false;
  std::atomic<bool> is_done = false;
  OutboxHandler slow{.events = [](std::span<const Event>) -> Result<void> { return {}; },
                     .gap = [&](const OutboxGap&) -> Result<void> {
                       is_handling = true;
                       application_.run("BEGIN IMMEDIATE");  // Now the relay waits for its turn.
                       is_done = true;
                       return {};
                     }};
  OutboxRelayOptions patient = options();
  patient.busy_timeout = std::chrono::hours(1);
  const auto relay = OutboxRelay::open(patient, slow).value();
  relay->start();
  testkit::wait_until([&] { return is_handling.load(); });
  relay->close();
  EXPECT_TRUE(is_done);
  application_.run("ROLLBACK");
}

TEST_F(OutboxRelayTest, OptionsHaveRanges) {
  OutboxListener handler;
  const auto refused = [&](const std::function<void(OutboxRelayOptions&)>& change) {
    OutboxRelayOptions given = options();
    change(given);
    const auto relay = try_open(handler, given);
    return relay.ok() ? std::string() : relay.error().message;
  };
  EXPECT_EQ(refused([](auto& o) { o.reader = std::string(limits::kOutboxReaderBytes, 'a'); }), "");
  EXPECT_EQ(refused([](auto& o) { o.batch_rows = limits::kOutboxBatchRows; }), "");
  for (const std::string& name :
       {std::string(), std::string("Shop"), std::string("a/b"), std::string("a b"),
        std::string(limits::kOutboxReaderBytes + 1, 'a')}) {
    EXPECT_THAT(refused([&](auto& o) { o.reader = name; }), HasSubstr("reader")) << name;
  }
  EXPECT_THAT(refused([](auto& o) { o.batch_rows = 0; }), HasSubstr("batch_rows"));
  EXPECT_THAT(refused([](auto& o) { o.batch_rows = limits::kOutboxBatchRows + 1; }),
              HasSubstr("10000"));
  EXPECT_THAT(refused([](auto& o) { o.poll = Duration::zero(); }), HasSubstr("poll is"));
  EXPECT_THAT(refused([](auto& o) { o.poll = o.retry_max = std::chrono::minutes(61); }),
              HasSubstr("poll is"));
  EXPECT_EQ(refused([](auto& o) { o.poll = o.retry_max = std::chrono::minutes(60); }), "");
  EXPECT_THAT(refused([](auto& o) { o.retry_max = kForever; }), HasSubstr("retry_max"));
  EXPECT_THAT(refused([](auto& o) { o.busy_timeout = Duration(-1); }), HasSubstr("busy_timeout"));
  EXPECT_THAT(refused([](auto& o) { o.retry_max = Duration(1); }), HasSubstr("retry_max"));
  EXPECT_THAT(refused([](auto& o) { o.reader_timeout = Duration(1); }),
              HasSubstr("reader_timeout"));
  EXPECT_FALSE(OutboxRelay::open(options(), {}).ok());
}

}  // namespace
}  // namespace strata
