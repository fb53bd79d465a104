// World: a cache over memory and tiers of records, an origin with versions, and threads that pass
// a baton. A scenario is played in a world of its own.
//
// What a thread does it does through the world, which judges each answer (history.h). What it may
// do besides is the cache's public interface. Memory is the real tier; the tiers below keep the
// port's rules in a map (strata/testing/record_tier.h), so that no thread runs that has no baton.
//
// Threads   Confined to the thread that has the baton; the test's thread before and after.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scenarios/history.h"
#include "strata/memory/memory_tier.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "strata/tiered/cache.h"
#include "testkit/baton.h"

namespace strata::scenarios {

struct WorldOptions {
  std::size_t tiers = 1;  // below memory
  std::size_t remembered_labels = 64;
  std::uint64_t max_entries = 0;
  bool memory = true;
  KeyspaceOptions values{.ttl = std::chrono::hours(1), .ttl_jitter = 0};
  KeyspaceOptions derived{.ttl = std::chrono::hours(1), .ttl_jitter = 0};
  bool tag_by_loader = true;  // values have the tag "t", which is known when they are there
  bool one_load = false;      // no two loads of a key may run at once
  bool tiers_agree = false;   // at the end, all tiers that have a value have the same one
  bool errors_allowed = false;
};

class World {
 public:
  using Ids = std::vector<std::string>;
  using Tell = std::function<void()>;

  explicit World(const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Before the threads run.
  void thread(const std::string& name, std::function<void()> body) { baton.thread(name, body); }
  void executor_thread();  // runs what the cache does in the background
  void seed(const std::string& id) { load(id); }
  // After they ran: what else must be so.
  void at_end(std::function<void()> check) { checks_.push_back(std::move(check)); }
  void require(bool is_so, const std::string& otherwise);

  // Look-ups of `values`, judged.
  void get(const std::string& id, const CallOptions& call = kDefaultCall);
  void load(const std::string& id, const CallOptions& call = kDefaultCall);
  void fail_to_load(const std::string& id);  // with a loader that fails
  void get_many(const Ids& ids);
  void load_many(const Ids& ids);
  void load_async(const std::string& id);
  // Values computed from another value through the load's handle, judged as that value.
  void load_derived(const std::string& id, const std::string& base);
  void derive_from_known(const std::string& id, const std::string& base);   // load.get()
  void load_derived_twice(const std::string& id, const std::string& base);  // over "<id>1"

  // The origin changes the values of `ids`; `tell` tells the cache.
  void change(const Ids& ids, const Tell& tell);
  void change_key(const std::string& id) {
    change({id}, [&] { values.invalidate(id); });
  }
  void change_labels(const Ids& ids, const Labels& labels) {
    change(ids, [&] { cache.invalidate(labels); });
  }
  void change_tag(const Ids& ids) { change_labels(ids, {tag("t")}); }
  void create(const std::string& id, const Tell& tell) { write(id, true, tell); }
  void destroy(const std::string& id, const Tell& tell) { write(id, false, tell); }
  void put(const std::string& id, const CallOptions& call = kDefaultCall);

  // Nothing is invalidated by these.
  void empty_memory();
  void advance(Duration by) {
    clock->advance(by);
    baton.time_passed(by);
  }
  // The origin has no value of it from the beginning.
  void set_absent(const std::string& id);

  // The version that the origin has now.
  [[nodiscard]] int committed(const std::string& id) {
    (void)items_[id];  // what is asked for is judged at the end
    return history_.version(id);
  }
  [[nodiscard]] int loads(const std::string& id) { return items_[id].loads; }

  // Runs the threads, then the checks. Returns what was wrong, one line each.
  const std::vector<std::string>& play(testkit::Picker& picker);

  testkit::Baton baton;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<RecordTier*> tiers;  // nearest first

 private:
  class BackgroundExecutor;
  struct Item {
    int loading = 0;
    int loads = 0;
  };

  Cache make_cache();
  void write(const std::string& id, bool exists, const Tell& tell);
  Result<std::optional<int>> fetch(const std::string& id, Load* load);
  void judge(const std::string& id, const Lookup<int>& found, Moment begun,
             const std::string& base = {});
  void judge_many(const Ids& ids, const std::vector<Lookup<int>>& found, Moment begun);
  void judge_everything();
  std::optional<int> look_after_all(const std::string& id);
  void at_point(const char* point);

  const WorldOptions options_;
  std::shared_ptr<BackgroundExecutor> executor_;
  History history_;
  std::map<std::string, Item> items_;
  std::map<std::string, std::string> bases_;                     // of derived values
  std::map<std::thread::id, std::pair<std::string, int>> puts_;  // that wait for their turn
  std::vector<std::function<void()>> checks_;
  std::vector<std::string> wrong_;

 public:
  Cache cache;
  Keyspace<int> values;
  Keyspace<int> derived;
};

}  // namespace strata::scenarios
