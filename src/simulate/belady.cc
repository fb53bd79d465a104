// Belady: a heap of those that are held, by their next requests.
#include "simulate/belady.h"

#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

namespace strata::simulate {
namespace {

// Positions in the trace; this one is never reached.
constexpr std::uint64_t kNever = UINT64_MAX;

// For each request, where its key is asked for next.
std::vector<std::uint64_t> next_requests(const Trace& trace) {
  std::vector<std::uint64_t> next(trace.requests.size());
  std::vector<std::uint64_t> seen(trace.keys(), kNever);
  for (std::size_t i = trace.requests.size(); i > 0; --i) {
    next[i - 1] = std::exchange(seen[trace.requests[i - 1]], i - 1);
  }
  return next;
}

struct Held {
  std::uint64_t next = 0;
  std::uint32_t weight = 0;
  bool is_held = false;
};

}  // namespace

SimulationResult play_belady(const Trace& trace, const SimulationOptions& options) {
  SimulationResult result{.requests = trace.requests.size()};
  const std::vector<std::uint64_t> next = next_requests(trace);
  const bool has_weights = options.size_is_bytes && !trace.sizes.empty();
  std::vector<Held> held(trace.keys());
  // What was asked for since stands there with its former next request too.
  std::priority_queue<std::pair<std::uint64_t, KeyNumber>> latest;
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const KeyNumber key = trace.requests[i];
    Held& its = held[key];
    const std::uint32_t size = trace.sizes.empty() ? 0 : trace.sizes[i];
    const std::uint32_t cost = trace.costs.empty() ? 0 : trace.costs[i];
    result.bytes += size;
    result.cost_us += cost;
    if (its.is_held) {
      ++result.hits;
      result.hit_bytes += size;
      result.saved_us += cost;
    } else {
      its.weight = has_weights ? weight_of(trace.sizes[i], options) : 1;
      its.is_held = true;
      used += its.weight;
    }
    its.next = next[i];
    // A newcomer stays as it does in a cache, unless it does not fit at all: it is not in the heap.
    while (used > options.size && !latest.empty()) {
      const auto [at, victim] = latest.top();
      latest.pop();
      if (victim == key || !held[victim].is_held || held[victim].next != at) continue;
      held[victim].is_held = false;
      used -= held[victim].weight;
    }
    if (used > options.size) {
      its.is_held = false;
      used -= its.weight;
    } else {
      latest.emplace(its.next, key);
    }
  }
  return result;
}

}  // namespace strata::simulate
