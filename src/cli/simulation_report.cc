#include "cli/simulation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "cli/text.h"
#include "simulate/text_picture.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

using simulate::CurveRow;
using simulate::StudyRow;

std::string describe_percent(double ratio) { return fmt::format("{:.2f} %", ratio * 100); }

// Percentage points, with a sign; there is no -0.00.
std::string describe_error(double ratio) {
  return fmt::format("{:+.2f}", std::round(ratio * 10'000) / 100 + 0.0);
}

}  // namespace

std::string study_as_text(const std::vector<StudyRow>& rows, const TableStyle& style) {
  const auto any = [&](std::uint64_t simulate::SimulationResult::*what) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const StudyRow& row) { return row.result.*what > 0; });
  };
  const bool has_bytes = any(&simulate::SimulationResult::bytes);
  const bool has_costs = any(&simulate::SimulationResult::cost_us);
  std::vector<TableColumn> columns{{"TRACE", Align::kLeft, true}, {"POLICY"},
                                   {"SIZE", Align::kRight},       {"REQUESTS", Align::kRight},
                                   {"HITS", Align::kRight},       {"HIT RATIO", Align::kRight}};
  if (has_bytes) columns.push_back({"OF BYTES", Align::kRight});
  if (has_costs) columns.push_back({"OF COST", Align::kRight});
  Table table(columns);
  for (const StudyRow& row : rows) {
    const simulate::SimulationResult& result = row.result;
    std::vector<std::string> cells{
        printable_line(row.trace),   row.policy,
        describe_count(row.size),    describe_count(result.requests),
        describe_count(result.hits), describe_share(result.hits, result.requests)};
    if (has_bytes) cells.push_back(describe_share(result.hit_bytes, result.bytes));
    if (has_costs) cells.push_back(describe_share(result.saved_us, result.cost_us));
    table.row(cells);
  }
  const std::string picture = simulate::text_picture(rows);
  return table.text(style) + (picture.empty() ? "" : "\n" + printable(picture, true));
}

std::string study_as_json(const std::vector<StudyRow>& rows) {
  JsonWriter writer;
  writer.begin_array();
  for (const StudyRow& row : rows) {
    writer.begin_object().member("trace", row.trace).member("policy", row.policy);
    writer.member("size", row.size).member("requests", row.result.requests);
    writer.member("hits", row.result.hits).member("hit_ratio", row.result.hit_ratio());
    write_share(writer, "byte_hit_ratio", row.result.hit_bytes, row.result.bytes);
    write_share(writer, "cost_saved", row.result.saved_us, row.result.cost_us);
    writer.end_object();
  }
  return writer.end_array().take() + "\n";
}

std::string curves_as_text(const std::vector<CurveRow>& rows, const TableStyle& style) {
  Table table({{"TRACE", Align::kLeft, true},
               {"POLICY"},
               {"SIZE", Align::kRight},
               {"TIMES", Align::kRight},
               {"REQUESTS", Align::kRight},
               {"SAMPLED", Align::kRight},
               {"CURVE", Align::kRight},
               {"+/-", Align::kRight},
               {"SIMULATED", Align::kRight},
               {"ERROR", Align::kRight}});
  for (const CurveRow& row : rows) {
    table.row({printable_line(row.trace), row.policy, describe_count(row.size),
               fmt::format("{}", row.times), describe_count(row.requests),
               describe_count(row.sampled), describe_percent(row.estimated),
               fmt::format("{:.2f}", row.plus_minus * 100), describe_percent(row.exact),
               describe_error(row.error())});
  }
  return table.text(style);
}

std::string curves_as_json(const std::vector<CurveRow>& rows) {
  JsonWriter writer;
  writer.begin_array();
  for (const CurveRow& row : rows) {
    writer.begin_object().member("trace", row.trace).member("policy", row.policy);
    writer.member("size", row.size).member("times", row.times);
    writer.member("requests", row.requests).member("sampled", row.sampled);
    writer.member("estimated_hit_ratio", row.estimated).member("plus_minus", row.plus_minus);
    writer.member("hit_ratio", row.exact).end_object();
  }
  return writer.end_array().take() + "\n";
}

}  // namespace strata::cli
