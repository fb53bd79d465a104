// TestBed: a folder, a clock, and SQLite tiers in it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "sqlite/database.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata::sqlite {

inline KeyRef key_of(std::string_view text) { return {text, key_hash(text), {}}; }

using testkit::wait_until;

class TestBed {
 public:
  [[nodiscard]] std::string path() const { return folder.file("cache.db"); }
  [[nodiscard]] SqliteOptions options() const {
    SqliteOptions made;
    made.path = path();
    made.journal_slots = 256;
    return made;
  }
  [[nodiscard]] Result<std::unique_ptr<Tier>> try_open(const SqliteOptions& options) {
    return open_sqlite_tier(options, clock, random);
  }
  [[nodiscard]] std::unique_ptr<Tier> open() { return open(options()); }
  [[nodiscard]] std::unique_ptr<Tier> open(const SqliteOptions& options) {
    return try_open(options).value();
  }
  // A tier on copies of the files as they are now: what the end of the process would leave.
  [[nodiscard]] std::unique_ptr<Tier> open_after_crash(TestBed& other) const {
    for (const char* suffix : {"", "-wal", ".journal"}) {
      if (std::filesystem::exists(path() + suffix)) {
        std::filesystem::copy_file(path() + suffix, other.path() + suffix);
      }
    }
    other.clock = clock;
    return other.open();
  }

  [[nodiscard]] Record record(const std::string& key, const std::string& value,
                              Labels labels = {}) const {
    Record made;
    made.key_text = key;
    made.group = {keyspace("space"), source("db")};
    made.labels = std::move(labels);
    made.payload = value;
    made.lifetime = {.written_wall = clock->wall_now(),
                     .written_since_boot = clock->now().since_boot,
                     .boot_id = clock->boot_id()};
    return made;
  }
  FillOutcome put(Tier& tier, const std::string& key, const std::string& value,
                  Labels labels = {}) const {
    const Record made = record(key, value, std::move(labels));
    return tier.put(key_of(key), &made, tier.position(), {}).value();
  }
  FillOutcome fill(Tier& tier, const std::string& key, const std::string& value,
                   Labels labels = {}) const {
    const Ticket ticket = tier.position();
    return tier.fill(record(key, value, std::move(labels)), ticket, {}).value();
  }

  testkit::TempDir folder;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<Random> random = seeded_random(1);
};

// The value under `key`, "-" for none, "error: ..." for an error.
inline std::string value_of(Tier& tier, std::string_view key) {
  const auto found = tier.get(key_of(key), {});
  if (!found.ok()) return "error: " + found.error().message;
  return *found ? (*found)->payload : "-";
}

// Keeps the writer from committing, as a program does that looks into the file from outside.
class WriterHold {
 public:
  explicit WriterHold(const std::string& path)
      : database_(Database::open({.path = path, .use = Database::Use::kWrite}).value()) {
    sqlite3_busy_timeout(database_.handle(), 10'000);
    database_.execute("BEGIN IMMEDIATE").value();
  }
  ~WriterHold() { release(); }
  WriterHold(const WriterHold&) = delete;
  WriterHold& operator=(const WriterHold&) = delete;

  void release() {
    if (!database_.is_open()) return;
    database_.execute("ROLLBACK").value();
    database_.close();
  }

 private:
  Database database_;
};

}  // namespace strata::sqlite
