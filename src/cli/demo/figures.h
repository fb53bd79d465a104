// Figures: what the demo measured, phase by phase. The report, the JSON and the verdict are made
// from these alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo/front.h"
#include "cli/demo/latencies.h"
#include "strata/core/time.h"

namespace strata::demo {

struct TierFigures {
  std::string name;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t entries = 0;
};

// Many readers of popular objects, while these change at the origins.
struct TrafficFigures {
  std::uint64_t reads = 0;  // by the readers
  unsigned threads = 0;
  Duration took{0};
  std::array<LatencySummary, kAnsweredByCount> by{};  // of `reads`
  std::uint64_t check_reads = 0;  // more reads, at once after an invalidation had returned
  std::uint64_t failed = 0;
  std::string first_failure;
  std::vector<TierFigures> tiers;  // memory first; these three count all reads
  double request_hit_rate = 0;
  double lookup_hit_rate = 0;
  std::uint64_t http_calls = 0;
  std::uint64_t sql_calls = 0;
  std::uint64_t changes = 0;  // at the origins
  std::uint64_t by_key = 0;   // invalidations
  std::uint64_t by_tag = 0;
  std::uint64_t by_source = 0;
  std::uint64_t during_a_load = 0;  // changes made, and invalidated, while the object was loading

  [[nodiscard]] std::uint64_t all_reads() const { return reads + check_reads; }
  [[nodiscard]] std::uint64_t origin_calls() const { return http_calls + sql_calls; }
  [[nodiscard]] std::uint64_t calls_saved() const;
  // The median of a call to the HTTP origin over that of a hit in any tier; 0: unknown.
  [[nodiscard]] double speed_up() const;
  Duration hit_p50{0};
};

// Many readers of one object that is in no tier.
struct BurstFigures {
  std::uint64_t reads = 0;
  std::uint64_t at_once = 0;  // had begun before the origin's answer was on its way
  unsigned threads = 0;
  std::uint64_t origin_calls = 0;
  std::uint64_t joined = 0;
  std::uint64_t failed = 0;
  Duration took{0};
};

// The HTTP origin answers 503.
struct OutageFigures {
  std::uint64_t keys = 0;   // known, past their ttl, within keep_for
  std::uint64_t reads = 0;  // of them, while it failed
  std::uint64_t served_past_ttl = 0;
  std::uint64_t failed = 0;  // of those reads: none may
  std::uint64_t origin_failures = 0;
  std::uint64_t changed = 0;         // more keys: changed and invalidated while it failed
  std::uint64_t changed_served = 0;  // their old value was served: never
  std::uint64_t unknown = 0;         // and keys never read before
  std::uint64_t unknown_failed = 0;  // they cannot be served
  Duration took{0};                  // while it failed
  bool recovered = false;            // everything was fresh again afterwards
  Duration recovery{0};
  std::uint64_t confirmed_unchanged = 0;  // 304 when it was back
};

// The cache is closed, or its process killed, and opened again on the same file.
struct RestartFigures {
  std::uint64_t keys = 0;         // cached before
  std::uint64_t invalidated = 0;  // of them: changed and invalidated last of all
  std::uint64_t from_sqlite = 0;  // read afterwards
  std::uint64_t origin_calls = 0;
  std::uint64_t failed = 0;
  Duration open_took{0};
};

struct Figures {
  std::uint64_t seed = 0;
  std::string mutant;  // empty: none
  std::uint64_t packages = 0, sections = 0, places = 0;
  std::uint16_t http_port = 0;
  std::uint64_t memory_entries = 0;
  TrafficFigures traffic;
  BurstFigures burst;
  OutageFigures outage;
  RestartFigures restart;
  RestartFigures kill;
  std::uint64_t checked_reads = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t impossible_reads = 0;
  std::vector<std::string> stories;
  Duration took{0};
};

// What the demo promises. The hit rate is promised for a run of at least so many reads: in a
// shorter one most objects are met for the first time.
inline constexpr double kPromisedHitRate = 0.80;
inline constexpr std::uint64_t kReadsForHitRate = 50'000;
inline constexpr double kPromisedWarmShare = 0.95;  // of what is still right, from SQLite

// What is not as promised, each in one sentence; empty: all is well.
[[nodiscard]] std::vector<std::string> problems_of(const Figures& figures);

}  // namespace strata::demo
