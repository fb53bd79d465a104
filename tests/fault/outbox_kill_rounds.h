// Kills an application and the relays of its outbox, over and over, and compares what the relays
// were told with what was committed.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>

#include "fault/outbox_oracle.h"
#include "strata/outbox/outbox_schema.h"
#include "testkit/application_database.h"
#include "testkit/random.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata::testkit {

class OutboxKillRounds {
 public:
  OutboxKillRounds(std::uint64_t seed, const std::string& journal_mode)
      : random_(seed),
        application_(database_),
        oracle_(*OutboxOracle::map(folder_.file("oracle"))) {
    application_.run("PRAGMA journal_mode = " + journal_mode +
                     "; CREATE TABLE item(number INTEGER PRIMARY KEY, slot INTEGER UNIQUE,"
                     " version INTEGER); CREATE TABLE log(version INTEGER PRIMARY KEY, id)");
    const OutboxTable table{"item", "item", "number", {"number", "version"}};
    EXPECT_TRUE(install_outbox({.path = database_}, table).ok());
    for (std::size_t reader = 0; reader < OutboxOracle::kReaders; ++reader) {
      drain(reader);  // From now on each reader is known.
      oracle_.readers[reader].gaps = 0;
    }
  }

  ~OutboxKillRounds() { kill_all(); }
  OutboxKillRounds(const OutboxKillRounds&) = delete;
  OutboxKillRounds& operator=(const OutboxKillRounds&) = delete;

  // Everything runs for a moment, then one of the processes is killed.
  void kill_one() {
    for (std::size_t process = 0; process < processes_.size(); ++process) {
      if (processes_[process] == 0) start(process);
    }
    // Often once everybody has done something, else at any moment after the start.
    if (!random_.one_in(4)) wait_for_more(oracle_.commits);
    if (random_.one_in(4)) wait_for_more(oracle_.readers[random_.below(2)].batches);
    std::this_thread::sleep_for(std::chrono::microseconds(random_.below(20'000)));
    kill(random_.below(processes_.size()));
  }

  // Kills all, lets relays read the rest, and compares.
  void check() {
    kill_all();
    EXPECT_EQ(application_.ask("PRAGMA integrity_check"), "ok\n");
    for (std::size_t reader = 0; reader < OutboxOracle::kReaders; ++reader) {
      drain(reader);
      check(oracle_.readers[reader]);
    }
    EXPECT_EQ(application_.ask("SELECT count(*) FROM strata_outbox"), "0\n");
  }

  [[nodiscard]] const OutboxOracle& oracle() const { return oracle_; }

 private:
  static constexpr std::size_t kProcesses = 1 + OutboxOracle::kReaders;  // the writer first

  void start(std::size_t process) {
    std::string words[] = {STRATA_OUTBOX_KILL_CHILD, folder_.path().string(),
                           process == 0 ? "write" : "relay",
                           std::to_string(process == 0 ? random_.next() >> 16 : process - 1)};
    char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                               nullptr};
    ASSERT_EQ(
        ::posix_spawn(&processes_[process], arguments[0], nullptr, nullptr, arguments, environ), 0);
  }

  static void wait_for_more(const std::atomic<std::uint64_t>& count) {
    const std::uint64_t before = count;
    wait_until([&] { return count > before; });
  }

  void kill(std::size_t process) {
    const pid_t child = std::exchange(processes_[process], 0);
    if (child == 0) return;
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << status;
  }

  void kill_all() {
    for (std::size_t process = 0; process < processes_.size(); ++process) kill(process);
  }

  void drain(std::size_t reader) {
    const auto relay = oracle_.open_relay(database_, reader);
    while (true) {
      const Result<OutboxPoll> polled = relay->poll_once();
      ASSERT_TRUE(polled.ok()) << polled.error().message;
      if (!polled->more) return;
    }
  }

  void check(const OutboxOracle::Reader& reader) {
    const std::uint64_t versions = oracle_.next_version;
    enum class Is { kNothing, kCommitted, kThere };
    std::vector<Is> truth(versions, Is::kNothing);
    for (const auto& [query, is] : {std::pair("SELECT version FROM log", Is::kCommitted),
                                    std::pair("SELECT version FROM item", Is::kThere)}) {
      std::istringstream numbers(application_.ask(query));
      for (std::uint64_t version = 0; numbers >> version;) truth[version] = is;
    }
    std::uint64_t lost = 0;
    std::uint64_t invented = 0;
    for (std::uint64_t version = 1; version < versions; ++version) {
      const bool is_written = reader.written[version];
      const bool is_gone = reader.gone[version];
      if (truth[version] == Is::kNothing) {
        if (is_written || is_gone) ++invented;
      } else if (!is_written || (truth[version] == Is::kCommitted && !is_gone)) {
        ++lost;
      }
    }
    EXPECT_EQ(lost, 0u) << "committed changes that a reader was not told";
    EXPECT_EQ(invented, 0u) << "changes that it was told and that were never committed";
    EXPECT_EQ(reader.malformed, 0u);
    EXPECT_EQ(reader.gaps, 0u) << "nothing was ever missed";
  }

  const TempDir folder_;
  const std::string database_ = folder_.file("application.db");
  Random random_;
  ApplicationDatabase application_;
  OutboxOracle& oracle_;
  std::array<pid_t, kProcesses> processes_{};
};

}  // namespace strata::testkit
