#include "cli/stats_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "cli/guard_view.h"
#include "cli/saturating.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"

namespace strata::cli {
namespace {

constexpr std::string_view kMemory = "memory";

struct Hits {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  [[nodiscard]] std::uint64_t all() const { return hits + misses; }
};

// Of requests: a hit is an answer from any tier, an error is a miss.
Hits requests_of(const KeyspaceStats& keyspace) {
  Hits sum;
  for (const Outcome outcome : {Outcome::kHit, Outcome::kStaleHit, Outcome::kNegativeHit}) {
    add_to(sum.hits, keyspace.count(outcome));
  }
  sum.misses = keyspace.lookups() - sum.hits;
  return sum;
}

struct Traffic {
  Hits requests;
  std::uint64_t loads = 0;
  std::uint64_t load_failures = 0;
  std::uint64_t puts = 0;
  std::uint64_t joined = 0;        // waited for the load of another
  std::uint64_t too_large = 0;     // not stored, by max_value_bytes
  std::uint64_t refused = 0;       // not stored, since it may have been wrong already
  std::uint64_t value_bytes = 0;   // offered to the tiers below memory
  std::uint64_t stored_bytes = 0;  // what became of them
  std::uint64_t compressed = 0;    // values
  std::array<std::uint64_t, kMissReasonCount> misses{};  // of requests, by MissReason

  void add(const KeyspaceStats& keyspace) {
    const Hits more = requests_of(keyspace);
    add_to(requests.hits, more.hits);
    add_to(requests.misses, more.misses);
    add_to(loads, keyspace.loads);
    add_to(load_failures, keyspace.load_failures);
    add_to(puts, keyspace.puts);
    add_to(joined, keyspace.joined);
    add_to(too_large, keyspace.too_large);
    add_to(refused, keyspace.refused);
    add_to(value_bytes, keyspace.value_bytes);
    add_to(stored_bytes, keyspace.stored_bytes);
    add_to(compressed, keyspace.compressed);
    for (std::size_t i = 0; i < kMissReasonCount; ++i) add_to(misses[i], keyspace.misses[i]);
  }
};

using Groups = std::map<std::string, Traffic>;

Traffic all_traffic(const CacheStats& stats) {
  Traffic sum;
  for (const KeyspaceStats& keyspace : stats.keyspaces) sum.add(keyspace);
  return sum;
}

Groups by_keyspace(const CacheStats& stats) {
  Groups groups;
  for (const KeyspaceStats& keyspace : stats.keyspaces) groups[keyspace.name].add(keyspace);
  return groups;
}

Groups by_source(const CacheStats& stats) {
  Groups groups;
  for (const KeyspaceStats& keyspace : stats.keyspaces) {
    if (!keyspace.source.empty()) groups[keyspace.source].add(keyspace);
  }
  return groups;
}

// A tier as it is, with the counters of all runs in place of this one's.
struct TierView {
  TierStats now;
  TierStats counted;
};

std::vector<TierView> tiers_of(const StatsView& view) {
  std::vector<TierView> tiers;
  for (const TierTraffic& traffic : view.now.tiers) tiers.push_back({traffic.tier, {}});
  for (const TierTraffic& traffic : view.recorded.counts.tiers) {
    const auto found = std::find_if(tiers.begin(), tiers.end(), [&](const TierView& one) {
      return one.now.name == traffic.tier.name;
    });
    if (found != tiers.end()) found->counted = traffic.tier;
  }
  return tiers;
}

void write_hits(JsonWriter& writer, const Hits& hits) {
  writer.member("hits", hits.hits).member("misses", hits.misses);
  write_share(writer, "hit_rate", hits.hits, hits.all());
}

// Memory that is off holds nothing. What another tier holds that is off, nobody knows here.
bool is_known(const TierStats& tier) {
  return tier.state != TierState::kOff || tier.name == kMemory;
}

void write_amount(JsonWriter& writer, std::string_view name, bool known, std::uint64_t amount) {
  writer.key(name);
  if (known) {
    writer.value(amount);
  } else {
    writer.null();
  }
}

void write_tiers(JsonWriter& writer, const std::vector<TierView>& tiers) {
  writer.key("by_tier").begin_object();
  for (const auto& [now, counted] : tiers) {
    writer.key(now.name).begin_object().member("state", to_string(now.state));
    if (!now.reason.empty()) writer.member("reason", now.reason);
    write_hits(writer, {counted.hits, counted.misses});
    write_amount(writer, "entries", is_known(now), now.entries);
    write_amount(writer, "size_bytes", is_known(now), now.bytes);
    writer.member("max_entries", now.max_entries).member("max_size_bytes", now.max_bytes);
    writer.member("errors", counted.errors).member("stored", counted.stored);
    writer.member("refused", counted.refused).member("declined", counted.declined);
    writer.member("invalidations", counted.invalidations).key("removals").begin_object();
    for (const RemovalCause cause : kRemovalCauses) {
      writer.member(strata::to_string(cause), counted.removed(cause));
    }
    writer.end_object().end_object();
  }
  writer.end_object();
}

void write_groups(JsonWriter& writer, std::string_view name, const Groups& groups) {
  writer.key(name).begin_object();
  for (const auto& [group, traffic] : groups) {
    writer.key(group).begin_object();
    write_hits(writer, traffic.requests);
    writer.member("loads", traffic.loads).member("load_failures", traffic.load_failures);
    writer.member("puts", traffic.puts).member("joined", traffic.joined);
    writer.member("too_large", traffic.too_large).member("refused", traffic.refused);
    writer.member("value_bytes", traffic.value_bytes);
    writer.member("stored_bytes", traffic.stored_bytes).member("compressed", traffic.compressed);
    writer.key("miss_reasons").begin_object();
    for (const MissReason reason : kMissReasons) {
      writer.member(strata::to_string(reason), traffic.misses[static_cast<std::size_t>(reason)]);
    }
    writer.end_object().end_object();
  }
  writer.end_object();
}

void write_switched(JsonWriter& writer, const std::map<std::string, Enabled>& switched) {
  writer.key("enabled_percent").begin_object();
  for (const auto& [name, enabled] : switched) writer.member(name, enabled.percent());
  writer.end_object();
}

std::string describe_switched(const std::map<std::string, Enabled>& switched) {
  std::string out;
  for (const auto& [name, enabled] : switched) {
    out += (out.empty() ? "switched off: " : ", ") + printable_line(name) +
           (enabled.none() ? "" : " but for " + to_string(enabled) + " of its keys");
  }
  return out.empty() ? out : out + "\n";
}

void write_latency(JsonWriter& writer, const HistogramSnapshot& calls) {
  const auto ms = [&](double percent) {
    return std::chrono::duration<double, std::milli>(calls.percentile(percent)).count();
  };
  writer.key("latency_ms").begin_object().member("count", calls.count());
  if (calls.count() > 0) {
    writer.member("p50", ms(50)).member("p95", ms(95)).member("p99", ms(99));
    writer.member("max", ms(100));
  } else {
    for (const char* name : {"p50", "p95", "p99", "max"}) writer.key(name).null();
  }
  writer.end_object();
}

std::string group_table(const char* title, const Groups& groups, const TableStyle& style) {
  Table table({{title},
               {"REQUESTS", Align::kRight},
               {"HITS", Align::kRight},
               {"HIT RATE", Align::kRight},
               {"LOADS", Align::kRight},
               {"FAILED", Align::kRight},
               {"PUTS", Align::kRight}});
  for (const auto& [name, traffic] : groups) {
    table.row({printable_line(name), describe_count(traffic.requests.all()),
               describe_count(traffic.requests.hits),
               describe_share(traffic.requests.hits, traffic.requests.all()),
               describe_count(traffic.loads), describe_count(traffic.load_failures),
               describe_count(traffic.puts)});
  }
  return table.empty() ? std::string() : "\n" + table.text(style);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

// Reasons that nothing missed for are left out, and groups without a miss.
std::string miss_table(const char* title, const Groups& groups, const TableStyle& style) {
  std::vector<TableColumn> columns{{title}};
  for (const MissReason reason : kMissReasons) {
    columns.push_back({upper(strata::to_string(reason)), Align::kRight});
  }
  Table table(std::move(columns));
  for (const auto& [name, traffic] : groups) {
    std::vector<std::string> cells{printable_line(name)};
    bool any = false;
    for (const std::uint64_t count : traffic.misses) {
      cells.push_back(count == 0 ? "" : describe_count(count));
      any = any || count > 0;
    }
    if (any) table.row(std::move(cells));
  }
  return table.empty() ? std::string() : "\n" + table.text(style);
}

std::string tier_table(const std::vector<TierView>& tiers, const TableStyle& style) {
  Table table({{"TIER"},
               {"ENTRIES", Align::kRight},
               {"SIZE", Align::kRight},
               {"LIMIT", Align::kRight},
               {"HITS", Align::kRight},
               {"MISSES", Align::kRight},
               {"HIT RATE", Align::kRight},
               {"STATE"},
               {"", Align::kLeft, true}});
  for (const auto& [now, counted] : tiers) {
    const bool known = is_known(now);
    table.row({printable_line(now.name), known ? describe_count(now.entries) : "-",
               known ? describe_bytes(now.bytes) : "-",
               now.max_bytes == 0 ? "-" : describe_bytes(now.max_bytes),
               describe_count(counted.hits), describe_count(counted.misses),
               describe_share(counted.hits, counted.hits + counted.misses),
               std::string(to_string(now.state)), printable_line(now.reason)});
  }
  return table.text(style);
}

}  // namespace

std::string stats_json(const StatsView& view) {
  const RecordedStats& recorded = view.recorded;
  const Traffic all = all_traffic(recorded.counts);
  const std::vector<TierView> tiers = tiers_of(view);
  Hits lookups;
  std::uint64_t stored_bytes = 0;
  bool all_known = true;
  for (const auto& [now, counted] : tiers) {
    add_to(lookups.hits, counted.hits);
    add_to(lookups.misses, counted.misses);
    all_known = all_known && is_known(now);
    if (now.name != kMemory) add_to(stored_bytes, now.bytes);
  }

  JsonWriter writer;
  writer.begin_object().member("schema", "strata.stats/1").member("name", view.now.name);
  writer.member("file", view.file).key("since");
  if (recorded.runs > 0) {
    writer.value(format_wall_time(recorded.since));
  } else {
    writer.null();
  }
  writer.member("runs", recorded.runs).member("requests", all.requests.all());
  writer.member("hits", all.requests.hits).member("misses", all.requests.misses);
  writer.member("hit_rate_of", "requests");
  write_share(writer, "hit_rate", all.requests.hits, all.requests.all());
  write_share(writer, "miss_rate", all.requests.misses, all.requests.all());
  write_share(writer, "request_hit_rate", all.requests.hits, all.requests.all());
  write_share(writer, "lookup_hit_rate", lookups.hits, lookups.all());
  writer.member("invalidations", recorded.counts.invalidations);
  writer.member("tier_errors", recorded.counts.tier_errors);
  write_amount(writer, "storage_bytes", all_known, stored_bytes);
  write_latency(writer, recorded.calls);
  write_tiers(writer, tiers);
  write_groups(writer, "by_source", by_source(recorded.counts));
  write_groups(writer, "by_keyspace", by_keyspace(recorded.counts));
  write_switched(writer, view.switched);
  write_guards(writer, view);
  writer.end_object();
  return writer.take() + "\n";
}

std::string stats_text(const StatsView& view, const TableStyle& style) {
  const RecordedStats& recorded = view.recorded;
  const Traffic all = all_traffic(recorded.counts);
  std::string out = tier_table(tiers_of(view), style) + "\n" + describe_switched(view.switched);
  if (recorded.runs == 0) return out + "no run of strata has used this cache so far\n";

  out += "since " + format_wall_time(recorded.since) + ", in " +
         describe_count(recorded.runs, "run", "runs") + " of strata:\n";
  const std::uint64_t requests = all.requests.all();
  out += describe_count(requests, "request", "requests") + ", " +
         describe_count(all.requests.hits, "hit", "hits") + " (" +
         describe_share(all.requests.hits, requests) + "), " +
         describe_count(all.requests.misses, "miss", "misses") + "; " +
         describe_count(all.puts, "put", "puts") + "; " +
         describe_count(recorded.counts.invalidations, "invalidation", "invalidations") + "\n";
  if (all.too_large > 0 || all.refused > 0) {
    out += "not stored: " + describe_count(all.too_large) + " too large, " +
           describe_count(all.refused) + " refused\n";
  }
  if (all.compressed > 0) {
    out += "below memory: " + describe_count(all.compressed, "value", "values") +
           " compressed; all together take " + describe_bytes(all.stored_bytes) + " instead of " +
           describe_bytes(all.value_bytes) + "\n";
  }
  if (recorded.calls.count() > 0) {
    out += "latency: half within " + describe_duration(recorded.calls.percentile(50)) +
           ", 95 % within " + describe_duration(recorded.calls.percentile(95)) + ", 99 % within " +
           describe_duration(recorded.calls.percentile(99)) + "\n";
  }
  out += group_table("SOURCE", by_source(recorded.counts), style);
  out += group_table("KEYSPACE", by_keyspace(recorded.counts), style);
  out += miss_table("MISSES OF", by_keyspace(recorded.counts), style);
  out += guard_table(view, style);
  return out;
}

}  // namespace strata::cli
