// One of many processes over a shared file whose threads all ask for one cold key at a time.
//
// Usage: crowd_child FOLDER [apart]     apart: with a file of its own
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "fault/crowd_oracle.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/tiered/cache.h"
#include "testkit/threads.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using testkit::CrowdOracle;

Result<Cache> open_cache(const std::string& path) {
  CacheParts parts;
  parts.clock = system_clock();
  parts.hot = memory_tier({}, parts.clock, system_random());
  SqliteOptions options;
  options.path = path;
  options.sharing = true;
  options.readers = 2;
  options.put_wait = std::chrono::seconds(30);  // a value that is not stored is loaded again
  auto tier = open_sqlite_tier(options, parts.clock, system_random());
  if (!tier) return tier.error();
  parts.tiers.push_back(std::move(*tier));
  parts.executor = thread_pool({.threads = 1});
  return Cache(std::move(parts));
}

std::string load(CrowdOracle& oracle, std::uint64_t round) {
  oracle.loads[round].fetch_add(1);
  bool hangs = true;
  if (oracle.hangs.compare_exchange_strong(hangs, false)) {
    oracle.hanging = ::getpid();
    for (;;) ::pause();
  }
  std::this_thread::sleep_for(milliseconds(5));
  return "of round " + std::to_string(round);
}

int run(const std::string& folder, bool is_apart) {
  CrowdOracle& oracle = *CrowdOracle::map(folder + "/oracle");
  auto cache = open_cache(folder + "/cache" + (is_apart ? std::to_string(::getpid()) : "") + ".db");
  if (!cache) {
    oracle.failed_opens.fetch_add(1);
    std::cerr << cache.error().message << '\n';
    return 1;
  }
  auto values = cache->keyspace<std::string>("value");
  oracle.opened.fetch_add(1);
  std::uint64_t done = 0;
  while (!oracle.is_to_end) {
    const std::uint64_t round = oracle.round;
    if (round == done) {
      std::this_thread::sleep_for(milliseconds(2));
      continue;
    }
    testkit::run_threads(CrowdOracle::kThreads, [&](std::size_t) {
      const auto found = values.get_or_load(round, [&] { return load(oracle, round); });
      if (!found || *found != "of round " + std::to_string(round)) oracle.wrong.fetch_add(1);
    });
    done = round;
    oracle.finished.fetch_add(1);
  }
  return 0;
}

}  // namespace
}  // namespace strata

int main(int count, char** arguments) {
  if (count < 2) return 2;
  return strata::run(arguments[1], count > 2);
}
