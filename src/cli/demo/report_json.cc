// Writes the report as JSON.
#include <chrono>

#include "cli/demo/origins.h"
#include "cli/demo/report.h"
#include "strata/codecs/json_writer.h"

namespace strata::demo {
namespace {

double in(Duration duration, Duration unit) {
  return static_cast<double>(duration.count()) / static_cast<double>(unit.count());
}
double seconds(Duration duration) { return in(duration, std::chrono::seconds(1)); }
double milliseconds(Duration duration) { return in(duration, std::chrono::milliseconds(1)); }
double microseconds(Duration duration) { return in(duration, std::chrono::microseconds(1)); }

void add_latencies(JsonWriter& json, const TrafficFigures& traffic) {
  json.key("answered_by").begin_object();
  for (std::size_t i = 0; i < kAnsweredByCount; ++i) {
    const LatencySummary& latency = traffic.by[i];
    const auto by = static_cast<AnsweredBy>(i);
    json.key(by == AnsweredBy::kHttpOrigin  ? "http_origin"
             : by == AnsweredBy::kSqlOrigin ? "sqlite_origin"
                                            : to_string(by));
    json.begin_object().member("reads", latency.count);
    json.member("p50_us", microseconds(latency.p50)).member("p95_us", microseconds(latency.p95));
    json.member("p99_us", microseconds(latency.p99)).member("max_us", microseconds(latency.max));
    json.member("sum_seconds", seconds(latency.sum)).end_object();
  }
  json.end_object();
}

void add_traffic(JsonWriter& json, const TrafficFigures& traffic) {
  json.key("traffic").begin_object().member("reads", traffic.reads);
  json.member("threads", traffic.threads).member("seconds", seconds(traffic.took));
  json.member("failed_reads", traffic.failed).member("check_reads", traffic.check_reads);
  add_latencies(json, traffic);
  json.key("tiers").begin_array();
  for (const TierFigures& tier : traffic.tiers) {
    json.begin_object().member("name", tier.name).member("hits", tier.hits);
    json.member("misses", tier.misses).member("entries", tier.entries).end_object();
  }
  json.end_array().member("request_hit_rate", traffic.request_hit_rate);
  json.member("lookup_hit_rate", traffic.lookup_hit_rate);
  json.member("origin_calls", traffic.origin_calls());
  json.member("http_origin_calls", traffic.http_calls);
  json.member("sqlite_origin_calls", traffic.sql_calls);
  json.member("origin_calls_saved", traffic.calls_saved());
  json.member("hit_p50_us", microseconds(traffic.hit_p50)).member("speed_up", traffic.speed_up());
  json.member("changes", traffic.changes).key("invalidations").begin_object();
  json.member("by_key", traffic.by_key).member("by_tag", traffic.by_tag);
  json.member("by_source", traffic.by_source);
  json.member("during_a_load", traffic.during_a_load).end_object().end_object();
}

void add_burst(JsonWriter& json, const BurstFigures& burst) {
  json.key("burst").begin_object().member("reads", burst.reads).member("at_once", burst.at_once);
  json.member("threads", burst.threads).member("origin_calls", burst.origin_calls);
  json.member("joined", burst.joined).member("failed_reads", burst.failed);
  json.member("seconds", seconds(burst.took)).end_object();
}

void add_outage(JsonWriter& json, const OutageFigures& outage) {
  json.key("outage").begin_object().member("keys", outage.keys).member("reads", outage.reads);
  json.member("served_past_ttl", outage.served_past_ttl).member("failed_reads", outage.failed);
  json.member("origin_failures", outage.origin_failures);
  json.member("invalidated_keys", outage.changed);
  json.member("invalidated_served", outage.changed_served);
  json.member("unknown_keys", outage.unknown).member("unknown_failed", outage.unknown_failed);
  json.member("seconds", seconds(outage.took)).member("recovered", outage.recovered);
  json.member("recovery_seconds", seconds(outage.recovery));
  json.member("not_modified", outage.confirmed_unchanged).end_object();
}

void add_restart(JsonWriter& json, std::string_view name, const RestartFigures& restart) {
  json.key(name).begin_object().member("keys", restart.keys);
  json.member("invalidated", restart.invalidated).member("from_sqlite", restart.from_sqlite);
  json.member("origin_calls", restart.origin_calls).member("failed_reads", restart.failed);
  json.member("open_ms", milliseconds(restart.open_took)).end_object();
}

}  // namespace

std::string json_report(const Figures& figures, const std::vector<std::string>& problems) {
  JsonWriter json;
  json.begin_object().member("schema", "strata.demo/1").member("seed", figures.seed);
  json.key("mutant");
  if (figures.mutant.empty()) {
    json.null();
  } else {
    json.value(figures.mutant);
  }
  json.member("ok", problems.empty()).key("data").begin_object();
  json.member("packages", figures.packages).member("sections", figures.sections);
  json.member("places", figures.places).end_object();
  json.member("added_delay_ms", milliseconds(kAddedDelay));
  json.member("memory_entries", figures.memory_entries);
  add_traffic(json, figures.traffic);
  add_burst(json, figures.burst);
  add_outage(json, figures.outage);
  add_restart(json, "restart", figures.restart);
  add_restart(json, "kill", figures.kill);
  json.member("checked_reads", figures.checked_reads);
  json.member("stale_reads", figures.stale_reads);
  json.member("impossible_reads", figures.impossible_reads);
  json.key("stories").begin_array();
  for (const std::string& story : figures.stories) json.value(story);
  json.end_array().key("problems").begin_array();
  for (const std::string& problem : problems) json.value(problem);
  json.end_array().member("seconds", seconds(figures.took)).end_object();
  return json.take();
}

}  // namespace strata::demo
