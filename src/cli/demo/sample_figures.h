// Figures of a run in which all went well, for the demo's own tests.
#pragma once

#include <chrono>

#include "cli/demo/figures.h"

namespace strata::demo {

inline LatencySummary sample_latency(std::uint64_t count, Duration p50) {
  return {.count = count,
          .p50 = p50,
          .p95 = 2 * p50,
          .p99 = 3 * p50,
          .max = 4 * p50,
          .sum = p50 * static_cast<std::int64_t>(count)};
}

inline Figures good_figures() {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  Figures figures{.seed = 77,
                  .packages = 6'093,
                  .sections = 57,
                  .places = 418,
                  .http_port = 4'711,
                  .memory_entries = 2'000};
  figures.traffic = {
      .reads = 50'000,
      .threads = 16,
      .took = std::chrono::seconds(8),
      .by = {sample_latency(40'000, microseconds(2)), sample_latency(4'000, microseconds(60)),
             sample_latency(5'500, milliseconds(21)), sample_latency(500, microseconds(200)),
             LatencySummary{}},
      .check_reads = 500,
      .tiers = {{.name = "memory", .hits = 40'200, .misses = 10'300, .entries = 2'000},
                {.name = "sqlite", .hits = 4'000, .misses = 6'300, .entries = 5'000}},
      .request_hit_rate = 0.88,
      .lookup_hit_rate = 0.73,
      .http_calls = 5'600,
      .sql_calls = 520,
      .changes = 420,
      .by_key = 250,
      .by_tag = 150,
      .by_source = 2,
      .during_a_load = 110};
  figures.traffic.hit_p50 = microseconds(2);
  figures.burst = {
      .reads = 1'000, .at_once = 1'000, .threads = 100, .origin_calls = 1, .joined = 999};
  figures.outage = {.keys = 195,
                    .reads = 585,
                    .served_past_ttl = 585,
                    .origin_failures = 200,
                    .changed = 5,
                    .unknown = 5,
                    .unknown_failed = 5,
                    .recovered = true,
                    .confirmed_unchanged = 195};
  figures.restart = {.keys = 550, .invalidated = 40, .from_sqlite = 510, .origin_calls = 40};
  figures.kill = figures.restart;
  figures.checked_reads = 53'000;
  figures.took = std::chrono::seconds(11);
  return figures;
}

}  // namespace strata::demo
