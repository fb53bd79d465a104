// What the threads of a world do, and what is judged.
#include "scenarios/world.h"

#include <cstring>
#include <deque>
#include <optional>
#include <string_view>

#include "core/mutex.h"
#include "core/yield_point.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"

namespace strata::scenarios {
namespace {

constexpr std::uint64_t kMemoryBytes = 1u << 20;

}  // namespace

// An executor whose one thread is one of the baton's.
class World::BackgroundExecutor final : public Executor {
 public:
  [[nodiscard]] bool post(std::function<void()> task) override {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    posted_.notify_all();
    return true;
  }
  void close() override { run_all(); }

  void run_all() {
    while (auto task = take([] { return true; })) (*task)();
  }
  void run_until(const std::function<bool()>& ending) {
    while (auto task = take(ending)) (*task)();
  }

 private:
  // The next task; nothing once there is none and `ending` says so.
  std::optional<std::function<void()>> take(const std::function<bool()>& ending) {
    const MutexLock lock(mutex_);
    while (tasks_.empty() && !ending()) posted_.wait(mutex_);
    if (tasks_.empty()) return std::nullopt;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  Mutex mutex_;
  CondVar posted_;
  std::deque<std::function<void()>> tasks_ STRATA_GUARDED_BY(mutex_);
};

World::World(const WorldOptions& options)
    : options_(options),
      executor_(std::make_shared<BackgroundExecutor>()),
      cache(make_cache()),
      values(cache.keyspace<int>("values", options.values)),
      derived(cache.keyspace<int>("derived", options.derived)) {
  baton.set_pass_time([this](std::chrono::nanoseconds by) { clock->advance(by); });
  baton.set_on_point([this](const char* point) { at_point(point); });
}

World::~World() { executor_->run_all(); }

Cache World::make_cache() {
  CacheParts parts;
  const MemoryOptions memory{.enabled = options_.memory,
                             .max_entries = options_.max_entries,
                             .max_bytes = kMemoryBytes,
                             .remembered_labels = options_.remembered_labels,
                             .shards = 4};
  parts.hot = memory_tier(memory, clock, seeded_random(1));
  for (std::size_t i = 0; i < options_.tiers; ++i) {
    auto tier =
        std::make_unique<RecordTier>("tier" + std::to_string(i), clock, options_.remembered_labels);
    tiers.push_back(tier.get());
    parts.tiers.push_back(std::move(tier));
  }
  parts.clock = clock;
  parts.executor = executor_;
  parts.timer = std::make_shared<ManualTimer>(clock);
  // So that a cache is made quickly.
  parts.options.causes = {.removals = 64, .causes = 64};
  return Cache(std::move(parts));
}

void World::executor_thread() {
  baton.background("executor", [this] { executor_->run_until([this] { return baton.ending(); }); });
}

void World::require(bool is_so, const std::string& otherwise) {
  if (!is_so) wrong_.push_back(otherwise);
}

void World::at_point(const char* point) {
  if (std::strcmp(point, "tiered.put.tickets") != 0) return;
  const auto waiting = puts_.find(std::this_thread::get_id());
  if (waiting != puts_.end()) history_.begin_turn(waiting->second.first, waiting->second.second);
}

// The origin, asked by a loader. `load`: what is told of the value.
Result<std::optional<int>> World::fetch(const std::string& id, Load* load) {
  Item& item = items_[id];
  ++item.loads;
  ++item.loading;
  if (options_.one_load) require(item.loading == 1, id + ": is loaded twice at a time");
  STRATA_YIELD("origin.asked");
  const int version = history_.version(id);
  const bool exists = history_.exists(id);
  STRATA_YIELD("origin.answered");
  --item.loading;
  if (load != nullptr && options_.tag_by_loader && exists) load->tag("t");
  return exists ? std::optional<int>(version) : std::nullopt;
}

void World::judge(const std::string& id, const Lookup<int>& found, Moment begun,
                  const std::string& base) {
  const std::string& judged = base.empty() ? id : base;
  std::optional<std::string> problem;
  if (found.has_value()) {
    problem = history_.judge(judged, *found, begun);
  } else if (found.absent()) {
    problem = history_.judge(judged, std::nullopt, begun);
  } else if (found.outcome() == Outcome::kError && !options_.errors_allowed) {
    problem = judged + ": " + found.error().message;
  }
  if (problem) wrong_.push_back(base.empty() ? *problem : id + ", made of " + *problem);
}

void World::judge_many(const Ids& ids, const std::vector<Lookup<int>>& found, Moment begun) {
  for (std::size_t i = 0; i < ids.size(); ++i) judge(ids[i], found[i], begun);
}

void World::get(const std::string& id, const CallOptions& call) {
  (void)items_[id];
  const Moment begun = history_.next();
  const Lookup<int> found = values.get(id, call);
  judge(id, found, begun);
}

void World::load(const std::string& id, const CallOptions& call) {
  const Moment begun = history_.next();
  const Lookup<int> found = values.get_or_load(
      id, [this, id](Load& handle) { return fetch(id, &handle); }, call);
  judge(id, found, begun);
}

void World::fail_to_load(const std::string& id) {
  (void)items_[id];
  const Moment begun = history_.next();
  const Lookup<int> found = values.get_or_load(id, [](Load&) -> Result<int> {
    STRATA_YIELD("origin.failed");
    return Error{ErrorCode::kLoadFailed, "the origin is down", {}};
  });
  if (found.has_value()) judge(id, found, begun);
}

void World::get_many(const Ids& ids) {
  const Moment begun = history_.next();
  judge_many(ids, values.get_many(ids), begun);
}

void World::load_many(const Ids& ids) {
  const Moment begun = history_.next();
  const auto loader = [this](std::span<const std::string> missing,
                             Load& handle) -> Result<std::vector<std::optional<int>>> {
    std::vector<std::optional<int>> brought;
    for (const std::string& id : missing) brought.push_back(*fetch(id, &handle));
    return brought;
  };
  judge_many(ids, values.get_or_load_many(ids, loader), begun);
}

void World::load_async(const std::string& id) {
  const Moment begun = history_.next();
  values.get_or_load_async(id, [this, id](Load& handle) { return fetch(id, &handle); })
      .then([this, id, begun](const Lookup<int>& found) { judge(id, found, begun); });
}

void World::load_derived(const std::string& id, const std::string& base) {
  bases_[id] = base;
  const Moment begun = history_.next();
  const auto found = derived.get_or_load(id, [this, base](Load& outer) {
    return outer
        .get_or_load(values, base, [this, base](Load& inner) { return fetch(base, &inner); })
        .value_or(0);
  });
  judge(id, found, begun, base);
}

void World::derive_from_known(const std::string& id, const std::string& base) {
  bases_[id] = base;
  const Moment begun = history_.next();
  const auto found = derived.get_or_load(id, [this, base](Load& handle) {
    const Lookup<int> known = handle.get(values, base);
    // What is not cached is of the version that the origin has, until the key is written.
    return known.has_value() ? *known : history_.version(base);
  });
  judge(id, found, begun, base);
}

void World::load_derived_twice(const std::string& id, const std::string& base) {
  const std::string middle = id + "1";
  bases_[id] = base;
  bases_[middle] = base;
  const Moment begun = history_.next();
  const auto found = derived.get_or_load(id, [this, base, middle](Load& outer) {
    const auto from_base = [this, base](Load& inner) {
      return inner
          .get_or_load(values, base, [this, base](Load& inmost) { return fetch(base, &inmost); })
          .value_or(0);
    };
    return outer.get_or_load(derived, middle, from_base).value_or(0);
  });
  judge(id, found, begun, base);
}

void World::change(const Ids& ids, const Tell& tell) {
  std::vector<int> versions;
  for (const std::string& id : ids) versions.push_back(history_.begin_write(id, false));
  tell();
  for (std::size_t i = 0; i < ids.size(); ++i) history_.end_write(ids[i], versions[i]);
}

void World::write(const std::string& id, bool exists, const Tell& tell) {
  const int version = history_.begin_write(id, false, exists);
  tell();
  history_.end_write(id, version);
}

void World::put(const std::string& id, const CallOptions& call) {
  (void)items_[id];
  const int version = history_.begin_write(id, true);
  puts_[std::this_thread::get_id()] = {id, version};
  const PutResult done = values.put(id, version, call);
  puts_.erase(std::this_thread::get_id());
  require(done.ok(), id + ": the put failed");
  history_.end_write(id, version);
}

void World::empty_memory() {
  if (!options_.memory) return;
  cache.hot_tier().resize(options_.max_entries, 0);
  cache.hot_tier().resize(options_.max_entries, kMemoryBytes);
}

void World::set_absent(const std::string& id) {
  (void)items_[id];
  history_.end_write(id, history_.begin_write(id, false, false));
}

// What the nearest tier that has it answers for a value or a derived value.
std::optional<int> World::look_after_all(const std::string& id) {
  const auto base = bases_.find(id);
  const bool is_derived = base != bases_.end();
  const Moment begun = history_.next();
  const Lookup<int> found = is_derived ? derived.get(id) : values.get(id);
  judge(id, found, begun, is_derived ? base->second : std::string());
  return found.has_value() ? std::optional<int>(*found) : std::nullopt;
}

// Tier by tier: what memory answers, then what is below it when it has nothing.
void World::judge_everything() {
  Ids ids;
  for (const auto& [id, item] : items_) ids.push_back(id);
  for (const auto& [id, base] : bases_) ids.push_back(id);
  std::map<std::string, std::optional<int>> known;
  for (std::size_t depth = 0; depth <= tiers.size() + 1; ++depth) {
    if (depth > 0) empty_memory();
    if (depth > 1) {
      for (std::size_t i = 0; i + 1 < depth; ++i) tiers[i]->forget_all();
    }
    for (const std::string& id : ids) {
      const std::optional<int> here = look_after_all(id);
      std::optional<int>& before = known[id];
      if (options_.tiers_agree && before && here) {
        require(*before == *here, id + ": is " + std::to_string(*before) + " in one tier and " +
                                      std::to_string(*here) + " in another");
      }
      if (here) before = here;
    }
  }
}

const std::vector<std::string>& World::play(testkit::Picker& picker) {
  baton.run(picker);
  executor_->run_all();
  cache.hot_tier().check_invariants();
  for (const auto& check : checks_) check();
  judge_everything();
  cache.hot_tier().check_invariants();
  return wrong_;
}

}  // namespace strata::scenarios
