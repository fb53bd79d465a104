// Kills a process that works on a cache, over and over, and compares what each next one finds.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "fault/kill_oracle.h"
#include "testkit/random.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

class KillRounds {
 public:
  // With the name of a mutant the processes are broken, and nothing is asserted of them.
  explicit KillRounds(std::uint64_t seed, std::string mutant = {})
      : random_(seed),
        mutant_(std::move(mutant)),
        oracle_(*KillOracle::map(folder_.file("oracle"))) {}

  // One process: from its start until it is killed, at any moment.
  void kill_one(std::uint64_t round) {
    const pid_t child = start(round);
    // One in eight is killed while it opens the cache.
    if (!random_.one_in(8)) wait_until_opened(child);
    std::this_thread::sleep_for(std::chrono::microseconds(random_.below(25'000)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << status;
    check();
  }

  // One process that may close the cache; then SQLite looks at what it leaves.
  void end_one(std::uint64_t round) {
    oracle_.is_to_end = false;
    const pid_t child = start(round);
    wait_until_opened(child);
    oracle_.is_to_end = true;
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    oracle_.is_to_end = false;
    check();
    check_tables();
  }

  [[nodiscard]] const KillOracle& oracle() const { return oracle_; }

 private:
  // What SQLite says of the file, and whether its tables agree with each other.
  void check_tables() {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file("cache.db").c_str(), &database), SQLITE_OK);
    const auto ask = [&](const char* sql) {
      std::string answer;
      sqlite3_exec(
          database, sql,
          [](void* into, int, char** columns, char**) {
            *static_cast<std::string*>(into) += columns[0];
            return 0;
          },
          &answer, nullptr);
      return answer;
    };
    EXPECT_EQ(ask("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(ask("SELECT count(*) FROM entry_labels"),
              ask("SELECT ifnull(sum(length(labels) / 8), 0) FROM entries"));
    EXPECT_EQ(ask("SELECT count(*) FROM entry_labels WHERE entry NOT IN (SELECT id FROM entries)"),
              "0");
    EXPECT_EQ(ask("SELECT count(*) FROM entries WHERE group_id NOT IN"
                  " (SELECT group_id FROM label_groups)"),
              "0");
    EXPECT_EQ(ask("SELECT entries, clean FROM meta"), ask("SELECT count(*) FROM entries"));
    EXPECT_EQ(ask("SELECT clean FROM meta"), "1");
    sqlite3_close(database);
  }

  pid_t start(std::uint64_t round) {
    const std::string folder = folder_.path().string();
    const std::string seed = std::to_string(random_.next() >> 16);
    const std::string durability = round % 2 == 0 ? "normal" : "sync";
    std::string program = STRATA_KILL_CHILD;
    char* const arguments[] = {program.data(),
                               const_cast<char*>(folder.c_str()),
                               const_cast<char*>(seed.c_str()),
                               const_cast<char*>(durability.c_str()),
                               mutant_.empty() ? nullptr : mutant_.data(),
                               nullptr};
    opened_before_ = oracle_.opened.load();
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ), 0);
    return child;
  }

  void wait_until_opened(pid_t child) {
    while (oracle_.opened.load() == opened_before_) {
      siginfo_t ended{};
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
      if (ended.si_pid == child) return;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  void check() {
    if (!mutant_.empty()) return;
    ASSERT_EQ(oracle_.stale.load(), 0u) << "something was served that was invalidated before";
    ASSERT_EQ(oracle_.invented.load(), 0u);
    ASSERT_EQ(oracle_.lost.load(), 0u) << "something durable is gone";
    ASSERT_EQ(oracle_.failed_opens.load(), 0u);
  }

  TempDir folder_;
  Random random_;
  std::string mutant_;
  KillOracle& oracle_;
  std::uint64_t opened_before_ = 0;
};

// What several oracles saw together.
struct KillTotals {
  std::uint64_t kills = 0, calls = 0, compared = 0, opened = 0;
  std::uint64_t stale = 0, invented = 0, lost = 0, failed_opens = 0;
  std::vector<double> opening_us{};

  void add(const KillOracle& oracle, std::uint64_t kills_of_it) {
    kills += kills_of_it;
    calls += oracle.calls;
    compared += oracle.compared;
    opened += oracle.opened;
    stale += oracle.stale;
    invented += oracle.invented;
    lost += oracle.lost;
    failed_opens += oracle.failed_opens;
    const std::vector<double> openings = oracle.openings();
    opening_us.insert(opening_us.end(), openings.begin(), openings.end());
  }
  void report(std::uint64_t first_seed, std::uint64_t last_seed) const {
    Reliability report("R5", "kill -9 of a process that works on a cache, at any moment");
    report.count("kills", kills).count("calls", calls).seeds(first_seed, last_seed);
    report.count("values found right", compared).count("openings", opened);
    report.violations("stale", stale).violations("invented", invented);
    report.violations("lost", lost).violations("failed openings", failed_opens);
    report.percentiles("opening_us", opening_us);
  }
};

}  // namespace strata::testkit
