// Kills and stops processes that share a cache file, one or all at a time, while the others go on.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "fault/share_oracle.h"
#include "testkit/random.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

class ShareRounds {
 public:
  // With the name of a mutant the processes are broken, and nothing is asserted of them.
  explicit ShareRounds(std::uint64_t seed, std::string mutant = {})
      : seed_(seed),
        random_(seed),
        mutant_(std::move(mutant)),
        oracle_(*ShareOracle::map(folder_.file("oracle"))) {
    for (std::size_t process = 0; process < ShareOracle::kProcesses; ++process) start(process);
  }
  ~ShareRounds() {
    for (std::size_t process = 0; process < ShareOracle::kProcesses; ++process) kill(process);
  }
  ShareRounds(const ShareRounds&) = delete;
  ShareRounds& operator=(const ShareRounds&) = delete;

  // One kill at any moment; one in eight times all are killed.
  void kill_some() {
    if (random_.one_in(4)) stop_some(std::chrono::milliseconds(random_.below(20)));
    std::this_thread::sleep_for(std::chrono::microseconds(random_.below(30'000)));
    if (random_.one_in(8)) {
      for (const pid_t child : children_) ::kill(child, SIGKILL);
      for (std::size_t process = 0; process < ShareOracle::kProcesses; ++process) kill(process);
      for (std::size_t process = 0; process < ShareOracle::kProcesses; ++process) start(process);
    } else {
      const std::size_t process = random_.below(ShareOracle::kProcesses);
      kill(process);
      start(process);
    }
    // One in four may be killed while it opens the file.
    if (!random_.one_in(4)) wait_for_calls();
    check();
  }

  // One is stopped for a while wherever it is, as a debugger does it, within a change or a read.
  void stop_some(std::chrono::milliseconds how_long) {
    const pid_t child = children_[random_.below(ShareOracle::kProcesses)];
    ::kill(child, SIGSTOP);
    std::this_thread::sleep_for(how_long);
    ::kill(child, SIGCONT);
    check();
  }

  // All come to their end; then SQLite looks at what they leave.
  void end() {
    oracle_.is_to_end = true;
    for (pid_t& child : children_) {
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      child = 0;
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    check();
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
    EXPECT_EQ(ask("SELECT entries FROM meta"), ask("SELECT count(*) FROM entries"));
    EXPECT_EQ(ask("SELECT labels FROM shared_state"), ask("SELECT count(*) FROM shared_labels"));
    EXPECT_EQ(ask("SELECT count(*) FROM entry_labels WHERE entry NOT IN (SELECT id FROM entries)"),
              "0");
    sqlite3_close(database);
  }

  [[nodiscard]] const ShareOracle& oracle() const { return oracle_; }
  [[nodiscard]] std::uint64_t kills() const { return kills_; }

  void report() const {
    Reliability report("R5b", "kill -9 of processes that share a cache file, at any moment");
    report.count("kills", kills_).count("calls", oracle_.calls).seeds(seed_, seed_);
    report.count("values found right", oracle_.hits).count("openings", oracle_.opened);
    report.violations("stale", oracle_.stale).violations("invented", oracle_.invented);
    report.violations("failed openings", oracle_.failed_opens);
  }

 private:
  // Until the youngest process has the file open, or could not open it.
  void wait_for_calls() const {
    const auto tries = [&] { return oracle_.opened.load() + oracle_.failed_opens.load(); };
    while (tries() == tries_before_) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }

  void start(std::size_t process) {
    const std::string folder = folder_.path().string();
    const std::string seed = std::to_string(random_.next() >> 16);
    const std::string number = std::to_string(process);
    tries_before_ = oracle_.opened.load() + oracle_.failed_opens.load();
    std::string program = STRATA_SHARE_CHILD;
    char* const arguments[] = {program.data(),
                               const_cast<char*>(folder.c_str()),
                               const_cast<char*>(seed.c_str()),
                               const_cast<char*>(number.c_str()),
                               mutant_.empty() ? nullptr : mutant_.data(),
                               nullptr};
    ASSERT_EQ(
        ::posix_spawn(&children_[process], program.c_str(), nullptr, nullptr, arguments, environ),
        0);
  }

  void kill(std::size_t process) {
    pid_t& child = children_[process];
    if (child == 0) return;
    ::kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    child = 0;
    ++kills_;
  }

  void check() {
    if (!mutant_.empty()) return;
    ASSERT_EQ(oracle_.stale.load(), 0u) << "something was served that was invalidated before";
    ASSERT_EQ(oracle_.invented.load(), 0u);
    ASSERT_EQ(oracle_.failed_opens.load(), 0u);
  }

  TempDir folder_;
  const std::uint64_t seed_;
  Random random_;
  std::string mutant_;
  ShareOracle& oracle_;
  std::array<pid_t, ShareOracle::kProcesses> children_{};
  std::uint64_t kills_ = 0;
  std::uint64_t tries_before_ = 0;
};

}  // namespace strata::testkit
