// Outboxes for as long as STRATA_TORTURE_SECONDS says (60): an application and its relays are
// killed thousands of times. Seeds go on where the tests of tests/fault end.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "fault/outbox_kill_rounds.h"
#include "testkit/reliability.h"

namespace strata {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;

bool has_time(std::chrono::steady_clock::time_point start) {
  const char* const text = std::getenv("STRATA_TORTURE_SECONDS");
  const double seconds = text != nullptr ? std::strtod(text, nullptr) : 60;
  return std::chrono::steady_clock::now() - start < std::chrono::duration<double>(seconds);
}

TEST(OutboxTorture, Kills) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t kills = 0;
  std::uint64_t commits = 0;
  for (std::uint64_t seed = kFirstSeed; has_time(start); ++seed) {
    testkit::OutboxKillRounds rounds(seed, seed % 2 == 0 ? "wal" : "delete");
    for (std::uint64_t round = 1; round <= 200 && has_time(start); ++round) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", kill " << round);
      rounds.kill_one();
      if (round % 20 == 0) rounds.check();
      ++kills;
      if (HasFailure()) return;
    }
    rounds.check();
    commits += rounds.oracle().commits;
    if (HasFailure()) return;
  }
  testkit::Reliability("R15", "kill -9 of an application and of the relays of its outbox")
      .count("kills", kills)
      .count("commits", commits)
      .violations("checks that failed", HasFailure() ? 1 : 0);
}

}  // namespace
}  // namespace strata
