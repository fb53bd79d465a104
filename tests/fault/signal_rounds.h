// Ends processes that work on a cache with a signal, and compares what is in the file with what
// they say was acknowledged.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "strata/strata.h"
#include "testkit/random.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

// A started program and what it prints.
class Program {
 public:
  Program(const std::string& how, const std::string& folder, std::string mutant = {}) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string program = STRATA_LIFE_CHILD;
    std::string way = how;
    std::string place = folder;
    char* const last = mutant.empty() ? nullptr : mutant.data();
    char* arguments[] = {program.data(), way.data(), place.data(), last, nullptr};
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) {
      throw std::runtime_error("cannot start " + program);
    }
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Program() { ::close(output_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void wait_for(const std::string& line) {
    while (said_.find(line) == std::string::npos && read_more()) {
    }
  }
  void send(int number) const { ::kill(pid_, number); }

  // What it printed, then how it ended. ctest's time-out is for one that does not.
  std::string end() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (WIFSIGNALED(status)) return said_ + "signal " + std::to_string(WTERMSIG(status));
    return said_ + "exit code " + std::to_string(WEXITSTATUS(status));
  }

 private:
  bool read_more() {
    std::array<char, 4096> block;
    const ssize_t size = ::read(output_, block.data(), block.size());
    if (size > 0) said_.append(block.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  pid_t pid_ = 0;
  int output_ = -1;
  std::string said_;
};

// The program closes its cache within ten seconds when it gets the signal (life_child.cc).
class SignalRounds {
 public:
  // With the name of a mutant the programs are broken.
  explicit SignalRounds(std::uint64_t seed, std::string mutant = {})
      : random_(seed), mutant_(std::move(mutant)) {}

  void end_one() {
    const TempDir folder;
    Program program("end_by_signal", folder.path().string(), mutant_);
    program.wait_for("working");
    std::this_thread::sleep_for(std::chrono::microseconds(random_.below(20'000)));
    const auto sent = std::chrono::steady_clock::now();
    program.send(SIGTERM);
    const std::string said = program.end();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - sent;
    ending_ms.push_back(took.count());
    ++rounds;
    ASSERT_NE(said.find("exit code 0"), std::string::npos) << said;
    const int count = std::stoi(said.substr(said.find("acknowledged ") + 13));
    ASSERT_GT(count, 100);
    Cache cache = CacheBuilder().sqlite({.path = folder.file("cache.db")}).build().value();
    auto users = cache.keyspace<std::string>("user");
    for (int id = 0; id < count; ++id) {
      lost += users.get(std::to_string(id)).value_or("-") == "v" + std::to_string(id) ? 0 : 1;
    }
    acknowledged += static_cast<std::uint64_t>(count);
  }

  void report(std::uint64_t first_seed, std::uint64_t last_seed) const {
    Reliability report("R18", "SIGTERM at any moment, and a close with a deadline of 10 s");
    report.count("rounds", rounds).count("acknowledged puts", acknowledged);
    report.seeds(first_seed, last_seed).violations("acknowledged puts lost", lost);
    report.percentiles("ending_ms", ending_ms);
  }

  std::uint64_t rounds = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::vector<double> ending_ms;

 private:
  Random random_;
  const std::string mutant_;
};

}  // namespace strata::testkit
