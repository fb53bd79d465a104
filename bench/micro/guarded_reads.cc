// What a tier that its breaker has taken out costs: reads of a cache over it, beside the same reads
// of a cache with memory only.
//
//   guarded_reads [--smoke] [--pairs N]
//
// Three kinds of reads: hits in memory; misses; and get_or_load of keys that are not there, which
// stores what is loaded. The two caches take turns in one process, N times (41) each; prints the
// nanoseconds of thread CPU time per read of either, and the median of the pairs' ratios with its
// 95 % interval.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "strata/load/guarded_tier.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/testing/record_tier.h"
#include "strata/tiered/cache.h"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// With a tier: one whose reads fail until its breaker opens, for longer than this runs.
strata::Cache make_cache(bool with_tier) {
  const auto clock = strata::system_clock();
  strata::CacheParts parts;
  parts.hot = strata::memory_tier({.max_bytes = 64 << 20}, clock, strata::seeded_random(1));
  parts.clock = clock;
  parts.executor = strata::thread_pool({.threads = 1});
  if (with_tier) {
    auto records = std::make_unique<strata::RecordTier>("records", clock);
    records->set_broken(true);
    const strata::BreakerOptions breaker{.open_for = std::chrono::hours(1)};
    parts.tiers.push_back(strata::guarded_tier(std::move(records), {.breaker = breaker},
                                               {.clock = clock, .executor = parts.executor}));
  }
  return strata::Cache(std::move(parts));
}

struct Bed {
  explicit Bed(bool with_tier)
      : cache(make_cache(with_tier)), values(cache.keyspace<std::string>("value")) {
    for (int i = 0; i < 100; ++i) (void)values.get("none");
    if (with_tier && cache.stats().tiers.at(1).tier.reads.state != strata::BreakerState::kOpen) {
      std::fputs("the breaker is not open\n", stderr);
      std::exit(1);
    }
  }
  strata::Cache cache;
  strata::Keyspace<std::string> values;
  std::size_t next = 0;  // never read so far
};

std::vector<std::string> keys_from(std::size_t first, std::size_t count) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back("issue:" + std::to_string(first + i));
  return keys;
}

using Run = std::function<void(Bed& bed, const std::vector<std::string>& keys)>;

double time_of(Bed& bed, const Run& run, const std::vector<std::string>& keys) {
  const double start = cpu_seconds();
  run(bed, keys);
  return (cpu_seconds() - start) * 1e9 / static_cast<double>(keys.size());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// `keys(first)`: those of one pair.
void compare(const char* what, Bed& alone, Bed& over, std::size_t pairs, std::size_t reads,
             bool new_keys, const Run& run) {
  std::vector<double> memory;
  std::vector<double> guarded;
  std::vector<double> ratios;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const auto keys = keys_from(new_keys ? alone.next : 0, reads);
    if (new_keys) alone.next += reads;
    double times[2] = {};
    for (const std::size_t turn : {pair % 2, 1 - pair % 2}) {
      times[turn] = time_of(turn == 0 ? alone : over, run, keys);
    }
    memory.push_back(times[0]);
    guarded.push_back(times[1]);
    ratios.push_back(times[1] / times[0]);
  }
  std::sort(ratios.begin(), ratios.end());
  const auto n = static_cast<double>(pairs);
  const auto below = static_cast<std::size_t>(std::max(0.0, n / 2 - 0.98 * std::sqrt(n)));
  std::printf("%-12s %7.0f %7.0f   %.3f (%.3f to %.3f)\n", what, median(memory), median(guarded),
              ratios[pairs / 2], ratios[below], ratios[pairs - 1 - below]);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t pairs = 41;
  std::size_t reads = 20'000;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--smoke") == 0) {
      pairs = 3;
      reads = 100;
    }
    if (std::strcmp(argv[i], "--pairs") == 0 && i + 1 < argc) {
      pairs = std::max(1ULL, std::strtoull(argv[i + 1], nullptr, 10));
    }
  }
  Bed alone(false);
  Bed over(true);
  for (const std::string& key : keys_from(0, reads)) {
    (void)alone.values.put(key, "value");
    (void)over.values.put(key, "value");
  }
  alone.next = reads;
  std::printf("ns per read:  memory  and an open breaker   ratio (95 %% interval)\n");
  std::size_t found = 0;
  compare("hits", alone, over, pairs, reads, false, [&](Bed& bed, const auto& keys) {
    for (const std::string& key : keys) found += bed.values.get(key) ? 1 : 0;
  });
  compare("misses", alone, over, pairs, reads, true, [&](Bed& bed, const auto& keys) {
    for (const std::string& key : keys) found += bed.values.get(key) ? 1 : 0;
  });
  compare("loads", alone, over, pairs, reads / 4 + 1, true, [&](Bed& bed, const auto& keys) {
    for (const std::string& key : keys) {
      found += bed.values.get_or_load(key, [] { return std::string("value"); }) ? 1 : 0;
    }
  });
  std::printf("found %zu\n", found);
  const std::size_t expected = 2 * pairs * (reads + reads / 4 + 1);
  return found == expected ? 0 : 1;
}
