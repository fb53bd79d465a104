// Simulation: a cache of residents without values.
#include "simulate/simulation.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/assert.h"

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
  SimulatedCache(const Trace& trace, const SimulationOptions& options);

  // Returns whether the key was there.
  bool request(KeyNumber key, std::uint32_t weight);
  [[nodiscard]] SimulationResult result() const;

 private:
  static constexpr std::size_t kBlockEntries = 1024;

  Shard& shard_of(std::uint64_t hash) {
    if (shards_.size() == 1) return shards_[0];
    __extension__ using Wide = unsigned __int128;
    return shards_[static_cast<std::size_t>((static_cast<Wide>(hash) * shards_.size()) >> 64)];
  }
  SimulatedEntry& take_free();
  void insert(KeyNumber key, std::uint32_t weight);

  const Trace& trace_;
  std::vector<SimulatedEntry*> where_;  // by key; null: not there
  std::vector<std::unique_ptr<SimulatedEntry[]>> blocks_;
  std::vector<SimulatedEntry*> free_;
  PolicySet policies_;
  std::vector<Shard> shards_;
};

std::size_t shards_for(const SimulationOptions& options) {
  const std::uint64_t most =
      options.size_is_bytes ? options.shards_max : options.size / kShardEntriesMin;
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(most, 1, std::max<std::size_t>(1, options.shards_max)));
}

SimulatedCache::SimulatedCache(const Trace& trace, const SimulationOptions& options)
    : trace_(trace), where_(trace.keys()) {
  const std::size_t shards = shards_for(options);
  policies_ = memory::make_policies(options.policy, shards, options.policy_options);
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

bool SimulatedCache::request(KeyNumber key, std::uint32_t weight) {
  SimulatedEntry* entry = where_[key];
  if (entry == nullptr) {
    insert(key, weight);
    return false;
  }
  Shard& shard = shard_of(entry->hash);
  mark_use(*entry, shard.policy->marks());
  if (shard.wants_hits) shard.policy->on_hit(*entry);
  if (policies_.controller != nullptr && policies_.controller->samples(entry->hash)) {
    policies_.controller->offer(entry->hash);
  }
  return true;
}

void SimulatedCache::insert(KeyNumber key, std::uint32_t weight) {
  SimulatedEntry& entry = take_free();
  entry.key = key;
  entry.hash = trace_.hashes[key];
  entry.weight = weight;
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

SimulationResult SimulatedCache::result() const {
  SimulationResult result;
  for (const auto& policy : policies_.shards) result.footprint_bytes += policy->footprint_bytes();
  if (policies_.controller != nullptr) {
    result.footprint_bytes += policies_.controller->footprint_bytes();
    result.switches = policies_.controller->switches();
  }
  return result;
}

}  // namespace

SimulationResult play(const Trace& trace, const SimulationOptions& options) {
  SimulatedCache cache(trace, options);
  const bool has_weights = options.size_is_bytes && !trace.sizes.empty();
  std::uint64_t hits = 0;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    if (cache.request(trace.requests[i], has_weights ? trace.sizes[i] : 1)) ++hits;
  }
  SimulationResult result = cache.result();
  result.requests = trace.requests.size();
  result.hits = hits;
  return result;
}

}  // namespace strata::simulate
