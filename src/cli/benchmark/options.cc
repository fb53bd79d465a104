// Checks what the command line says.
#include "cli/benchmark/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"
#include "strata/core/duration.h"
#include "strata/core/limits.h"

namespace strata::benchmark {
namespace {

constexpr std::array kSubjects{Subject::kMemory, Subject::kSqlite, Subject::kBoth, Subject::kMap,
                               Subject::kOrigin};
constexpr std::array kWorkloads{Workload::kRead, Workload::kMixed, Workload::kWrite,
                                Workload::kReadThrough};
constexpr double kExponentMax = 10;
constexpr double kOriginCostMax = 1e9;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_range(std::string_view option, std::uint64_t number, std::uint64_t least,
                         std::uint64_t most) {
  if (number >= least && number <= most) return {};
  return rejected(std::string(option) + " takes a number from " + std::to_string(least) + " to " +
                  std::to_string(most) + ", not " + std::to_string(number));
}

std::optional<double> parse_decimal(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(number);
  return whole ? std::optional(number) : std::nullopt;
}

Result<Distribution> parse_distribution(const std::string& text) {
  if (text == "uniform") return Distribution{.kind = Distribution::Kind::kUniform};
  if (text == "scan") return Distribution{.kind = Distribution::Kind::kScan};
  if (text == "zipf") return Distribution{};
  constexpr std::string_view kPrefix = "zipf:";
  if (text.starts_with(kPrefix)) {
    const auto exponent = parse_decimal(std::string_view(text).substr(kPrefix.size()));
    if (exponent && *exponent >= 0 && *exponent <= kExponentMax) {
      return Distribution{.exponent = *exponent};
    }
  }
  return rejected(
      "--distribution takes zipf:0.99 (an exponent from 0 to 10), uniform or scan, not " +
      internal::quoted(text));
}

// "memory,map": each known and at least one; in the order of `all`.
template <typename T, std::size_t kCount>
Result<std::vector<T>> parse_list(std::string_view option, std::string_view text,
                                  const std::array<T, kCount>& all) {
  std::vector<std::string_view> names;
  for (const T one : all) names.push_back(to_string(one));
  std::array<bool, kCount> wanted{};
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      std::string message = std::string(option) + ": " + internal::quoted(name) + " is none of";
      for (const std::string_view known : names) message += " " + std::string(known);
      return rejected(message + internal::suggestion(name, names));
    }
    wanted[static_cast<std::size_t>(found - names.begin())] = true;
    begin = end + 1;
  }
  std::vector<T> list;
  for (std::size_t at = 0; at < kCount; ++at) {
    if (wanted[at]) list.push_back(all[at]);
  }
  return list;
}

template <typename T, std::size_t kCount>
Result<std::vector<T>> all_or_given(std::string_view option, const std::optional<std::string>& text,
                                    const std::array<T, kCount>& all) {
  if (!text) return std::vector<T>(all.begin(), all.end());
  return parse_list(option, *text, all);
}

Result<void> check_sizes(const BenchmarkArguments& given) {
  Result<void> checked = check_range("--entries", given.entries, 1, limits::kBenchmarkEntries);
  if (checked) {
    checked =
        check_range("--value-bytes", given.value_bytes, kValueBytesMin, limits::kValueBytesMax);
  }
  if (checked && given.operations) {
    checked = check_range("--operations", *given.operations, 1, limits::kBenchmarkOperations);
  }
  if (checked) checked = check_range("--threads", given.threads, 1, limits::kBenchmarkThreads);
  if (checked) checked = check_range("--write-percent", given.write_percent, 0, 100);
  if (!checked) return checked;
  if (given.entries > limits::kBenchmarkDataBytes / given.value_bytes) {
    return rejected("--entries " + std::to_string(given.entries) + " of --value-bytes " +
                    std::to_string(given.value_bytes) + " exceed the " +
                    std::to_string(limits::kBenchmarkDataBytes) +
                    " bytes that a benchmark may hold; give less of one");
  }
  return {};
}

Result<void> check_times(const BenchmarkArguments& given) {
  if (given.seconds && (*given.seconds <= Duration(0) ||
                        *given.seconds > std::chrono::seconds(limits::kBenchmarkSeconds))) {
    return rejected("--seconds takes a time of more than 0 and at most " +
                    std::to_string(limits::kBenchmarkSeconds) + " s, not " +
                    format_duration(*given.seconds));
  }
  if (given.origin_latency &&
      *given.origin_latency > std::chrono::seconds(limits::kBenchmarkOriginSeconds)) {
    return rejected("--origin-latency takes at most " +
                    std::to_string(limits::kBenchmarkOriginSeconds) + "s, not " +
                    format_duration(*given.origin_latency));
  }
  return {};
}

Result<std::optional<double>> parse_cost(const std::optional<std::string>& text) {
  if (!text) return std::optional<double>();
  const auto cost = parse_decimal(*text);
  if (cost && *cost >= 0 && *cost <= kOriginCostMax) return cost;
  return rejected(
      "--origin-cost takes the price of a call as a number from 0 to 1000000000, such "
      "as 0.002, not " +
      internal::quoted(*text));
}

}  // namespace

std::string_view to_string(Subject subject) {
  switch (subject) {
    case Subject::kMemory:
      return "memory";
    case Subject::kSqlite:
      return "sqlite";
    case Subject::kBoth:
      return "memory+sqlite";
    case Subject::kMap:
      return "map";
    case Subject::kOrigin:
      break;
  }
  return "origin";
}

std::string_view to_string(Workload workload) {
  switch (workload) {
    case Workload::kRead:
      return "read";
    case Workload::kWrite:
      return "write";
    case Workload::kMixed:
      return "mixed";
    case Workload::kReadThrough:
      break;
  }
  return "read-through";
}

std::string to_string(const Distribution& distribution) {
  switch (distribution.kind) {
    case Distribution::Kind::kUniform:
      return "uniform";
    case Distribution::Kind::kScan:
      return "scan";
    case Distribution::Kind::kZipf:
      break;
  }
  std::array<char, 32> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), distribution.exponent).ptr;
  return "zipf:" + std::string(digits.data(), end);
}

Result<BenchmarkOptions> check_options(const BenchmarkArguments& arguments) {
  Result<void> checked = check_sizes(arguments);
  if (checked) checked = check_times(arguments);
  if (!checked) return checked.error();
  Result<Distribution> distribution = parse_distribution(arguments.distribution);
  if (!distribution) return distribution.error();
  Result<std::vector<Subject>> subjects = all_or_given("--tiers", arguments.tiers, kSubjects);
  if (!subjects) return subjects.error();
  Result<std::vector<Workload>> workloads =
      all_or_given("--workloads", arguments.workloads, kWorkloads);
  if (!workloads) return workloads.error();
  Result<std::optional<double>> cost = parse_cost(arguments.origin_cost);
  if (!cost) return cost.error();

  BenchmarkOptions options{.entries = arguments.entries,
                           .value_bytes = arguments.value_bytes,
                           .operations = arguments.operations,
                           .seconds = arguments.seconds,
                           .threads = arguments.threads,
                           .distribution = *distribution,
                           .subjects = *std::move(subjects),
                           .workloads = *std::move(workloads),
                           .write_percent = arguments.write_percent,
                           .seed = arguments.seed,
                           .origin_cost = *cost};
  if (arguments.origin_latency) options.origin_latency = *arguments.origin_latency;
  if (!options.operations && !options.seconds) {
    options.operations = kDefaultOperations;
    options.seconds = kDefaultSeconds;
  }
  return options;
}

}  // namespace strata::benchmark
