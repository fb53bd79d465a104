// The process that gets killed: opens a cache, compares it with the oracle, and works on it.
//
// Usage: kill_child FOLDER SEED DURABILITY [MUTANT]
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "core/mutant.h"
#include "fault/kill_oracle.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "testkit/random.h"

namespace strata {
namespace {

using testkit::KillOracle;

std::string key_name(std::size_t key) { return "1:kill::" + std::to_string(key) + ":"; }
KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }
Label group_of(std::size_t thread) { return keyspace("space" + std::to_string(thread)); }
Label tag_of(std::size_t thread) { return tag("tag" + std::to_string(thread)); }

class Worker {
 public:
  Worker(Tier& tier, KillOracle& oracle, std::size_t thread, std::uint64_t seed)
      : tier_(tier), oracle_(oracle), thread_(thread), random_(seed * 16 + thread) {}

  void run() {
    while (!oracle_.is_to_end.load()) {
      step();
      oracle_.calls.fetch_add(1, std::memory_order_relaxed);
    }
  }

  // What is served now, in the tier of another time.
  void compare() {
    for (std::size_t at = 0; at < KillOracle::kKeysPerThread; ++at) {
      const KillOracle::Key& key = oracle_.keys[first() + at];
      const std::string name = key_name(first() + at);
      const auto found = tier_.get(ref_to(name), {});
      const std::uint64_t durable = key.durable.load();
      if (!found.ok() || !found->has_value()) {
        if (durable != 0 && durable == key.intended.load()) {
          oracle_.lost.fetch_add(1);
          std::cerr << name << " was durable with version " << durable << " and is gone: "
                    << (found.ok() ? tier_.stats().reason : found.error().message) << '\n';
        }
        continue;
      }
      const std::uint64_t version = std::stoull((*found)->payload);
      const std::uint64_t floor = key.floor.load();
      if (version < floor) {
        oracle_.stale.fetch_add(1);
        std::cerr << name << " has version " << version << ", and " << floor << " was the least\n";
      } else if (version < key.fresh_floor.load() && is_fresh((*found)->lifetime)) {
        oracle_.stale.fetch_add(1);
        std::cerr << name << " is fresh with version " << version << ", which was expired\n";
      } else if (version > key.intended.load() || (*found)->key_text != name) {
        oracle_.invented.fetch_add(1);
        std::cerr << name << " has version " << version << ", which was never written\n";
      } else {
        oracle_.compared.fetch_add(1);
      }
    }
  }

 private:
  [[nodiscard]] std::size_t first() const { return thread_ * KillOracle::kKeysPerThread; }
  std::uint64_t next_version() { return oracle_.versions[thread_].fetch_add(1) + 1; }

  Record record(const std::string& name, std::uint64_t version) {
    Record made;
    made.key_text = name;
    made.group = {group_of(thread_)};
    made.labels = {tag_of(thread_), tag("all")};
    made.lifetime = {.written_wall = clock_->wall_now(),
                     .written_since_boot = clock_->now().since_boot,
                     .boot_id = clock_->boot_id(),
                     .fresh_for = std::chrono::hours(1),
                     .keep_for = std::chrono::hours(24)};
    made.payload = std::to_string(version) + ' ' + std::string(random_.below(900), 'x');
    return made;
  }

  void step() {
    const std::size_t at = first() + random_.below(KillOracle::kKeysPerThread);
    KillOracle::Key& key = oracle_.keys[at];
    const std::string name = key_name(at);
    const std::uint64_t choice = random_.below(100);
    if (choice < 40) {
      const std::uint64_t version = next_version();
      key.intended = version;
      const Record made = record(name, version);
      const bool stored = tier_.put(ref_to(name), &made, tier_.position(), {}).ok();
      key.floor = version;
      if (choice < 20 && stored && tier_.flush({}).ok() && is_there(name)) key.durable = version;
    } else if (choice < 60) {
      const Ticket ticket = tier_.position();
      (void)tier_.fill(record(name, key.intended.load()), ticket, {});
    } else if (choice < 70) {
      const std::uint64_t version = next_version();
      key.intended = version;
      (void)tier_.put(ref_to(name), nullptr, tier_.position(), {});
      key.floor = version;
    } else if (choice < 97) {
      (void)tier_.get(ref_to(name), {});
    } else {
      const std::uint64_t version = next_version();
      for (std::size_t i = 0; i < KillOracle::kKeysPerThread; ++i) {
        oracle_.keys[first() + i].intended = version;
      }
      const bool expires = random_.one_in(2);
      const Label label = choice == 97 ? group_of(thread_) : tag_of(thread_);
      expires ? tier_.expire({&label, 1}) : tier_.invalidate({&label, 1});
      for (std::size_t i = 0; i < KillOracle::kKeysPerThread; ++i) {
        KillOracle::Key& changed = oracle_.keys[first() + i];
        (expires ? changed.fresh_floor : changed.floor) = version;
      }
    }
  }

  [[nodiscard]] bool is_fresh(const Lifetime& lifetime) const {
    return remaining(lifetime, clock_->now(), clock_->wall_now(), clock_->boot_id()).fresh >
           Duration::zero();
  }

  // A put may have been declined or evicted, and is durable only if it is there.
  bool is_there(const std::string& name) {
    const auto found = tier_.get(ref_to(name), {});
    return found.ok() && found->has_value();
  }

  Tier& tier_;
  KillOracle& oracle_;
  const std::size_t thread_;
  testkit::Random random_;
  const std::shared_ptr<Clock> clock_ = system_clock();
};

int run(const std::string& folder, std::uint64_t seed, Durability durability) {
  KillOracle& oracle = *KillOracle::map(folder + "/oracle");
  SqliteOptions options;
  options.path = folder + "/cache.db";
  options.durability = durability;
  options.journal_slots = 512;
  const auto began = std::chrono::steady_clock::now();
  auto opened = open_sqlite_tier(options, system_clock(), system_random());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  if (!opened) {
    std::cerr << opened.error().message << '\n';
    oracle.failed_opens.fetch_add(1);
    return EXIT_FAILURE;
  }
  Tier& tier = **opened;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t thread = 0; thread < KillOracle::kThreads; ++thread) {
    workers.push_back(std::make_unique<Worker>(tier, oracle, thread, seed));
    workers.back()->compare();
  }
  if (tier.stats().state != TierState::kOk) {
    std::cerr << tier.stats().reason << '\n';
    oracle.failed_opens.fetch_add(1);
  }
  oracle.opening_us[oracle.opened % KillOracle::kOpenings] =
      static_cast<std::uint32_t>(took.count());
  oracle.opened.fetch_add(1);
  std::vector<std::thread> threads;
  for (const auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
  for (std::thread& thread : threads) thread.join();
  tier.close({});
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace strata

int main(int count, char** arguments) {
  if (count != 4 && count != 5) {
    std::cerr << "usage: kill_child FOLDER SEED DURABILITY [MUTANT]\n";
    return 2;
  }
  if (count == 5) {
    const auto mutant = strata::testing::find_mutant(arguments[4]);
    if (!mutant) return 2;
    strata::testing::set_mutant(*mutant);
  }
  const std::string durability = arguments[3];
  return strata::run(
      arguments[1], std::strtoull(arguments[2], nullptr, 10),
      durability == "sync" ? strata::Durability::kSync : strata::Durability::kNormal);
}
