// The relay when rows, triggers, the outbox or the whole database go, or cannot be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "testkit/forked.h"
#include "testkit/outbox_bed.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testkit::OutboxListener;

class RelayTrouble : public testkit::OutboxBed {
 protected:
  // A relay that has been told of everything so far.
  std::unique_ptr<OutboxRelay> open_and_poll() {
    auto relay = open(handler_);
    poll(*relay, handler_);
    return relay;
  }
  std::vector<std::string> poll(OutboxRelay& relay) { return OutboxBed::poll(relay, handler_); }
  using OutboxBed::poll;

  OutboxListener handler_;
};

TEST_F(RelayTrouble, ASecondRelayOfAReaderIsRefusedUntilTheFirstEnds) {
  auto relay = open(handler_);
  OutboxListener other;
  const auto refused = try_open(other, options());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("\"shop\""));
  EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(::getpid())));

  std::filesystem::create_symlink(path_, folder_.file("link.db"));
  OutboxRelayOptions by_link = options();
  by_link.database = folder_.file("link.db");
  EXPECT_FALSE(try_open(other, by_link).ok()) << "by whatever name the database is known";
  relay->close();
  EXPECT_TRUE(try_open(other, options()).ok());
}

// R17: the child has neither the thread, nor a connection that it may use, nor the lock.
TEST_F(RelayTrouble, AChildOfAForkNeitherPollsNorWaitsNorUnlocks) {
  auto relay = open_and_poll();
  OutboxListener theirs;
  auto polls = open(theirs, "polls");
  polls->start();
  EXPECT_EQ(testkit::forked([&] {
              const Result<OutboxPoll> polled = relay->poll_once();
              relay.reset();
              polls.reset();
              return polled ? std::string("polled") : polled.error().message;
            }),
            "the outbox's relay belongs to the process that this one was forked from: open one of "
            "its own");
  OutboxListener other;
  EXPECT_FALSE(try_open(other, options()).ok()) << "the reader is still the parent's";
  insert(1, 1);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 1 write"));
}

TEST_F(RelayTrouble, RowsThatMaxRowsTookAreAGap) {
  install(5);
  const auto relay = open_and_poll();
  insert(1, 5);
  EXPECT_EQ(poll(*relay).size(), 5u) << "at the edge nothing is missed";
  insert(6, 11);
  EXPECT_THAT(poll(*relay), ElementsAre("gap trimmed"));
  insert(12, 12);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 12 write"));
}

TEST_F(RelayTrouble, RowsThatSomebodyDeletedAreAGap) {
  const auto relay = open_and_poll();
  insert(1, 1);
  application_.run("DELETE FROM strata_outbox");
  EXPECT_THAT(poll(*relay), ElementsAre("gap trimmed")) << "all of them";
  insert(2, 6);
  application_.run("DELETE FROM strata_outbox WHERE id = 4");
  EXPECT_THAT(poll(*relay), ElementsAre("issue 2 write", "issue 3 write", "gap trimmed"))
      << "one in the middle";
  application_.run("DELETE FROM strata_outbox; DELETE FROM sqlite_sequence");
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced")) << "the numbers, too";
  insert(7, 7);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 7 write"));
}

TEST_F(RelayTrouble, AnOutboxThatWasMadeAnewIsAGap) {
  auto relay = open_and_poll();
  insert(1, 3);
  poll(*relay);
  application_.run("DROP TABLE strata_outbox");
  install();
  EXPECT_THAT(poll(*relay), ElementsAre("gap reinstalled"));
  insert(4, 4);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 4 write"));

  ASSERT_TRUE(remove_whole_outbox({.path = path_}).ok());
  EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_THAT(relay->stats().error, HasSubstr("strata outbox install"));
  install();
  EXPECT_THAT(poll(*relay), ElementsAre("gap reinstalled"));
  EXPECT_EQ(relay->stats().error, "");
}

// While no relay looks, so that only what is written down can tell.
TEST_F(RelayTrouble, AnOutboxThatWasMadeAnewUnseenIsAGapToo) {
  open_and_poll()->close();
  application_.run("DROP TABLE strata_outbox");
  install();
  insert(1, 30);
  const auto relay = open(handler_);
  EXPECT_THAT(poll(*relay), ElementsAre("gap reinstalled"));
}

TEST_F(RelayTrouble, AnotherFileInThePlaceOfTheDatabaseIsAGap) {
  const auto relay = open_and_poll();
  application_.run("PRAGMA wal_checkpoint(TRUNCATE); VACUUM INTO '" + folder_.file("copy.db") +
                   "'");
  std::filesystem::rename(folder_.file("copy.db"), path_);
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"));
  testkit::ApplicationDatabase fresh(path_);
  fresh.run("INSERT INTO issue VALUES (9, 7)");
  EXPECT_THAT(poll(*relay), ElementsAre("issue 9 write"));

  std::filesystem::remove(path_);
  EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_THAT(relay->stats().error, HasSubstr("No such file"));
}

// A restored backup keeps the file. Its rows are those of a former time.
TEST_F(RelayTrouble, AnEarlierStateOfTheDatabaseIsAGap) {
  const auto relay = open_and_poll();
  insert(1, 5);
  poll(*relay);
  testkit::ApplicationDatabase backup(folder_.file("backup.db"));
  const auto copy = [](testkit::ApplicationDatabase& from, testkit::ApplicationDatabase& to) {
    sqlite3_backup* const run = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    ASSERT_NE(run, nullptr);
    EXPECT_EQ(sqlite3_backup_step(run, -1), SQLITE_DONE);
    sqlite3_backup_finish(run);
  };
  copy(application_, backup);
  insert(6, 9);
  poll(*relay);
  copy(backup, application_);
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"));

  insert(6, 7);
  poll(*relay);
  copy(backup, application_);
  insert(6, 20);  // further than the relay ever was
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"));
  EXPECT_EQ(relay->stats().gaps, 3u);
}

TEST_F(RelayTrouble, RowsThatWereSeenAndAreGoneAreAGapThoughNobodyHadBeenToldOfThem) {
  const auto relay = open_and_poll();
  insert(1, 5);
  handler_.error = "not now";
  EXPECT_FALSE(relay->poll_once().ok());
  handler_.error.clear();
  application_.run(
      "DELETE FROM strata_outbox WHERE id > '3';"
      "UPDATE sqlite_sequence SET seq = seq - 2 WHERE name = 'strata_outbox'");
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"));
}

TEST_F(RelayTrouble, AFileThatWasReplacedWhileNothingCouldBeReadIsAGap) {
  const auto relay = open_and_poll();
  application_.run("PRAGMA wal_checkpoint(TRUNCATE); VACUUM INTO '" + folder_.file("copy.db") +
                   "'");
  ASSERT_TRUE(remove_whole_outbox({.path = path_}).ok());
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(relay->poll_once().ok());
  application_.run("PRAGMA wal_checkpoint(TRUNCATE)");
  std::filesystem::rename(folder_.file("copy.db"), path_);
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"));
}

TEST_F(RelayTrouble, AnOutboxThatIsMadeAnewWhileItIsHandedOverIsAGap) {
  bool is_to_remake = false;
  std::vector<OutboxGapReason> gaps;
  const OutboxHandler handler{.events =
                                  [&](std::span<const Event>) {
                                    if (is_to_remake) {
                                      application_.run("DROP TABLE strata_outbox");
                                      install();
                                    }
                                    is_to_remake = false;
                                    return Result<void>();
                                  },
                              .gap =
                                  [&](const OutboxGap& gap) {
                                    gaps.push_back(gap.reason);
                                    return Result<void>();
                                  }};
  const auto relay = OutboxRelay::open(options(), handler, clock_).value();
  EXPECT_TRUE(relay->poll_once().ok());
  insert(1, 1);
  is_to_remake = true;
  EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_TRUE(relay->poll_once().ok());
  EXPECT_THAT(gaps, ElementsAre(OutboxGapReason::kNewReader, OutboxGapReason::kReinstalled));
}

TEST_F(RelayTrouble, TablesThatAreNoLongerWatchedAreAGapAndAWarning) {
  const auto relay = open_and_poll();
  application_.run(
      "CREATE TABLE copy(id INTEGER PRIMARY KEY, project INTEGER);"
      "DROP TABLE issue; ALTER TABLE copy RENAME TO issue");
  insert(1, 1);
  EXPECT_THAT(poll(*relay), ElementsAre("gap unwatched issue"));
  EXPECT_THAT(poll(*relay), IsEmpty()) << "once";
  EXPECT_THAT(relay->stats().unwatched, ElementsAre("issue"));
  EXPECT_THAT(log_, ElementsAre(HasSubstr("\"issue\" are gone")));
  install();
  EXPECT_THAT(poll(*relay), ElementsAre("gap unwatched issue"));
  EXPECT_THAT(relay->stats().unwatched, IsEmpty());
  insert(2, 2);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 2 write"));
}

TEST_F(RelayTrouble, RowsThatNobodyUnderstandsAreAGapOfTheirType) {
  const auto relay = open_and_poll();
  application_.run(
      "INSERT INTO strata_outbox(type, id, operation) VALUES ('issue', '', 'insert'),"
      " ('person', '7', 'shrink'), ('issue', '1', 'update')");
  EXPECT_THAT(poll(*relay), ElementsAre("gap unwatched issue person", "issue 1 write"));
  application_.run("INSERT INTO strata_outbox(id) VALUES (7)");
  EXPECT_THAT(poll(*relay), ElementsAre("gap unwatched")) << "of everything, without a type";
}

TEST_F(RelayTrouble, ADatabaseThatComesLaterBeginsWithAGap) {
  application_.run("PRAGMA wal_checkpoint(TRUNCATE)");
  OutboxRelayOptions later = options();
  later.database = folder_.file("later.db");
  {
    OutboxListener other;
    std::filesystem::copy(path_, later.database);
    poll(*try_open(other, later).value(), other);  // The reader is known there.
    std::filesystem::rename(later.database, folder_.file("away.db"));
  }
  const auto relay = try_open(handler_, later).value();
  EXPECT_FALSE(relay->poll_once().ok());
  std::filesystem::rename(folder_.file("away.db"), later.database);
  EXPECT_THAT(poll(*relay), ElementsAre("gap late_start"));
}

TEST_F(RelayTrouble, AnErrorIsLoggedOnceAndItsEndToo) {
  const auto relay = open_and_poll();
  const std::filesystem::path away = folder_.file("away.db");
  std::filesystem::rename(path_, away);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(relay->poll_once().ok());
  EXPECT_THAT(log_, ElementsAre(HasSubstr("No such file")));
  EXPECT_EQ(relay->stats().failures, 3u);
  std::filesystem::rename(away, path_);
  EXPECT_THAT(poll(*relay), ElementsAre("gap replaced"))
      << "it is the same file, but nobody saw what happened to it meanwhile";
  EXPECT_THAT(log_, ElementsAre(HasSubstr("No such file"), HasSubstr("is read again")));
}

TEST_F(RelayTrouble, ALockedDatabaseIsTriedAgain) {
  const auto relay = open_and_poll();
  insert(1, 1);
  testkit::ApplicationDatabase writer(path_);
  writer.run("BEGIN IMMEDIATE; INSERT INTO issue VALUES (2, 7)");
  EXPECT_FALSE(relay->poll_once().ok()) << "row 1 was handed over, but that cannot be noted";
  EXPECT_THAT(relay->stats().error, HasSubstr("locked by another program"));
  writer.run("COMMIT");
  EXPECT_THAT(poll(*relay), ElementsAre("issue 1 write", "issue 1 write", "issue 2 write"));
}

TEST_F(RelayTrouble, ADatabaseWithoutWriteAheadLogIsReadToo) {
  application_.run("PRAGMA journal_mode = DELETE");
  const auto relay = open_and_poll();
  application_.run("BEGIN EXCLUSIVE; INSERT INTO issue VALUES (1, 7)");
  EXPECT_FALSE(relay->poll_once().ok());
  application_.run("COMMIT");
  EXPECT_THAT(poll(*relay), ElementsAre("issue 1 write"));
}

TEST_F(RelayTrouble, TriggersOnTheOutboxDoNotRunForTheRelay) {
  const auto relay = open_and_poll();
  application_.run(
      "CREATE TRIGGER spy AFTER DELETE ON strata_outbox BEGIN"
      " SELECT raise(ABORT, 'not yours'); END");
  insert(1, 1);
  EXPECT_THAT(poll(*relay), ElementsAre("issue 1 write"));
  EXPECT_EQ(rows_left(), "0\n");
}

}  // namespace
}  // namespace strata
