// BenchmarkOptions: what a benchmark measures, checked, and the texts that say it.
//
// Errors    kRejected, naming the option, the value and what is accepted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::benchmark {

// What is measured: a tier through its port, both of them through the cache, and what there would
// be without a cache: a map under a mutex, or nothing but the origin.
enum class Subject : std::uint8_t { kMemory, kSqlite, kBoth, kMap, kOrigin };

enum class Workload : std::uint8_t {
  kRead,         // look-ups, in what was filled before
  kMixed,        // look-ups and some puts, likewise
  kWrite,        // puts, likewise
  kReadThrough,  // look-ups, in what is empty at first
};

// "memory", "sqlite", "memory+sqlite", "map", "origin"
[[nodiscard]] std::string_view to_string(Subject subject);
// "read", "mixed", "write", "read-through"
[[nodiscard]] std::string_view to_string(Workload workload);

// Which entries are asked for.
struct Distribution {
  enum class Kind : std::uint8_t { kZipf, kUniform, kScan };
  Kind kind = Kind::kZipf;
  double exponent = 0.99;  // of kZipf
};

[[nodiscard]] std::string to_string(const Distribution& distribution);  // "zipf:0.99"

struct BenchmarkOptions {
  std::uint64_t entries = 10'000;
  std::uint64_t value_bytes = 1024;
  std::optional<std::uint64_t> operations;  // of each row; a row ends with whichever is first
  std::optional<Duration> seconds;          // likewise
  std::uint64_t threads = 1;
  Distribution distribution;
  std::vector<Subject> subjects;    // each once, in the order of the enumeration
  std::vector<Workload> workloads;  // likewise
  std::uint64_t write_percent = 5;  // of kMixed
  std::uint64_t seed = 1;
  Duration origin_latency = std::chrono::milliseconds(5);
  std::optional<double> origin_cost;  // of one call
};

// As given on the command line; what is not set is as above.
struct BenchmarkArguments {
  std::uint64_t entries = 10'000;
  std::uint64_t value_bytes = 1024;
  std::optional<std::uint64_t> operations;  // neither: kDefaultOperations or kDefaultSeconds
  std::optional<Duration> seconds;
  std::uint64_t threads = 1;
  std::string distribution = "zipf:0.99";
  std::optional<std::string> tiers;
  std::optional<std::string> workloads;
  std::uint64_t write_percent = 5;
  std::uint64_t seed = 1;
  std::optional<Duration> origin_latency;
  std::optional<std::string> origin_cost;
};

inline constexpr std::uint64_t kDefaultOperations = 100'000;
inline constexpr Duration kDefaultSeconds = std::chrono::seconds(2);

[[nodiscard]] Result<BenchmarkOptions> check_options(const BenchmarkArguments& arguments);

// The smallest value that can be told to be right.
inline constexpr std::uint64_t kValueBytesMin = 24;

}  // namespace strata::benchmark
