// What the relay's tests share: an application's database with an outbox, and a handler that
// remembers what it was told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "strata/outbox/outbox_relay.h"
#include "strata/outbox/outbox_schema.h"
#include "strata/testing/manual_clock.h"
#include "testkit/application_database.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

// Fails when told to.
struct OutboxListener {
  std::vector<std::string> told;  // "issue 1 insert", "gap new_reader issue", ...
  std::string error;              // returned while not empty
  bool throws = false;

  OutboxHandler handler() {
    return {.events = [this](std::span<const Event> events) { return take(events); },
            .gap = [this](const OutboxGap& gap) { return take(gap); }};
  }

  // What was told since the last call.
  std::vector<std::string> take_told() { return std::exchange(told, {}); }

 private:
  Result<void> answer() const {
    if (throws) throw std::runtime_error("thrown");
    if (!error.empty()) return Error{ErrorCode::kUnavailable, error, {}};
    return {};
  }
  Result<void> take(std::span<const Event> events) {
    if (Result<void> answered = answer(); !answered) return answered;
    for (const Event& event : events) {
      EXPECT_TRUE(event.validate().ok());
      const bool is_delete =
          event.kind == EventKind::kEntityDelete || event.kind == EventKind::kEntityBulkDelete;
      for (const EventItem& item : event.items) {
        told.push_back(event.type + " " + item.id + (is_delete ? " delete" : " write"));
      }
    }
    return {};
  }
  Result<void> take(const OutboxGap& gap) {
    if (Result<void> answered = answer(); !answered) return answered;
    std::string line = "gap " + std::string(to_string(gap.reason));
    for (const std::string& type : gap.types) line += " " + type;
    told.push_back(line);
    return {};
  }
};

class OutboxBed : public testing::Test {
 protected:
  OutboxBed() {
    application_.run(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
        "CREATE TABLE issue(id INTEGER PRIMARY KEY, project INTEGER)");
    install();
  }

  void install(std::optional<std::uint64_t> max_rows = {}) {
    const Result<OutboxChange> change = install_outbox({.path = path_}, kIssue, max_rows);
    ASSERT_TRUE(change.ok()) << change.error().message;
    // Where a table was missing that triggers write to, SQLite does not notice by itself that it
    // is back.
    application_.ask("SELECT count(*) FROM sqlite_schema");
  }

  OutboxRelayOptions options(const std::string& reader = "shop") {
    OutboxRelayOptions options;
    options.database = path_;
    options.reader = reader;
    options.busy_timeout = std::chrono::milliseconds(10);
    return options;
  }

  Result<std::unique_ptr<OutboxRelay>> try_open(OutboxListener& handler,
                                                const OutboxRelayOptions& options) {
    return OutboxRelay::open(
        options, handler.handler(), clock_,
        [this](LogLevel, std::string_view message) { log_.emplace_back(message); });
  }
  std::unique_ptr<OutboxRelay> open(OutboxListener& handler, const std::string& reader = "shop") {
    return try_open(handler, options(reader)).value();
  }

  // Polls until nothing is left to do. Returns what the handler was told.
  static std::vector<std::string> poll(OutboxRelay& relay, OutboxListener& handler) {
    while (true) {
      const Result<OutboxPoll> polled = relay.poll_once();
      EXPECT_TRUE(polled.ok()) << polled.error().message;
      if (!polled.ok() || !polled->more) return handler.take_told();
    }
  }

  void insert(int from, int to) {
    application_.run("BEGIN");
    for (int id = from; id <= to; ++id) {
      application_.run("INSERT INTO issue VALUES (" + std::to_string(id) + ", 7)");
    }
    application_.run("COMMIT");
  }

  std::string rows_left() { return application_.ask("SELECT count(*) FROM strata_outbox"); }

  static inline const OutboxTable kIssue{"issue", "issue", "id", {"project"}};
  const TempDir folder_;
  const std::string path_ = folder_.file("application.db");
  ApplicationDatabase application_{path_};
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::vector<std::string> log_;
};

}  // namespace strata::testkit
