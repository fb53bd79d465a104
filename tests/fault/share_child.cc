// One of several processes that share a cache file, to be killed at any moment.
//
// Usage: share_child FOLDER SEED PROCESS [MUTANT]
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "core/mutant.h"
#include "fault/share_oracle.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "testkit/random.h"

namespace strata {
namespace {

using testkit::ShareOracle;

constexpr std::size_t kTags = 4;

std::string key_name(std::size_t key) { return "1:share::" + std::to_string(key) + ":"; }
KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }
Label tag_of(std::size_t key) { return tag("tag" + std::to_string(key % kTags)); }

class Worker {
 public:
  Worker(Tier& tier, ShareOracle& oracle, std::size_t place, std::uint64_t seed)
      : tier_(tier), oracle_(oracle), place_(place), random_(seed * 16 + place) {}

  void run() {
    while (!oracle_.is_to_end.load()) {
      step();
      oracle_.calls.fetch_add(1, std::memory_order_relaxed);
    }
  }

 private:
  void step() {
    const std::size_t any = random_.below(ShareOracle::kKeys);
    const std::size_t shared = random_.below(ShareOracle::kSharedKeys);
    const std::size_t own = ShareOracle::kSharedKeys + place_ * ShareOracle::kOwnKeys +
                            random_.below(ShareOracle::kOwnKeys);
    switch (random_.below(16)) {
      case 0:
        return change({shared}, Label(LabelKind::kKey, key_name(shared)));
      case 1:
        return change_tag(shared % kTags);
      case 2:
        return put(own);
      case 3:
        return random_.one_in(8) ? change_all() : read(any);
      case 4:
      case 5:
      case 6:
      case 7:
        return load(any);
      default:
        return read(any);
    }
  }

  [[nodiscard]] Record record(std::size_t key, std::uint64_t version) {
    Record made;
    made.key_text = key_name(key);
    made.group = {keyspace("share")};
    if (key < ShareOracle::kSharedKeys) made.labels = {tag_of(key)};
    made.payload = std::to_string(version);
    // Some are large, so that the log is copied often.
    made.payload.append(random_.one_in(8) ? 20'000 : 100, ' ');
    made.raw_size = static_cast<std::uint32_t>(made.payload.size());
    return made;
  }

  void change(const std::vector<std::size_t>& keys, const Label& label) {
    std::vector<std::uint64_t> versions;
    for (const std::size_t key : keys) versions.push_back(oracle_.keys[key].truth.fetch_add(1) + 1);
    tier_.invalidate({&label, 1});
    for (std::size_t i = 0; i < keys.size(); ++i) oracle_.keys[keys[i]].raise_least(versions[i]);
  }
  void change_tag(std::size_t number) {
    std::vector<std::size_t> keys;
    for (std::size_t key = number; key < ShareOracle::kSharedKeys; key += kTags) {
      keys.push_back(key);
    }
    change(keys, tag_of(number));
  }
  void change_all() {
    std::vector<std::size_t> keys;
    for (std::size_t key = 0; key < ShareOracle::kSharedKeys; ++key) keys.push_back(key);
    change(keys, random_.one_in(2) ? keyspace("share") : everything());
  }

  void put(std::size_t key) {
    const std::uint64_t version = oracle_.keys[key].truth.fetch_add(1) + 1;
    const Record made = record(key, version);
    const auto done = tier_.put(ref_to(made.key_text), &made, tier_.position(), {});
    if (!done) {
      oracle_.errors.fetch_add(1);
      const Label label(LabelKind::kKey, made.key_text);
      tier_.invalidate({&label, 1});
    }
    oracle_.keys[key].raise_least(version);
  }

  void load(std::size_t key) {
    const Ticket ticket = tier_.position();
    const Record made = record(key, oracle_.keys[key].truth.load());
    // An origin takes its time.
    if (random_.one_in(4)) std::this_thread::yield();
    const auto done = tier_.fill(made, ticket, {});
    if (!done) {
      oracle_.errors.fetch_add(1);
      return;
    }
    (*done == FillOutcome::kStored ? oracle_.stored : oracle_.refused).fetch_add(1);
  }

  void read(std::size_t key) {
    const std::string name = key_name(key);
    const std::uint64_t least = oracle_.keys[key].least.load();
    const auto found = tier_.get(ref_to(name), {});
    if (!found) oracle_.errors.fetch_add(1);
    if (!found || !*found) return;
    const std::uint64_t version = std::strtoull((*found)->payload.c_str(), nullptr, 10);
    if (version < least) {
      oracle_.stale.fetch_add(1);
      std::cerr << name << " has version " << version << ", and " << least << " was the least\n";
    } else if (version > oracle_.keys[key].truth.load()) {
      oracle_.invented.fetch_add(1);
      std::cerr << name << " has version " << version << ", which was never made\n";
    } else {
      oracle_.hits.fetch_add(1, std::memory_order_relaxed);
    }
  }

  Tier& tier_;
  ShareOracle& oracle_;
  const std::size_t place_;
  testkit::Random random_;
};

int run(const std::string& folder, std::uint64_t seed, std::size_t process) {
  ShareOracle& oracle = *ShareOracle::map(folder + "/oracle");
  SqliteOptions options;
  options.path = folder + "/cache.db";
  options.sharing = true;
  options.max_bytes = 1u << 20;  // so that the log is copied often, and entries are evicted
  options.remembered_labels = 64;
  auto tier = open_sqlite_tier(options, system_clock(), system_random());
  if (!tier) {
    oracle.failed_opens.fetch_add(1);
    std::cerr << tier.error().message << '\n';
    return 1;
  }
  oracle.opened.fetch_add(1);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < ShareOracle::kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      Worker(**tier, oracle, process * ShareOracle::kThreads + thread, seed).run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  (*tier)->close({});
  return 0;
}

}  // namespace
}  // namespace strata

int main(int count, char** arguments) {
  if (count < 4) return 2;
  if (count > 4) {
    const auto mutant = strata::testing::find_mutant(arguments[4]);
    if (!mutant) return 2;
    strata::testing::set_mutant(*mutant);
  }
  return strata::run(arguments[1], std::strtoull(arguments[2], nullptr, 10),
                     std::strtoull(arguments[3], nullptr, 10));
}
