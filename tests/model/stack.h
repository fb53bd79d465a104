// Stack: a cache over the real memory and SQLite tiers, an origin with a version, and the means
// to play one schedule on it.
//
// The origin's value is its version. A read is stale when it returns a version below the one
// that was committed before an invalidation that returned before the read began.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "strata/memory/memory_tier.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_timer.h"
#include "strata/tiered/cache.h"
#include "testkit/script.h"
#include "testkit/temp_dir.h"

namespace strata::model {

class Stack {
 public:
  explicit Stack(MemoryOptions memory = {}) : Stack(std::nullopt, memory) {}
  // On the files of another one, as they stand: what a kill -9 leaves.
  static std::unique_ptr<Stack> after_crash_of(const Stack& other);

  // Reads the origin, late enough that the labels are known only with the value.
  int load(Load& load) {
    load.tag("t");
    return origin;
  }
  Lookup<int> load_value() {
    return values.get_or_load("k", [this](Load& handle) { return load(handle); });
  }
  // Puts version 0 into memory and SQLite, committed.
  void seed() {
    (void)load_value();
    (void)cache.flush();
  }
  // Forgets what memory holds, without an invalidation.
  void empty_memory() {
    cache.hot_tier().resize(0, 0);
    cache.hot_tier().resize(0, 64u << 20);
  }
  // A value computed from `values`' k through the load's handle.
  Lookup<int> load_derived() {
    return derived.get_or_load("d", [this](Load& handle) {
      return handle.get_or_load(values, "k", [this](Load& inner) { return load(inner); })
          .value_or(-1);
    });
  }
  // Whether anything that can be read now is older than `version`, in memory or below it.
  bool serves_older_than(int version, Keyspace<int>& keyspace, const char* id) {
    const auto first = keyspace.get(id);
    if (first && *first < version) return true;
    empty_memory();
    const auto below = keyspace.get(id);
    return below && *below < version;
  }
  bool serves_older_than(int version) { return serves_older_than(version, values, "k"); }

  // Waits until SQLite has carried out every invalidation.
  void wait_until_reclaimed();

 private:
  Stack(std::optional<std::string> crashed, MemoryOptions memory);

 public:
  testkit::TempDir folder;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::atomic<int> origin{0};
  Cache cache;
  Keyspace<int> values;
  Keyspace<int> derived;
};

// Holds SQLite's write lock on a stack's file, so that what was accepted stays uncommitted.
class WriterHold {
 public:
  explicit WriterHold(const Stack& stack);
  ~WriterHold() { release(); }
  void release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace strata::model
