// The operations of the churn, and how much they leave.
#include "stress/churn.h"

#include <sqlite3.h>

#include <string>

#include "core/assert.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/temp_dir.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"
#include "tiered/state.h"

namespace strata::stress {
namespace {

constexpr std::uint64_t kKeysAtATime = 20'000;  // keys move on, so that all are new in the end
constexpr Duration kTtl = std::chrono::minutes(10);

}  // namespace

struct Churn::State {
  explicit State(const ChurnOptions& given)
      : options(given),
        cache(make_cache()),
        values(cache.keyspace<std::uint64_t>(
            "values", {.ttl = kTtl, .stale_for = kTtl, .negative_ttl = kTtl})),
        derived(cache.keyspace<std::uint64_t>("derived", {.ttl = kTtl})) {}

  Cache make_cache() {
    CacheParts parts;
    parts.hot = memory_tier({.max_entries = options.max_entries}, clock, seeded_random(1));
    SqliteOptions sqlite;
    sqlite.path = path();
    sqlite.max_bytes = options.sqlite_bytes;
    auto opened = open_sqlite_tier(sqlite, clock, seeded_random(2));
    STRATA_ASSERT(opened.ok());
    parts.tiers.push_back(std::move(*opened));
    parts.clock = clock;
    parts.executor = thread_pool({.threads = 2});
    return Cache(std::move(parts));
  }
  [[nodiscard]] std::string path() const { return folder.file("cache.db"); }

  // Tags of three sorts: one of its own, one of few, and one of all.
  Labels tags(std::uint64_t number) const {
    return {tag("own" + std::to_string(number)), tag("some" + std::to_string(number / 50)),
            tag("all")};
  }

  void act(testkit::Random& random, std::uint64_t step) {
    const std::uint64_t number = step / 2 + random.below(kKeysAtATime);
    const auto loader = [this, number](Load& load) -> std::optional<std::uint64_t> {
      for (Label& label : tags(number)) load.depends_on(std::move(label));
      return number % 9 == 0 ? std::nullopt : std::optional<std::uint64_t>(number);
    };
    const std::uint64_t choice = random.below(1'000);
    if (choice < 500) {
      (void)values.get_or_load(number, loader);
    } else if (choice < 600) {
      (void)derived.get_or_load(
          number, [&](Load& load) { return load.get_or_load(values, number, loader).value_or(0); });
    } else if (choice < 750) {
      (void)values.put(number, number, {.labels = tags(number)});
    } else if (choice < 850) {
      values.erase(number);
    } else if (choice < 950) {
      cache.invalidate(tag("own" + std::to_string(number)));
    } else if (choice < 989) {
      cache.invalidate(tag("some" + std::to_string(number / 50)));
    } else if (choice < 999) {
      clock->advance(std::chrono::milliseconds(random.below(2'000)));
    } else if (step % 20 == 0) {
      cache.invalidate(tag("all"));
    } else {
      (void)cache.remove_expired();
    }
  }

  ChurnSizes sizes() {
    // What is renewed behind has ended, and brings nothing more, when no flight is left.
    Cache::State& inside = values.state()->cache;
    testkit::wait_until([&] { return inside.flights.running() == 0; });
    STRATA_ASSERT(cache.flush().ok());
    testkit::wait_until([this] { return cache.stats().tiers.at(1).tier.tombstones == 0; });
    cache.hot_tier().check_invariants();
    const TierStats below = cache.stats().tiers.at(1).tier;
    ChurnSizes sizes{
        .memory = dynamic_cast<memory::MemoryTier&>(cache.hot_tier()).sizes(),
        .flights = inside.flights.running(),
        .running_invalidations = inside.running.count(),
        .tombstones = below.tombstones,
        .pending_writes = below.pending_writes,
    };
    sizes.rows = count("entries");
    sizes.label_rows = count("entry_labels");
    sizes.labels_without_entry = count("entry_labels WHERE entry NOT IN (SELECT id FROM entries)");
    sizes.group_rows = count("label_groups");
    return sizes;
  }

  [[nodiscard]] std::uint64_t count(const std::string& what) const {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    const std::string query = "SELECT count(*) FROM " + what;
    std::uint64_t rows = UINT64_MAX;
    const bool is_answered =
        sqlite3_open_v2(path().c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_busy_timeout(database, 10'000) == SQLITE_OK &&
        sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW;
    if (is_answered) rows = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return rows;
  }

  const ChurnOptions options;
  testkit::TempDir folder;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Cache cache;
  Keyspace<std::uint64_t> values, derived;
};

Churn::Churn(const ChurnOptions& options) : state_(std::make_unique<State>(options)) {}
Churn::~Churn() = default;

ChurnSizes Churn::run() {
  State& state = *state_;
  const std::uint64_t each = state.options.operations / state.options.threads;
  testkit::run_threads(state.options.threads, [&](std::size_t thread) {
    testkit::Random random(state.options.seed * 1'000 + thread);
    for (std::uint64_t step = 0; step < each; ++step) state.act(random, step);
  });
  return state.sizes();
}

ChurnSizes Churn::clear() {
  state_->cache.clear();
  return state_->sizes();
}

}  // namespace strata::stress
