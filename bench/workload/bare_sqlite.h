// What the benchmarks of the SQLite tier compare it with: prepared statements on a bare table, with
// the same settings, checksums excepted: it has none. And how: in pairs that take turns.
#pragma once

#include <sqlite3.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace strata::bench {

inline constexpr std::size_t kCacheBytes = 16u << 20;  // of pages, of each connection

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

// Prepared statements on a table of keys and values.
class BareTable {
 public:
  explicit BareTable(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &database_,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK) {
      fail("cannot open " + path);
    }
    const std::string settings =
        "PRAGMA page_size=4096; PRAGMA auto_vacuum=incremental; PRAGMA journal_mode=wal;"
        "PRAGMA synchronous=normal; PRAGMA mmap_size=0; PRAGMA cell_size_check=1;"
        "PRAGMA secure_delete=fast; PRAGMA wal_autocheckpoint=4096; PRAGMA cache_size=-" +
        std::to_string(kCacheBytes / 1024) + "; CREATE TABLE kv(key TEXT PRIMARY KEY, value BLOB)";
    run(settings.c_str());
    begin_ = prepare("BEGIN IMMEDIATE");
    begin_read_ = prepare("BEGIN");
    commit_ = prepare("COMMIT");
    get_ = prepare("SELECT value FROM kv WHERE key=?1");
    put_ = prepare(
        "INSERT INTO kv VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET"
        " value=excluded.value");
  }

  std::size_t get(const std::string& key) {
    sqlite3_bind_text(get_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    if (sqlite3_step(get_) != SQLITE_ROW) fail("a bare read found nothing");
    const std::string value(static_cast<const char*>(sqlite3_column_blob(get_, 0)),
                            static_cast<std::size_t>(sqlite3_column_bytes(get_, 0)));
    sqlite3_reset(get_);
    return value.size();
  }
  void put(const std::string& key, const std::string& value) {
    sqlite3_bind_text(put_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put_, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    step(put_);
  }
  void begin() { step(begin_); }
  void begin_read() { step(begin_read_); }
  void commit() { step(commit_); }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      fail(sqlite3_errmsg(database_));
    }
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK) {
      fail(sqlite3_errmsg(database_));
    }
    return statement;
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_errmsg(database_));
    sqlite3_reset(statement);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* begin_read_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
};

struct Row {
  std::string name;
  double tier_us = 0;
  double bare_us = 0;
  double ratio = 0;
  double least = 0;  // the 95 % interval of the median ratio
  double most = 0;
  double limit = 0;
};

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

inline Row compare(const std::string& name, double limit, std::size_t pairs,
                   const std::function<double()>& tier, const std::function<double()>& bare) {
  std::vector<double> tier_us;
  std::vector<double> bare_us;
  std::vector<double> ratios;
  tier();
  bare();
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    // Who begins alternates too.
    const double first = pair % 2 == 0 ? tier() : bare();
    const double second = pair % 2 == 0 ? bare() : tier();
    tier_us.push_back(pair % 2 == 0 ? first : second);
    bare_us.push_back(pair % 2 == 0 ? second : first);
    ratios.push_back(tier_us.back() / bare_us.back());
  }
  std::sort(ratios.begin(), ratios.end());
  // The order statistics around the median, by the binomial distribution.
  const double half = 0.98 * std::sqrt(static_cast<double>(pairs));
  const auto at = [&](double place) {
    const double last = static_cast<double>(pairs - 1);
    return ratios[static_cast<std::size_t>(std::clamp(place, 0.0, last))];
  };
  const double middle = static_cast<double>(pairs) / 2;
  return {name,
          median(tier_us),
          median(bare_us),
          ratios[pairs / 2],
          at(middle - half),
          at(middle + half),
          limit};
}

}  // namespace strata::bench
