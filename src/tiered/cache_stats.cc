// Snapshots of a cache's counters, and what follows from them.
#include "strata/tiered/cache_stats.h"

#include "strata/tiered/invalidation.h"
#include "tiered/state.h"

namespace strata {

namespace {

LatencyStats latency(const Histogram& histogram) {
  const HistogramSnapshot all = histogram.snapshot();
  return {.count = all.count(),
          .p50 = all.percentile(50),
          .p95 = all.percentile(95),
          .p99 = all.percentile(99),
          .max = all.max()};
}

KeyspaceStats stats_of(const internal::KeyspaceState& keyspace) {
  const internal::KeyspaceCounters& counters = keyspace.counters;
  KeyspaceStats stats;
  stats.name = keyspace.name;
  stats.source = keyspace.options.source;
  stats.enabled = keyspace.enabled.load();
  for (std::size_t i = 0; i < kOutcomeCount; ++i) stats.outcomes[i] = counters.outcomes[i].read();
  for (std::size_t i = 0; i < kMissReasonCount; ++i) stats.misses[i] = counters.misses[i].read();
  stats.loads = counters.loads.read();
  stats.load_failures = counters.load_failures.read();
  stats.refreshes_ahead = counters.refreshes_ahead.read();
  stats.backed_off = counters.backed_off.read();
  stats.turned_away = counters.turned_away.read();
  stats.joined = counters.joined.read();
  stats.join_refused = counters.join_refused.read();
  stats.refused = counters.refused.read();
  stats.too_large = counters.too_large.read();
  stats.puts = counters.puts.read();
  stats.value_bytes = counters.value_bytes.read();
  stats.stored_bytes = counters.stored_bytes.read();
  stats.compressed = counters.compressed.read();
  stats.load_time_saved = Duration(static_cast<std::int64_t>(counters.saved_ns.read()));
  stats.load = latency(counters.load);
  return stats;
}

// What memory says of itself, where pressure lowers its bound.
TierStats under(const MemoryPressureStats& pressure, TierStats tier) {
  const bool is_lowered = pressure.max_bytes < pressure.configured_max_bytes;
  if (tier.state != TierState::kOk || !is_lowered) return tier;
  tier.state = TierState::kDegraded;
  tier.reason = "it may hold " + internal::describe_size(pressure.max_bytes) + " instead of " +
                internal::describe_size(pressure.configured_max_bytes) + ": " + pressure.reason;
  return tier;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::uint64_t KeyspaceStats::lookups() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : outcomes) sum += count;
  return sum;
}

double CacheStats::request_hit_rate() const {
  std::uint64_t hits = 0;
  std::uint64_t lookups = 0;
  for (const KeyspaceStats& keyspace : keyspaces) {
    hits += keyspace.count(Outcome::kHit) + keyspace.count(Outcome::kStaleHit) +
            keyspace.count(Outcome::kNegativeHit);
    lookups += keyspace.lookups();
  }
  return ratio(hits, lookups);
}

double CacheStats::lookup_hit_rate() const {
  std::uint64_t hits = 0;
  std::uint64_t lookups = 0;
  for (const TierTraffic& traffic : tiers) {
    hits += traffic.tier.hits;
    lookups += traffic.tier.hits + traffic.tier.misses;
  }
  return ratio(hits, lookups);
}

CacheStats Cache::stats() const {
  CacheStats stats;
  stats.name = state_->options.name;
  if (!state_->birthplace.is_here()) return stats;
  stats.pressure = state_->pressure.stats();
  stats.tiers.push_back({under(stats.pressure, state_->hot->stats()), latency(state_->hot_get)});
  for (std::size_t i = 0; i < state_->tiers.size(); ++i) {
    stats.tiers.push_back({state_->sealed.over(state_->tiers[i]->stats(), state_->clock->now()),
                           latency(state_->lower_get[i])});
  }
  stats.tenants = state_->hot->tenants();
  stats.invalidations = state_->invalidations.read();
  stats.tier_errors = state_->tier_errors.read();
  const MutexLock lock(state_->keyspaces_mutex);
  for (const auto& [name, keyspace] : state_->keyspaces) {
    // A tenant's part counts with the keyspace.
    if (split_keyspace(name).tenant.empty()) stats.keyspaces.push_back(stats_of(*keyspace));
  }
  for (const auto& [name, entry] : state_->sources) stats.sources.push_back(entry.source->stats());
  return stats;
}

Result<Curve> Cache::curve() const {
  if (state_->is_closed()) return state_->closed_error();
  return state_->hot->curve();
}

std::uint64_t InvalidationResult::removed() const {
  std::uint64_t sum = 0;
  for (const Tier& tier : tiers) sum += tier.removed.value_or(0);
  return sum;
}

bool PutResult::complete() const {
  for (const Tier& tier : tiers) {
    if (tier.error) return false;
  }
  return ok();
}

bool PutResult::stored() const {
  for (const Tier& tier : tiers) {
    if (tier.outcome == FillOutcome::kStored) return true;
  }
  return false;
}

}  // namespace strata
