// The stack's files, and the lock on them.
#include "model/stack.h"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "strata/ports/executor.h"
#include "strata/ports/random.h"

namespace strata::model {

namespace {

constexpr const char* kFile = "cache.db";

Cache make_cache(const std::string& path, const MemoryOptions& memory,
                 const std::shared_ptr<ManualClock>& clock) {
  CacheParts parts;
  parts.hot = memory_tier(memory, clock, seeded_random(1));
  SqliteOptions options;
  options.path = path;
  Result<std::unique_ptr<Tier>> sqlite = open_sqlite_tier(options, clock, seeded_random(2));
  if (!sqlite) {
    std::cerr << sqlite.error().message << '\n';
    std::abort();
  }
  parts.tiers.push_back(std::move(*sqlite));
  parts.clock = clock;
  parts.executor = thread_pool({.threads = 2});
  parts.timer = std::make_shared<ManualTimer>(clock);
  return Cache(std::move(parts));
}

}  // namespace

Stack::Stack(std::optional<std::string> crashed, MemoryOptions memory)
    : cache([&] {
        if (crashed) {
          for (const char* suffix : {"", "-wal", ".journal"}) {
            const std::string name = kFile + std::string(suffix);
            const std::filesystem::path from = std::filesystem::path(*crashed) / name;
            if (std::filesystem::exists(from)) {
              std::filesystem::copy_file(from, folder.file(name));
            }
          }
        }
        return make_cache(folder.file(kFile), memory, clock);
      }()),
      values(cache.keyspace<int>(
          "values",
          {.ttl = std::chrono::hours(1), .ttl_jitter = 0, .keep_for = std::chrono::hours(9)})),
      derived(cache.keyspace<int>("derived", {.ttl = std::chrono::hours(1), .ttl_jitter = 0})) {}

std::unique_ptr<Stack> Stack::after_crash_of(const Stack& other) {
  return std::unique_ptr<Stack>(new Stack(other.folder.path().string(), {}));
}

void Stack::wait_until_reclaimed() {
  while (cache.stats().tiers.at(1).tier.tombstones > 0) std::this_thread::yield();
}

struct WriterHold::State {
  sqlite3* database = nullptr;
};

WriterHold::WriterHold(const Stack& stack) : state_(std::make_shared<State>()) {
  const std::string path = stack.folder.file(kFile);
  const bool held =
      sqlite3_open_v2(path.c_str(), &state_->database, SQLITE_OPEN_READWRITE, nullptr) ==
          SQLITE_OK &&
      sqlite3_busy_timeout(state_->database, 10'000) == SQLITE_OK &&
      sqlite3_exec(state_->database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
  if (!held) {
    std::cerr << "cannot hold the writer: " << sqlite3_errmsg(state_->database) << '\n';
    std::abort();
  }
}

void WriterHold::release() {
  if (state_->database == nullptr) return;
  sqlite3_exec(state_->database, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(state_->database);
  state_->database = nullptr;
}

}  // namespace strata::model
