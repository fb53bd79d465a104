#include "cli/benchmark_report.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "cli/text.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"

namespace strata::cli {
namespace {

using benchmark::BenchmarkOptions;
using benchmark::Report;
using benchmark::Row;

double seconds_of(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

HistogramSnapshot all_latencies(const Row& row) {
  HistogramSnapshot all = row.measured.reads;
  all.merge(row.measured.writes);
  return all;
}

// What was measured, and what measuring adds.
std::string heading(const BenchmarkOptions& options, const Report& report) {
  const std::string origin =
      options.origin_latency > Duration(0) ? describe_duration(options.origin_latency) : "no time";
  return fmt::format(
      "{} of {}, {}, {}, seed {}\n"
      "The origin takes {}. Reading the clock adds {} to each latency. A turn of the loop\n"
      "that calls nothing takes {}.\n\n",
      describe_count(options.entries, "entry", "entries"), describe_bytes(options.value_bytes),
      to_string(options.distribution), describe_count(options.threads, "thread", "threads"),
      options.seed, origin, describe_duration(report.timer),
      describe_duration(report.idle_operation));
}

std::string latency_table(const Report& report, const TableStyle& style) {
  Table table({{"WORKLOAD"},
               {"TIER"},
               {"OPS", Align::kRight},
               {"OPS/S", Align::kRight},
               {"P50", Align::kRight},
               {"P95", Align::kRight},
               {"P99", Align::kRight},
               {"P99.9", Align::kRight},
               {"MAX", Align::kRight}});
  for (const Row& row : report.rows) {
    const HistogramSnapshot all = all_latencies(row);
    table.row(
        {std::string(to_string(row.workload)), std::string(to_string(row.subject)),
         describe_count(all.count()),
         describe_count(static_cast<std::uint64_t>(std::llround(row.operations_per_second()))),
         describe_duration(all.percentile(50)), describe_duration(all.percentile(95)),
         describe_duration(all.percentile(99)), describe_duration(all.percentile(99.9)),
         describe_duration(all.max())});
  }
  return table.text(style);
}

// Workloads without reads save nothing and are not in it.
std::string savings_table(const BenchmarkOptions& options, const Report& report,
                          const TableStyle& style) {
  Table table({{"WORKLOAD"},
               {"TIER"},
               {"READS", Align::kRight},
               {"HIT RATIO", Align::kRight},
               {"ORIGIN CALLS", Align::kRight},
               {"TIME SAVED", Align::kRight},
               {"COST SAVED", Align::kRight}});
  for (const Row& row : report.rows) {
    const std::uint64_t reads = row.measured.reads.count();
    if (reads == 0) continue;
    const std::optional<Duration> time = report.time_saved(row);
    std::string cost;
    if (options.origin_cost) {
      const auto saved = cost_saved(row, *options.origin_cost);
      cost = saved ? fmt::format("{:.2f}", *saved) : "-";
    }
    table.row({std::string(to_string(row.workload)), std::string(to_string(row.subject)),
               describe_count(reads), describe_share(row.measured.hits, reads),
               describe_count(row.origin_calls), time ? describe_duration(*time) : "-", cost});
  }
  return table.empty() ? std::string() : "\n" + table.text(style);
}

void write_latencies(JsonWriter& writer, std::string_view name, const HistogramSnapshot& all) {
  writer.key(name);
  if (all.count() == 0) {
    writer.null();
    return;
  }
  writer.begin_object().member("count", all.count()).member("mean", all.mean().count());
  writer.member("p50", all.percentile(50).count()).member("p95", all.percentile(95).count());
  writer.member("p99", all.percentile(99).count()).member("p999", all.percentile(99.9).count());
  writer.member("max", all.max().count()).end_object();
}

void write_optional(JsonWriter& writer, std::string_view name, std::optional<double> number) {
  writer.key(name);
  number ? writer.value(*number) : writer.null();
}

void write_row(JsonWriter& writer, const BenchmarkOptions& options, const Report& report,
               const Row& row) {
  const auto& measured = row.measured;
  writer.begin_object().member("workload", to_string(row.workload));
  writer.member("tier", to_string(row.subject)).member("operations", measured.operations());
  writer.member("reads", measured.reads.count()).member("writes", measured.writes.count());
  writer.member("hits", measured.hits);
  write_optional(writer, "hit_ratio", row.hit_ratio());
  writer.member("origin_calls", row.origin_calls).member("not_kept", measured.not_kept);
  writer.member("elapsed_seconds", seconds_of(measured.elapsed));
  writer.member("operations_per_second", row.operations_per_second());
  write_latencies(writer, "latency_ns", all_latencies(row));
  write_latencies(writer, "read_latency_ns", measured.reads);
  write_latencies(writer, "write_latency_ns", measured.writes);
  writer.member("settling_seconds", seconds_of(row.settling));
  const std::optional<Duration> time = report.time_saved(row);
  write_optional(writer, "time_saved_seconds",
                 time ? std::optional(seconds_of(*time)) : std::nullopt);
  write_optional(writer, "cost_saved",
                 options.origin_cost ? cost_saved(row, *options.origin_cost) : std::nullopt);
  writer.member("checksum", fmt::format("{:016x}", measured.checksum)).end_object();
}

}  // namespace

std::string benchmark_as_text(const BenchmarkOptions& options, const Report& report,
                              const TableStyle& style) {
  return heading(options, report) + latency_table(report, style) +
         savings_table(options, report, style);
}

std::string benchmark_as_json(const BenchmarkOptions& options, const Report& report) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.benchmark/1");
  writer.member("entries", options.entries).member("value_bytes", options.value_bytes);
  writer.key("operations");
  options.operations ? writer.value(*options.operations) : writer.null();
  write_optional(writer, "seconds",
                 options.seconds ? std::optional(seconds_of(*options.seconds)) : std::nullopt);
  writer.member("threads", options.threads);
  writer.member("distribution", to_string(options.distribution));
  writer.member("write_percent", options.write_percent).member("seed", options.seed);
  writer.member("origin_latency_seconds", seconds_of(options.origin_latency));
  write_optional(writer, "origin_cost", options.origin_cost);
  writer.member("timer_ns", report.timer.count());
  writer.member("idle_operation_ns", report.idle_operation.count());
  writer.key("rows").begin_array();
  for (const Row& row : report.rows) write_row(writer, options, report, row);
  writer.end_array().end_object();
  return writer.take() + "\n";
}

}  // namespace strata::cli
