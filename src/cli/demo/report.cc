// Writes the report for people.
#include "cli/demo/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "cli/demo/origins.h"
#include "cli/demo/traffic.h"
#include "cli/workload/progress.h"

namespace strata::demo {
namespace {

template <typename... Arguments>
void line(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
  out += '\n';
}

std::string count(std::uint64_t number) { return workload::with_thousands(number); }

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string title(std::string_view name, std::string_view what, Duration took) {
  return fmt::format("\n{:<9} {:<76} {:>9}\n", name, what, short_duration(took));
}

void add_head(std::string& out, const Figures& figures) {
  line(out, "strata demo: seed {}{}", figures.seed,
       figures.mutant.empty() ? "" : ", with the protocol broken on purpose: " + figures.mutant);
  line(out, "origins   HTTP, port {}: {} Debian packages in {} sections; {} added to each answer",
       figures.http_port, count(figures.packages), figures.sections, short_duration(kAddedDelay));
  line(out, "          SQLite: {} places of the world; nothing added", count(figures.places));
  line(out, "cache     memory ({} entries) -> SQLite file -> origins",
       count(figures.memory_entries));
}

void add_latencies(std::string& out, const TrafficFigures& traffic) {
  line(out, "  {:<18} {:>9} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}", "answered by", "reads", "share",
       "p50", "p95", "p99", "max", "in all");
  for (const AnsweredBy by : {AnsweredBy::kMemory, AnsweredBy::kSqlite, AnsweredBy::kHttpOrigin,
                              AnsweredBy::kSqlOrigin, AnsweredBy::kNobody}) {
    const LatencySummary& latency = traffic.by[static_cast<std::size_t>(by)];
    if (latency.count == 0 && by == AnsweredBy::kNobody) continue;
    const std::string name = by == AnsweredBy::kHttpOrigin  ? "HTTP origin"
                             : by == AnsweredBy::kSqlOrigin ? "SQLite origin"
                             : by == AnsweredBy::kSqlite    ? "sqlite (tier)"
                                                            : std::string(to_string(by));
    line(out, "  {:<18} {:>9} {:>6.1f} % {:>9} {:>9} {:>9} {:>9} {:>9}", name, count(latency.count),
         percent(latency.count, traffic.reads), short_duration(latency.p50),
         short_duration(latency.p95), short_duration(latency.p99), short_duration(latency.max),
         short_duration(latency.sum));
  }
}

void add_traffic(std::string& out, const TrafficFigures& traffic) {
  out += title(
      "traffic",
      fmt::format("{} reads (Zipf {:.1f}) by {} threads, {} changes at the origins",
                  count(traffic.reads), kZipfExponent, traffic.threads, count(traffic.changes)),
      traffic.took);
  add_latencies(out, traffic);
  line(out,
       "  hit rates      {:.1f} % of requests answered by a tier; {:.1f} % of the look-ups "
       "in the tiers",
       100 * traffic.request_hit_rate, 100 * traffic.lookup_hit_rate);
  for (const TierFigures& tier : traffic.tiers) {
    line(out, "    {:<12} {} hits, {} misses, {} entries in the end", tier.name, count(tier.hits),
         count(tier.misses), count(tier.entries));
  }
  line(out, "  origin calls   {} made (HTTP {}, SQLite {}), {} saved ({:.1f} %)",
       count(traffic.origin_calls()), count(traffic.http_calls), count(traffic.sql_calls),
       count(traffic.calls_saved()), percent(traffic.calls_saved(), traffic.all_reads()));
  line(out, "  speed-up       {} times: median {} at the HTTP origin, {} for a hit",
       count(static_cast<std::uint64_t>(traffic.speed_up())),
       short_duration(traffic.by[static_cast<std::size_t>(AnsweredBy::kHttpOrigin)].p50),
       short_duration(traffic.hit_p50));
  line(out,
       "  invalidations  {} by key, {} by tag, {} by source, each read back at once "
       "({} reads);",
       traffic.by_key, traffic.by_tag, traffic.by_source, count(traffic.check_reads));
  line(out, "                 {} of them while the object was on its way from the origin",
       traffic.during_a_load);
}

void add_burst(std::string& out, const BurstFigures& burst) {
  out += title("burst",
               fmt::format("{} concurrent reads of one uncached key ({} threads, {} reads each)",
                           count(burst.reads), burst.threads, burst.reads / burst.threads),
               burst.took);
  line(out, "  {} origin call{}; {} reads joined it, {} came when it was over", burst.origin_calls,
       burst.origin_calls == 1 ? "" : "s", count(burst.joined),
       count(burst.reads - std::min(burst.reads, burst.joined + burst.origin_calls)));
}

void add_outage(std::string& out, const OutageFigures& outage) {
  out += title("outage", "the HTTP origin answers 503, values are past their ttl", outage.took);
  line(out,
       "  {} reads of {} known keys: {} served past their ttl, {} failed; origin asked {} times",
       count(outage.reads), outage.keys, count(outage.served_past_ttl), outage.failed,
       count(outage.origin_failures));
  line(out, "  {} keys invalidated meanwhile: {} old values served; {} unknown keys: {} errors",
       outage.changed, outage.changed_served, outage.unknown, outage.unknown_failed);
  line(out, "  {} {} after the origin was back; {} answers were \"not modified\"",
       outage.recovered ? "all fresh" : "NOT all fresh", short_duration(outage.recovery),
       outage.confirmed_unchanged);
}

void add_restart(std::string& out, std::string_view name, std::string_view what,
                 const RestartFigures& restart) {
  out += title(name, what, restart.open_took);
  line(out, "  {} keys cached, {} invalidated last: {} answered by SQLite, {} by the origins",
       restart.keys, restart.invalidated, restart.from_sqlite, restart.origin_calls);
}

}  // namespace

std::string short_duration(Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  struct Unit {
    double size;
    const char* name;
  };
  for (const Unit unit : {Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}}) {
    const double value = nanoseconds / unit.size;
    if (value < 0.9995) continue;
    return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit.name);
  }
  return fmt::format("{:.0f} ns", nanoseconds);
}

std::string text_report(const Figures& figures, const std::vector<std::string>& problems) {
  std::string out;
  add_head(out, figures);
  add_traffic(out, figures.traffic);
  add_burst(out, figures.burst);
  add_outage(out, figures.outage);
  add_restart(out, "restart", "the cache is closed and opened again on its file", figures.restart);
  add_restart(out, "kill", "kill -9 just after an invalidation, then opened again", figures.kill);
  out += '\n';
  return out + short_report(figures, problems);
}

std::string short_report(const Figures& figures, const std::vector<std::string>& problems) {
  std::string out;
  for (const std::string& story : figures.stories) line(out, "{}", story);
  for (const std::string& problem : problems) line(out, "WRONG: {}", problem);
  if (!figures.mutant.empty()) {
    line(out, "The protocol was broken on purpose ({}): stale reads are {}.", figures.mutant,
         figures.stale_reads > 0 ? "what the check had to see" : "MISSING, the check is blind");
  }
  line(out, "stale reads: {} of {} (seed {}, {})", count(figures.stale_reads),
       count(figures.checked_reads), figures.seed, short_duration(figures.took));
  return out;
}

}  // namespace strata::demo
