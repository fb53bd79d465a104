// Tests of how requests are made, counted, timed and checked.
#include "cli/benchmark/runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/workload/interrupt.h"
#include "strata/testing/manual_clock.h"

namespace strata::benchmark {
namespace {

constexpr auto kReadTakes = std::chrono::microseconds(3);
constexpr auto kWriteTakes = std::chrono::microseconds(70);

// Has every value, and lets time pass; what it does with the n-th call, a test may say.
class FakeStore final : public Store {
 public:
  FakeStore(const Values& values, ManualClock& clock) : values_(values), clock_(clock) {}

  Result<void> read(std::uint64_t number, Reading& into) override {
    clock_.advance(kReadTakes);
    const std::uint64_t call = ++calls;
    if (call == failing_call) return Error{ErrorCode::kUnavailable, "it is gone", {}};
    if (call == throwing_call) throw std::runtime_error("it throws");
    if (call == interrupted_call) std::raise(SIGTERM);
    const std::uint64_t answered = call == wrong_call ? number + 1 : number;
    into.bytes = into.keeper.emplace<std::string>(values_.make(answered, 0));
    into.is_hit = call % 2 == 0;
    return {};
  }
  Result<bool> write(std::uint64_t number, std::string value) override {
    clock_.advance(kWriteTakes);
    const std::uint64_t call = ++calls;
    EXPECT_TRUE(values_.check(value, number).has_value());
    if (call == failing_call) return Error{ErrorCode::kUnavailable, "it is gone", {}};
    return call % 4 != 0;
  }
  [[nodiscard]] bool takes_writes() const override { return does_take_writes; }

  std::atomic<std::uint64_t> calls{0};
  std::uint64_t failing_call = 0;
  std::uint64_t throwing_call = 0;
  std::uint64_t interrupted_call = 0;
  std::uint64_t wrong_call = 0;
  bool does_take_writes = true;

 private:
  const Values& values_;
  ManualClock& clock_;
};

std::vector<std::vector<Request>> requests(std::size_t threads, std::uint32_t count,
                                           bool are_writes = false) {
  std::vector<Request> one;
  for (std::uint32_t number = 0; number < count; ++number) {
    one.push_back({.number = number, .is_write = are_writes ? 1u : 0u});
  }
  return std::vector<std::vector<Request>>(threads, one);
}

class RunnerTest : public testing::Test {
 protected:
  Result<Measured> measure_with(const RunOptions& options) {
    return measure(store_, values_, clock_, options);
  }

  ManualClock clock_;
  const std::shared_ptr<Random> random_ = seeded_random(7);
  const Values values_{64, *random_};
  FakeStore store_{values_, clock_};
};

TEST_F(RunnerTest, MakesAsManyOperationsAsAskedForAndTimesEach) {
  const auto ten = requests(1, 10);
  const Measured all = measure_with({.requests = ten, .operations = 25}).value();
  EXPECT_EQ(all.operations(), 25u);
  EXPECT_EQ(all.reads.count(), 25u);
  EXPECT_EQ(all.hits, 12u);
  EXPECT_EQ(all.reads.max(), kReadTakes);
  EXPECT_EQ(all.reads.sum(), 25 * kReadTakes);
  EXPECT_EQ(all.elapsed, 25 * kReadTakes);
}

TEST_F(RunnerTest, DividesThemAmongTheThreads) {
  for (const std::size_t threads : {1u, 2u, 3u, 7u}) {
    const auto ten = requests(threads, 10);
    const Measured all = measure_with({.requests = ten, .operations = 25}).value();
    EXPECT_EQ(all.operations(), 25u) << threads << " threads";
  }
  const auto many = requests(8, 10);
  EXPECT_EQ(measure_with({.requests = many, .operations = 3}).value().operations(), 3u);
}

TEST_F(RunnerTest, EndsWhenTheTimeIsOver) {
  const auto ten = requests(1, 10);
  const Measured all = measure_with({.requests = ten, .seconds = 100 * kReadTakes}).value();
  EXPECT_EQ(all.operations(), 100u);
  const Measured either =
      measure_with({.requests = ten, .operations = 50, .seconds = 100 * kReadTakes}).value();
  EXPECT_EQ(either.operations(), 50u);
}

TEST_F(RunnerTest, WritesAreCountedApartAndSoIsWhatIsNotKept) {
  const auto ten = requests(1, 10, true);
  const Measured all = measure_with({.requests = ten, .operations = 10}).value();
  EXPECT_EQ(all.writes.count(), 10u);
  EXPECT_EQ(all.reads.count(), 0u);
  EXPECT_EQ(all.writes.max(), kWriteTakes);
  EXPECT_EQ(all.not_kept, 2u);
  EXPECT_EQ(all.checksum, 0u);
}

TEST_F(RunnerTest, AStoreWithoutWritesMakesTheReadsAlone) {
  store_.does_take_writes = false;
  auto mixed = requests(1, 10);
  mixed[0][3].is_write = 1;
  mixed[0][4].is_write = 1;
  const Measured all = measure_with({.requests = mixed, .operations = 20}).value();
  EXPECT_EQ(all.operations(), 16u);
}

TEST_F(RunnerTest, TheChecksumIsThatOfTheValues) {
  const auto three = requests(1, 3);
  std::uint64_t expected = 0;
  for (std::uint64_t number = 0; number < 3; ++number) {
    expected += values_.check(values_.make(number, 0), number).value();
  }
  EXPECT_EQ(measure_with({.requests = three, .operations = 3}).value().checksum, expected);
  EXPECT_EQ(measure_with({.requests = three, .operations = 6}).value().checksum, 2 * expected);
}

TEST_F(RunnerTest, AWrongValueEndsIt) {
  for (const std::size_t threads : {1u, 4u}) {
    store_.calls = 0;
    store_.wrong_call = 7;
    const auto ten = requests(threads, 10);
    const Result<Measured> all = measure_with({.requests = ten, .operations = 1'000'000});
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(all.error().message.find("was answered with a wrong value"), std::string::npos);
    EXPECT_LT(store_.calls, 1'000'000u) << "the other threads go on";
  }
}

TEST_F(RunnerTest, AnErrorEndsItWhicheverCallItComesFrom) {
  for (const bool are_writes : {false, true}) {
    for (std::uint64_t call = 1; call <= 5; ++call) {
      store_.calls = 0;
      store_.failing_call = call;
      const auto ten = requests(2, 10, are_writes);
      const Result<Measured> all = measure_with({.requests = ten, .operations = 100'000});
      ASSERT_FALSE(all.ok()) << "call " << call;
      EXPECT_EQ(all.error().message, "it is gone");
    }
  }
}

TEST_F(RunnerTest, AnExceptionIsAnError) {
  store_.throwing_call = 3;
  const auto ten = requests(2, 10);
  const Result<Measured> all = measure_with({.requests = ten, .operations = 100'000});
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().message, "it throws");
}

TEST_F(RunnerTest, AnInterruptEndsItEarly) {
  const workload::Interrupt interrupt;
  store_.interrupted_call = 5;
  const auto ten = requests(1, 10);
  const Measured all = measure_with({.requests = ten, .operations = 1'000'000}).value();
  EXPECT_EQ(all.operations(), 5u);
}

TEST_F(RunnerTest, ProgressIsToldByOneThread) {
  std::uint64_t told = 0;
  Duration time{0};
  const auto ten = requests(1, 10, true);
  const auto all = measure_with({.requests = ten,
                                 .operations = 10'000,
                                 .progress = [&](std::uint64_t operations, Duration more) {
                                   told += operations;
                                   time += more;
                                 }});
  ASSERT_TRUE(all.ok());
  EXPECT_GT(told, 9'000u);
  EXPECT_LE(told, 10'000u);
  EXPECT_EQ(time, static_cast<std::int64_t>(told) * kWriteTakes);
}

}  // namespace
}  // namespace strata::benchmark
