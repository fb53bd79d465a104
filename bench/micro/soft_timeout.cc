// How late a kept value is served when a loader is slower than the soft time-out.
//
//   soft_timeout [--smoke] [--calls N]
//
// One caller; values past their ttl that are kept, a soft time-out of 10 ms, and a loader that
// takes 30 ms, which goes on behind. Prints by how much wall time N (500) answers exceed the
// time-out, and how many were the kept value.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/tiered/cache.h"

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSoft{10};
constexpr milliseconds kLoad{30};
constexpr milliseconds kTtl{1};

strata::Cache make_cache() {
  strata::CacheParts parts;
  parts.clock = strata::system_clock();
  parts.hot = strata::memory_tier({}, parts.clock, strata::seeded_random(1));
  parts.executor = strata::thread_pool({.threads = 8});
  return strata::Cache(std::move(parts));
}

void run(int calls) {
  strata::Cache cache = make_cache();
  auto values = cache.keyspace<std::string>(
      "value", {.ttl = kTtl, .keep_for = std::chrono::hours(1), .soft_timeout = kSoft});
  for (int key = 0; key < calls; ++key) (void)values.put(key, "kept");
  std::this_thread::sleep_for(2 * kTtl);
  std::vector<double> late_ms;
  int kept = 0;
  for (int key = 0; key < calls; ++key) {
    const auto begin = steady_clock::now();
    const auto found = values.get_or_load(key, [](strata::Load&) {
      std::this_thread::sleep_for(kLoad);
      return std::string("loaded");
    });
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - begin - kSoft;
    late_ms.push_back(took.count());
    kept += found.value_or("-") == "kept" ? 1 : 0;
  }
  std::sort(late_ms.begin(), late_ms.end());
  const auto at = [&](double share) {
    return late_ms[static_cast<std::size_t>(share * static_cast<double>(late_ms.size() - 1))];
  };
  std::printf("%d answers, %d of them kept; beyond %d ms: p50 %.2f ms, p99 %.2f, most %.2f\n",
              calls, kept, static_cast<int>(kSoft.count()), at(0.5), at(0.99), at(1));
}

}  // namespace

int main(int count, char** arguments) {
  int calls = 500;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--smoke") == 0) {
      calls = 5;
    } else if (std::strcmp(arguments[i], "--calls") == 0 && i + 1 < count) {
      calls = std::max(1, std::atoi(arguments[++i]));
    } else {
      std::fprintf(stderr, "usage: soft_timeout [--smoke] [--calls N]\n");
      return 2;
    }
  }
  run(calls);
  return 0;
}
