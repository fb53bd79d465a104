// Flights: one leader per key, joiners, leases, waits that cannot end.
#include "strata/load/flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "strata/testing/manual_clock.h"

namespace strata {
namespace {

constexpr Duration kLease = std::chrono::seconds(60);

KeyRef key_of(std::string_view text) { return {text, key_hash(text), {}}; }

class FlightTableTest : public testing::Test {
 protected:
  FlightTable::Start start(std::string_view key) {
    return table_.join_or_begin(key_of(key), clock_.now(), kLease,
                                [this] { return Tickets{.hot = Ticket{++tickets_}}; });
  }
  void finish(const FlightTable::Start& start, Outcome outcome = Outcome::kLoaded) {
    table_.end(*start.flight);
    start.flight->complete({.outcome = outcome});
  }

  std::uint64_t tickets_ = 0;
  ManualClock clock_;
  FlightTable table_;
};

TEST_F(FlightTableTest, TheFirstCallerLeadsAndOthersJoin) {
  const auto first = start("a");
  const auto second = start("a");
  EXPECT_TRUE(first.leads);
  EXPECT_FALSE(second.leads);
  EXPECT_EQ(first.flight, second.flight);
  EXPECT_EQ(number(first.flight->tickets().hot), 1u);
  EXPECT_EQ(table_.running(), 1u);
  finish(first);
  EXPECT_EQ(table_.running(), 0u);
  EXPECT_TRUE(table_.wait(*second.flight, {}, clock_).ok());
  EXPECT_EQ(second.flight->result().outcome, Outcome::kLoaded);
}

TEST_F(FlightTableTest, DifferentKeysHaveFlightsOfTheirOwn) {
  const auto a = start("a");
  const auto b = start("b");
  EXPECT_TRUE(b.leads);
  EXPECT_EQ(table_.running(), 2u);
  finish(a);
  EXPECT_FALSE(start("b").leads);
  finish(b);
}

TEST_F(FlightTableTest, AfterTheEndTheNextCallerLeads) {
  finish(start("a"));
  const auto next = start("a");
  EXPECT_TRUE(next.leads);
  finish(next);
}

TEST_F(FlightTableTest, AFlightThatLostItsLeaseIsOvertaken) {
  const auto hung = start("a");
  clock_.advance(kLease - Duration(1));
  EXPECT_FALSE(start("a").leads);
  clock_.advance(Duration(1));
  const auto next = start("a");
  EXPECT_TRUE(next.leads);
  EXPECT_FALSE(table_.is_current(*hung.flight));
  EXPECT_TRUE(table_.is_current(*next.flight));
  finish(hung);  // its end does not take the newer one out
  EXPECT_FALSE(start("a").leads);
  finish(next);
}

TEST_F(FlightTableTest, AWaitEndsAtItsDeadlineAndTheFlightGoesOn) {
  const auto flight = start("a");
  const Result<void> waited =
      table_.wait(*flight.flight, {saturating_add(clock_.now(), Duration(0))}, clock_);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_FALSE(flight.flight->done());
  finish(flight);
  EXPECT_TRUE(table_.wait(*flight.flight, {}, clock_).ok());
}

TEST_F(FlightTableTest, EveryWaiterIsReleased) {
  const auto flight = start("a");
  std::atomic<int> released{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 20; ++i) {
    waiters.emplace_back([&] {
      EXPECT_TRUE(table_.wait(*flight.flight, {}, clock_).ok());
      EXPECT_EQ(flight.flight->result().outcome, Outcome::kError);
      ++released;
    });
  }
  finish(flight, Outcome::kError);
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(released, 20);
}

TEST_F(FlightTableTest, AContinuationRunsOnceWhetherEarlyOrLate) {
  const auto flight = start("a");
  int early = 0;
  int late = 0;
  flight.flight->then([&] { ++early; });
  EXPECT_EQ(early, 0);
  finish(flight);
  EXPECT_EQ(early, 1);
  flight.flight->then([&] { ++late; });
  EXPECT_EQ(late, 1);
  EXPECT_EQ(early, 1);
}

TEST_F(FlightTableTest, BesideAsManyAsMayWaitNobodyDoes) {
  const auto flight = start("a");
  int called = 0;
  const auto count = [&] { ++called; };
  EXPECT_TRUE(flight.flight->then(count, Flight::kLeads));
  EXPECT_TRUE(flight.flight->then(count, 2)) << "who leads is not one of them";
  EXPECT_TRUE(flight.flight->then(count, 2));
  EXPECT_FALSE(flight.flight->then(count, 2));
  const Result<void> refused = table_.wait(*flight.flight, {}, clock_, 2);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(table_.wait(*flight.flight, {clock_.now()}, clock_, 3).error().code,
            ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(flight.flight->then(count, 3)) << "who no longer waits does not count";
  finish(flight);
  EXPECT_EQ(called, 4);
  EXPECT_TRUE(flight.flight->then(count, 2)) << "there is nothing to wait for";
  EXPECT_TRUE(table_.wait(*flight.flight, {}, clock_, 2).ok());
  EXPECT_EQ(called, 5);
}

TEST_F(FlightTableTest, WaitingForItselfIsAnErrorAtOnce) {
  const auto flight = start("a");
  flight.flight->set_runner();
  const Result<void> waited = table_.wait(*flight.flight, {}, clock_);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::kRejected);
  EXPECT_NE(waited.error().message.find("'a'"), std::string::npos);
  finish(flight);
}

// One thread runs a and waits for b; the thread that runs b must not wait for a.
TEST_F(FlightTableTest, ACycleOverTwoThreadsIsAnErrorForWhoComesSecond) {
  const auto a = start("a");
  const auto b = start("b");
  b.flight->set_runner();
  std::atomic<bool> runs{false};
  Result<void> first;
  std::thread other([&] {
    a.flight->set_runner();
    runs = true;
    first = table_.wait(*b.flight, {}, clock_);
    finish(a);
  });
  while (!runs) std::this_thread::yield();
  // Until the other one waits for b, waiting for a times out at once; from then on it is a cycle.
  // Who of the two comes second is told, and the other one's wait ends well.
  Result<void> second;
  do {
    second = table_.wait(*a.flight, {clock_.now()}, clock_);
  } while (!second && second.error().code == ErrorCode::kDeadlineExceeded);
  finish(b);
  other.join();
  EXPECT_NE(first.ok(), second.ok());
  EXPECT_EQ((first ? second : first).error().code, ErrorCode::kRejected);
}

TEST_F(FlightTableTest, APrivateFlightIsNeverJoined) {
  const auto flight = FlightTable::begin_private(key_of("a"), clock_.now(), Tickets{});
  EXPECT_EQ(table_.running(), 0u);
  const auto other = start("a");
  EXPECT_TRUE(other.leads);
  table_.end(*flight);
  EXPECT_EQ(table_.running(), 1u);
  finish(other);
}

// Two keys whose texts hold the same hash of different long parameters are two keys.
TEST_F(FlightTableTest, LongParametersAreCompared) {
  const KeyRef one{"1:k:::#00", key_hash("1:k:::#00"), "a=1"};
  const KeyRef two{"1:k:::#00", key_hash("1:k:::#00"), "a=2"};
  const auto take = [] { return Tickets{}; };
  const auto first = table_.join_or_begin(one, clock_.now(), kLease, take);
  const auto second = table_.join_or_begin(two, clock_.now(), kLease, take);
  EXPECT_TRUE(first.leads);
  EXPECT_TRUE(second.leads);
  finish(first);
  EXPECT_FALSE(table_.join_or_begin(two, clock_.now(), kLease, take).leads);
  finish(second);
}

}  // namespace
}  // namespace strata
