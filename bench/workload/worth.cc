// What aims of eviction are worth where entries differ in size or in load cost.
//
//   worth [--smoke]
//       popular keys with sizes and costs
//   worth TRACE... [--sizes 1%,10%] [--costs]
//       traces; those without sizes, or costs, are given some that depend on the key
//
// Prints hits, bytes and load time saved, in % of all that was asked for, of caches that are
// bounded in bytes, for lru, adaptive with each aim, and GreedyDual-Size-Frequency, which no policy
// of the memory tier is: it keeps all entries in the order of their priorities.
//
// Source of GDSF: Cherkasova: "Improving WWW proxies performance with Greedy-Dual-Size-Frequency
// caching policy", 1998.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulate/simulation.h"
#include "simulate/sizes.h"
#include "simulate/test_traces.h"

namespace strata::simulate {
namespace {

// A number that is normally distributed, nearly, and the same for equal seeds.
double normal(std::uint64_t seed) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    sum += static_cast<double>((seed ^ (seed >> 29)) >> 11 & 0xffffffffULL) / 4294967296.0;
  }
  return sum;
}

std::vector<std::uint32_t> made_up(const Trace& trace, double median, double spread,
                                   std::uint64_t seed) {
  std::vector<std::uint32_t> column;
  column.reserve(trace.requests.size());
  for (const KeyNumber key : trace.requests) {
    const double value = median * std::exp(spread * normal(trace.hashes[key] ^ seed));
    column.push_back(static_cast<std::uint32_t>(std::min(std::max(1.0, value), 1e9)));
  }
  return column;
}

SimulationResult play_gdsf(const Trace& trace, std::uint64_t size, EvictionAim aim) {
  struct Held {
    double priority = 0;
    double uses = 0;
    std::uint32_t size = 0;
    bool is_held = false;
  };
  SimulationResult result{.requests = trace.requests.size()};
  std::vector<Held> held(trace.keys());
  std::set<std::pair<double, KeyNumber>> order;
  std::uint64_t used = 0;
  double floor = 0;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const KeyNumber key = trace.requests[i];
    Held& its = held[key];
    result.bytes += trace.sizes[i];
    result.cost_us += trace.costs[i];
    if (its.is_held) {
      ++result.hits;
      result.hit_bytes += trace.sizes[i];
      result.saved_us += trace.costs[i];
      order.erase({its.priority, key});
    } else {
      if (trace.sizes[i] > size) continue;
      its = {.size = trace.sizes[i], .is_held = true};
      used += its.size;
    }
    its.uses += 1;
    const double gain = aim == EvictionAim::kCost    ? trace.costs[i]
                        : aim == EvictionAim::kBytes ? trace.sizes[i]
                                                     : 1;
    its.priority = floor + its.uses * gain / its.size;
    order.emplace(its.priority, key);
    while (used > size) {
      const auto [priority, victim] = *order.begin();
      order.erase(order.begin());
      floor = priority;
      held[victim].is_held = false;
      used -= held[victim].size;
    }
  }
  return result;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void print(const Trace& trace, std::uint64_t size, const char* policy,
           const SimulationResult& result) {
  std::printf("%-24s %12lu %-18s %6.2f %6.2f %6.2f\n", trace.name.c_str(), size, policy,
              percent(result.hits, result.requests), percent(result.hit_bytes, result.bytes),
              percent(result.saved_us, result.cost_us));
}

void study_trace(Trace trace, const std::string& sizes_text) {
  if (trace.sizes.empty()) trace.sizes = made_up(trace, 1'000, 1.5, 17);
  if (trace.costs.empty()) trace.costs = made_up(trace, 2'000, 1.5, 42);
  trace.name = trace.name.substr(trace.name.find_last_of('/') + 1);
  const auto sizes = sizes_for(*parse_sizes(sizes_text), whole_size(trace, true));
  for (const std::uint64_t size : sizes) {
    SimulationOptions options{
        .policy = memory::PolicyKind::kLru, .size = size, .size_is_bytes = true};
    print(trace, size, "lru", play(trace, options));
    options.policy = memory::PolicyKind::kAdaptive;
    constexpr std::pair<EvictionAim, const char*> kAims[] = {
        {EvictionAim::kBytes, "adaptive, bytes"},
        {EvictionAim::kRequests, "adaptive, requests"},
        {EvictionAim::kCost, "adaptive, cost"}};
    for (const auto& [aim, name] : kAims) {
      options.policy_options.aim = aim;
      print(trace, size, name, play(trace, options));
    }
    print(trace, size, "gdsf, bytes", play_gdsf(trace, size, EvictionAim::kBytes));
    print(trace, size, "gdsf, requests", play_gdsf(trace, size, EvictionAim::kRequests));
    print(trace, size, "gdsf, cost", play_gdsf(trace, size, EvictionAim::kCost));
  }
}

int run(const std::vector<std::string>& words) {
  std::string sizes = "1%,5%,20%";
  std::vector<std::string> files;
  bool is_smoke = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--smoke") {
      is_smoke = true;
    } else if (words[i] == "--sizes" && i + 1 < words.size()) {
      sizes = words[++i];
    } else {
      files.push_back(words[i]);
    }
  }
  if (!parse_sizes(sizes)) {
    std::fprintf(stderr, "%s\n", parse_sizes(sizes).error().message.c_str());
    return 2;
  }
  std::printf("trace                            size policy               hits  bytes   cost\n");
  if (files.empty()) {
    study_trace(TraceMaker().zipf(0, 20'000, is_smoke ? 20'000 : 1'000'000).take("popular keys"),
                sizes);
  }
  for (const std::string& file : files) {
    Result<Trace> trace = read_trace(file);
    if (!trace) {
      std::fprintf(stderr, "%s\n", trace.error().message.c_str());
      return 1;
    }
    study_trace(std::move(*trace), sizes);
  }
  return 0;
}

}  // namespace
}  // namespace strata::simulate

int main(int argc, char** argv) {
  return strata::simulate::run(std::vector<std::string>(argv + 1, argv + argc));
}
