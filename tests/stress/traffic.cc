// The operations of the traffic's threads.
#include "stress/traffic.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "stress/ring.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::stress {
namespace {

constexpr std::uint32_t kAbsentEvery = 7;
constexpr std::uint32_t kKeysPerTag = 4;
constexpr Duration kTtl = std::chrono::seconds(100);
constexpr std::size_t kBatch = 8;

// A value tells which key's it is, so that another key's would be noticed.
std::uint64_t value_of(std::uint32_t key, std::uint32_t version) {
  return (std::uint64_t{key} << 32) | version;
}

bool is_absent(std::uint32_t version) { return version % kAbsentEvery == 0; }

struct KeyState {
  std::atomic<std::uint32_t> version{1};  // the origin's
  std::atomic<std::uint32_t> floor{0};    // what every read from now on must see
  Mutex changing;
};

struct Counts {
  std::uint64_t answers = 0, hits = 0, changes = 0, absences = 0;
};

}  // namespace

struct Traffic::State {
  explicit State(const TrafficOptions& given)
      : options(given),
        keys(given.hot_keys + given.cold_keys),
        rings(given.hot_keys),
        cache(make_cache()),
        values(cache.keyspace<std::uint64_t>("values", options_of_values())),
        renewed(cache.keyspace<std::uint64_t>("renewed", options_of_renewed())),
        derived(cache.keyspace<std::uint64_t>("derived", {.ttl = kTtl})) {}

  static KeyspaceOptions options_of_values() {
    return {.ttl = kTtl, .negative_ttl = kTtl, .type = "thing", .source = "origin"};
  }
  // What is past its ttl is served, and renewed behind.
  static KeyspaceOptions options_of_renewed() {
    return {.ttl = kTtl, .stale_for = kTtl, .keep_for = kTtl, .type = "thing"};
  }

  Cache make_cache() {
    CacheParts parts;
    parts.hot = memory_tier({.max_entries = options.max_entries}, clock, seeded_random(1));
    if (!options.sqlite_path.empty()) {
      SqliteOptions sqlite;
      sqlite.path = options.sqlite_path;
      auto opened = open_sqlite_tier(sqlite, clock, seeded_random(2));
      STRATA_ASSERT(opened.ok());
      parts.tiers.push_back(std::move(*opened));
    }
    parts.clock = clock;
    parts.executor = thread_pool({.threads = 2});
    return Cache(std::move(parts));
  }

  void note(std::uint32_t key, std::size_t thread, Act act, std::uint32_t version) {
    if (key < rings.size()) rings[key].add(thread, act, version);
  }

  const TrafficOptions options;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<KeyState> keys;
  std::vector<Ring> rings;  // of the hot keys
  std::atomic<std::uint64_t> loads{0};
  std::atomic<bool> broken{false};
  Mutex mutex;
  TrafficResult result STRATA_GUARDED_BY(mutex);
  Cache cache;
  Keyspace<std::uint64_t> values, renewed, derived;
};

// What one thread does.
class Traffic::Client {
 public:
  Client(State& state, std::size_t number)
      : state_(state), number_(number), random_(state.options.seed * 1'000 + number) {}

  void act();
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  using Found = Lookup<std::uint64_t>;

  [[nodiscard]] std::uint32_t any_key();
  [[nodiscard]] std::uint32_t hot_key() {
    return static_cast<std::uint32_t>(random_.below(state_.options.hot_keys));
  }
  static std::string id_of(std::uint32_t key) { return std::to_string(key); }
  static Label tag_of(std::uint32_t key) { return tag("g" + std::to_string(key / kKeysPerTag)); }
  [[nodiscard]] std::uint32_t floor_of(std::uint32_t key) const {
    return state_.keys[key].floor.load();
  }

  std::optional<std::uint64_t> ask_origin(std::uint32_t key, Load& load) const;
  void judge(std::uint32_t key, const Found& found, std::uint32_t floor);
  void report(std::uint32_t key, const std::string& what);

  void get(std::uint32_t key);
  void load(Keyspace<std::uint64_t>& keyspace, std::uint32_t key, const CallOptions& call);
  void derive(std::uint32_t key);
  void get_many();
  void load_many();

  // The origin changes the keys, then `tell` tells the cache.
  void change(std::vector<std::uint32_t> keys, Act begin, Act end,
              const std::function<void(std::uint32_t version)>& tell);
  void change_key(std::uint32_t key);
  void change_tag(std::uint32_t key);
  void change_group();
  void put(std::uint32_t key);

  State& state_;
  const std::size_t number_;
  testkit::Random random_;
  Counts counts_;
};

std::uint32_t Traffic::Client::any_key() {
  if (random_.one_in(2)) return hot_key();
  return static_cast<std::uint32_t>(random_.below(state_.keys.size()));
}

std::optional<std::uint64_t> Traffic::Client::ask_origin(std::uint32_t key, Load& load) const {
  load.depends_on(tag_of(key));
  const std::uint32_t version = state_.keys[key].version.load();
  const std::uint64_t loads = state_.loads.fetch_add(1, std::memory_order_relaxed);
  if (loads % 8 == 0) std::this_thread::yield();  // so that something happens meanwhile
  state_.note(key, number_, Act::kLoads, version);
  if (is_absent(version)) return std::nullopt;
  return value_of(key, version);
}

void Traffic::Client::report(std::uint32_t key, const std::string& what) {
  state_.broken = true;
  const MutexLock lock(state_.mutex);
  if (++state_.result.violations > 1) return;
  std::ostringstream story;
  story << "key " << key << ", thread " << number_ << ": " << what << '\n';
  if (key < state_.rings.size()) state_.rings[key].tell(story);
  state_.result.story = story.str();
}

void Traffic::Client::judge(std::uint32_t key, const Found& found, std::uint32_t floor) {
  if (found.outcome() == Outcome::kError) return report(key, found.error().message);
  const std::uint32_t now = state_.keys[key].version.load();
  if (found.has_value()) {
    ++counts_.answers;
    if (found.outcome() == Outcome::kHit || found.outcome() == Outcome::kStaleHit) ++counts_.hits;
    const auto version = static_cast<std::uint32_t>(*found);
    state_.note(key, number_, Act::kReads, version);
    if (*found >> 32 != key) return report(key, "another key's value");
    if (version < floor || version > now) {
      report(key, "version " + std::to_string(version) + ", not between " + std::to_string(floor) +
                      " and " + std::to_string(now));
    }
  } else if (found.absent()) {
    ++counts_.answers;
    ++counts_.absences;
    state_.note(key, number_, Act::kReadsNothing, floor);
    if (now / kAbsentEvery * kAbsentEvery < floor) {
      report(key, "nothing, though it existed from version " + std::to_string(floor) + " to " +
                      std::to_string(now));
    }
  }
}

void Traffic::Client::get(std::uint32_t key) {
  const std::uint32_t floor = floor_of(key);
  judge(key, state_.values.get(id_of(key)), floor);
}

void Traffic::Client::load(Keyspace<std::uint64_t>& keyspace, std::uint32_t key,
                           const CallOptions& call) {
  const std::uint32_t floor = floor_of(key);
  judge(key,
        keyspace.get_or_load(
            id_of(key), [*this, key](Load& handle) { return ask_origin(key, handle); }, call),
        floor);
}

void Traffic::Client::derive(std::uint32_t key) {
  const std::uint32_t floor = floor_of(key);
  const auto from_base = [this, key](Load& outer) -> std::optional<std::uint64_t> {
    const Found base = outer.get_or_load(
        state_.values, id_of(key), [this, key](Load& inner) { return ask_origin(key, inner); });
    return base.has_value() ? std::optional<std::uint64_t>(*base) : std::nullopt;
  };
  judge(key, state_.derived.get_or_load(id_of(key), from_base), floor);
}

void Traffic::Client::get_many() {
  std::vector<std::uint32_t> keys;
  std::vector<std::uint32_t> floors;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kBatch; ++i) {
    keys.push_back(any_key());
    floors.push_back(floor_of(keys.back()));
    ids.push_back(id_of(keys.back()));
  }
  const std::vector<Found> found = state_.values.get_many(ids);
  for (std::size_t i = 0; i < kBatch; ++i) judge(keys[i], found[i], floors[i]);
}

void Traffic::Client::load_many() {
  std::vector<std::uint32_t> keys;
  std::vector<std::uint32_t> floors;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kBatch; ++i) {
    keys.push_back(any_key());
    floors.push_back(floor_of(keys.back()));
    ids.push_back(id_of(keys.back()));
  }
  const auto loader = [this](std::span<const std::string> missing,
                             Load& handle) -> Result<std::vector<std::optional<std::uint64_t>>> {
    std::vector<std::optional<std::uint64_t>> brought;
    for (const std::string& id : missing) {
      brought.push_back(ask_origin(static_cast<std::uint32_t>(std::stoul(id)), handle));
    }
    return brought;
  };
  const std::vector<Found> found = state_.values.get_or_load_many(ids, loader);
  for (std::size_t i = 0; i < kBatch; ++i) judge(keys[i], found[i], floors[i]);
}

void Traffic::Client::change(std::vector<std::uint32_t> keys, Act begin, Act end,
                             const std::function<void(std::uint32_t version)>& tell)
    STRATA_NO_ANALYSIS {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<std::uint32_t> versions;
  for (const std::uint32_t key : keys) {
    state_.keys[key].changing.lock();
    versions.push_back(state_.keys[key].version.fetch_add(1) + 1);
    state_.note(key, number_, begin, versions.back());
  }
  tell(versions.front());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    state_.note(keys[i], number_, end, versions[i]);
    state_.keys[keys[i]].floor.store(versions[i]);
    state_.keys[keys[i]].changing.unlock();
  }
  counts_.changes += keys.size();
}

void Traffic::Client::change_key(std::uint32_t key) {
  const bool one_by_one = random_.one_in(2);
  change({key}, Act::kBegins, Act::kInvalidated, [this, key, one_by_one](std::uint32_t) {
    if (one_by_one) {
      state_.values.erase(id_of(key));
      state_.renewed.invalidate(id_of(key));
    } else {
      state_.cache.invalidate({state_.values.key({.identifier = id_of(key)})->label(),
                               state_.renewed.key({.identifier = id_of(key)})->label()});
    }
  });
}

void Traffic::Client::change_tag(std::uint32_t key) {
  const std::uint32_t first = key / kKeysPerTag * kKeysPerTag;
  change({first, first + 1, key}, Act::kBegins, Act::kInvalidated,
         [this, key](std::uint32_t) { state_.cache.invalidate(tag_of(key)); });
}

// A label of very many values; everything, once in a while.
void Traffic::Client::change_group() {
  const std::array<Labels, 4> groups{Labels{everything()}, Labels{Label(LabelKind::kType, "thing")},
                                     Labels{keyspace("values"), keyspace("renewed")},
                                     Labels{source("origin"), keyspace("renewed")}};
  const Labels& labels = groups[random_.one_in(4) ? 0 : 1 + random_.below(3)];
  change({any_key(), any_key(), hot_key()}, Act::kBegins, Act::kInvalidated,
         [this, &labels](std::uint32_t) { state_.cache.invalidate(labels); });
}

void Traffic::Client::put(std::uint32_t key) {
  change({key}, Act::kPuts, Act::kHasPut, [this, key](std::uint32_t version) {
    if (is_absent(version)) {
      state_.values.erase(id_of(key));
    } else {
      (void)state_.values.put(id_of(key), value_of(key, version), {.labels = {tag_of(key)}});
    }
    state_.renewed.erase(id_of(key));
  });
}

void Traffic::Client::act() {
  const std::uint64_t choice = random_.below(10'000);
  if (choice < 3'500) {
    load(state_.values, any_key(), {});
  } else if (choice < 6'000) {
    get(any_key());
  } else if (choice < 6'500) {
    const std::uint32_t key = any_key();
    load(state_.values, key, {.labels = {tag_of(key)}});
  } else if (choice < 7'000) {
    load_many();
  } else if (choice < 7'300) {
    get_many();
  } else if (choice < 7'900) {
    derive(hot_key());
  } else if (choice < 8'500) {
    load(state_.renewed, any_key(), {});
  } else if (choice < 8'600) {
    load(state_.values, any_key(), {.bypass = true});
  } else if (choice < 8'700) {
    (void)state_.values.contains(id_of(any_key()));
  } else if (choice < 8'800) {
    (void)state_.values.touch(id_of(any_key()), kTtl);
  } else if (choice < 9'300) {
    change_key(any_key());
  } else if (choice < 9'600) {
    change_tag(any_key());
  } else if (choice < 9'980) {
    put(any_key());
  } else if (choice < 9'996) {
    state_.clock->advance(std::chrono::milliseconds(random_.below(200)));
  } else {
    change_group();
  }
}

Traffic::Traffic(const TrafficOptions& options) : state_(std::make_unique<State>(options)) {}
Traffic::~Traffic() = default;
Cache& Traffic::cache() { return state_->cache; }

TrafficResult Traffic::run() {
  State& state = *state_;
  const std::uint64_t each = state.options.operations / state.options.threads;
  testkit::run_threads(state.options.threads, [&](std::size_t number) {
    Client client(state, number);
    std::uint64_t done = 0;
    for (; done < each && !state.broken.load(std::memory_order_relaxed); ++done) client.act();
    const MutexLock lock(state.mutex);
    state.result.operations += done;
    state.result.answers += client.counts().answers;
    state.result.hits += client.counts().hits;
    state.result.changes += client.counts().changes;
    state.result.absences += client.counts().absences;
  });
  const MutexLock lock(state.mutex);
  state.result.loads = state.loads;
  return state.result;
}

}  // namespace strata::stress
