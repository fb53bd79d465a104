// Simulation: a cache of residents without values.
#include "simulate/simulation.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "core/assert.h"
#include "memory/policy/worth.h"
#include "simulate/stack_distances.h"

namespace strata::simulate {
namespace {

using memory::Policy;
using memory::PolicySet;
using memory::Resident;

struct SimulatedEntry : Resident {
  KeyNumber key = 0;
};

struct Shard {
  Policy* policy = nullptr;
  std::uint64_t max_entries = 0;  // 0: no such bound
  std::uint64_t max_weight = 0;
  bool wants_hits = false;

  [[nodiscard]] bool is_over() const {
    return (max_entries != 0 && policy->entries() > max_entries) ||
           (max_weight != 0 && policy->weight() > max_weight);
  }
};

class SimulatedCache {
 public:
  SimulatedCache(const Trace& trace, const SimulationOptions& options, bool curve = false);

  // Returns whether the key was there.
  bool request(KeyNumber key, std::uint32_t weight, std::uint32_t cost_us);
  // What it knows at the end.
  void add_to(SimulationResult& result) const;
  // Precondition: it keeps one.
  [[nodiscard]] Curve curve() const { return policies_.controller->curve(); }

 private:
  static constexpr std::size_t kBlockEntries = 1024;

  Shard& shard_of(std::uint64_t hash) {
    if (shards_.size() == 1) return shards_[0];
    __extension__ using Wide = unsigned __int128;
    return shards_[static_cast<std::size_t>((static_cast<Wide>(hash) * shards_.size()) >> 64)];
  }
  SimulatedEntry& take_free();
  void insert(KeyNumber key, std::uint32_t weight, std::uint32_t cost_us);

  const Trace& trace_;
  std::vector<SimulatedEntry*> where_;  // by key; null: not there
  std::vector<std::unique_ptr<SimulatedEntry[]>> blocks_;
  std::vector<SimulatedEntry*> free_;
  memory::LookUps look_ups_;
  PolicySet policies_;
  std::vector<Shard> shards_;
};

SimulatedCache::SimulatedCache(const Trace& trace, const SimulationOptions& options, bool curve)
    : trace_(trace), where_(trace.keys()) {
  const std::size_t shards = shards_for(options);
  memory::PolicyOptions policy_options = options.policy_options;
  policy_options.curve = curve;
  policy_options.look_ups = [this] { return look_ups_; };
  policies_ = memory::make_policies(options.policy, shards, policy_options);
  for (std::size_t i = 0; i < shards; ++i) {
    Shard shard{.policy = policies_.shards[i].get()};
    const std::uint64_t part = options.size / shards + (i < options.size % shards ? 1 : 0);
    (options.size_is_bytes ? shard.max_weight : shard.max_entries) =
        std::max<std::uint64_t>(1, part);
    shard.policy->set_bounds(shard.max_entries, shard.max_weight);
    shard.wants_hits = shard.policy->wants_hits();
    shards_.push_back(shard);
  }
}

SimulatedEntry& SimulatedCache::take_free() {
  if (free_.empty()) {
    blocks_.push_back(std::make_unique<SimulatedEntry[]>(kBlockEntries));
    for (std::size_t i = kBlockEntries; i > 0; --i) free_.push_back(&blocks_.back()[i - 1]);
  }
  SimulatedEntry& entry = *free_.back();
  free_.pop_back();
  return entry;
}

bool SimulatedCache::request(KeyNumber key, std::uint32_t weight, std::uint32_t cost_us) {
  SimulatedEntry* entry = where_[key];
  const bool found = entry != nullptr;
  ++(found ? look_ups_.hits : look_ups_.misses);
  const std::uint64_t hash = trace_.hashes[key];
  if (policies_.controller != nullptr && policies_.controller->samples(hash)) {
    policies_.controller->offer({.hash = hash,
                                 .weight = found ? entry->weight : 0,
                                 .kind = found ? memory::UseKind::kHit : memory::UseKind::kMiss});
  }
  if (!found) {
    insert(key, weight, cost_us);
    return false;
  }
  Shard& shard = shard_of(entry->hash);
  mark_use(*entry, shard.policy->marks());
  if (shard.wants_hits) shard.policy->on_hit(*entry);
  return true;
}

void SimulatedCache::insert(KeyNumber key, std::uint32_t weight, std::uint32_t cost_us) {
  SimulatedEntry& entry = take_free();
  entry.key = key;
  entry.hash = trace_.hashes[key];
  entry.weight = weight;
  memory::set_cost_class(entry, memory::cost_class_of(std::chrono::microseconds(cost_us)));
  Shard& shard = shard_of(entry.hash);
  shard.policy->insert(entry);
  where_[key] = &entry;
  // What does not fit at all leaves last.
  for (const Resident* spared = &entry; shard.is_over();) {
    Resident* victim = shard.policy->evict(spared);
    if (victim == nullptr) {
      spared = nullptr;
      continue;
    }
    auto& left = static_cast<SimulatedEntry&>(*victim);
    where_[left.key] = nullptr;
    free_.push_back(&left);
  }
}

void SimulatedCache::add_to(SimulationResult& result) const {
  for (const auto& policy : policies_.shards) result.footprint_bytes += policy->footprint_bytes();
  if (policies_.controller != nullptr) {
    result.footprint_bytes += policies_.controller->footprint_bytes();
    result.switches = policies_.controller->switches();
  }
}

// What a request asks for, and sums of that.
class Requests {
 public:
  explicit Requests(const Trace& trace)
      : trace_(trace), has_sizes_(!trace.sizes.empty()), has_costs_(!trace.costs.empty()) {}

  [[nodiscard]] std::uint32_t size(std::size_t i) const { return has_sizes_ ? trace_.sizes[i] : 0; }
  [[nodiscard]] std::uint32_t cost(std::size_t i) const { return has_costs_ ? trace_.costs[i] : 0; }
  void add_hit(std::size_t i, SimulationResult& result) const {
    ++result.hits;
    result.hit_bytes += size(i);
    result.saved_us += cost(i);
  }
  void add_all(SimulationResult& result) const {
    result.requests = trace_.requests.size();
    const std::uint64_t none = 0;
    result.bytes = std::accumulate(trace_.sizes.begin(), trace_.sizes.end(), none);
    result.cost_us = std::accumulate(trace_.costs.begin(), trace_.costs.end(), none);
  }

 private:
  const Trace& trace_;
  const bool has_sizes_;
  const bool has_costs_;
};

}  // namespace

std::uint32_t weight_of(std::uint32_t bytes, const SimulationOptions& options) {
  if (!options.size_is_bytes) return bytes;
  std::uint32_t weight = 0;
  const bool fits = !__builtin_add_overflow(bytes, options.entry_overhead, &weight);
  return fits ? weight : std::numeric_limits<std::uint32_t>::max();
}

std::size_t shards_for(const SimulationOptions& options) {
  const std::uint64_t most =
      options.size_is_bytes ? options.shards_max : options.size / kShardEntriesMin;
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(most, 1, std::max<std::size_t>(1, options.shards_max)));
}

SimulationResult play(const Trace& trace, const SimulationOptions& options) {
  SimulatedCache cache(trace, options);
  const Requests requests(trace);
  const bool aims_at_bytes = options.policy_options.aim == EvictionAim::kBytes;
  const bool has_weights = !trace.sizes.empty() && (options.size_is_bytes || aims_at_bytes);
  SimulationResult result;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const std::uint32_t weight = has_weights ? weight_of(trace.sizes[i], options) : 1;
    if (cache.request(trace.requests[i], weight, requests.cost(i))) requests.add_hit(i, result);
  }
  requests.add_all(result);
  cache.add_to(result);
  return result;
}

CurveSimulation play_outcomes(const Trace& trace, const SimulationOptions& options, bool curve) {
  SimulatedCache cache(trace, options, curve);
  const Requests requests(trace);
  const bool has_weights = !trace.sizes.empty() && options.size_is_bytes;
  CurveSimulation result;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const std::uint32_t weight = has_weights ? weight_of(trace.sizes[i], options) : 1;
    result.outcomes.push_back(cache.request(trace.requests[i], weight, requests.cost(i)));
  }
  if (curve) result.curve = cache.curve();
  return result;
}

std::vector<SimulationResult> play_lru(const Trace& trace,
                                       const std::vector<std::uint64_t>& sizes) {
  const Requests requests(trace);
  StackDistances distances(trace.keys());
  // At first, of each size only what smaller ones do not hit.
  std::vector<SimulationResult> results(sizes.size());
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const std::optional<std::uint64_t> distance = distances.request(trace.requests[i]);
    if (!distance) continue;
    std::size_t at = 0;
    while (at < sizes.size() && sizes[at] <= *distance) ++at;
    if (at < sizes.size()) requests.add_hit(i, results[at]);
  }
  for (std::size_t at = 0; at < sizes.size(); ++at) {
    requests.add_all(results[at]);
    if (at == 0) continue;
    results[at].hits += results[at - 1].hits;
    results[at].hit_bytes += results[at - 1].hit_bytes;
    results[at].saved_us += results[at - 1].saved_us;
  }
  return results;
}

}  // namespace strata::simulate
