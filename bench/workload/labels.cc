// What labels cost a cache in memory: hits with and without tags, the memory of a tag,
// invalidations of small and large tags, a fan-out through the graph of dependencies with readers
// beside it.
//
//   labels [--smoke]
//
// Hits are compared in interleaved pairs: medians of thread CPU time and the quartiles of the
// pairs' ratios. Everything else is wall time; percentiles are of single calls.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/ports/thread.h"
#include "strata/tiered/cache.h"

namespace strata {
namespace {

struct Sizes {
  std::size_t entries = 1'000'000;
  std::size_t tags = 10'000;
  std::size_t look_ups = 200'000;  // in one half of a pair
  std::size_t pairs = 41;
  std::size_t large_tag = 100'000;
  std::size_t calls = 1'000'000;
};

std::uint64_t g_checksum = 0;

double now_ns(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

double cpu_ns() { return now_ns(CLOCK_THREAD_CPUTIME_ID); }
// The clock that is read without a system call, as single calls are timed with it.
double wall_ns() { return now_ns(CLOCK_MONOTONIC); }

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void print_calls(const char* what, const std::vector<double>& ns) {
  std::printf("%-52s p50 %8.2f us  p99 %8.2f us  max %9.2f us\n", what, at_share(ns, 0.5) / 1e3,
              at_share(ns, 0.99) / 1e3, at_share(ns, 1) / 1e3);
}

Cache make_cache() {
  CacheParts parts;
  parts.clock = system_clock();
  parts.executor = thread_pool({.threads = 1});
  parts.hot = memory_tier({.max_bytes = 8ULL << 30}, parts.clock, seeded_random(1));
  parts.options.defaults.ttl = kForever;
  return Cache(std::move(parts));
}

Label numbered(const char* prefix, std::size_t number) {
  return tag(prefix + std::to_string(number));
}

std::vector<std::string> ids_of(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

void fill(Keyspace<std::uint64_t>& values, const Sizes& sizes, std::size_t tags_each) {
  const auto random = seeded_random(7);
  for (std::size_t i = 0; i < sizes.entries; ++i) {
    CallOptions call;
    for (std::size_t t = 0; t < tags_each; ++t) {
      call.labels.push_back(numbered("t", random->next() % sizes.tags));
    }
    values.put(i, i, call);
  }
}

// Hits of random keys among all entries, in nanoseconds each.
double time_hits(Keyspace<std::uint64_t>& values, const std::vector<std::string>& ids,
                 const std::vector<std::uint32_t>& order) {
  const double start = cpu_ns();
  for (const std::uint32_t at : order) {
    values.visit(ids[at], [](std::uint64_t value) { g_checksum += value; });
  }
  return (cpu_ns() - start) / static_cast<double>(order.size());
}

void measure_hits(const Sizes& sizes) {
  Cache plain_cache = make_cache();
  Cache tagged_cache = make_cache();
  auto plain = plain_cache.keyspace<std::uint64_t>("v");
  auto tagged = tagged_cache.keyspace<std::uint64_t>("v");
  fill(plain, sizes, 0);
  fill(tagged, sizes, 3);
  const auto bytes = [](Cache& cache) {
    return static_cast<double>(cache.hot_tier().stats().bytes);
  };
  const double tags = 3.0 * static_cast<double>(sizes.entries);
  std::printf("%-52s %.1f bytes, index and texts included\n", "memory of a tag of an entry",
              (bytes(tagged_cache) - bytes(plain_cache)) / tags);

  const std::vector<std::string> ids = ids_of(sizes.entries);
  const auto random = seeded_random(3);
  std::vector<std::uint32_t> order(sizes.look_ups);
  std::vector<double> ratios;
  std::vector<double> of_plain;
  std::vector<double> of_tagged;
  for (std::size_t pair = 0; pair < sizes.pairs; ++pair) {
    for (std::uint32_t& at : order) at = static_cast<std::uint32_t>(random->next() % ids.size());
    const bool plain_first = pair % 2 == 0;
    if (plain_first) of_plain.push_back(time_hits(plain, ids, order));
    of_tagged.push_back(time_hits(tagged, ids, order));
    if (!plain_first) of_plain.push_back(time_hits(plain, ids, order));
    ratios.push_back(of_tagged.back() / of_plain.back());
  }
  std::printf("%-52s %.0f ns, without %.0f ns, ratio %.3f (quartiles %.3f to %.3f, %zu pairs)\n",
              "a hit of an entry with three tags", at_share(of_tagged, 0.5),
              at_share(of_plain, 0.5), at_share(ratios, 0.5), at_share(ratios, 0.25),
              at_share(ratios, 0.75), ratios.size());
}

// What two readings of the clock cost: a part of every single call below.
void measure_clock(const Sizes& sizes) {
  std::vector<double> calls;
  for (std::size_t i = 0; i < sizes.calls / 10; ++i) {
    const double start = wall_ns();
    calls.push_back(wall_ns() - start);
  }
  print_calls("nothing", calls);
}

void measure_small_tags(const Sizes& sizes) {
  Cache cache = make_cache();
  auto values = cache.keyspace<std::uint64_t>("v");
  const std::size_t count = sizes.calls / 10;
  Labels labels;
  for (std::size_t i = 0; i < count; ++i) labels.push_back(numbered("own", i));
  for (std::size_t i = 0; i < count; ++i) values.put(i, i, {.labels = {labels[i]}});
  std::vector<double> calls;
  for (const Label& label : labels) {
    const double start = wall_ns();
    g_checksum += cache.invalidate(label).removed();
    calls.push_back(wall_ns() - start);
  }
  print_calls("invalidate a tag with 1 entry", calls);
}

void measure_rates(const Sizes& sizes) {
  Cache cache = make_cache();
  auto values = cache.keyspace<std::uint64_t>("v");
  for (std::size_t i = 0; i < 1'000; ++i) values.put(i, i);
  Labels labels;
  for (std::size_t i = 0; i < sizes.calls; ++i) labels.push_back(numbered("n", i));
  double start = wall_ns();
  for (const Label& label : labels) (void)cache.invalidate(label);
  double seconds = (wall_ns() - start) / 1e9;
  std::printf("%-52s %.2f million a second\n", "invalidations of one label each",
              static_cast<double>(labels.size()) / seconds / 1e6);
  start = wall_ns();
  constexpr std::size_t kBatch = 1'000;
  for (std::size_t i = 0; i + kBatch <= labels.size(); i += kBatch) {
    (void)cache.invalidate(std::span(labels).subspan(i, kBatch));
  }
  seconds = (wall_ns() - start) / 1e9;
  std::printf("%-52s %.2f million labels a second\n", "invalidations of 1,000 labels each",
              static_cast<double>(labels.size()) / seconds / 1e6);
}

void measure_large_tag(const Sizes& sizes) {
  std::vector<double> calls;
  for (int round = 0; round < 5; ++round) {
    Cache cache = make_cache();
    auto values = cache.keyspace<std::uint64_t>("v");
    for (std::size_t i = 0; i < sizes.large_tag; ++i) {
      values.put(i, i, {.labels = {tag("large")}});
    }
    const double start = wall_ns();
    g_checksum += cache.invalidate(tag("large")).removed();
    calls.push_back(wall_ns() - start);
  }
  print_calls("invalidate a tag with 100,000 entries", calls);
}

// 1 source -> 10 -> 1,000 -> the derived labels that the entries carry.
void measure_fan_out(const Sizes& sizes) {
  Cache cache = make_cache();
  auto values = cache.keyspace<std::uint64_t>("v");
  const std::size_t leaves = sizes.large_tag;
  for (std::size_t i = 0; i < 10; ++i) {
    (void)cache.dependencies().add(numbered("a", i), Labels{tag("source")});
  }
  for (std::size_t i = 0; i < 1'000; ++i) {
    (void)cache.dependencies().add(numbered("b", i), Labels{numbered("a", i % 10)});
  }
  for (std::size_t i = 0; i < leaves; ++i) {
    (void)cache.dependencies().add(numbered("c", i), Labels{numbered("b", i % 1'000)});
  }
  for (std::size_t i = 0; i < leaves; ++i) values.put(i, i, {.labels = {numbered("c", i)}});
  for (std::size_t i = 0; i < 1'000; ++i) values.put("other" + std::to_string(i), i);

  std::atomic<bool> done{false};
  std::vector<double> reads;
  {
    const Thread reader("reader", [&] {
      for (std::size_t i = 0; !done; ++i) {
        const double start = wall_ns();
        (void)values.get("other" + std::to_string(i % 1'000));
        reads.push_back(wall_ns() - start);
      }
    });
    while (cache.stats().keyspaces[0].lookups() < 1'000) {
    }
    const double start = wall_ns();
    g_checksum += cache.invalidate(tag("source")).removed();
    std::printf("%-52s %.1f ms\n", "a fan-out of 100,000 entries through 3 levels",
                (wall_ns() - start) / 1e6);
    done = true;
  }
  print_calls("reads of other keys meanwhile", reads);
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  strata::Sizes sizes;
  if (argc > 1 && std::strcmp(argv[1], "--smoke") == 0) {
    sizes = {.entries = 3'000,
             .tags = 100,
             .look_ups = 1'000,
             .pairs = 3,
             .large_tag = 2'000,
             .calls = 5'000};
  }
  strata::measure_hits(sizes);
  strata::measure_clock(sizes);
  strata::measure_small_tags(sizes);
  strata::measure_rates(sizes);
  strata::measure_large_tag(sizes);
  strata::measure_fan_out(sizes);
  std::printf("checksum %llx\n", static_cast<unsigned long long>(strata::g_checksum));
  return 0;
}
