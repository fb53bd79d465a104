#include "cli/recorded_stats.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cli/saturating.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/outcome.h"
#include "strata/core/removal.h"

namespace strata::cli {
namespace {

constexpr std::string_view kSchema = "strata.recorded-stats/1";
constexpr std::string_view kOther = "(other)";

// The counters of a tier and of a keyspace by name, for adding, writing and reading alike.
template <typename Owner>
struct NamedCounter {
  std::string_view name;
  std::uint64_t Owner::*counter;
};

constexpr std::array kTierCounters{
    NamedCounter<TierStats>{"hits", &TierStats::hits},
    NamedCounter<TierStats>{"misses", &TierStats::misses},
    NamedCounter<TierStats>{"errors", &TierStats::errors},
    NamedCounter<TierStats>{"stored", &TierStats::stored},
    NamedCounter<TierStats>{"refused", &TierStats::refused},
    NamedCounter<TierStats>{"declined", &TierStats::declined},
    NamedCounter<TierStats>{"invalidations", &TierStats::invalidations},
};
constexpr std::array kKeyspaceCounters{
    NamedCounter<KeyspaceStats>{"loads", &KeyspaceStats::loads},
    NamedCounter<KeyspaceStats>{"load_failures", &KeyspaceStats::load_failures},
    NamedCounter<KeyspaceStats>{"joined", &KeyspaceStats::joined},
    NamedCounter<KeyspaceStats>{"join_refused", &KeyspaceStats::join_refused},
    NamedCounter<KeyspaceStats>{"refused", &KeyspaceStats::refused},
    NamedCounter<KeyspaceStats>{"too_large", &KeyspaceStats::too_large},
    NamedCounter<KeyspaceStats>{"puts", &KeyspaceStats::puts},
};

// Those that files of former versions do not have.
constexpr std::array kPackingCounters{
    NamedCounter<KeyspaceStats>{"value_bytes", &KeyspaceStats::value_bytes},
    NamedCounter<KeyspaceStats>{"stored_bytes", &KeyspaceStats::stored_bytes},
    NamedCounter<KeyspaceStats>{"compressed", &KeyspaceStats::compressed},
};
constexpr std::size_t kFormerMissReasons = 12;

// Likewise, of what guards a tier or a source.
constexpr std::array kBreakerCounters{
    NamedCounter<BreakerStats>{"opened", &BreakerStats::opened},
    NamedCounter<BreakerStats>{"failures", &BreakerStats::failures},
    NamedCounter<BreakerStats>{"slow", &BreakerStats::slow},
    NamedCounter<BreakerStats>{"skipped", &BreakerStats::skipped},
};

template <typename Counters, typename Owner>
void add_counters(const Counters& counters, Owner& to, const Owner& more) {
  for (const auto& counter : counters) add_to(to.*counter.counter, more.*counter.counter);
}

void add_tier(CacheStats& to, const TierStats& more) {
  auto found = std::find_if(to.tiers.begin(), to.tiers.end(),
                            [&](const TierTraffic& one) { return one.tier.name == more.name; });
  if (found == to.tiers.end()) {
    if (to.tiers.size() >= kRecordedTiers) return;
    found = to.tiers.insert(to.tiers.end(), TierTraffic());
    found->tier.name = more.name;
  }
  add_counters(kTierCounters, found->tier, more);
  add_counters(kBreakerCounters, found->tier.reads, more.reads);
  add_counters(kBreakerCounters, found->tier.fills, more.fills);
  for (std::size_t i = 0; i < kRemovalCauseCount; ++i) {
    add_to(found->tier.removals[i], more.removals[i]);
  }
}

void add_keyspace(CacheStats& to, const KeyspaceStats& more) {
  const auto find = [&](std::string_view name) {
    return std::find_if(to.keyspaces.begin(), to.keyspaces.end(),
                        [&](const KeyspaceStats& one) { return one.name == name; });
  };
  auto found = find(more.name);
  if (found == to.keyspaces.end() && to.keyspaces.size() >= kRecordedKeyspaces)
    found = find(kOther);
  if (found == to.keyspaces.end()) {
    const bool full = to.keyspaces.size() >= kRecordedKeyspaces;
    found = to.keyspaces.insert(to.keyspaces.end(), KeyspaceStats());
    found->name = full ? kOther : more.name;
  }
  if (found->name != kOther) found->source = more.source;
  add_counters(kKeyspaceCounters, *found, more);
  add_counters(kPackingCounters, *found, more);
  for (std::size_t i = 0; i < kOutcomeCount; ++i) add_to(found->outcomes[i], more.outcomes[i]);
  for (std::size_t i = 0; i < kMissReasonCount; ++i) add_to(found->misses[i], more.misses[i]);
  found->load_time_saved = saturating_add(found->load_time_saved, more.load_time_saved);
}

// Of sources as many as of keyspaces, of which each has one.
void add_source(CacheStats& to, const SourceStats& more) {
  auto found = std::find_if(to.sources.begin(), to.sources.end(),
                            [&](const SourceStats& one) { return one.name == more.name; });
  if (found == to.sources.end()) {
    if (to.sources.size() >= kRecordedKeyspaces) return;
    found = to.sources.insert(to.sources.end(), SourceStats());
    found->name = more.name;
  }
  add_counters(kBreakerCounters, found->breaker, more.breaker);
  add_to(found->refused, more.refused);
}

void write_breaker(JsonWriter& writer, std::string_view name, const BreakerStats& breaker) {
  writer.key(name).begin_object();
  for (const auto& counter : kBreakerCounters) {
    writer.member(counter.name, breaker.*counter.counter);
  }
  writer.end_object();
}

void write_numbers(JsonWriter& writer, std::string_view name,
                   std::span<const std::uint64_t> numbers) {
  writer.key(name).begin_array();
  for (const std::uint64_t number : numbers) writer.value(number);
  writer.end_array();
}

// Only the buckets in which something is.
void write_histogram(JsonWriter& writer, const HistogramSnapshot& histogram) {
  writer.key("calls").begin_object().member("sum_ns", histogram.sum().count());
  writer.member("max_ns", histogram.max().count()).key("buckets").begin_array();
  const std::vector<std::uint64_t>& buckets = histogram.buckets();
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    if (buckets[bucket] == 0) continue;
    writer.begin_array().value(bucket).value(buckets[bucket]).end_array();
  }
  writer.end_array().end_object();
}

using nlohmann::json;

// Reading throws json::exception for whatever is not as it was written.
std::uint64_t read_count(const json& object, std::string_view name) {
  const json& member = object.at(std::string(name));
  if (!member.is_number_unsigned()) throw std::invalid_argument("a counter is not a number");
  return member.get<std::uint64_t>();
}

template <std::size_t N>
void read_numbers(const json& object, const char* name, std::array<std::uint64_t, N>& into) {
  const json& numbers = object.at(name);
  if (!numbers.is_array() || numbers.size() != N) throw std::invalid_argument("a list has gaps");
  for (std::size_t i = 0; i < N; ++i) {
    if (!numbers[i].is_number_unsigned()) throw std::invalid_argument("not a counter");
    into[i] = numbers[i].get<std::uint64_t>();
  }
}

BreakerStats read_breaker(const json& object, const char* name) {
  BreakerStats breaker;
  if (!object.contains(name)) return breaker;
  for (const auto& counter : kBreakerCounters) {
    breaker.*counter.counter = read_count(object.at(name), counter.name);
  }
  return breaker;
}

SourceStats read_source(const json& object) {
  SourceStats source;
  source.name = object.at("name").get<std::string>();
  source.breaker = read_breaker(object, "breaker");
  source.refused = read_count(object, "refused");
  return source;
}

TierStats read_tier(const json& object) {
  TierStats tier;
  tier.name = object.at("name").get<std::string>();
  for (const auto& counter : kTierCounters)
    tier.*counter.counter = read_count(object, counter.name);
  read_numbers(object, "removals", tier.removals);
  tier.reads = read_breaker(object, "reads");
  tier.fills = read_breaker(object, "fills");
  return tier;
}

KeyspaceStats read_keyspace(const json& object) {
  KeyspaceStats keyspace;
  keyspace.name = object.at("name").get<std::string>();
  keyspace.source = object.at("source").get<std::string>();
  for (const auto& counter : kKeyspaceCounters) {
    keyspace.*counter.counter = read_count(object, counter.name);
  }
  read_numbers(object, "outcomes", keyspace.outcomes);
  for (const auto& counter : kPackingCounters) {
    if (object.contains(counter.name)) keyspace.*counter.counter = read_count(object, counter.name);
  }
  // Files of former versions tell no reasons, or fewer.
  if (object.contains("misses") && object.at("misses").size() == kFormerMissReasons) {
    std::array<std::uint64_t, kFormerMissReasons> former{};
    read_numbers(object, "misses", former);
    std::copy(former.begin(), former.end(), keyspace.misses.begin());
  } else if (object.contains("misses")) {
    read_numbers(object, "misses", keyspace.misses);
  }
  keyspace.load_time_saved = Duration(object.at("load_time_saved_ns").get<std::int64_t>());
  return keyspace;
}

HistogramSnapshot read_histogram(const json& object) {
  std::vector<std::uint64_t> buckets(Histogram::kBuckets);
  for (const json& bucket : object.at("buckets")) {
    buckets.at(bucket.at(0).get<std::size_t>()) = bucket.at(1).get<std::uint64_t>();
  }
  auto restored = HistogramSnapshot::restore(std::move(buckets),
                                             Duration(object.at("sum_ns").get<std::int64_t>()),
                                             Duration(object.at("max_ns").get<std::int64_t>()));
  if (!restored) throw std::invalid_argument("these latencies cannot be");
  return *std::move(restored);
}

RecordedStats read_stats(const json& object) {
  if (object.at("schema").get<std::string>() != kSchema) {
    throw std::invalid_argument("another schema");
  }
  RecordedStats stats;
  stats.since.unix_ms = object.at("since_unix_ms").get<std::int64_t>();
  stats.runs = read_count(object, "runs");
  stats.counts.invalidations = read_count(object, "invalidations");
  stats.counts.tier_errors = read_count(object, "tier_errors");
  for (const json& tier : object.at("tiers")) add_tier(stats.counts, read_tier(tier));
  for (const json& one : object.at("keyspaces")) add_keyspace(stats.counts, read_keyspace(one));
  if (object.contains("sources")) {
    for (const json& one : object.at("sources")) add_source(stats.counts, read_source(one));
  }
  stats.calls = read_histogram(object.at("calls"));
  return stats;
}

}  // namespace

void RecordedStats::add(const RecordedStats& more) {
  if (more.runs > 0 && (runs == 0 || more.since < since)) since = more.since;
  add_to(runs, more.runs);
  add_to(counts.invalidations, more.counts.invalidations);
  add_to(counts.tier_errors, more.counts.tier_errors);
  for (const TierTraffic& traffic : more.counts.tiers) add_tier(counts, traffic.tier);
  for (const KeyspaceStats& keyspace : more.counts.keyspaces) add_keyspace(counts, keyspace);
  for (const SourceStats& source : more.counts.sources) add_source(counts, source);
  calls.merge(more.calls);
}

std::string to_json(const RecordedStats& stats) {
  JsonWriter writer;
  writer.begin_object().member("schema", kSchema).member("since_unix_ms", stats.since.unix_ms);
  writer.member("runs", stats.runs).member("invalidations", stats.counts.invalidations);
  writer.member("tier_errors", stats.counts.tier_errors).key("tiers").begin_array();
  for (const auto& [tier, latency] : stats.counts.tiers) {
    writer.begin_object().member("name", tier.name);
    for (const auto& counter : kTierCounters) writer.member(counter.name, tier.*counter.counter);
    write_numbers(writer, "removals", tier.removals);
    write_breaker(writer, "reads", tier.reads);
    write_breaker(writer, "fills", tier.fills);
    writer.end_object();
  }
  writer.end_array().key("keyspaces").begin_array();
  for (const KeyspaceStats& one : stats.counts.keyspaces) {
    writer.begin_object().member("name", one.name).member("source", one.source);
    for (const auto& counter : kKeyspaceCounters) writer.member(counter.name, one.*counter.counter);
    for (const auto& counter : kPackingCounters) writer.member(counter.name, one.*counter.counter);
    write_numbers(writer, "outcomes", one.outcomes);
    write_numbers(writer, "misses", one.misses);
    writer.member("load_time_saved_ns", one.load_time_saved.count()).end_object();
  }
  writer.end_array().key("sources").begin_array();
  for (const SourceStats& one : stats.counts.sources) {
    writer.begin_object().member("name", one.name).member("refused", one.refused);
    write_breaker(writer, "breaker", one.breaker);
    writer.end_object();
  }
  writer.end_array();
  write_histogram(writer, stats.calls);
  writer.end_object();
  return writer.take() + "\n";
}

Result<RecordedStats> recorded_stats_from_json(std::string_view json_text) {
  try {
    return read_stats(json::parse(json_text));
  } catch (const std::exception& problem) {
    return Error{ErrorCode::kCorrupt, problem.what(), {}};
  }
}

}  // namespace strata::cli
