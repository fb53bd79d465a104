// A memory hit through Keyspace<V>::get, with string and integer identifiers, on one thread.
//
//   keyspace_get [--smoke] [--entries N]
//
// Five runs over random identifiers of a full cache; prints the nanoseconds per hit, fastest,
// median and slowest run, and a checksum of what was read.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/tiered/cache.h"

namespace {

constexpr int kRuns = 5;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

strata::Cache make_cache(std::size_t entries) {
  const auto clock = strata::system_clock();
  strata::CacheParts parts;
  parts.hot = strata::memory_tier({.max_bytes = entries * 512}, clock, strata::seeded_random(1));
  parts.clock = clock;
  parts.executor = strata::thread_pool({.threads = 1});
  return strata::Cache(std::move(parts));
}

struct Spread {
  double least = 0;
  double median = 0;
  double most = 0;
};

// Nanoseconds of thread CPU time per call of `read(i)`, for i below `reads`.
Spread measure(std::size_t reads, const std::function<std::uint64_t(std::size_t)>& warm_up,
               const std::function<std::uint64_t(std::size_t)>& run, std::uint64_t& checksum) {
  std::vector<double> runs;
  checksum += warm_up(reads);
  for (int i = 0; i < kRuns; ++i) {
    const double start = cpu_seconds();
    checksum += run(reads);
    runs.push_back((cpu_seconds() - start) * 1e9 / static_cast<double>(reads));
  }
  std::sort(runs.begin(), runs.end());
  return {runs.front(), runs[runs.size() / 2], runs.back()};
}

void print(const char* what, const Spread& spread) {
  std::printf("%-44s %7.0f %7.0f %7.0f\n", what, spread.least, spread.median, spread.most);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t entries = 1'000'000;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--smoke") == 0) entries = 2'000;
    if (std::strcmp(argv[i], "--entries") == 0 && i + 1 < argc) {
      entries = std::strtoull(argv[i + 1], nullptr, 10);
    }
  }
  strata::Cache cache = make_cache(entries);
  auto values = cache.keyspace<std::uint64_t>("value", {.ttl = std::chrono::hours(9)});
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < entries; ++i) {
    ids.push_back("user-" + std::to_string(i));
    if (!values.put(ids.back(), i).stored()) return 1;
  }
  // A random order that every run repeats: as in use, the next entry is not in the CPU's cache.
  std::vector<std::uint32_t> order(entries);
  const auto random = strata::seeded_random(7);
  for (std::uint32_t& at : order) at = static_cast<std::uint32_t>(random->next() % entries);

  std::uint64_t misses = 0;
  const auto get = [&](std::size_t reads) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < reads; ++i) {
      const auto found = values.get(ids[order[i]]);
      found ? sum += *found : ++misses;
    }
    return sum;
  };
  const auto visit = [&](std::size_t reads) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < reads; ++i) {
      values.visit(ids[order[i]], [&](std::uint64_t value) { sum += value; });
    }
    return sum;
  };
  std::uint64_t checksum = 0;
  std::printf("%zu entries, %d runs of %zu hits; ns per hit, thread CPU time\n", entries, kRuns,
              entries);
  std::printf("%-44s %7s %7s %7s\n", "", "least", "median", "most");
  print("Keyspace<V>::get, string identifier", measure(entries, get, get, checksum));
  print("Keyspace<V>::visit, string identifier", measure(entries, visit, visit, checksum));
  std::printf("checksum %016llx, misses %llu\n", static_cast<unsigned long long>(checksum),
              static_cast<unsigned long long>(misses));
  return misses == 0 ? 0 : 1;
}
